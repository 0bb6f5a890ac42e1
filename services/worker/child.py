"""The child process: claims a job, runs its function, publishes, and so on until it is told to stop."""

import logging
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NoReturn, TypeVar

from services.jobs.blobs import BlobStorage
from services.jobs.catalogue import Catalogue
from services.jobs.connection import StoreError, connect
from services.jobs.dispatch import JobDispatch, Outcome, Run
from services.jobs.settings import Settings
from services.worker.attempt import attempt
from services.worker.limits import MemoryLimit, die_with_parent, memory_mb, protect
from services.worker.notes import Notes
from services.worker.outage import Outage
from services.worker.running import ConnectedJob
from services.worker.scratch import Scratch
from services.worker.sweep import Sweep

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

IDLE_S = 2
LONGEST_PAUSE_S = 1.0
MEASURE_S = 0.02
MOST_TOGETHER = 16
BEGIN_WITHIN_S = 0.02
"""Very short jobs are claimed together: so many at most, and what is not begun so soon after that is handed back."""

SILENT_S = 1.0
"""A parent that has not been at work for so long can't be trusted to renew a lease: nothing is claimed meanwhile."""


class Drain(BaseException):
    """Raised in an idle child that shall end."""


class Child:
    """Runs one job after the other. What it does is told to the parent in lines through a pipe."""

    def __init__(self, worker: str, catalogue: Catalogue, settings: Settings, pipe: int, notes: Notes) -> None:
        self._worker, self._catalogue, self._settings = worker, catalogue, settings
        self._pipe, self._notes, self._outage = pipe, notes, Outage()
        self._dispatch = JobDispatch(connect(settings.redis_url, timeout=IDLE_S + 2.0, connections=2))
        self._blobs = BlobStorage(settings.blobs)
        self._scratch = Scratch(worker)
        self._sweep = Sweep(self._dispatch, self._blobs)
        self._memory = MemoryLimit()
        self._draining = self._idle = False
        self._worn = False
        self._jobs, self._measured_at, self._large = 0, 0.0, False
        self._handlers = (
            (signal.SIGTERM, self._drain),
            (signal.SIGUSR1, self._cancel),
            (signal.SIGINT, signal.SIG_IGN),
        )
        self._unheard: list[tuple[Run, Outcome]] = []
        self._run: Run | None = None
        self._job: ConnectedJob | None = None

    def run(self) -> None:
        """Work until told to stop, or until this process has grown old or large."""
        self._listen_to_signals()
        runs: list[Run] = []
        try:
            while not self._draining and (runs or not self._worn):
                runs = self._work_on(runs) if runs else self._next()
        except Drain:
            pass

    def _listen_to_signals(self) -> None:
        """Jobs run in this process too, and may have changed what was set before."""
        for number, handler in self._handlers:
            if signal.getsignal(number) is not handler:
                signal.signal(number, handler)

    def _next(self) -> list[Run]:
        if self._sweep.due:
            self._sweep.run()
        if self._notes.silence > SILENT_S:
            time.sleep(0.1)
            return []
        try:
            runs = self._dispatch.claim(self._worker, self._most)
        except StoreError as error:
            self._outage.note(error)
            time.sleep(0.2)
            return []
        self._outage.over()
        return runs or self._wait()

    def _work_on(self, runs: list[Run]) -> list[Run]:
        """Run these one after the other; the next ones are claimed with the end of the last."""
        begin_by = time.monotonic() + BEGIN_WITHIN_S
        *others, last = runs
        for run in others:
            self._publish_ahead(run, self._attempt(run))
            if self._draining or time.monotonic() > begin_by:
                return self._hand_back()
        outcome, wanted = self._attempt(last), self._wanted()
        following = self._publish(last, outcome, wanted)
        self._settle()
        return following if following or not wanted else self._wait()

    def _attempt(self, run: Run) -> Outcome:
        kind = self._catalogue.get(run.type)
        self._say(f"+{run.id}-{run.number} {run.timeout} {kind.memory_mb if kind else 0}")
        self._memory.set(kind.memory_mb if kind else 0)
        self._run, self._job = run, ConnectedJob(run, self._dispatch, self._blobs, self._scratch)
        began = time.monotonic()
        outcome = attempt(run, kind, self._job, self._blobs, self._scratch)
        ran_ms = round((time.monotonic() - began) * 1000)
        self._say("=")
        self._jobs += 1
        self._listen_to_signals()
        self._scratch.clear()
        return replace(outcome, ran_ms=ran_ms)

    def _wanted(self) -> int:
        """How many jobs may be claimed now; none when this process has grown old or large."""
        self._worn = self._most == 0 or self._is_large()
        stays = not (self._draining or self._worn or self._sweep.due or self._notes.silence > SILENT_S)
        return self._most if stays else 0

    @property
    def _most(self) -> int:
        """How many jobs are claimed together: no more than this process is still to run."""
        return min(MOST_TOGETHER, max(0, self._settings.child_max_jobs - self._jobs))

    def _publish(self, run: Run, outcome: Outcome, then_claim: int = 0) -> list[Run]:
        call = partial(self._dispatch.publish, self._worker, run, outcome, then_claim=then_claim)
        heard, following = self._insist(call)
        if not heard:
            log.warning("job=%s run=%s came late: another run holds the job, or it has ended", run.id, run.number)
        return following

    def _publish_ahead(self, run: Run, outcome: Outcome) -> None:
        """Send word of a run's end and go on: the store is heard with the end of those that were claimed with it."""
        self._unheard.append((run, outcome))
        self._dispatch.publish_ahead(self._worker, run, outcome)

    def _settle(self) -> None:
        """Make sure that all that was published ahead was heard; else publish it again."""
        unheard, self._unheard = self._unheard, []
        if unheard and not self._dispatch.all_heard():
            for run, outcome in unheard:
                self._publish(run, outcome)

    def _hand_back(self) -> list[Run]:
        """Give back what was claimed and not begun."""
        self._settle()
        self._insist(partial(self._dispatch.lose, self._worker, "again"))
        return []

    def _insist(self, call: Callable[[], Answer]) -> Answer:
        """Call the store until it answers."""
        pause = 0.1
        while True:
            try:
                answer = call()
                self._outage.over()
                return answer
            except StoreError as error:
                self._outage.note(error)
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)

    def _wait(self) -> list[Run]:
        """Wait for work, which may come started; only here does a signal to drain end the process at once."""
        try:
            self._idle = True
            if self._draining:
                raise Drain
            runs = self._dispatch.wait_for_work(self._worker, IDLE_S)
        except StoreError:
            time.sleep(0.2)
            return []
        finally:
            self._idle = False
        return runs if self._notes.silence <= SILENT_S else []

    def _drain(self, *_: object) -> None:
        self._draining = True
        if self._idle:
            raise Drain

    def _cancel(self, *_: object) -> None:
        """The signal may come when the run that is meant has just ended, and the next one has begun."""
        if self._job and self._run and self._notes.cancelled == f"{self._run.id}-{self._run.number}":
            self._job.cancelled = True

    def _is_large(self) -> bool:
        """Whether this process takes too much memory; among short jobs, as it was a moment ago."""
        now = time.monotonic()
        if now - self._measured_at > MEASURE_S:
            self._measured_at, self._large = now, memory_mb() > self._settings.child_max_mb
        return self._large

    def _say(self, line: str) -> None:
        os.write(self._pipe, f"{line}\n".encode())


def main(worker: str, catalogue: Catalogue, settings: Settings, pipe: int, parent: int, notes: Notes) -> NoReturn:
    """What a forked child does; it never comes back."""
    status = 1
    try:
        os.setsid()
        die_with_parent(parent)
        protect()
        Child(worker, catalogue, settings, pipe, notes).run()
        status = 0
    except BaseException:
        log.exception("the child of %s ended by an error", worker)
    finally:
        os._exit(status)
