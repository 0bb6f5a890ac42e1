"""The worker: an RQ worker whose jobs run in one supervised child process that lives on from job to job."""

import json
import logging
import signal
import time
from dataclasses import dataclass
from typing import Any

from rq import Worker as RQWorker
from rq.command import handle_command
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus
from rq.worker_registration import clean_worker_registry

from services.jobs.catalogue import Catalogue
from services.jobs.connection import Store, StoreError
from services.jobs.dispatch import LOST, JobDispatch
from services.jobs.record import QUEUES
from services.jobs.settings import Settings
from services.worker.attempt import out_of_memory, problem
from services.worker.audit import Audit
from services.worker.limits import ON_LINUX, memory_mb
from services.worker.process import ChildProcess, Work
from services.worker.scratch import Scratch

log = logging.getLogger(__name__)

TICK_S = 0.1
BEAT_S = 0.8
CANCEL_GRACE_S = 1.0
STOPPED_GRACE_S = 2.0
RESPAWN_PAUSE_S = 0.5


@dataclass(frozen=True, slots=True)
class Doom:
    """What is to become of one run (by name) when its child has been ended, and when that is (monotonic)."""

    name: str
    verdict: str
    problem: str
    at: float


class Worker(RQWorker):
    """Supervises one child: renews its lease, holds it to its limits, and answers for it when it dies.

    RQ's own tools see and command it as any RQ worker; RQ's way of running jobs is not used.
    """

    def __init__(self, name: str, catalogue: Catalogue, settings: Settings, client: Store) -> None:
        super().__init__(list(QUEUES), name=name, connection=client, serializer=JSONSerializer, worker_ttl=60)
        self._catalogue, self._settings = catalogue, settings
        self._dispatch = JobDispatch(client)
        self._audit = Audit(self._dispatch, client)
        self._child: ChildProcess | None = None
        self._doom: Doom | None = None
        self._beat_at = self._spawn_at = 0.0
        self._stopping, self._stop_at = False, 0.0
        self._astray = ""

    def work(self, *_: Any, **__: Any) -> bool:
        """Work until SIGTERM or SIGINT; then let the job end within the grace, or hand it back."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop_signal)
        self._register()
        try:
            while self._child or not self._stopping:
                self._tick()
                time.sleep(TICK_S)
        finally:
            self._leave()
        return True

    def kill_horse(self, sig: signal.Signals = signal.SIGTERM) -> None:
        """RQ's order to end the running job: the function may see `cancelled` first, then the child is killed."""
        verdict = "cancelled" if self._stopped_job_id else "retry"
        self._condemn(verdict, at=time.monotonic() + CANCEL_GRACE_S)

    @property
    def horse_pid(self) -> int:
        """The child's process id, 0 without one."""
        return self._child.pid if self._child else 0

    def _tick(self) -> None:
        now = time.monotonic()
        if self._child:
            self._watch(self._child, now)
        elif now >= self._spawn_at and not self._stopping:
            self._child = ChildProcess(self.name, self._catalogue, self._settings)
        try:
            self._take_commands()
            if now >= self._beat_at:
                self._beat_at = now + BEAT_S
                self._beat()
        except StoreError as error:
            log.warning("store: %s: %s", type(error).__name__, error)
            self._beat_at = now + BEAT_S

    def _watch(self, child: ChildProcess, now: float) -> None:
        child.listen()
        status = child.reap()
        if status is not None:
            self._bury(child, status)
        elif self._doom and not (child.work and child.work.name == self._doom.name):
            self._doom = self._stopped_job_id = None  # it has ended by itself
        elif self._doom and now >= self._doom.at:
            child.kill()
        elif child.stopped_at and now - child.stopped_at > STOPPED_GRACE_S:
            log.warning("the child %d was stopped from outside: ending it", child.pid)
            child.kill()
        elif self._stopping and now >= self._stop_at:
            child.kill()
        elif self._stopping:
            child.ask_to_drain()
        elif child.work:
            self._hold_to_limits(child.work, child.pid, now)

    def _hold_to_limits(self, work: Work, pid: int, now: float) -> None:
        if now - work.began > work.timeout:
            self._condemn("failed", problem("job-timeout", f"The job ran longer than {work.timeout} seconds."))
        elif work.memory_mb and ON_LINUX and memory_mb(pid) > work.memory_mb + 100:
            self._condemn("failed", out_of_memory(work.memory_mb))

    def _condemn(self, verdict: str, said: str = LOST, at: float = 0.0) -> None:
        """Have the run that the child works on ended at `at`; if it ends before, nothing happens."""
        if self._child and self._child.work and self._doom is None:
            self._doom = Doom(self._child.work.name, verdict, said, at)
            if verdict == "cancelled":
                self._child.say_cancelled()

    def _bury(self, child: ChildProcess, status: int) -> None:
        """Answer for what the child held when it ended; insist, since nobody else would for a while."""
        out_of_grace = self._stopping and time.monotonic() >= self._stop_at
        doom = self._doom or Doom("", "again" if out_of_grace else "retry", LOST, 0.0)
        try:
            became = self._dispatch.lose(self.name, doom.verdict, doom.problem, doom.name)
        except StoreError as error:
            log.warning("store: %s: %s; the child's job is taken up when its lease ends", type(error).__name__, error)
            became = "unknown"
        Scratch(self.name).remove()
        if status or became != "none":
            log.warning("the child %d ended with %d; its job is now: %s", child.pid, status, became)
            self._spawn_at = time.monotonic() + (0 if self._doom else RESPAWN_PAUSE_S)
        self._child, self._doom, self._stopped_job_id, self._astray = None, None, None, ""

    def _beat(self) -> None:
        beat = self._dispatch.beat(self.name)
        if not beat.known:
            self._register()
        if beat.taken_up:
            log.warning("took up %d jobs whose lease had run out", beat.taken_up)
        if beat.state == "cancelling" and self._child and self._child.work and self._child.work.name == beat.held:
            self._condemn("cancelled", at=time.monotonic() + CANCEL_GRACE_S)
        self._end_if_astray(beat.held if beat.state else "")
        self._audit.step()

    def _end_if_astray(self, held: str) -> None:
        """End a child that works on what another worker has taken up; seen twice, as news may cross."""
        doing = self._child.work.name if self._child and self._child.work else ""
        if self._child and doing and doing != held and doing == self._astray:
            log.warning("%s was taken up elsewhere: ending the child", doing)
            self._child.kill()
        self._astray = doing if doing != held else ""

    def _take_commands(self) -> None:
        """Obey what RQ's tools and the gateway's cancel send."""
        assert self.pubsub is not None
        while message := self.pubsub.get_message(ignore_subscribe_messages=True):
            handle_command(self, json.loads(message["data"]))

    def _register(self) -> None:
        self.connection.delete(self.key)
        self.register_birth()
        self.set_state(WorkerStatus.IDLE)
        if self.pubsub is None:
            self.pubsub = self.connection.pubsub()
            self.pubsub.subscribe(self.pubsub_channel_name)
        for queue in self.queues:
            clean_worker_registry(queue)

    def _leave(self) -> None:
        try:
            self.register_death()
        except StoreError as error:
            log.warning("store: %s: %s", type(error).__name__, error)

    def _on_stop_signal(self, *_: object) -> None:
        """First time: drain. Second time: hand the job back at once."""
        self._stop_at = time.monotonic() + (0 if self._stopping else self._settings.worker_grace)
        self._stopping = True
