"""Workers for tests: started against a store, started again when they end, as a supervisor does."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from services.jobs.connection import Store
from services.jobs.dispatch import JobDispatch
from services.jobs.ids import new_id
from services.jobs.intake import JobIntake, Submission
from services.jobs.reader import JobReader
from services.jobs.record import Record

SAMPLES = Path(__file__).parents[1] / "samples"
ROOT = Path(__file__).parents[2]


class Stage(JobIntake, JobDispatch, JobReader):
    """All that tests do with a store, in one object."""


@dataclass
class Crew:
    """Worker processes on the store at `url`; `folder` has their files, logs and the log of executions."""

    url: str
    folder: Path
    changes: Mapping[str, str] = field(default_factory=dict)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def mark(self) -> Path:
        """The file that is there once a saboteur has struck."""
        return self.folder / "struck"

    @property
    def executions(self) -> list[str]:
        """The tokens of all executions, in their order."""
        log = self.folder / "executions.log"
        return [line.split()[1] for line in log.read_text().splitlines()] if log.exists() else []

    def start(self, step: str = "nowhere", victim: str = "alone") -> subprocess.Popen[bytes]:
        """Start a worker that is killed at `step`, or nowhere."""
        command = [sys.executable, "-m", "tests.chaos.sabotage", "worker", step, victim, str(self.mark)]
        with (self.folder / "workers.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self._environment(), stdout=log, stderr=log, start_new_session=True
            )
        self.running.append(process)
        return process

    def keep_up(self) -> None:
        """Start a sound worker for each that has ended."""
        for process in [process for process in self.running if process.poll() is not None]:
            self.running.remove(process)
            self.start()

    def stop(self) -> None:
        """End all of them, frozen ones too."""
        for process in self.running:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.terminate()
        for process in self.running:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "REDIS_URL": self.url,
            "BLOB_URL": str(self.folder / "blobs"),
            "JOB_TYPES": str(SAMPLES),
            "WORKER_GRACE": "5",
            "EXECUTIONS_LOG": str(self.folder / "executions.log"),
            **self.changes,
        }


@contextmanager
def crew(url: str, folder: Path, **changes: str) -> Iterator[Crew]:
    """A crew that is ended with the block; its log is shown if the block fails."""
    found = Crew(url, folder, changes)
    try:
        yield found
    except BaseException:
        log = folder / "workers.log"
        print(log.read_text()[-6_000:] if log.exists() else "no worker was started")
        raise
    finally:
        found.stop()


def hand_in(client: Store, kind: str, inputs: str = "{}", **changes: object) -> str:
    """Accept a job, and give its id."""
    values = {"id": new_id(), "type": kind, "input": inputs, "max_attempts": 5, "timeout": 20, "keep": 3600, **changes}
    return JobIntake(client).accept(Submission(**values), 1_000).record.id  # type: ignore[arg-type]


def job_of(client: Store, job_id: str) -> Record:
    """The record as it stands."""
    reading = JobReader(client).read(job_id)
    assert reading is not None and reading.record is not None
    return reading.record


def settle(client: Store, crew: Crew, *job_ids: str, seconds: float = 40) -> list[Record]:
    """Keep the crew up until the jobs are done."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        crew.keep_up()
        jobs = [job_of(client, job_id) for job_id in job_ids]
        if all(job.done for job in jobs):
            return jobs
        time.sleep(0.05)
    raise AssertionError(f"not done within {seconds} s: {[(job.id, job.state, job.attempt) for job in jobs]}")


def wait_until(what: object, happens: object, seconds: float = 30) -> None:
    """Wait until `happens()` is true; `what` says what was waited for."""
    assert callable(happens)
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.03)


def children_of(pid: int) -> list[int]:
    """The ids of a process's living children, from /proc."""
    tasks = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in tasks.read_text().split()] if tasks.exists() else []


def is_alive(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False
