"""The client of one job, against answers prepared beforehand and a clock that only waiting moves."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from loadtests.client import JobClient
from loadtests.errors import JobFailed, JobRefused, JobVanished
from loadtests.exchange import Reply
from loadtests.offer import Offer

GATEWAY = "http://127.0.0.1:8000"
LOCATION = "http://127.0.0.1:8001/v1/jobs/abc?x=1"
OFFER = Offer("text-report", "application/json", b'{"text": "to be"}')


class Platform:
    """Gives the prepared answers one by one, the last one for ever, and keeps what it was asked and when."""

    def __init__(self, *replies: Reply) -> None:
        self.replies, self.waits, self.time = list(replies), list[float](), 0.0
        self.requests: list[tuple[str, str, Mapping[str, str], bytes]] = []

    def exchange(self, method: str, url: str, row: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        self.requests.append((method, url, headers, body))
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds

    def client(self, **settings: Any) -> JobClient:
        return JobClient(self.exchange, GATEWAY, **settings, sleep=self.sleep, now=lambda: self.time)

    def asked(self, header: str) -> list[str | None]:
        return [headers.get(header) for _, _, headers, _ in self.requests]


def reply(status: int, document: Mapping[str, Any] | None = None, **headers: str) -> Reply:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, names, json.dumps(document).encode() if document is not None else b"")


def accepted(retry_after: str = "1", location: str = LOCATION) -> Reply:
    return reply(202, {"done": False, "state": "queued"}, Retry_After=retry_after, Location=location, ETag='"a"')


def running(retry_after: str = "1") -> Reply:
    return reply(200, {"done": False, "state": "running"}, Retry_After=retry_after, ETag='"b"')


SUCCEEDED = reply(200, {"done": True, "state": "succeeded", "result": {"words": 2}}, ETag='"c"')
BUSY = reply(503, {"title": "The queue is full"}, Retry_After="7")
NO_ANSWER = Reply(0, error="connection reset")


def test_the_client_follows_location_until_the_job_is_done() -> None:
    platform = Platform(accepted(), running(), running(), SUCCEEDED)
    assert platform.client().run(OFFER)["result"] == {"words": 2}
    asked = [(method, url) for method, url, _, _ in platform.requests]
    assert asked == [("POST", f"{GATEWAY}/v1/jobs/text-report"), *[("GET", LOCATION)] * 3]


def test_a_submission_carries_the_body_its_media_type_and_a_key() -> None:
    platform = Platform(accepted(), SUCCEEDED)
    platform.client().run(OFFER)
    _, _, headers, body = platform.requests[0]
    assert (body, headers["Content-Type"]) == (OFFER.body, "application/json")
    assert len(headers["Idempotency-Key"]) == 32


def test_the_client_waits_as_long_as_each_reply_asks() -> None:
    platform = Platform(accepted("3"), running("5"), running("2"), SUCCEEDED)
    platform.client().run(OFFER)
    assert platform.waits == [3, 5, 2]


@pytest.mark.parametrize("header", ["", "soon", "-4", "1.5", "²"])
def test_the_client_waits_a_second_where_retry_after_says_no_whole_seconds(header: str) -> None:
    platform = Platform(accepted(header), SUCCEEDED)
    platform.client().run(OFFER)
    assert platform.waits == [1]


def test_each_look_names_the_document_that_the_client_has() -> None:
    platform = Platform(accepted(), running(), reply(304, Retry_After="4"), SUCCEEDED)
    platform.client().run(OFFER)
    assert platform.asked("If-None-Match") == [None, '"a"', '"b"', '"b"']
    assert platform.waits == [1, 1, 4]


def test_a_job_that_is_done_when_accepted_is_not_looked_at_again() -> None:
    done = reply(200, {"done": True, "state": "succeeded", "result": 1}, Location=LOCATION)
    platform = Platform(done)
    assert platform.client().run(OFFER)["result"] == 1
    assert len(platform.requests) == 1 and platform.waits == []


def test_a_submission_that_is_put_off_is_sent_again_with_the_same_key_after_retry_after() -> None:
    platform = Platform(BUSY, BUSY, accepted(), SUCCEEDED)
    platform.client().run(OFFER)
    keys = platform.asked("Idempotency-Key")[:3]
    assert keys[0] and keys == [keys[0]] * 3
    assert platform.waits == [7, 7, 1]


def test_a_submission_whose_answer_was_lost_is_sent_again_with_the_same_key() -> None:
    platform = Platform(NO_ANSWER, accepted(), SUCCEEDED)
    platform.client().run(OFFER)
    first, second, _ = platform.requests
    assert first == second
    assert platform.waits == [1, 1]


def test_each_job_has_a_key_of_its_own() -> None:
    platform = Platform(accepted(), SUCCEEDED, accepted(), SUCCEEDED)
    client = platform.client()
    client.run(OFFER)
    client.run(OFFER)
    first, _, second, _ = platform.asked("Idempotency-Key")
    assert first != second


def test_a_refused_submission_is_not_sent_again() -> None:
    platform = Platform(reply(422, {"title": "The input is not valid", "detail": "/text: too long"}))
    with pytest.raises(JobRefused, match="422 The input is not valid: /text: too long"):
        platform.client().run(OFFER)
    assert len(platform.requests) == 1


def test_a_submission_that_is_put_off_for_longer_than_the_limit_is_given_up() -> None:
    platform = Platform(BUSY)
    with pytest.raises(JobRefused, match="not taken within 10 s, at last: 503 The queue is full"):
        platform.client(limit=10).run(OFFER)
    assert platform.waits == [7, 3]


def test_a_failed_job_is_told_by_its_error() -> None:
    error = {"title": "The job raised an error", "detail": "The job raised ValueError."}
    platform = Platform(accepted(), reply(200, {"done": True, "state": "failed", "error": error}))
    with pytest.raises(JobFailed, match=r"^The job raised an error: The job raised ValueError\.$"):
        platform.client().run(OFFER)


def test_a_cancelled_job_counts_as_failed() -> None:
    platform = Platform(accepted(), reply(200, {"done": True, "state": "cancelled"}))
    with pytest.raises(JobFailed, match=r"^cancelled$"):
        platform.client().run(OFFER)


@pytest.mark.parametrize("status", [404, 410])
def test_an_accepted_job_that_is_not_found_has_vanished(status: int) -> None:
    platform = Platform(accepted(), running(), reply(status, {"title": "There is no such job", "detail": "abc"}))
    client = platform.client()
    with pytest.raises(JobVanished, match=f"^{status} There is no such job$"):
        client.run(OFFER)
    assert client.location == LOCATION


def test_a_job_that_is_not_done_within_the_limit_has_vanished_after_one_last_look() -> None:
    platform = Platform(accepted("4"), running("4"))
    with pytest.raises(JobVanished, match="not done within 10 s, last seen running"):
        platform.client(limit=10).run(OFFER)
    assert platform.waits == [4, 4, 2]
    assert [method for method, *_ in platform.requests] == ["POST", "GET", "GET", "GET"]


def test_a_job_that_is_done_at_the_last_look_has_not_vanished() -> None:
    platform = Platform(accepted("60"), SUCCEEDED)
    assert platform.client(limit=10).run(OFFER)["state"] == "succeeded"
    assert platform.waits == [10]


@pytest.mark.parametrize("trouble", [BUSY, NO_ANSWER, reply(500), reply(429, Retry_After="7")])
def test_a_job_is_not_given_up_because_status_is_out_for_a_while(trouble: Reply) -> None:
    platform = Platform(accepted(), trouble, trouble, SUCCEEDED)
    assert platform.client().run(OFFER)["state"] == "succeeded"
    assert platform.waits == [1] + [float(trouble.headers.get("Retry-After", 1))] * 2


def test_a_job_whose_status_stays_out_has_vanished_and_the_last_answer_is_told() -> None:
    platform = Platform(accepted(), NO_ANSWER)
    with pytest.raises(JobVanished, match=r"last seen queued, last answer: no answer \(connection reset\)"):
        platform.client(limit=5).run(OFFER)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"done": "yes"}'])
def test_an_answer_that_is_no_job_document_counts_as_vanished(body: bytes) -> None:
    platform = Platform(accepted(), Reply(200, {}, body))
    with pytest.raises(JobVanished, match="200 without a job document"):
        platform.client().run(OFFER)


def test_a_succeeded_job_without_a_result_counts_as_vanished() -> None:
    platform = Platform(accepted(), reply(200, {"done": True, "state": "succeeded"}))
    with pytest.raises(JobVanished, match="holds no result"):
        platform.client().run(OFFER)


def test_a_status_origin_replaces_the_origin_of_location_and_nothing_else() -> None:
    platform = Platform(accepted(location="https://jobs.example.org/v1/jobs/abc?x=1"), SUCCEEDED)
    platform.client(status_origin="http://status:8001").run(OFFER)
    assert platform.requests[1][1] == "http://status:8001/v1/jobs/abc?x=1"


@pytest.mark.parametrize("location", ["https://jobs.example.org/v1/jobs/abc", "/v1/jobs/abc", "", "file:///etc/hosts"])
def test_no_request_goes_to_a_place_that_is_not_under_test(location: str) -> None:
    platform = Platform(accepted(location=location), SUCCEEDED)
    with pytest.raises(JobVanished, match="its Location is"):
        platform.client().run(OFFER)
    assert len(platform.requests) == 1
