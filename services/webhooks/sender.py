"""The sender: claims what is due, and makes each try in a thread of its own."""

import logging
import threading
import time
from collections.abc import Callable

from services.jobs.connection import StoreError
from services.jobs.deliveries import Notice, Outbox, Try
from services.webhooks.posting import Answer
from services.webhooks.retrying import Plan
from services.webhooks.slots import Slots

log = logging.getLogger(__name__)

IDLE_S = 2.5
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
STOP_GRACE_S = 10.0
OWN_ERROR = Answer(error="the sender met an error of its own")


class Sender:
    """Empties the outbox. It sleeps until something is due or comes in, and outlives any failure of the store."""

    def __init__(
        self, outbox: Outbox, post: Callable[[Notice], Answer], plan: Plan, slots: Slots | None = None
    ) -> None:
        self._outbox, self._post, self._plan = outbox, post, plan
        self._slots = slots or Slots()
        self._stopping = threading.Event()
        self._claiming = threading.Lock()

    def run(self) -> None:
        """Send until stopped."""
        pause = FIRST_PAUSE_S
        while not self._stopping.is_set():
            try:
                self.step()
                pause = FIRST_PAUSE_S
            except StoreError as error:
                log.warning("store: %s: %s", type(error).__name__, error)
                self._stopping.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)

    def step(self) -> None:
        """Begin what is due; if that is nothing, wait."""
        free = self._slots.wait_for_free(IDLE_S)
        if not free:
            return
        with self._claiming:
            if self._stopping.is_set():
                return
            batch = self._outbox.claim_notices(free, self._plan.most, self._slots.full())
            for notice in batch.notices:
                self._slots.take(notice.receiver)
                threading.Thread(target=self._deliver, args=(notice,), daemon=True).start()
        if not batch.notices:
            self._outbox.wait_for_notices(IDLE_S if batch.wait is None else min(batch.wait, IDLE_S))

    def stop(self, grace: float = STOP_GRACE_S) -> int:
        """Begin no more and let what is under way end within `grace` seconds; how many did not.

        Those are sent again by the next sender, when their lease ends.
        """
        self._stopping.set()
        with self._claiming:
            pass
        return self._slots.wait_for_none(grace)

    def _deliver(self, notice: Notice) -> None:
        began, answer = time.monotonic(), OWN_ERROR
        try:
            answer = self._post(notice)
        except Exception:
            log.exception("job=%s try=%d", notice.job.id, notice.number)
        finally:
            self._slots.leave(notice.receiver, answered=answer.status > 0)
        try:
            self._report(notice, self._outcome(notice, answer, round((time.monotonic() - began) * 1000)))
        finally:
            self._slots.give_back()

    def _outcome(self, notice: Notice, answer: Answer, duration_ms: int) -> Try:
        pause = self._plan.pause_after(notice.number, answer.status, answer.retry_after)
        next_at = notice.at + duration_ms + round(pause * 1000) if pause is not None else 0
        if next_at >= notice.job.expires_at:
            next_at = 0
        return Try(notice.at, answer.status, answer.error, duration_ms, next_at)

    def _report(self, notice: Notice, made: Try) -> None:
        """Insist: a try that is not reported is made again."""
        said = made.status or made.error
        log.info(
            "job=%s try=%d to=%s: %s in %d ms", notice.job.id, notice.number, notice.receiver, said, made.duration_ms
        )
        pause = FIRST_PAUSE_S
        while True:
            try:
                self._outbox.report_try(notice, made)
                return
            except StoreError as error:
                log.warning("store: %s: %s", type(error).__name__, error)
                if self._stopping.wait(pause):
                    return
                pause = min(pause * 2, LONGEST_PAUSE_S)
