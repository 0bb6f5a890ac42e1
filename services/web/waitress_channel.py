"""waitress's side of a connection: what it refuses itself, refused as the app does it, and ends without a reset."""

import re
import socket
import time
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ErrorTask
from waitress.utilities import (
    BadRequest,
    InternalServerError,
    RequestEntityTooLarge,
    RequestHeaderFieldsTooLarge,
    ServerNotImplemented,
)

from services.web import server_refusals as said
from services.web.body_guard import GRACE_SECONDS, SLOWEST_BYTES_PER_SECOND
from services.web.hang_up import has_hung_up
from services.web.problems import Problem

BLOCK = 65_536
CHUNKING = 1_000_000
"""Bytes that a body's chunks may add to its largest size."""
FIRST_LINE = re.compile(rb"[\x21-\x7e]+ [\x21-\x7e]+ HTTP/1\.[01]")


class Parser(HTTPRequestParser):
    """A request being received. It is held to what gunicorn asks of one: the same line, headers and framing."""

    problem: Problem | None = None

    def __init__(self, adj: Any) -> None:
        super().__init__(adj)
        self._deadline = time.monotonic() + GRACE_SECONDS

    def received(self, data: bytes) -> int:
        """Take in more bytes; how many of them belong to this request."""
        head = self.header_plus
        taken = super().received(data)
        if isinstance(self.error, RequestHeaderFieldsTooLarge):
            whole_line = 0 <= (head + data).find(b"\r\n") <= said.LONGEST_LINE
            self.problem = said.HEADERS_TOO_LARGE if whole_line else said.LINE_TOO_LONG
        elif self.error and self.body_rcv is not None and self.error is self.body_rcv.error:
            self.problem = said.BAD_CHUNKS
        elif not self.completed:
            self._give_up_in_time()
        if self.error:
            self.expect_continue = False  # or the client would be told to go on
        return taken

    def parse_header(self, header_plus: bytes) -> None:
        """Read the request's head; raises ParsingError, for what waitress alone would let through, too."""
        self._check_form(header_plus)
        try:
            super().parse_header(header_plus)
        except ValueError:  # a length of more digits than int() takes, or a target that is no URI
            self._fail(said.BAD_HEADER)
        if "TRANSFER_ENCODING" in self.headers or (self.chunked and "CONTENT_LENGTH" in self.headers):
            self._fail(said.BAD_CODING)

    def _check_form(self, head: bytes) -> None:
        line, _, rest = head.partition(b"\r\n")
        lines = rest.rstrip(b"\r\n").split(b"\r\n")
        if len(line) > said.LONGEST_LINE:
            self._fail(said.LINE_TOO_LONG)
        if not FIRST_LINE.fullmatch(line):
            self._fail(said.BAD_LINE)
        if len(lines) > said.MOST_HEADERS or max(map(len, lines)) > said.LONGEST_LINE:
            self._fail(said.HEADERS_TOO_LARGE)
        if any(line.startswith((b" ", b"\t")) for line in lines):
            self._fail(said.BAD_HEADER)

    def _fail(self, problem: Problem) -> None:
        self.problem = problem
        raise ParsingError(problem.detail)

    def _give_up_in_time(self) -> None:
        """End what takes too long, and a head whose lines end in such a way that it never would."""
        if b"\n\n" in self.header_plus:
            self.problem = said.BAD_LINE
        elif time.monotonic() > self._deadline + self.body_bytes_received / SLOWEST_BYTES_PER_SECOND:
            self.problem = said.TOO_SLOW
        if self.problem is not None:
            self.error, self.completed = BadRequest(self.problem.detail), True


class RefusalTask(ErrorTask):
    """The answer to a request that can't be read."""

    def execute(self) -> None:
        """Write it."""
        channel: Any = self.channel
        channel.lingers = True
        self.version = "1.1"
        self.status, headers, body = said.refusal(problem_of(self.request, channel.adj))
        self.response_headers = headers
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


def problem_of(request: Any, adj: Any) -> Problem:
    """What is wrong with a request that waitress has an error of."""
    if request.problem is not None:
        found: Problem = request.problem
        return found
    if isinstance(request.error, RequestEntityTooLarge):
        limit = adj.max_request_body_size - CHUNKING
        return Problem("too-large", f"A body may have at most {limit} bytes here.", {"limit": limit})
    if isinstance(request.error, InternalServerError):
        return said.INTERNAL
    return said.BAD_CODING if isinstance(request.error, ServerNotImplemented) else said.BAD_HEADER


class Channel(HTTPChannel):
    """One connection. After a refusal it goes on reading for a while, so that closing does not reset it."""

    error_task_class = RefusalTask
    parser_class = Parser
    lingers = False
    _until = 0.0

    def check_client_disconnected(self) -> bool:  # type: ignore[override]
        """Whether the client has hung up. waitress itself would have to read ahead for this, and then not answer it."""
        return self.socket is None or has_hung_up(self.socket)

    def readable(self) -> bool:
        """Whether to read."""
        return bool(self._until or super().readable())

    def writable(self) -> bool:
        """Whether there is anything to write, or an end to make."""
        return bool(self.will_close or (not self._until and super().writable()))

    def handle_read(self) -> None:
        """Read; while lingering, only for the end."""
        if not self._until:
            super().handle_read()
        elif self.recv(BLOCK) and time.monotonic() > self._until:
            self.handle_close()

    def handle_close(self) -> None:
        """Close, or first say that no more will be written."""
        if self.lingers and self.connected and self.socket is not None:
            self.lingers = False
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:
                super().handle_close()
                return
            self._until, self.will_close = time.monotonic() + said.LINGER_SECONDS, False
            self.last_activity = time.time() + said.LINGER_SECONDS - self.adj.channel_timeout
        else:
            super().handle_close()
