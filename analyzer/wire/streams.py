"""Follows the TCP connections of a capture: their begin, their bytes in order, their end."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from analyzer.wire import ends, handshake, roles, silence
from analyzer.wire.events import Ended, Measured, Opened, Transport
from analyzer.wire.flow import Flow, release
from analyzer.wire.link import ACK, FIN, RST, SYN
from analyzer.wire.ordering import HELD, WINDOW, Half

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from analyzer.wire.events import Event
    from analyzer.wire.flow import Endpoint, Key
    from analyzer.wire.icmp import Report
    from analyzer.wire.link import Segment

MAX_FLOWS = 100_000
"""Connections followed at once; beyond it the one that was silent longest is forgotten."""
MAX_ENDED = 4_096
"""Ended connections remembered, so that their late packets are not taken for a new one."""
MAX_LATE = 16 << 10
"""Bytes that are kept of what comes behind a RST, until it is known whether the connection goes on."""
AGAIN = frozenset({"retransmission", "keep_alive"})
"""What a side sends again while it waits for an answer."""
UNDECIDED = 8
"""Segments with data of a connection joined in the middle that are looked at to tell who is the client."""


class Streams:
    """The TCP connections of a capture. Feed it segments; it gives events.

    Memory follows the connections that are open. `forgotten` counts those given up for want of room.
    """

    def __init__(self, ports: frozenset[int] = frozenset()) -> None:
        self._ports = ports
        self._flows: OrderedDict[Key, Flow] = OrderedDict()
        self._ended: OrderedDict[Key, Flow] = OrderedDict()
        self._by_number: dict[int, Key] = {}
        self._latest: dict[tuple[str, Endpoint], int] = {}
        self.opened = 0
        self.forgotten = 0

    def feed(self, segment: Segment) -> Iterator[Event]:
        """Take the next segment of the capture."""
        source, destination = (segment.source, segment.source_port), (segment.destination, segment.destination_port)
        key = (source, destination) if source < destination else (destination, source)
        flow = self._flows.get(key)
        if flow is not None:
            self._flows.move_to_end(key)
        if segment.flags & SYN:
            flow = yield from self._synchronise(key, flow or self._ended.get(key), segment)
        elif flow is None:
            if self._is_late(key, segment):
                yield from self._take_late(key, self._ended[key], segment)
                return
            if not (segment.payload or segment.missing) or segment.flags & RST:
                return
            flow = self._open(key, source, destination, segment, decided=False)
        if flow.decided:
            yield from self._advance(key, flow, segment)
        else:
            yield from self._decide(key, flow, segment)

    def report(self, found: Report) -> Iterator[Event]:
        """Take an ICMP error about a packet of a connection."""
        source, destination = (found.source, found.source_port), (found.destination, found.destination_port)
        flow = self._flows.get((source, destination) if source < destination else (destination, source))
        if flow is None or not flow.decided or flow.ignored:
            return
        if found.final:
            flow.reporter = found.reporter
        from_client = source == flow.client
        yield from release(flow, [Transport(flow.number, "icmp", from_client, found.ts, found.number, 0, found.detail)])

    def find(self, first: Endpoint, second: Endpoint) -> Flow | None:
        """The connection between two endpoints that is followed, if there is one."""
        key = (first, second) if first < second else (second, first)
        flow = self._flows.get(key)
        if flow is not None:
            self._flows.move_to_end(key)
        return flow

    def finish(self, now: int | None = None) -> Iterator[Event]:
        """Let go everything that is still held: the capture is over, at this time if it went on without TCP."""
        for flow in (*self._ended.values(), *self._flows.values()):
            pair = flow.client[0], flow.server
            self._latest[pair] = max(self._latest.get(pair, 0), flow.begun)
        for key, flow in list(self._flows.items()):
            yield from self._orient(key, flow)
            if key in self._flows:
                yield from self._end(key, flow, "open", flow.ts, flow.packet, flow.ts if now is None else now)

    def held(self) -> dict[int, int]:
        """How many bytes each flow holds, roughly."""
        return {flow.number: flow.held for flow in self._flows.values()}

    def give_up(self, number: int) -> Iterator[Event]:
        """Let go what is held of a flow and follow it no longer."""
        key = self._by_number.get(number)
        if key is not None:
            flow = self._flows[key]
            yield from self._orient(key, flow)
            if self._flows.get(key) is flow:
                yield from self._end(key, flow, "open", flow.ts, flow.packet, flow.ts)

    def ignore(self, number: int) -> None:
        """Keep nothing more of a flow."""
        key = self._by_number.get(number)
        if key is not None:
            flow = self._flows[key]
            flow.ignored = True
            flow.upper, flow.lower = flow.upper.emptied(), flow.lower.emptied()

    def _open(self, key: Key, client: Endpoint, server: Endpoint, segment: Segment, *, decided: bool = True) -> Flow:
        self.opened += 1
        number = self.opened
        halves = Half(number, from_client=True), Half(number, from_client=False)
        flow = Flow(number, client, server, *halves, segment.ts, segment.number, segment.ts, decided=decided)
        self._ended.pop(key, None)
        self._flows[key] = flow
        self._by_number[number] = key
        return flow

    def _announce(self, flow: Flow, segment: Segment, *, handshake_seen: bool) -> Iterator[Event]:
        yield Opened(flow.number, segment.ts, segment.number, *flow.client, *flow.server, handshake_seen)
        while len(self._flows) > MAX_FLOWS:
            key, oldest = next(iter(self._flows.items()))
            self.forgotten += not oldest.ignored
            yield from self._orient(key, oldest)
            yield from self._end(key, oldest, "open", oldest.ts, oldest.packet, segment.ts)

    def _synchronise(self, key: Key, flow: Flow | None, segment: Segment) -> Generator[Event, None, Flow]:
        """Take a SYN; it begins a connection, belongs to the one there is, or replaces it."""
        source, destination = (segment.source, segment.source_port), (segment.destination, segment.destination_port)
        answer = bool(segment.flags & ACK)
        client, server = (destination, source) if answer else (source, destination)
        begin = (segment.sequence + 1) & 0xFFFF_FFFF
        if flow is not None and handshake.belongs(flow, segment, client, over=key not in self._flows):
            half = flow.half(source)
        else:
            undecided = []
            if flow is not None and key in self._flows:
                undecided = flow.undecided
                if flow.decided:
                    yield from self._end(key, flow, "replaced", segment.ts, segment.number, segment.ts)
                else:
                    self._by_number.pop(flow.number, None)
            flow = self._open(key, client, server, segment)
            yield from self._announce(flow, segment, handshake_seen=True)
            half = flow.half(source)
            half.begin(begin)
            yield from self._note_synchronise(flow, half, segment)
            for earlier in undecided:
                yield from self._advance(key, flow, earlier)
            return flow
        if half.start is None:
            half.begin(begin)
        if not flow.ignored:
            yield from self._note_synchronise(flow, half, segment)
        return flow

    @staticmethod
    def _note_synchronise(flow: Flow, half: Half, segment: Segment) -> Iterator[Event]:
        kind = "duplicate" if half.recent.repeats(segment) else "syn_ack" if segment.flags & ACK else "syn"
        if kind != "duplicate":
            handshake.note_synchronise(flow, segment)
        yield Transport(half.flow, kind, half.from_client, segment.ts, segment.number, 0)

    def _is_late(self, key: Key, segment: Segment) -> bool:
        """Whether a segment belongs to a connection that has ended: near to where it was."""
        flow = self._ended.get(key)
        if flow is None:
            return False
        half = flow.half((segment.source, segment.source_port))
        return half.next is None or abs(half.distance(segment.sequence)) < WINDOW

    def _take_late(self, key: Key, flow: Flow, segment: Segment) -> Iterator[Event]:
        """Take a segment behind the end. A RST whose sender is answered still ended nothing: all goes on behind it."""
        if not ends.was_reset(flow):
            return
        if sum(len(each.payload) + HELD for each in flow.late) < MAX_LATE:
            flow.late.append(segment)
        if ends.goes_on(flow, segment):
            first, resumed = flow.late[0], self._open(key, flow.client, flow.server, flow.late[0])
            yield from self._announce(resumed, first, handshake_seen=False)
            yield ends.ignored_reset(flow, resumed.number, segment)
            for each in flow.late:
                yield from self._advance(key, resumed, each)

    def _decide(self, key: Key, flow: Flow, segment: Segment) -> Iterator[Event]:
        flow.undecided.append(segment)
        flow.ts, flow.packet = segment.ts, segment.number
        telling = roles.sent_by_client(segment, self._ports) if segment.payload else None
        if telling is not None or segment.flags & (FIN | RST) or len(flow.undecided) >= UNDECIDED:
            yield from self._orient(key, flow)

    def _orient(self, key: Key, flow: Flow) -> Iterator[Event]:
        """Settle who is the client of a connection joined in the middle, and go through what waited for it."""
        if flow.decided:
            return
        waiting, flow.undecided, flow.decided = flow.undecided, [], True
        first = waiting[0]
        told = ((segment, roles.sent_by_client(segment, self._ports)) for segment in waiting if segment.payload)
        segment, by_client = next((each for each in told if each[1] is not None), (first, None))
        if by_client is None:
            by_client = roles.likely_client(first)
            segment = first
        source, destination = (segment.source, segment.source_port), (segment.destination, segment.destination_port)
        flow.client, flow.server = (source, destination) if by_client else (destination, source)
        yield from self._announce(flow, first, handshake_seen=False)
        for each in waiting:
            yield from self._advance(key, flow, each)

    def _advance(self, key: Key, flow: Flow, segment: Segment) -> Iterator[Event]:
        if self._flows.get(key) is not flow:
            return
        source = (segment.source, segment.source_port)
        half, other = (flow.upper, flow.lower) if source == flow.client else (flow.lower, flow.upper)
        if segment.flags & SYN:
            segment = segment._replace(sequence=(segment.sequence + 1) & 0xFFFF_FFFF, flags=segment.flags & ~SYN)
        elif flow.asked is not None and half is flow.upper:
            handshake.measure(flow, segment)
        if abs(half.distance(segment.sequence)) > WINDOW and not flow.ignored:
            yield from self._stray(key, flow, segment)
            return
        flow.ts, flow.packet, flow.stray = segment.ts, segment.number, None
        if segment.flags & (FIN | RST) and flow.closing is None:
            flow.closing = ends.closing(flow, half, segment)
        if flow.ignored:
            if segment.flags & (FIN | RST):
                half.go_on(segment.sequence + len(segment.payload), 0)
            half.fin = half.fin or segment.flags & FIN
            over = bool(half.fin and other.fin)
        else:
            if segment.flags & ACK:
                other.acknowledge(segment.acknowledgement, segment.ts)
            yield from release(flow, _heard(half, other, segment))
            over = half.complete and other.complete
        if over or segment.flags & RST:
            yield from self._end(key, flow, "fin", segment.ts, segment.number, segment.ts)
            half.pass_to(segment.sequence)

    def _stray(self, key: Key, flow: Flow, segment: Segment) -> Iterator[Event]:
        """Take a segment far from where the stream is: two that fit together are a new connection on the same ports."""
        earlier = flow.stray
        if not segment.payload or segment.flags & RST:
            return
        flow.stray = segment
        if earlier is None or earlier.source != segment.source or earlier.source_port != segment.source_port:
            return
        if abs(segment.sequence - earlier.sequence) < WINDOW and segment.sequence != earlier.sequence:
            yield from self._end(key, flow, "replaced", segment.ts, segment.number, segment.ts)
            del self._ended[key]
            for each in (earlier, segment):
                yield from self.feed(each)

    def _end(self, key: Key, flow: Flow, kind: str, ts: int, packet: int, now: int) -> Iterator[Event]:
        """End a flow. The first FIN or RST tells who ended it and when, whatever comes after."""
        del self._flows[key]
        del self._by_number[flow.number]
        if not flow.ignored:
            ended = flow.closing or self._without_end(flow, kind, now) or Ended(flow.number, ts, packet, kind, None)
            over = ended.kind != "open"
            rest = [event for half in (flow.upper, flow.lower) for event in half.finish(ts, packet, over=over)]
            yield from release(flow, rest, everything=True)
            fault = silence.one_sided(flow)
            if fault is not None:
                yield fault
            yield Measured(flow.number, ts, packet, flow.round_trip, flow.upper.segments + flow.lower.segments)
            yield ended
        self._ended[key] = flow
        if len(self._ended) > MAX_ENDED:
            self._ended.popitem(last=False)

    def _without_end(self, flow: Flow, kind: str, now: int) -> Ended | None:
        replaced = kind == "replaced"
        renewed = now if replaced else self._latest.get((flow.client[0], flow.server), 0)
        return (
            ends.failed(flow, now, replaced=replaced) if handshake.is_attempt(flow) else ends.silent(flow, now, renewed)
        )


def _heard(half: Half, other: Half, segment: Segment) -> list[Event]:
    """What a segment makes of the two directions, that of its sender first."""
    events = [*half.accept(segment), *half.give_up(segment.ts), *other.give_up(segment.ts)]
    if any(isinstance(event, Transport) and event.kind in AGAIN for event in events):
        silence.note_repeat(half, other, segment)
    if segment.flags & RST:
        events.append(ends.reset(half, segment))
    # A RST may come from something between, with another time to live.
    half.hear(segment.ts, segment.number, None if segment.flags & RST else segment.ttl)
    return events
