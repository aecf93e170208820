"""The charger rebooted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.causes.boots import boots_after, closed_by_csms, lost_power
from analyzer.causes.orders import CHANGES, orders_before
from analyzer.plan import Clue, cause

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.causes.orders import Order

FIRMWARE = "Update the firmware, and read the charger's own log of that time: it restarted by itself."
UNANSWERED = "Look at the charger: update its firmware, and read its own log of that time for a watchdog or a crash."
UNPROVEN = "the reason for the boot that followed, from the charger's own log"
REASONS = {
    "Watchdog": ("charger", FIRMWARE),
    "ApplicationReset": ("charger", FIRMWARE),
    "LocalReset": ("site", "Ask who reset it at the site."),
    "ScheduledReset": ("charger", "Nothing to mend if the schedule is meant; else change it."),
    "RemoteReset": ("CSMS", "Nothing to mend if the reset was meant; else find who ordered it."),
    "FirmwareUpdate": ("CSMS", "Nothing to mend if the update was meant."),
}
"""Owner and remedy by the reason of a 2.x boot (2.0.1 part 2, BootReasonEnumType)."""


@cause(
    "reboot",
    "The charger rebooted",
    owner="charger",
    remedy="Find out what made it reboot: a command, its firmware's log, its supply.",
)
def reboot(outages: pa.Table, boots: pa.Table, calls: pa.Table) -> list[Clue]:
    """A boot with evidence of a reboot ends the outage.

    Speaks for it: the boot's reason, an order of the CSMS before it, message ids that start again.
    Speaks against it: the order was not followed by a boot; or the CSMS had closed the connection with a close frame,
    and had ordered nothing: what the charger did after that did not end the connection. A loss of power is its own cause.
    An order that was never answered is not told as the cause of the reboot: it may never have been read.
    """
    orders = orders_before(outages, calls)
    clues = []
    for number, outage, boot in boots_after(outages, boots):
        order = orders[number]
        if boot is not None and boot["kind"] == "reboot":
            clues += _rebooted(number, str(boot["detail"]), order)
            if not (order and order.answered) and closed_by_csms(outage):
                clues.append(Clue(number, -2.0, "the CSMS had closed the connection with a close frame"))
            if lost := lost_power(boot):
                clues.append(Clue(number, -lost[0] / 2, f"it reports that power was lost: {lost[1]}"))
        elif boot is not None and boot["kind"] == "unknown":
            clues.append(Clue(number, 0.0, UNPROVEN))
    ends = outages["end"].to_pylist()
    clues += [
        Clue(number, order.weight, f"{order.words}, and the charger was not seen again", *_order(order))
        for number, order in enumerate(orders)
        if order and order.answered and ends[number] is None
    ]
    return clues


def _rebooted(number: int, detail: str, order: Order | None) -> list[Clue]:
    """The clues of a boot that was a reboot: each piece of evidence is one."""
    # What the boot's evidence says of orders is told by the order itself, or belongs to an outage before.
    pieces = [piece for piece in detail.split("; ") if not piece.endswith(" accepted before it")]
    if order is None or not order.answered:
        return _by_itself(number, pieces, order)
    told = [
        Clue(number, 3.0, f"the charger rebooted after {order.action}", *_order(order)),
        Clue(number, order.weight, order.words),
    ]
    return told + [Clue(number, 0.5, piece) for piece in pieces if not lost_power({"detail": piece})]


def _by_itself(number: int, pieces: list[str], order: Order | None) -> list[Clue]:
    """The clues of a reboot that no order explains; one that was not answered leaves it in doubt."""
    if not pieces:
        return [Clue(number, 0.0, UNPROVEN)]
    owner, remedy = next((told for name, told in REASONS.items() if f"reason {name}" in pieces), ("", ""))
    if order is not None:
        owner, remedy = owner or "charger", remedy or UNANSWERED
    told = [Clue(number, 3.0, f"the charger rebooted: {pieces[0]}", owner, remedy)]
    told += [Clue(number, 0.5, piece) for piece in pieces[1:]]
    return [*told, Clue(number, -order.weight, order.words)] if order else told


def _order(order: Order) -> tuple[str, str]:
    """Owner and remedy of what was ordered."""
    if order.action in CHANGES:
        return (
            "CSMS",
            "Nothing to mend if the change was meant: this charger restarts to apply it. Change settings at idle times.",
        )
    return "CSMS", f"Nothing to mend if the {order.action} was meant; else find who ordered it."
