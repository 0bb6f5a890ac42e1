"""A kill at each step that a job takes: it ends once, with its result, and nothing is left over."""

from pathlib import Path

import pytest

from loadtests.chaos.lasting import without_life_span
from services.jobs.connection import Store
from tests.chaos.crew import crew, hand_in, job_of, settle, wait_until

pytestmark = pytest.mark.chaos

NEVER_RAN = ("before-claim", "claim-unread", "before-function")
RAN_UNHEARD = ("after-function", "before-publish")
HEARD = ("publish-unread", "next-claimed")


def at_rest(client: Store) -> None:
    """Nothing is open, queued, scheduled or held, and what has no life span is what the guarantees name."""
    assert client.scard("cc:open") == client.zcard("cc:leases") == 0
    for queue in ("high", "default", "low"):
        assert client.llen(f"rq:queue:{queue}") == client.zcard(f"rq:scheduled:{queue}") == 0
        assert client.zcard(f"rq:wip:{queue}") == 0
    assert without_life_span(client) == []


@pytest.mark.parametrize("victim", ["alone", "both"])
@pytest.mark.parametrize("step", [*NEVER_RAN, *RAN_UNHEARD, *HEARD])
def test_a_job_ends_once_whatever_is_killed_and_when(
    client: Store, valkey_url: str, tmp_path: Path, step: str, victim: str
) -> None:
    first, second = (hand_in(client, "notes", f'{{"token":"{token}"}}') for token in ("one", "two"))
    with crew(valkey_url, tmp_path) as workers:
        workers.start(step, victim)
        wait_until("the kill", workers.mark.exists)
        jobs = settle(client, workers, first, second)
    assert [job.state for job in jobs] == ["succeeded", "succeeded"]
    assert [job.result for job in jobs] == [
        f'{{"token":"{token}","attempt":{job.attempt}}}' for token, job in zip(("one", "two"), jobs, strict=True)
    ]
    expected = ["one", "one", "two"] if step in RAN_UNHEARD else ["one", "two"]
    assert sorted(workers.executions) == expected
    assert int(client.hget("cc:stats", "ended:notes:succeeded") or 0) == 2
    at_rest(client)


@pytest.mark.parametrize("victim", ["alone", "both"])
@pytest.mark.parametrize("step", ["before-publish", "publish-unread"])
def test_a_retry_is_not_lost_and_not_doubled(
    client: Store, valkey_url: str, tmp_path: Path, step: str, victim: str
) -> None:
    job_id = hand_in(client, "notes-then-raises-once")
    with crew(valkey_url, tmp_path) as workers:
        workers.start(step, victim)
        wait_until("the kill", workers.mark.exists)
        (job,) = settle(client, workers, job_id)
    assert (job.state, job.attempt, len(workers.executions)) == ("succeeded", 2, 2)
    at_rest(client)


@pytest.mark.parametrize("step", ["before-lose", "lose-unread"])
def test_a_parent_killed_while_it_answers_for_its_dead_child_costs_one_attempt(
    client: Store, valkey_url: str, tmp_path: Path, step: str
) -> None:
    job_id = hand_in(client, "notes-then-dies-once")
    with crew(valkey_url, tmp_path) as workers:
        workers.start(step)
        wait_until("the kill", workers.mark.exists)
        (job,) = settle(client, workers, job_id)
    assert (job.state, job.attempt, len(workers.executions)) == ("succeeded", 2, 2)
    at_rest(client)


def test_a_worker_killed_in_its_heartbeat_loses_only_its_lease(client: Store, valkey_url: str, tmp_path: Path) -> None:
    job_id = hand_in(client, "notes", '{"token":"t","seconds":1}')
    with crew(valkey_url, tmp_path) as workers:
        workers.start("beat")
        wait_until("the kill", workers.mark.exists)
        (job,) = settle(client, workers, job_id)
    assert (job.state, job.attempt, len(workers.executions)) == ("succeeded", 2, 2)
    at_rest(client)


def test_a_worker_killed_right_after_it_took_up_anothers_job_loses_it_to_nobody(
    client: Store, valkey_url: str, tmp_path: Path
) -> None:
    job_id = hand_in(client, "notes", '{"token":"t","seconds":1}')
    with crew(valkey_url, tmp_path) as workers:
        first = workers.start()
        wait_until("the job runs", lambda: job_of(client, job_id).state == "running")
        first.kill()
        first.wait()
        workers.running.remove(first)
        workers.start("taken-up")
        wait_until("the kill", workers.mark.exists)
        (job,) = settle(client, workers, job_id)
    assert job.state == "succeeded"
    assert job.attempt in (2, 3), "its own child may have claimed the job before it died"
    at_rest(client)


@pytest.mark.parametrize("victim", ["alone", "both"])
@pytest.mark.parametrize("step", ["before-bury", "bury-unread"])
def test_a_kill_while_an_expired_job_is_removed_leaves_neither_files_nor_record(
    client: Store, valkey_url: str, tmp_path: Path, step: str, victim: str
) -> None:
    job_id = hand_in(client, "saves-what-it-notes", keep=1)
    with crew(valkey_url, tmp_path) as workers:
        workers.start(step, victim)
        wait_until("the kill", workers.mark.exists)
        wait_until("the removal", lambda: (workers.keep_up(), job_of(client, job_id).buried)[1])
        wait_until("no files", lambda: not (tmp_path / "blobs" / "jobs" / job_id).exists())
    job = job_of(client, job_id)
    assert (job.state, job.files, job.buried) == ("succeeded", "", 1)
    assert client.pttl(f"cc:job:{job_id}") > 0
    at_rest(client)


@pytest.mark.parametrize("step", ["before-rescue", "rescue-unread"])
def test_a_kill_while_a_stranded_job_is_put_back_leaves_it_to_the_next_audit(
    client: Store, valkey_url: str, tmp_path: Path, step: str
) -> None:
    job_id = hand_in(client, "notes")
    client.delete("rq:queue:default")
    with crew(valkey_url, tmp_path) as workers:
        workers.start(step)
        wait_until("the kill", workers.mark.exists)
        (job,) = settle(client, workers, job_id)
    assert job.state == "succeeded"
    assert job.attempt in (1, 2), "its own child may have claimed the job before it died"
    assert 1 <= len(workers.executions) <= job.attempt
    at_rest(client)
