"""The platform under test, and the ledger of what it has replied."""

import threading
from dataclasses import dataclass, field

from tests.conformance.kit.http import Reply


class Skipped(Exception):
    """This platform's configuration makes the rule inapplicable; the message says why."""


@dataclass
class Ledger:
    """Every reply that the run has seen, without the bodies of those that went well."""

    replies: list[Reply] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, reply: Reply) -> Reply:
        """Keep this reply for the rules that look back at the whole run."""
        body = reply.body[: 1 << 16] if reply.media_type not in ("image/png", "image/jpeg") else b""
        with self.lock:
            self.replies.append(Reply(reply.method, reply.url, reply.status, reply.headers, body))
        return reply


@dataclass(frozen=True)
class Platform:
    """A running platform: the two origins without a trailing slash, and the API key if it wants one."""

    gateway: str
    status: str
    api_key: str = ""
    ledger: Ledger = field(default_factory=Ledger, compare=False)
