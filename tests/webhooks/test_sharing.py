"""The sender with an outbox in memory: nobody holds up anybody else, and nobody is kept busy for nothing."""

import threading
import time
from collections import Counter

import pytest

from services.jobs.deliveries import Notice
from services.webhooks.posting import Answer
from services.webhooks.slots import Slots
from tests.webhooks.sending import LATER, OK, Outbox, finished, over, running, until


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


def test_a_dead_receiver_holds_up_no_other(outbox: Outbox) -> None:
    alive_is_done = threading.Event()

    def post(notice: Notice) -> Answer:
        if notice.receiver == "dead.example.org":
            alive_is_done.wait(20)
            return Answer(error="no complete answer within 15 seconds")
        return OK

    dead = [finished(outbox, "dead.example.org") for _ in range(60)]
    with running(outbox, post, LATER):
        alive = [finished(outbox, f"h{number}.example.org") for number in range(40)]
        until(lambda: all(over(outbox, job_id) for job_id in alive))
        begun = [made for job_id in dead for made in outbox.tries(job_id)]
        alive_is_done.set()
    assert len(begun) == 4 and not any(made.error for made in begun)


def test_a_receiver_that_did_not_answer_gets_one_at_a_time_until_it_does(outbox: Outbox) -> None:
    guard, now, most = threading.Lock(), Counter[str](), Counter[str]()
    dead = True

    def post(notice: Notice) -> Answer:
        phase = "dead" if dead else "alive"
        with guard:
            now[phase] += 1
            most[phase] = max(most[phase], now[phase])
        time.sleep(0.03)
        with guard:
            now[phase] -= 1
        return Answer(error="the connection was refused") if phase == "dead" else OK

    first = finished(outbox)
    slots = Slots()
    with running(outbox, post, LATER, slots):
        until(lambda: bool(outbox.tries(first)) and bool(outbox.tries(first)[0].error))
        rest = [finished(outbox) for _ in range(6)]
        until(lambda: all(outbox.tries(job_id) and outbox.tries(job_id)[0].error for job_id in rest))
        dead = False
        more = [finished(outbox) for _ in range(12)]
        until(lambda: all(over(outbox, job_id) for job_id in more))
    assert most["dead"] == 1
    assert 1 < most["alive"] <= 4


def test_no_more_is_under_way_than_there_are_slots(outbox: Outbox) -> None:
    guard, now, most = threading.Lock(), 0, 0

    def post(_: Notice) -> Answer:
        nonlocal now, most
        with guard:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with guard:
            now -= 1
        return OK

    jobs = [finished(outbox, f"h{number}.example.org") for number in range(30)]
    with running(outbox, post, slots=Slots(total=3)):
        until(lambda: all(over(outbox, job_id) for job_id in jobs))
    assert most == 3


def test_an_idle_sender_asks_the_store_less_than_once_a_second(outbox: Outbox) -> None:
    with running(outbox, lambda _: OK):
        time.sleep(6)
        asked = sum(outbox.asked.values())
    assert 2 <= asked <= 6


def test_a_receiver_at_its_limit_makes_nobody_ask_again_and_again(outbox: Outbox) -> None:
    done = threading.Event()

    def post(_: Notice) -> Answer:
        done.wait(20)
        return OK

    jobs = [finished(outbox) for _ in range(20)]
    with running(outbox, post):
        until(lambda: sum(bool(outbox.tries(job_id)) for job_id in jobs) == 4)
        before = outbox.asked["claim"]
        time.sleep(3)
        after = outbox.asked["claim"]
        done.set()
        until(lambda: all(over(outbox, job_id) for job_id in jobs))
    assert after - before <= 4
