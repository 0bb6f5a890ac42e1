"""Very short jobs that a worker claims together: whatever happens to one, each ends once, and none waits for long."""

from collections import Counter
from pathlib import Path

import pytest

from services.jobs.connection import Store
from services.worker.child import MOST_TOGETHER
from tests.chaos.crew import children_of, crew, hand_in, job_of, settle, wait_until
from tests.chaos.test_kill_at_each_step import at_rest

pytestmark = pytest.mark.chaos

COUNT = 20
"""More than are claimed together at a time."""


def say_that_notes_are_short(client: Store) -> None:
    client.hset("cc:stats", mapping={"mean_ms:notes": 1, "off:notes": 0})


def hand_in_notes(client: Store, count: int = COUNT, **changes: object) -> list[str]:
    return [hand_in(client, "notes", f'{{"token":"{n}"}}', **changes) for n in range(count)]


@pytest.mark.parametrize("victim", ["alone", "both"])
@pytest.mark.parametrize(
    "step",
    [
        *("claim-unread", "before-function", "after-function", "before-publish-ahead", "published-ahead"),
        *("publish-unread", "before-publish", "next-claimed"),
    ],
)
def test_jobs_that_were_claimed_together_end_once_whatever_is_killed_and_when(
    client: Store, valkey_url: str, tmp_path: Path, step: str, victim: str
) -> None:
    say_that_notes_are_short(client)
    ids = hand_in_notes(client)
    with crew(valkey_url, tmp_path) as workers:
        workers.start(step, victim)
        wait_until("the kill", workers.mark.exists)
        jobs = settle(client, workers, *ids)
    assert {job.state for job in jobs} == {"succeeded"}
    assert all(job.result.startswith(f'{{"token":"{number}",') for number, job in enumerate(jobs))
    assert sum(job.attempt - 1 for job in jobs) <= 1, "only the job that was worked on is charged"
    executions = Counter(workers.executions)
    assert set(executions) == {str(number) for number in range(COUNT)}
    assert max(executions.values()) <= 2
    assert executions.total() - COUNT <= MOST_TOGETHER, "what was published ahead, and not read, may run again"
    assert int(client.hget("cc:stats", "ended:notes:succeeded") or 0) == COUNT
    at_rest(client)


def test_a_job_that_dies_among_others_is_the_only_one_that_is_charged(
    client: Store, valkey_url: str, tmp_path: Path
) -> None:
    say_that_notes_are_short(client)
    before = hand_in_notes(client, 3, max_attempts=2)
    poison = hand_in(client, "notes", '{"token":"poison","dies":true}', max_attempts=2)
    after = hand_in_notes(client, 3, max_attempts=2)
    with crew(valkey_url, tmp_path) as workers:
        workers.start()
        jobs = settle(client, workers, *before, *after)
        (died,) = settle(client, workers, poison)
    assert {(job.state, job.attempt) for job in jobs} == {("succeeded", 1)}
    assert (died.state, workers.executions.count("poison")) == ("failed", 2)
    assert '"origin":"worker-lost"' in died.error
    at_rest(client)


def test_what_takes_longer_than_was_thought_gives_the_rest_back_and_nothing_runs_twice(
    client: Store, valkey_url: str, tmp_path: Path
) -> None:
    say_that_notes_are_short(client)
    ids = [hand_in(client, "notes", f'{{"token":"{n}","seconds":0.05}}') for n in range(6)]
    with crew(valkey_url, tmp_path) as workers:
        workers.start()
        jobs = settle(client, workers, *ids)
    assert sorted(workers.executions) == [str(number) for number in range(6)]
    assert {job.attempt for job in jobs} == {1}
    assert [job.run for job in jobs][:2] == [1, 2], "the second was claimed with the first, and again"
    at_rest(client)


def test_others_do_not_wait_for_one_that_goes_on_and_on(client: Store, valkey_url: str, tmp_path: Path) -> None:
    say_that_notes_are_short(client)
    long = hand_in(client, "notes", '{"token":"long","seconds":4}')
    others = hand_in_notes(client, 5)
    with crew(valkey_url, tmp_path) as workers:
        workers.start()
        wait_until("all are claimed", lambda: client.llen("rq:queue:default") == 0)
        workers.start()
        jobs = settle(client, workers, *others)
        assert not job_of(client, long).done
        assert settle(client, workers, long)[0].attempt == 1
    assert sorted(workers.executions) == [*(str(number) for number in range(5)), "long"]
    assert {job.attempt for job in jobs} == {1}
    at_rest(client)


def test_a_worker_that_is_stopped_hands_back_what_it_has_not_begun(
    client: Store, valkey_url: str, tmp_path: Path
) -> None:
    say_that_notes_are_short(client)
    long = hand_in(client, "notes", '{"token":"long","seconds":1}')
    others = hand_in_notes(client, 5)
    with crew(valkey_url, tmp_path) as workers:
        worker = workers.start()
        wait_until("all are claimed", lambda: client.llen("rq:queue:default") == 0)
        assert children_of(worker.pid)
        worker.terminate()
        worker.wait()
        assert job_of(client, long).state == "succeeded"
        assert {(job_of(client, each).state, job_of(client, each).attempt) for each in others} == {("queued", 1)}
        settle(client, workers, *others)
    assert sorted(workers.executions) == [*(str(number) for number in range(5)), "long"]
    at_rest(client)


def test_many_short_jobs_of_several_workers_are_each_run_once(client: Store, valkey_url: str, tmp_path: Path) -> None:
    ids = hand_in_notes(client, 500)
    with crew(valkey_url, tmp_path) as workers:
        workers.start()
        workers.start()
        jobs = settle(client, workers, *ids)
    assert {(job.state, job.attempt, job.run) for job in jobs} == {("succeeded", 1, 1)}
    assert sorted(map(int, workers.executions)) == list(range(500))
    at_rest(client)
