"""A sender at work on an outbox in memory, for tests."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from services.jobs.connection import StoreError
from services.jobs.deliveries import Batch, Notice, Try
from services.jobs.dispatch import Outcome
from services.webhooks.posting import Answer
from services.webhooks.retrying import Plan
from services.webhooks.sender import Sender
from services.webhooks.slots import Slots
from tests.jobs.test_store import submission
from tests.memory_store import MemoryStore

SOON = Plan((0.05, 0.1, 0.15), lambda low, high: 1.0)
LATER = Plan((60,), lambda low, high: 1.0)
OK = Answer(204)


class Outbox(MemoryStore):
    """Counts how often it is asked, and can be out of reach."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()
        self.away = False

    def claim_notices(self, limit: int, most: int, full: Sequence[str]) -> Batch:
        self._ask("claim")
        return super().claim_notices(limit, most, full)

    def report_try(self, notice: Notice, made: Try) -> None:
        self._ask("report")
        super().report_try(notice, made)

    def wait_for_notices(self, seconds: float) -> bool:
        self._ask("wait")
        return super().wait_for_notices(seconds)

    def _ask(self, what: str) -> None:
        self.asked[what] += 1
        if self.away:
            raise StoreError("out of reach")


@contextmanager
def running(
    outbox: Outbox, post: Callable[[Notice], Answer], plan: Plan = SOON, slots: Slots | None = None
) -> Iterator[Sender]:
    sender = Sender(outbox, post, plan, slots)
    thread = threading.Thread(target=sender.run)
    thread.start()
    try:
        yield sender
    finally:
        sender.stop(0)
        outbox._call.set()
        thread.join()


def finished(outbox: Outbox, host: str = "example.org", **changes: object) -> str:
    asked = submission(callback=f"https://{host}/hook", **changes)
    outbox.accept(asked, 100)
    [run] = outbox.claim("w")
    outbox.publish("w", run, Outcome(verdict="succeeded", result="1"))
    return asked.id


def until(true: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to that")


def over(outbox: Outbox, job_id: str) -> bool:
    tries = outbox.tries(job_id)
    return bool(tries) and bool(tries[-1].status or tries[-1].error) and not tries[-1].next_at
