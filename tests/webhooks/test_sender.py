"""The sender with an outbox in memory: what it sends when, and that nothing is lost."""

import threading
import time

import pytest

from services.jobs.deliveries import Notice
from services.webhooks import sender as sending
from services.webhooks.posting import Answer
from tests.webhooks.sending import LATER, OK, Outbox, finished, over, running, until


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


def test_what_is_owed_is_sent_once(outbox: Outbox) -> None:
    sent: list[str] = []

    def post(notice: Notice) -> Answer:
        sent.append(notice.job.id)
        return OK

    with running(outbox, post):
        jobs = [finished(outbox, f"h{number % 5}.example.org") for number in range(50)]
        until(lambda: all(over(outbox, job_id) for job_id in jobs))
        time.sleep(0.2)
    assert sorted(sent) == sorted(jobs)


def test_failures_are_tried_again_in_the_order_of_the_plan_until_one_succeeds(outbox: Outbox) -> None:
    answers = iter([Answer(500), Answer(error="the connection was refused"), OK])
    job_id = finished(outbox)
    with running(outbox, lambda _: next(answers)):
        until(lambda: over(outbox, job_id))
    first, second, third = outbox.tries(job_id)
    assert [first.status, second.error, third.status] == [500, "the connection was refused", 204]
    for made, following, pause in ((first, second, 50), (second, third, 100)):
        assert made.next_at == made.at + made.duration_ms + pause
        assert following.at >= made.next_at


def test_after_the_last_try_it_is_given_up(outbox: Outbox) -> None:
    job_id = finished(outbox)
    with running(outbox, lambda _: Answer(500)):
        until(lambda: over(outbox, job_id))
        time.sleep(0.3)
    assert [made.status for made in outbox.tries(job_id)] == [500] * 4


def test_a_receiver_that_is_gone_is_left_alone(outbox: Outbox) -> None:
    job_id = finished(outbox)
    with running(outbox, lambda _: Answer(410)):
        until(lambda: over(outbox, job_id))
        time.sleep(0.2)
    assert [made.status for made in outbox.tries(job_id)] == [410]


def test_no_try_is_planned_for_after_the_jobs_life(outbox: Outbox) -> None:
    job_id = finished(outbox, keep=30)
    with running(outbox, lambda _: Answer(500), LATER):
        until(lambda: over(outbox, job_id))
    assert len(outbox.tries(job_id)) == 1


def test_an_error_of_the_senders_own_is_a_failed_try_and_ends_nothing(outbox: Outbox) -> None:
    answers = iter([None, OK])

    def post(_: Notice) -> Answer:
        answer = next(answers)
        if answer is None:
            raise RuntimeError("a mistake")
        return answer

    job_id = finished(outbox)
    with running(outbox, post):
        until(lambda: over(outbox, job_id))
    assert [made.error for made in outbox.tries(job_id)] == ["the sender met an error of its own", ""]


def test_a_store_that_is_away_costs_no_notification(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(sending, "LONGEST_PAUSE_S", 0.05)
    sent: list[str] = []

    def post(notice: Notice) -> Answer:
        sent.append(notice.job.id)
        outbox.away = True
        return OK

    first = finished(outbox)
    with running(outbox, post):
        until(lambda: sent == [first] and outbox.asked["report"] >= 3)
        second = finished(outbox)
        outbox.away = False
        until(lambda: len(sent) == 2)
        outbox.away = False
        until(lambda: over(outbox, first) and over(outbox, second))
    assert sent == [first, second]


def test_what_is_under_way_when_it_stops_is_let_end_and_nothing_new_begins(outbox: Outbox) -> None:
    began, end = threading.Event(), threading.Event()

    def post(_: Notice) -> Answer:
        began.set()
        end.wait(20)
        return OK

    first = finished(outbox)
    with running(outbox, post) as sender:
        began.wait(20)
        threading.Timer(0.2, end.set).start()
        assert sender.stop(20) == 0
        second = finished(outbox)
        time.sleep(0.1)
    assert over(outbox, first) and outbox.tries(second) == []


def test_what_does_not_end_in_time_is_left_for_the_next_sender(outbox: Outbox) -> None:
    began, end = threading.Event(), threading.Event()

    def post(_: Notice) -> Answer:
        began.set()
        end.wait(20)
        return OK

    job_id = finished(outbox)
    with running(outbox, post) as sender:
        began.wait(20)
        assert sender.stop(0.05) == 1
        assert outbox.tries(job_id)[0].status == 0
        end.set()
