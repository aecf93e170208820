# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Why was this charger offline?
#
# A post-mortem on one capture. Put the path of your own capture or log in the next cell; everything below works with
# packets and with logs alike. The sample was recorded between two real OCPP peers: charger CP-7, four hours, and a CSMS
# whose read deadline is as long as the heartbeat interval.

# %%
import analyzer as oa

capture = oa.read("../sample_data/deadline.pcap.gz")
capture

# %% [markdown]
# ## The verdict
#
# First the answer, then the evidence.

# %%
print(capture.verdict())

# %% [markdown]
# What was read, what was lost and what could not be judged:

# %%
result = capture.result()
for line in result.coverage:
    print(line)

# %% [markdown]
# ## The outages
#
# One row per time offline. `idle_up` is how long the charger had been quiet when the connection ended: here it is the
# same number again and again, which is the whole story.

# %%
outages = capture.outages
outages[["start", "duration", "end_kind", "end_side", "idle_up", "idle_down", "lifetime", "boot"]]

# %%
outages["idle_up"].describe()

# %%
capture.plot.idle_age()

# %% [markdown]
# Each outage has its causes, with what speaks for and against them.

# %%
causes = result.tables["causes"].to_pandas()
causes[["start", "rank", "cause", "share", "confidence", "owner", "evidence_for"]]

# %% [markdown]
# ## The heartbeats
#
# The interval that was in force, and where it is known from; then the gaps that the charger kept.

# %%
heartbeats = capture.heartbeats
heartbeats[["ts", "gap", "quiet", "interval", "interval_from", "latency", "status"]].head(10)

# %%
capture.plot.heartbeat_gaps()

# %% [markdown]
# ## The findings
#
# `explain` prints the manual of a check: what fires it, what does not, what to do.

# %%
findings = capture.check()
findings

# %%
print(oa.explain("WS11"))

# %% [markdown]
# Which checks ran, and which could not judge this charger:

# %%
runs = findings.runs.to_pandas()
runs[runs["outcome"] != "ran"]

# %% [markdown]
# ## Around one outage
#
# Narrow the capture to a moment: the narrower capture has the same tables, checks and plots. `origin` is the number of
# the packet, as Wireshark shows it.

# %%
import pandas as pd

moment = outages["start"].iloc[len(outages) // 4]
around = capture.between(moment - pd.Timedelta("3min"), moment + pd.Timedelta("2min"))
around.messages[["ts", "direction", "type", "action", "payload", "connection", "origin"]]

# %%
around.plot.timeline()

# %% [markdown]
# ## Your own question
#
# The tables are plain pandas frames. How long does the CSMS take to answer, by action?

# %%
calls = capture.calls
calls.groupby("action", observed=True)["latency"].describe(percentiles=[0.5, 0.95])

# %% [markdown]
# ## Take it along

# %%
_ = capture.report("post_mortem.report.html")
