from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from analyzer.checks.security.host_names import host_of, matches

LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)


@pytest.mark.parametrize(
    ("name", "host", "found"),
    [
        ("csms.example", "csms.example", True), ("CSMS.Example.", "csms.example", True),
        ("csms.example", "www.csms.example", False), ("*.example.com", "example.com", False),
        ("*.example.com", ".example.com", False), ("o*.example.com", "ocpp.example.com", False),
        ("ocpp.*.com", "ocpp.example.com", False), ("*", "localhost", False), ("*.", "x.", False),
        ("10.0.0.1", "10.0.0.1", True), ("*.0.0.1", "10.0.0.1", False), ("csms.example", "10.0.0.1", False),
        ("::1", "0:0:0:0:0:0:0:1", True), ("xn--sule-loa.example", "säule.example", True),
        ("*.xn--sule-loa.example", "a.Säule.example", True), ("", "", True), ("a..b", "a..b", True),
        ("ä" * 80, "x", False),
    ],
)  # fmt: skip
def test_a_name_stands_for_a_host(name: str, host: str, found: object) -> None:
    assert matches(name, host) is found


@given(LABEL, LABEL, LABEL)
def test_a_wildcard_stands_for_one_label(first: str, second: str, domain: str) -> None:
    assert matches(f"*.{domain}.example", f"{first}.{domain}.example")
    assert not matches(f"*.{domain}.example", f"{first}.{second}.{domain}.example")


@given(st.text(max_size=80), st.text(max_size=80))
def test_hostile_names_are_answered(name: str, host: str) -> None:
    assert matches(name, host_of(host)) in {True, False}


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("csms.example:443", "csms.example"), ("10.0.0.1:9000", "10.0.0.1"), ("[::1]", "::1"), ("::1", "::1"),
        (" CSMS.example ", "csms.example"), ("csms.example:", "csms.example:"), ("", ""),
    ],
)  # fmt: skip
def test_a_host_is_told_from_its_port(text: str, host: str) -> None:
    assert host_of(text) == host
