"""`Prefer: wait` in a submission: whoever waits misses nothing, and takes up one place."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from services.jobs.dispatch import Outcome
from services.web.waiting import Waiting
from services.web.watch import Watch
from tests.gateway.test_submitting import submit
from tests.memory_store import MemoryStore, Polling
from tests.web_fixtures import House

DONE = Outcome(verdict="succeeded", result="1")


class Beginning(Polling):
    """Notes of each job that is watched whether the store knew it by then."""

    def __init__(self, store: MemoryStore) -> None:
        self.store, self.known = store, list[bool]()

    def watch(self, job_id: str, left: Callable[[], bool] = bool) -> AbstractContextManager[Watch]:
        self.known.append(job_id in self.store.jobs)
        return super().watch(job_id, left)


def test_a_job_is_watched_before_it_is_accepted_as_it_may_end_at_once(house: House) -> None:
    watching = Beginning(house.store)
    submit(house.gateway(waiting=Waiting(house.store, watching, 1)), headers={"Prefer": "wait=1"})
    assert watching.known == [False]


def test_a_client_that_does_not_wait_watches_nothing(house: House) -> None:
    watching = Beginning(house.store)
    submit(house.gateway(waiting=Waiting(house.store, watching, 1)))
    assert watching.known == []


def test_whoever_waits_for_the_job_of_an_earlier_request_takes_up_one_place(house: House) -> None:
    watching = Beginning(house.store)
    client = house.gateway(waiting=Waiting(house.store, watching, 1))
    first = submit(client, headers={"Idempotency-Key": "k"}).json["id"]
    [run] = house.store.claim("w")
    threading.Timer(0.2, lambda: house.store.publish("w", run, DONE)).start()
    reply = submit(client, headers={"Idempotency-Key": "k", "Prefer": "wait=20"})
    assert (reply.status_code, reply.json["id"], reply.json["state"]) == (200, first, "succeeded")
    assert watching.known == [False, True]


def test_without_a_place_the_job_is_accepted_and_not_waited_for(house: House) -> None:
    waiting = Waiting(house.store, Polling(), 1)
    with waiting.place("another"):
        reply = submit(house.gateway(waiting=waiting), headers={"Prefer": "wait=20"})
    assert (reply.status_code, reply.json["state"]) == (202, "queued")
    assert "Preference-Applied" not in reply.headers
