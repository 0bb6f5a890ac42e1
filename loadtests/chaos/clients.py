"""Clients as they should be: each repeats a submission with its idempotency key until it is accepted."""

import http.client
import json
import random
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any

GIVE_UP_S = 120.0
Answer = tuple[int, dict[str, Any]]


@dataclass
class Ticket:
    """An accepted job: its token, where it can be read, and when it was accepted (seconds since 1970)."""

    token: str
    location: str
    at: float


@dataclass
class Clients:
    """`count` clients that together hand in `jobs` jobs over `seconds` seconds."""

    gateway: str
    jobs: int
    seconds: float
    seed: int
    count: int = 4
    tickets: list[Ticket] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        """Hand in everything, and return when all has been answered, or soon after being told to stop."""
        threads = [threading.Thread(target=self._client, args=(number, stop)) for number in range(self.count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _client(self, number: int, stop: threading.Event) -> None:
        dice = random.Random(f"{self.seed}-{number}")
        began = time.monotonic()
        for index in range(number, self.jobs, self.count):
            due = began + self.seconds * index / self.jobs
            stop.wait(max(0.0, due - time.monotonic()))
            self._submit(f"{self.seed}-{index}", dice.choice((0.0, 0.0, 0.02, 0.05, 0.1, 0.4)), stop)

    def _submit(self, token: str, seconds: float, stop: threading.Event) -> None:
        """Those that take no time go into a queue of their own, where they pile up while others run."""
        body, kind = {"token": token, "seconds": seconds}, "chaos-work" if seconds else "chaos-blink?priority=low"
        deadline = time.monotonic() + GIVE_UP_S
        while time.monotonic() < deadline and not stop.is_set():
            status, answer = exchange("POST", f"{self.gateway}/v1/jobs/{kind}", body, {"Idempotency-Key": token})
            if status == 202:
                self.tickets.append(Ticket(token, answer["links"]["self"], time.time()))
                return
            if status not in (0, 503, 409, 429):
                self.refused.append(f"{token}: {status} {answer}")
                return
            stop.wait(0.2)
        self.refused.append(f"{token}: not accepted within {GIVE_UP_S:.0f} s")


def exchange(method: str, url: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
    """One exchange: status and JSON body; status 0 when there was no answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            text = error.read()
        return error.code, json.loads(text) if text.startswith(b"{") else {}
    except (OSError, http.client.HTTPException, ValueError):
        return 0, {}
