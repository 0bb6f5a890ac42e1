"""gunicorn's gevent worker, with refusals of our own, bodies that can't drip for ever, and ends without a reset."""

import socket
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

from gevent import GreenletExit, Timeout
from gunicorn.http import errors, wsgi
from gunicorn.util import close
from gunicorn.workers.ggevent import GeventWorker

from services.web import server_refusals as said
from services.web.plain_reply import PlainReply
from services.web.plain_request import PlainRequest, Requests
from services.web.problems import Problem
from services.web.shared_line import share_line

SMALL = 65_536
"""Bytes of an unread body that are cheaper to take in than a new connection."""

wsgi.SERVER = "coatcheck"  # what stands in `Server`, in place of the server's own name

REFUSALS: tuple[tuple[type[Exception], Problem], ...] = (
    (errors.LimitRequestLine, said.LINE_TOO_LONG),
    (errors.LimitRequestHeaders, said.HEADERS_TOO_LARGE),
    (errors.UnsupportedTransferCoding, said.BAD_CODING),
    (errors.ExpectationFailed, said.BAD_EXPECTATION),
    (errors.InvalidChunkSize, said.BAD_CHUNKS),
    (errors.InvalidChunkExtension, said.BAD_CHUNKS),
    (errors.ChunkMissingTerminator, said.BAD_CHUNKS),
    (errors.InvalidResponseHeader, said.INTERNAL),
    (errors.InvalidResponseHeaderName, said.INTERNAL),
    (errors.ConfigurationProblem, said.INTERNAL),
    (errors.InvalidHeader, said.BAD_HEADER),
    (errors.InvalidHeaderName, said.BAD_HEADER),
    (errors.ObsoleteFolding, said.BAD_HEADER),
    (errors.ParseException, said.BAD_LINE),
)
"""What each error of the server's parser is to the client; the first that fits counts."""


class ClientSocket:
    """A client's connection. Reads end at `deadline` (monotonic seconds), however the bytes drip in."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self.send = sock.send
        self.deadline: float | None = None
        self._unread = False
        self._close: Callable[[], None] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def recv(self, size: int) -> Any:
        """Up to `size` bytes; raises TimeoutError at the deadline."""
        if self.deadline is None:
            return self._sock.recv(size)
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        try:
            return self._sock.recv(size)
        finally:
            self._sock.settimeout(None)

    def begin(self, close: Callable[[], None]) -> None:
        """A new request; `close` makes its reply the last on this connection, and lets it say so."""
        self._unread, self._close = False, close

    def leave_body(self, length: int | None) -> None:
        """The app answers without having read the body. Only a short one is worth keeping the connection for."""
        self._unread = True
        if length is None or length > SMALL:
            self._close()

    def linger(self, *, always: bool = False) -> None:
        """Take in what a client still sends, so that closing does not reset the connection before it has its answer."""
        if not (always or self._unread):
            return
        end, taken = time.monotonic() + said.LINGER_SECONDS, 0
        try:
            self._sock.shutdown(socket.SHUT_WR)
            while taken < said.LINGER_BYTES and (left := end - time.monotonic()) > 0:
                self._sock.settimeout(left)
                data = self._sock.recv(SMALL)
                if not data:
                    return
                taken += len(data)
        except OSError:
            return  # the client has hung up, or is silent: either way it has what it will read


class Worker(GeventWorker):  # type: ignore[misc]
    """The worker that `gunicorn_conf.py` names."""

    def init_process(self) -> None:
        """Put together once what is the same for every request."""
        self._environ = {**wsgi.base_environ(self.cfg), "wsgi.multithread": True, "wsgi.url_scheme": "http"}
        self._environ |= {"SCRIPT_NAME": "", "SERVER_PROTOCOL": "HTTP/1.1"}
        super().init_process()

    def load_wsgi(self) -> None:
        """Take over the app; all of its requests share a connection to the store."""
        super().load_wsgi()
        share_line(self.wsgi.extensions["store"])

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """One connection."""
        client.setblocking(1)
        sock, name = ClientSocket(client), listener.getsockname()
        requests, request, silence = Requests(self.cfg, sock, addr), None, self.timeout_ctx()
        environ = self._environ_of(name, sock, addr)
        try:
            while request := self._next(requests, silence):
                if isinstance(request, PlainRequest):
                    self._answer(request, environ, sock)
                else:
                    self.handle_request(name, request, sock, addr)
        except (StopIteration, errors.NoMoreData, OSError, GreenletExit) as end:
            self.log.debug("connection closed: %r", end)
        except BaseException as error:
            self.handle_error(request, sock, addr, error)
        finally:
            silence.close()
            close(client)

    def _environ_of(self, server: tuple[str, int], sock: ClientSocket, client: Any) -> dict[str, Any]:
        """What is the same for every plain request of a connection."""
        ours = {"SERVER_NAME": server[0], "SERVER_PORT": str(server[1]), "gunicorn.socket": sock}
        return {**self._environ, **ours, "REMOTE_ADDR": client[0], "REMOTE_PORT": str(client[1])}

    def _next(self, requests: Requests, silence: Timeout) -> Any:
        """The next request, or None when the client has been silent for too long."""
        silence.start()
        try:
            return next(requests)
        except Timeout as over:
            if over is not silence:
                raise
            return None
        finally:
            silence.cancel()

    def handle_request(self, listener_name: Any, req: Any, sock: ClientSocket, addr: Any) -> Any:
        """One request; StopIteration is how the server says that it was the connection's last."""
        sock.begin(req.force_close)
        try:
            return super().handle_request(listener_name, req, sock, addr)
        except StopIteration:
            sock.linger()
            raise

    def _answer(self, request: PlainRequest, environ: dict[str, Any], sock: ClientSocket) -> None:
        """One plain request; `environ` is what does not come from it."""
        sock.begin(request.force_close)
        if not self.alive:
            request.force_close()
        reply = PlainReply(request, sock, self.cfg)
        body = self.wsgi({**environ, **request.environ}, reply.start)
        try:
            reply.send(body)
        finally:
            if not isinstance(body, list):
                body.close()
        if request.should_close():
            sock.linger()
            raise StopIteration

    def handle_error(self, req: Any, client: ClientSocket, addr: Any, exc: BaseException) -> None:
        """Answer what can't be read, and what went wrong before the app could say so."""
        problem = next((problem for kind, problem in REFUSALS if isinstance(exc, kind)), said.INTERNAL)
        if problem is said.INTERNAL:
            self.log.error("unexpected error", exc_info=exc)
        status, headers, body = said.refusal(problem)
        named = [("Date", formatdate(usegmt=True)), ("Connection", "close"), *headers]
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in named)]
        try:
            client.settimeout(said.LINGER_SECONDS)
            client.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        except OSError:
            return
        client.linger(always=isinstance(exc, errors.ParseException))
