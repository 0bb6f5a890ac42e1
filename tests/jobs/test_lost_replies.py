"""A command reaches the store and its reply does not come back: the client repeats it, and nothing is done twice."""

from collections.abc import Iterator

import pytest

from services.jobs import dispatch, intake
from services.jobs.connection import Store, connect
from services.jobs.dispatch import JobDispatch, Outcome, Run
from services.jobs.ids import new_id
from services.jobs.intake import JobIntake, Submission
from services.jobs.reader import JobReader
from services.jobs.record import Record
from tests.jobs.lossy import LossyLine, lossy_line

DONE = Outcome(verdict="succeeded", result='{"a":1}')


class TestLostReplies:
    line: LossyLine
    client: Store

    @pytest.fixture(autouse=True)
    def _connect(self, client: Store, valkey_url: str) -> Iterator[None]:
        with lossy_line(valkey_url) as self.line:
            self.client = connect(self.line.url)
            yield
            self.client.close()

    def accept(self, **changes: object) -> Record:
        values = {"id": new_id(), "type": "t", "input": "{}", "max_attempts": 3, "timeout": 60, "keep": 60, **changes}
        return JobIntake(self.client).accept(Submission(**values), 100).record  # type: ignore[arg-type]

    def claim(self) -> Run:
        [run] = JobDispatch(self.client).claim("w")
        return run

    def job(self, job_id: str) -> Record:
        reading = JobReader(self.client).read(job_id)
        assert reading is not None and reading.record is not None
        return reading.record

    def test_accept_makes_one_job(self) -> None:
        self.line.lose_reply_to(intake.ACCEPT)
        job = self.accept(idempotency_key="k", fingerprint="f")
        assert len(self.line.lost) == 1
        assert (self.client.scard("cc:open"), self.client.llen("rq:queue:default")) == (1, 1)
        assert self.client.hget("cc:stats", "accepted:t") == b"1"
        assert self.accept(idempotency_key="k", fingerprint="f").id == job.id

    def test_claim_gives_the_same_job_again(self) -> None:
        first, second = self.accept(), self.accept()
        self.line.lose_reply_to(dispatch.CLAIM)
        assert (self.claim().id, len(self.line.lost)) == (first.id, 1)
        assert self.job(second.id).state == "queued"

    @pytest.mark.parametrize("outcome", [DONE, Outcome(verdict="failed", problem="{}")])
    def test_publish_ends_the_job_once_and_gives_the_same_next_job(self, outcome: Outcome) -> None:
        first, second, third = self.accept(), self.accept(), self.accept()
        run = self.claim()
        self.line.lose_reply_to(dispatch.PUBLISH)
        heard, following = JobDispatch(self.client).publish("w", run, outcome, then_claim=1)
        assert (heard, [run.id for run in following], len(self.line.lost)) == (True, [second.id], 1)
        assert (self.job(first.id).state, self.job(third.id).state) == (outcome.verdict, "queued")
        assert self.client.hget("cc:stats", f"ended:t:{outcome.verdict}") == b"1"

    def test_publish_of_a_retry_makes_one_further_run(self) -> None:
        job = self.accept()
        run = self.claim()
        self.line.lose_reply_to(dispatch.PUBLISH)
        JobDispatch(self.client).publish("w", run, Outcome(verdict="retry", problem="{}"))
        assert (self.job(job.id).attempt, self.job(job.id).run, len(self.line.lost)) == (2, 2, 1)
        assert self.client.llen("rq:queue:default") == 1

    def test_lose_costs_one_attempt(self) -> None:
        job = self.accept()
        self.claim()
        self.line.lose_reply_to(dispatch.LOSE)
        assert JobDispatch(self.client).lose("w", "retry") == "none"
        assert (self.job(job.id).state, self.job(job.id).attempt, len(self.line.lost)) == ("queued", 2, 1)

    def test_a_heartbeat_takes_a_lapsed_job_up_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        job = self.accept()
        monkeypatch.setattr(dispatch, "LEASE_MS", 1)
        self.claim()
        monkeypatch.setattr(dispatch, "LEASE_MS", 3_000)
        JobDispatch(self.client).beat("other")
        self.client.hset("cc:stats", "grace_until", 0)
        self.line.lose_reply_to(dispatch.BEAT)
        JobDispatch(self.client).beat("other")
        assert (self.job(job.id).state, self.job(job.id).attempt, len(self.line.lost)) == ("queued", 2, 1)
        assert self.client.llen("rq:queue:default") == 1

    def test_rescue_puts_a_stranded_job_back_once(self) -> None:
        job = self.accept()
        self.client.delete("rq:queue:default")
        self.line.lose_reply_to(dispatch.RESCUE)
        assert JobDispatch(self.client).rescue(job.id, "1") == "fine"
        assert (self.client.lrange("rq:queue:default", 0, -1), len(self.line.lost)) == ([f"{job.id}-1".encode()], 1)

    def test_cancel_cancels_once(self) -> None:
        job = self.accept()
        self.line.lose_reply_to(intake.CANCEL)
        found = JobIntake(self.client).cancel(job.id)
        assert found is not None and (found[1].state, len(self.line.lost)) == ("cancelled", 1)
        assert self.client.hget("cc:stats", "ended:t:cancelled") == b"1"

    def test_bury_removes_once(self) -> None:
        job = self.accept()
        JobDispatch(self.client).publish("w", self.claim(), DONE)
        self.line.lose_reply_to(dispatch.BURY)
        JobDispatch(self.client).bury([job.id])
        assert (self.job(job.id).buried, len(self.line.lost)) == (1, 1)
        assert self.client.zcard("cc:ended") == 0
