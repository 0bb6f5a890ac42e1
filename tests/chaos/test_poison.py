"""A job that ends its process each time: it fails after its attempts, with pauses between, and holds up no other."""

from itertools import pairwise
from pathlib import Path

import pytest

from services.jobs.connection import Store
from tests.chaos.crew import crew, hand_in, job_of, settle, wait_until

pytestmark = pytest.mark.chaos


def begun_at(folder: Path, token: str) -> list[float]:
    lines = [line.split() for line in (folder / "executions.log").read_text().splitlines()]
    return [float(at) for at, seen, _ in lines if seen == token]


@pytest.mark.parametrize(("kind", "attempts"), [("dies-each-time", 4), ("kills-its-worker", 3)])
def test_a_poisonous_job_fails_as_worker_lost_after_its_attempts(
    client: Store, valkey_url: str, tmp_path: Path, kind: str, attempts: int
) -> None:
    poison = hand_in(client, kind, '{"token":"poison"}', max_attempts=attempts)
    with crew(valkey_url, tmp_path) as workers:
        workers.start()
        (job,) = settle(client, workers, poison)
        (after,) = settle(client, workers, hand_in(client, "notes"))
    assert (job.state, job.attempt, after.state) == ("failed", attempts, "succeeded")
    assert '"origin":"worker-lost"' in job.error
    assert workers.executions.count("poison") == attempts


def test_a_poisonous_job_holds_up_no_other(client: Store, valkey_url: str, tmp_path: Path) -> None:
    poison = hand_in(client, "dies-each-time", '{"token":"poison"}', max_attempts=4)
    with crew(valkey_url, tmp_path) as workers:
        workers.start()
        wait_until("its first end", lambda: workers.executions)
        others = [hand_in(client, "notes", f'{{"token":"{n}"}}') for n in range(10)]
        assert {job.state for job in settle(client, workers, *others)} == {"succeeded"}
        assert not job_of(client, poison).done
        assert settle(client, workers, poison)[0].state == "failed"
    begun = begun_at(tmp_path, "poison")
    pauses = [later - earlier for earlier, later in pairwise(begun)]
    assert all(pause > 0.2 * 2**number for number, pause in enumerate(pauses))
