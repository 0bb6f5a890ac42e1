"""Many clients that follow jobs by server-sent events, on sockets that one thread watches."""

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Iterable
from urllib.parse import urlsplit

BLOCK = 65_536


class Follower:
    """One client's stream: the ids of the events that it has got, and how far it is."""

    def __init__(self, url: str, last_id: str = "") -> None:
        self.url, self.ids = url, [last_id] if last_id else list[str]()
        self.status, self.done_at, self.closed = 0, 0.0, False
        self._rest, self._in_body = b"", False
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port or 80), timeout=30)
        resume = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        head = f"GET {parts.path} HTTP/1.0\r\nHost: {parts.netloc}\r\nAccept: text/event-stream\r\n{resume}\r\n"
        self.socket.sendall(head.encode())
        self.socket.setblocking(False)

    def read(self) -> None:
        """Take in what has come."""
        try:
            data = self.socket.recv(BLOCK)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        self.closed = not data
        self._rest += data
        if not self._in_body and b"\r\n\r\n" in self._rest:
            head, _, self._rest = self._rest.partition(b"\r\n\r\n")
            self.status, self._in_body = int(head.split()[1]), True
        while self._in_body and b"\n\n" in self._rest:
            block, _, self._rest = self._rest.partition(b"\n\n")
            self._take(block.decode())

    def _take(self, block: str) -> None:
        fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if "id" in fields:
            self.ids.append(fields["id"])
        if fields.get("event") == "done":
            self.done_at = time.monotonic()


class Crowd:
    """Followers that are read from by a thread of their own, for as long as the context is open."""

    def __init__(self) -> None:
        self.followers: list[Follower] = []
        self._selector, self._lock = selectors.DefaultSelector(), threading.Lock()
        self._over = False
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> "Crowd":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._thread.join()
        self.leave(self.followers)
        self._selector.close()

    def join(self, url: str, last_id: str = "") -> Follower:
        """One more follower; with `last_id`, of what came after that event."""
        follower = Follower(url, last_id)
        with self._lock:
            self._selector.register(follower.socket, selectors.EVENT_READ, follower)
            self.followers.append(follower)
        return follower

    def leave(self, followers: Iterable[Follower]) -> None:
        """Close these followers' connections, whatever comes on them."""
        with self._lock:
            for follower in list(followers):
                with contextlib.suppress(KeyError, ValueError):
                    self._selector.unregister(follower.socket)
                follower.socket.close()
                self.followers.remove(follower)

    def _read(self) -> None:
        while not self._over:
            for key, _ in self._selector.select(0.1):
                with self._lock:
                    follower: Follower = key.data
                    if follower.socket.fileno() < 0:
                        continue
                    follower.read()
                    if follower.closed:
                        self._selector.unregister(follower.socket)
