"""The worker: an RQ worker whose jobs run in one supervised child process that lives on from job to job."""

import logging
import signal
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from services.jobs.catalogue import Catalogue
from services.jobs.connection import Store, StoreError
from services.jobs.dispatch import LOST, JobDispatch
from services.jobs.settings import Settings
from services.worker.attempt import out_of_memory, problem
from services.worker.audit import Audit
from services.worker.limits import ON_LINUX, memory_mb
from services.worker.outage import Outage
from services.worker.process import ChildProcess, Work
from services.worker.registration import RegisteredWorker
from services.worker.scratch import Scratch, sweep_scratch

log = logging.getLogger(__name__)

TICK_S = 0.1
BEAT_S = 0.5
STORE_PAUSE_S = 0.25
CANCEL_GRACE_S = 1.0
STOPPED_GRACE_S = 2.0
RESPAWN_PAUSE_S = 0.5
LONG_S = 0.25
"""How long a job may run before what its worker holds besides is given to others."""


@dataclass(frozen=True, slots=True)
class Doom:
    """What is to become of one run ("" for whatever is held) that ends by force; `at` is when (monotonic)."""

    name: str
    verdict: str
    problem: str = LOST
    at: float = 0.0


class Worker(RegisteredWorker):
    """Supervises one child: renews its lease, holds it to its limits, and answers for it when it dies."""

    def __init__(self, name: str, catalogue: Catalogue, settings: Settings, client: Store) -> None:
        super().__init__(name, client)
        self._catalogue, self._settings = catalogue, settings
        self._dispatch, self._outage = JobDispatch(client), Outage()
        self._audit = Audit(self._dispatch, client)
        self._child: ChildProcess | None = None
        self._doom: Doom | None = None
        self._loss: Doom | None = None
        self._beat_at = self._spawn_at = self._store_at = 0.0
        self._stopping, self._stop_at = False, 0.0
        self._astray, self._was_astray, self._failed = "", False, False

    def work(self, *_: Any, **__: Any) -> bool:
        """Work until SIGTERM or SIGINT; then let the job end within the grace, or hand it back."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop_signal)
        sweep_scratch()
        try:
            while not self._done():
                self._tick()
                time.sleep(TICK_S)
        finally:
            self.leave()
        return True

    def kill_horse(self, sig: signal.Signals = signal.SIGTERM) -> None:
        """RQ's order to end the running job: the function may see `cancelled` first, then the child is killed."""
        stopped, self._stopped_job_id = self._stopped_job_id, None
        if stopped:
            self._condemn(Doom(stopped, "cancelled", at=time.monotonic() + CANCEL_GRACE_S))
        elif self._child and self._child.work:
            self._condemn(Doom(self._child.work.name, "retry"))

    @property
    def horse_pid(self) -> int:
        """The child's process id, 0 without one."""
        return self._child.pid if self._child else 0

    def _done(self) -> bool:
        """Whether to leave; what the last child held is handed back first, but not for ever."""
        overdue = time.monotonic() > self._stop_at + STOPPED_GRACE_S
        return self._stopping and self._child is None and (self._loss is None or overdue)

    def _tick(self) -> None:
        now = time.monotonic()
        if self._child:
            self._child.notes.be_present()
            self._watch(self._child, now)
        elif now >= self._spawn_at and not self._stopping and self._loss is None:
            self._child = ChildProcess(self.name, self._catalogue, self._settings)
        if now < self._store_at:
            return
        try:
            self._talk_to_store(now)
            self._outage.over()
        except StoreError as error:
            self._outage.note(error)
            self._store_at = time.monotonic() + STORE_PAUSE_S

    def _talk_to_store(self, now: float) -> None:
        if self._loss:
            self._answer_for(self._loss)
        if now >= self._beat_at:
            self._beat_at = now + BEAT_S
            self._beat()
        self.take_commands()

    def _watch(self, child: ChildProcess, now: float) -> None:
        child.listen()
        status = child.reap()
        if status is not None:
            self._bury(child, status)
            return
        if child.work:
            self._hold_to_limits(child.work, child.pid, now)
        if self._stopping:
            child.ask_to_drain()
        if self._must_end(child, now):
            child.kill()

    def _must_end(self, child: ChildProcess, now: float) -> bool:
        if self._doom and now >= self._doom.at:
            if child.work and child.work.name == self._doom.name:
                return True
            self._doom = None  # the run has ended by itself
        if child.stopped_at and now - child.stopped_at > STOPPED_GRACE_S:
            log.warning("the child %d was stopped from outside: ending it", child.pid)
            return True
        return self._stopping and now >= self._stop_at

    def _hold_to_limits(self, work: Work, pid: int, now: float) -> None:
        if now - work.began > work.timeout:
            detail = f"The job ran longer than {work.timeout} seconds."
            self._condemn(Doom(work.name, "failed", problem("job-timeout", detail)))
        elif work.memory_mb and ON_LINUX and memory_mb(pid) > work.memory_mb + 100:
            self._condemn(Doom(work.name, "failed", out_of_memory(work.memory_mb)))

    def _condemn(self, doom: Doom) -> None:
        """Have a run ended when the time has come; if it ends before, nothing happens."""
        if self._child and self._doom is None:
            self._doom = doom
            if doom.verdict == "cancelled":
                self._child.say_cancelled(doom.name)

    def _bury(self, child: ChildProcess, status: int) -> None:
        """The child has ended: whatever it held has to be answered for before there is another."""
        drained = self._stopping and (child.work is None or time.monotonic() >= self._stop_at)
        again = drained or self._was_astray
        self._loss = self._doom or Doom(child.work.name if child.work else "", "again" if again else "retry")
        Scratch(self.name).remove()
        self._failed = bool(status) and self._doom is None
        if status:
            log.warning("the child %d ended with %d", child.pid, status)
        self._child, self._doom, self._astray, self._was_astray = None, None, "", False
        self._store_at = 0.0

    def _answer_for(self, loss: Doom) -> None:
        became = self._dispatch.lose(self.name, loss.verdict, loss.problem, loss.name)
        self._loss = None
        if became != "none":
            log.warning("what the last child held is now: %s", became)
        elif self._failed:  # by itself, and so perhaps again
            self._spawn_at = time.monotonic() + RESPAWN_PAUSE_S

    def _beat(self) -> None:
        beat = self._dispatch.beat(self.name)
        if beat.taken_up:
            log.warning("took up %d jobs whose lease had run out", beat.taken_up)
        for name, state in beat.held.items():
            if state == "cancelling":
                self._condemn(Doom(name, "cancelled", at=time.monotonic() + CANCEL_GRACE_S))
        self._spare_others(beat.held)
        self._end_if_astray(beat.held)
        self._audit.step()
        if not beat.known:
            self.register()

    def _spare_others(self, held: Collection[str]) -> None:
        """Of runs that were claimed together because they are short, one takes long: the others need not wait."""
        work = self._child.work if self._child else None
        if work and len(held) > 1 and time.monotonic() - work.began > LONG_S:
            spared = self._dispatch.spare(self.name, work.name)
            log.warning("%s takes long: handed back %d others", work.name, spared)

    def _end_if_astray(self, held: Collection[str]) -> None:
        """End a child that works on what another worker has taken up; seen twice, as news may cross.

        What the store says that this worker holds instead has not been begun, and is handed back.
        """
        doing = self._child.work.name if self._child and self._child.work else ""
        if self._child and doing and doing not in held and doing == self._astray:
            log.warning("%s was taken up elsewhere: ending the child", doing)
            self._was_astray = True
            self._child.kill()
        self._astray = doing if doing not in held else ""

    def _on_stop_signal(self, *_: object) -> None:
        """First time: drain. Second time: hand the job back at once."""
        self._stop_at = time.monotonic() + (0 if self._stopping else self._settings.worker_grace)
        self._stopping = True
