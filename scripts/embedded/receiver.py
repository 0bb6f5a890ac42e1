"""A small receiver of webhooks: verifies Standard Webhooks signatures, prints what came and keeps it if asked.

It shares no code with the sender, so that the two check each other; standard library only.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import ssl
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOLERANCE_S = 300
LARGEST_BODY = 1_000_000


@dataclass(frozen=True)
class Received:
    """One POST. `wrong` says what is wrong with its signature; "" means that it is genuine."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    wrong: str
    at: float = field(default_factory=time.monotonic)

    @property
    def id(self) -> str:
        """The webhook-id: the same in each repetition."""
        return self.headers.get("webhook-id", "")

    @property
    def event(self) -> Any:
        """The body's JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What to answer, after `delay` seconds."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


def verify(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: float) -> str:
    """What is wrong with the message, or "" if one of the secrets has signed it within five minutes of `now`."""
    identity, moment, given = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (identity and moment and given):
        return "a webhook header is missing"
    if not moment.isdecimal() or abs(now - int(moment)) > TOLERANCE_S:
        return "the timestamp is not of now"
    signed = f"{identity}.{moment}.".encode() + body
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        right = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        if any(hmac.compare_digest(right.encode(), each.encode()) for each in given.split(" ")):
            return ""
    return "no signature fits"


class Receiver(ThreadingHTTPServer):
    """Listens on 127.0.0.1 from its start to `close`; `received` is all that came, in its order."""

    daemon_threads = True

    def __init__(
        self,
        secrets: Sequence[str],
        port: int = 0,
        answer: Callable[[Received], Reply] = lambda _: Reply(),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.secrets, self.answer = secrets, answer
        self.received: list[Received] = []
        self.url = f"http://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self.shutdown()
        self._thread.join()
        self.server_close()

    def __enter__(self) -> "Receiver":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Handler(BaseHTTPRequestHandler):
    server: Receiver
    timeout = 30

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(length, LARGEST_BODY))
        headers = {name.lower(): value for name, value in self.headers.items()}
        wrong = verify(self.server.secrets, headers, body, time.time())
        received = Received(self.path, headers, body, wrong)
        self.server.received.append(received)
        reply = Reply(401) if wrong else self.server.answer(received)
        time.sleep(reply.delay)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing: whoever started the receiver prints what matters."""

    def handle(self) -> None:
        """Serve; a sender that hangs up is its own affair."""
        try:
            super().handle()
        except OSError:
            self.close_connection = True


def main() -> None:
    """Listen until Ctrl-C, printing each message."""
    asked = _arguments()
    secrets = asked.secret or os.environ.get("WEBHOOK_SECRET", "").replace(",", " ").split()
    file = Path(os.environ.get("DATA_DIR") or "data") / "webhook-secret"
    if not secrets and file.exists():
        secrets = file.read_text().split()
    if not secrets:
        sys.exit(f"webhook-receiver: name the --secret to verify with, or start the platform first, which makes {file}")
    with Receiver(secrets, asked.port, lambda _: Reply(asked.answer)) as receiver:
        print(f"listening; pass callback_url={receiver.url}/hook and start the platform with WEBHOOK_ALLOW=127.0.0.1")
        shown = 0
        try:
            while True:
                for message in receiver.received[shown:]:
                    shown += 1
                    _show(message, asked.keep)
                time.sleep(0.1)
        except KeyboardInterrupt:
            print(f"\n{shown} messages received.")


def _show(message: Received, keep: Path | None) -> None:
    print(f"\n{message.id}: {message.wrong or 'genuine'}\n{message.body.decode(errors='replace')}", flush=True)
    if keep:
        line = {"path": message.path, "headers": dict(message.headers), "body": message.body.decode(errors="replace")}
        with keep.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**line, "genuine": not message.wrong}) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/webhook-receiver", description=__doc__)
    parser.add_argument("--port", type=int, default=9000, help="port on 127.0.0.1 (default: 9000)")
    parser.add_argument("--secret", action="append", help="whsec_…; default: WEBHOOK_SECRET, else DATA_DIR's file")
    parser.add_argument("--answer", type=int, default=204, help="status to answer with (default: 204)")
    parser.add_argument("--keep", type=Path, help="file to add each message to, a line of JSON each")
    return parser.parse_args()


if __name__ == "__main__":
    main()
