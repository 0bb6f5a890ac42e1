"""The load: so many connections in one process, each sending its next request when its reply is in (closed loop)."""

import select
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle

from loadtests.compare.wire import Address, take_reply, whole_length

PATIENCE = 15.0
"""Seconds that a reply may be out before the load is given up."""


@dataclass
class Outcome:
    """What came of a load. Times are in seconds."""

    latencies: list[float] = field(default_factory=list)
    replies: list[bytes] = field(default_factory=list)
    """The right replies as they came, where Locations are to be read from them."""
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0
    generator_share: float = 0.0
    """Part of the time for which this process was itself busy; near 1, it was the bottleneck."""

    @property
    def requests(self) -> int:
        """How many replies came, right ones only."""
        return len(self.latencies)

    @property
    def locations(self) -> list[str]:
        """The Location of every reply that was kept."""
        taken = (take_reply(reply) for reply in self.replies)
        return [each[0].header("Location") for each in taken if each]

    def latency(self, part: float) -> float:
        """The latency that this part of the requests did not exceed, in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] * 1000 if ordered else float("nan")


class Line:
    """One connection and the request that is out on it."""

    __slots__ = ("received", "sent_at", "socket")

    def __init__(self, address: Address) -> None:
        self.socket = socket.create_connection((address.host, address.port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # With a timeout, Python would poll before every send and receive; epoll has done so already.
        self.socket.settimeout(None)
        self.received = b""
        self.sent_at = 0.0

    def send(self, request: bytes) -> None:
        """Send a request; they are small enough to leave whole."""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> bytes:
        """The reply once it is all there, else nothing. Raises ConnectionResetError if there will be none."""
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionResetError
        received = self.received + piece if self.received else piece
        whole = whole_length(received) == len(received)
        self.received = b"" if whole else received
        return received if whole else b""


class Generator:
    """A closed loop of requests on one address, every reply checked for its status."""

    def __init__(self, address: Address, requests: Sequence[bytes], expect: int, connections: int) -> None:
        self.lines = {line.socket.fileno(): line for line in (Line(address) for _ in range(connections))}
        self.requests: Iterator[bytes] = cycle(requests)
        self.expect = str(expect).encode()

    def __enter__(self) -> "Generator":
        return self

    def __exit__(self, *exc: object) -> None:
        for line in self.lines.values():
            line.socket.close()

    def run(self, count: int, seconds: float) -> Outcome:
        """Send `count` requests, or as many as fit into `seconds`, and wait for every reply."""
        outcome = Outcome()
        first = list(self.lines)[:count]
        before, cpu_before = time.perf_counter(), time.process_time()
        with select.epoll() as poll:
            for number in first:
                poll.register(number, select.EPOLLIN)
                self.lines[number].send(next(self.requests))
            self._turn(poll, outcome, len(first), count - len(first), before + seconds)
        outcome.seconds = time.perf_counter() - before
        outcome.generator_share = (time.process_time() - cpu_before) / outcome.seconds
        return outcome

    def _turn(self, poll: select.epoll, outcome: Outcome, out: int, left: int, until: float) -> None:
        while out:
            ready = poll.poll(PATIENCE)
            if not ready:
                outcome.wrong.append(f"no reply in {PATIENCE:g} s on {out} connections")
                return
            for number, _ in ready:
                line = self.lines[number]
                if not self._receive(line, outcome):
                    continue
                if left > 0 and not outcome.wrong and time.perf_counter() < until:
                    left -= 1
                    line.send(next(self.requests))
                else:
                    poll.unregister(number)
                    out -= 1

    def _receive(self, line: Line, outcome: Outcome) -> bool:
        """Whether the request on this connection is over; its reply is noted if so."""
        try:
            reply = line.receive()
        except ConnectionError:
            outcome.wrong.append("the server closed a connection")
            return True
        if not reply:
            return False
        if reply[9:12] == self.expect:
            outcome.latencies.append(time.perf_counter() - line.sent_at)
            if self.expect == b"202":
                outcome.replies.append(reply)
        else:
            outcome.wrong.append(f"not {self.expect.decode()} but {reply[:400].decode(errors='replace')}")
        return True
