"""Handing jobs out and taking their ends in: what workers write to the store."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.jobs.clock import rq_time
from services.jobs.connection import Store, StoreError
from services.jobs.scripts import Script

CLAIM, PUBLISH, REPORT, LOSE, SPARE = (Script(name) for name in ("claim", "publish", "report", "lose", "spare"))
BEAT, RESCUE, BURY = Script("beat"), Script("rescue"), Script("bury")

LEASE_MS = 2_500
"""How long a worker that is not heard of keeps its job; a third of it is what all get after a store was away."""
LOST_DELAY_MS = 500
"""The pause after the first loss of a child; it doubles with each further one, up to a minute."""
LOST = (
    '{"type":"/problems/worker-lost","title":"The worker was lost","origin":"worker-lost",'
    '"detail":"The process that ran the job ended without a result, in each of its attempts."}'
)
"""The error of a job whose process died in its last attempt, and in each one before."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job, claimed by a worker. `input` is JSON; `timeout` is in seconds."""

    id: str
    number: str
    type: str
    input: str
    attempt: int
    max_attempts: int
    timeout: int
    trace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended. `verdict` is succeeded, failed or retry; texts are JSON; `delay` is in seconds.

    `ran_ms` is how long the function took; without it, the time since the run was claimed counts.
    """

    verdict: str
    result: str = ""
    result_key: str = ""
    files: str = ""
    problem: str = ""
    delay: float = 0.0
    ran_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Beat:
    """What a heartbeat learnt: the runs this worker holds with their jobs' states, and how many jobs it took up."""

    held: Mapping[str, str]
    taken_up: int
    known: bool


class Dispatch(Protocol):
    """Whoever can hand jobs to workers."""

    def claim(self, worker: str, most: int = 1) -> list[Run]:
        """The next jobs, started for `worker`: more than one only if they are very short; none when no job waits."""

    def publish(self, worker: str, run: Run, outcome: Outcome, *, then_claim: int = 0) -> tuple[bool, list[Run]]:
        """Write how a run ended: whether it was heard, and the next jobs if asked for."""

    def progress(self, run: Run, percent: float, message: str) -> str:
        """Keep a run's progress; the job's state, or `lost`."""

    def log(self, run: Run, message: str) -> str:
        """Keep a run's log line; the job's state, or `lost`."""


class JobDispatch:
    """Hands out jobs of the store. Every method is one round trip and may be repeated."""

    def __init__(self, client: Store) -> None:
        self._client, self._ahead = client, client.ahead()

    def claim(self, worker: str, most: int = 1) -> list[Run]:
        """The next jobs, started for `worker`: more than one only if they are very short; none when no job waits."""
        return _runs(CLAIM(self._client, worker, LEASE_MS, rq_time(), most))

    def publish(self, worker: str, run: Run, outcome: Outcome, *, then_claim: int = 0) -> tuple[bool, list[Run]]:
        """Write how a run ended: False if it no longer held the job; and up to `then_claim` next jobs."""
        said, following = PUBLISH(self._client, *_ending(worker, run, outcome, then_claim))
        return said == b"ended", _runs(following)

    def publish_ahead(self, worker: str, run: Run, outcome: Outcome) -> None:
        """Send word how a run ended, without waiting for the answer; all_heard() tells what came of it."""
        PUBLISH.send(self._ahead, *_ending(worker, run, outcome, 0))

    def all_heard(self) -> bool:
        """Wait for the answers to all that was published ahead: whether each was heard, as far as is known."""
        try:
            return all(not isinstance(said, Exception) and said[0] == b"ended" for said in self._ahead.replies())
        except StoreError:
            return False

    def progress(self, run: Run, percent: float, message: str) -> str:
        """Keep a run's progress in percent; the job's state, or `lost`."""
        return str(REPORT(self._client, run.id, run.number, "progress", f"{percent:g}", message).decode())

    def log(self, run: Run, message: str) -> str:
        """Keep a run's log line; the job's state, or `lost`."""
        return str(REPORT(self._client, run.id, run.number, "log", "", message).decode())

    def lose(self, worker: str, verdict: str, problem: str = LOST, name: str = "") -> str:
        """End what `worker` holds without a result; the job's state, or `none`.

        The verdict is `retry`, `failed`, `cancelled` or `again` (handed back, no attempt burnt). If `name` is
        given, it is for that run alone; another one that the worker has begun since is handed back.
        """
        return str(LOSE(self._client, worker, verdict, problem, LOST_DELAY_MS, rq_time(), name).decode())

    def spare(self, worker: str, name: str) -> int:
        """Hand back what `worker` holds besides run `name`, which takes longer than thought; how many that were."""
        return int(SPARE(self._client, worker, name, rq_time()))

    def beat(self, worker: str) -> Beat:
        """Renew the worker's leases, promote what is due, take up jobs whose lease ran out."""
        held, taken, known = BEAT(self._client, worker, LEASE_MS, rq_time(), LOST, LOST_DELAY_MS)
        texts = [part.decode() for part in held]
        return Beat(dict(zip(texts[::2], texts[1::2], strict=True)), int(taken), bool(known))

    def wait_for_work(self, worker: str, seconds: int) -> list[Run]:
        """Wait until a job may have come, at most `seconds`; gives one that was started for `worker`."""
        found = self._client.call("BLPOP", f"cc:hand:{worker}", "cc:wake", seconds)
        return [_run([value or "" for value in json.loads(found[1])])] if found and found[0] != b"cc:wake" else []

    def expired(self, limit: int) -> Sequence[str]:
        """Ids of at most `limit` ended jobs whose time is up, by the store's clock."""
        seconds, _ = self._client.time()
        found: Any = self._client.zrange("cc:ended", 0, seconds * 1000, byscore=True, offset=0, num=limit)
        return [name.decode() for name in found]

    def bury(self, job_ids: Sequence[str]) -> None:
        """Turn expired jobs into tombstones; their files must be gone already."""
        BURY(self._client, *job_ids)

    def exists(self, job_id: str) -> bool:
        """Whether there is a record, be it a tombstone."""
        return bool(self._client.exists(f"cc:job:{job_id}"))

    def rescue(self, job_id: str, run: str) -> str:
        """Put an open job that is nowhere back on its way: `fine` if it was somewhere after all."""
        return str(RESCUE(self._client, job_id, run, LOST, LOST_DELAY_MS, rq_time()).decode())

    def open_jobs(self, page: int = 500) -> Iterator[list[tuple[str, str]]]:
        """All open jobs as (id, name of the run), in pages; a run's name is "" when the record is missing."""
        cursor = 0
        while True:
            reply: Any = self._client.sscan("cc:open", cursor, count=page)
            cursor, found = reply
            ids = [name.decode() for name in found]
            with self._client.pipeline(transaction=False) as pipe:
                for job_id in ids:
                    pipe.hget(f"cc:job:{job_id}", "run")
                runs: list[Any] = pipe.execute() if ids else []
            yield [(job_id, (run or b"").decode()) for job_id, run in zip(ids, runs, strict=True)]
            if not cursor:
                return


def _ending(worker: str, run: Run, outcome: Outcome, then_claim: int) -> tuple[str | int, ...]:
    ran_ms = "" if outcome.ran_ms is None else outcome.ran_ms
    return (
        *(worker, LEASE_MS, rq_time(), run.id, run.number, outcome.verdict, outcome.result, outcome.result_key),
        *(outcome.files, outcome.problem, round(outcome.delay * 1000), ran_ms, then_claim),
    )


def _runs(reply: Sequence[Sequence[bytes | None]]) -> list[Run]:
    return [_run([(value or b"").decode() for value in each]) for each in reply]


def _run(claimed: Sequence[str]) -> Run:
    job_id, number, kind, inputs, attempt, most, timeout, trace, _owner, _created = claimed
    return Run(job_id, number, kind, inputs, int(attempt), int(most), int(timeout), trace)
