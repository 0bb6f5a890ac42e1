"""A way to the store on which replies get lost: the command arrives, the connection ends."""

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from services.jobs.scripts import Script


class LossyLine:
    """Relays connections to a store, and drops the reply to the first run of a script, as often as it is asked to."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._store = (str(parts.hostname), int(parts.port or 6379))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"
        self.lost: list[bytes] = []
        self._doomed: tuple[bytes, ...] = ()
        threading.Thread(target=self._accept, daemon=True).start()

    def lose_reply_to(self, script: Script) -> None:
        """Let the next reply to `script` get lost."""
        self._doomed = (script.sha.encode(), script.text.encode())

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        asked = b""
        with suppress(OSError), client, socket.create_connection(self._store) as store:
            while True:
                for ready in select.select([client, store], [], [])[0]:
                    data = ready.recv(1 << 20)
                    if not data:
                        return
                    if ready is client:
                        asked += data
                        store.sendall(data)
                    elif self._is_doomed(asked, data):
                        self.lost.append(data)
                        return
                    else:
                        asked = b""
                        client.sendall(data)

    def _is_doomed(self, asked: bytes, reply: bytes) -> bool:
        if not any(name in asked for name in self._doomed) or reply.startswith(b"-NOSCRIPT"):
            return False
        self._doomed = ()
        return True


@contextmanager
def lossy_line(url: str) -> Iterator[LossyLine]:
    """A lossy line to the store at `url`."""
    line = LossyLine(url)
    try:
        yield line
    finally:
        line.close()
