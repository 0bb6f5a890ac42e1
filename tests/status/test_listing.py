"""`GET /v1/jobs`: the caller's own jobs, in pages or as one stream."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from services.jobs.connection import StoreError
from services.jobs.reader import Page
from services.status import listing
from services.web.callers import COOKIE, owner_of
from tests.web_fixtures import STATUS, House, Out, problem_of

SESSION = "A" * 22
ME = {"Cookie": f"{COOKIE}={SESSION}"}
MINE = owner_of(SESSION)
LINES = {"Accept": "application/x-ndjson"}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def ask(house: House, path: str = "/v1/jobs", headers: dict[str, str] | None = None, **parts: Any) -> TestResponse:
    """What the client with my cookie, and these headers, is answered."""
    client = house.status(**parts).application.test_client(use_cookies=False)
    return client.get(path, headers={**ME, **(headers or {})})


def ids(reply: TestResponse) -> list[str]:
    assert reply.status_code == 200, reply.data
    assert reply.json is not None and reply.json.keys() == {"jobs"}
    return [job["id"] for job in reply.json["jobs"]]


def following(reply: TestResponse) -> str:
    """Where the next page is, "" after the last."""
    if "Link" not in reply.headers:
        return ""
    match = re.fullmatch(rf'<{STATUS}(/v1/jobs\?[^>]+)>; rel="next"', reply.headers["Link"])
    assert match
    return match[1]


def accept(house: House, count: int, **changes: Any) -> list[str]:
    """Jobs of mine, the newest first."""
    made = []
    for _ in range(count):
        made.append(house.accept(owner=MINE, **changes))
        time.sleep(0.002)
    return made[::-1]


def test_my_jobs_are_listed_newest_first_as_job_documents(house: House) -> None:
    wanted = accept(house, 3)
    house.accept(owner="session:another")
    reply = ask(house)
    assert ids(reply) == wanted and not following(reply)
    job = reply.json["jobs"][0]  # type: ignore[index]
    assert (job["state"], job["type"], job["done"]) == ("queued", "simulate", False)
    assert job["queue"] == {"name": "default", "position": 3, "depth": 4}
    assert job["links"]["self"] == f"{STATUS}/v1/jobs/{wanted[0]}"


def test_documents_in_a_list_leave_their_results_where_they_are(house: House) -> None:
    job_id = house.finish(accepted={"owner": MINE})
    [job] = ask(house).json["jobs"]  # type: ignore[index]
    assert (job["id"], job["state"]) == (job_id, "succeeded") and "result" not in job
    assert job["links"]["result"] == f"{STATUS}/v1/jobs/{job_id}/result"


@pytest.mark.parametrize("cookie", [None, "", "forged", "B" * 22, "A" * 21, "A" * 23, "*"])
def test_who_has_no_session_of_mine_has_no_jobs(house: House, cookie: str | None) -> None:
    accept(house, 1)
    headers = {} if cookie is None else {"Cookie": f"{COOKIE}={cookie}"}
    for accepted in ({}, LINES):
        client = house.status().application.test_client(use_cookies=False)
        reply = client.get("/v1/jobs", headers={**headers, **accepted})
        assert reply.status_code == 200 and b"id" not in reply.data


def test_links_lead_through_all_pages_each_job_once_while_new_ones_come(house: House) -> None:
    wanted, seen, path, pages = accept(house, 7), list[str](), "/v1/jobs?limit=3", 0
    while path:
        reply = ask(house, path)
        seen, path, pages = seen + ids(reply), following(reply), pages + 1
        accept(house, 1)
    assert (seen, pages) == (wanted, 3)


def test_a_page_has_twenty_jobs_unless_asked_for_another_number(house: House) -> None:
    accept(house, 21)
    assert [len(ids(ask(house, f"/v1/jobs{query}"))) for query in ("", "?limit=1", "?limit=100")] == [20, 1, 21]


def test_the_last_page_has_no_next_even_when_it_is_full(house: House) -> None:
    accept(house, 2)
    assert not following(ask(house, "/v1/jobs?limit=2"))


def test_filters_take_several_values_by_commas_or_repeated(house: House) -> None:
    done = house.finish(accepted={"owner": MINE})
    failed = house.finish("failed", accepted={"owner": MINE}, problem="{}")
    waiting, other = house.accept(owner=MINE), house.accept(owner=MINE, type="text-report")
    for query, wanted in {
        "state=queued": {waiting, other},
        "state=succeeded,failed": {done, failed},
        "state=succeeded&state=failed": {done, failed},
        "state=queued,%20failed": {waiting, other, failed},
        "type=text-report": {other},
        "type=text-report,simulate&state=queued": {waiting, other},
        "type=text-report&state=failed": set(),
        "type=never-heard-of": set(),
        "state=cancelled": set(),
    }.items():
        assert set(ids(ask(house, f"/v1/jobs?{query}"))) == wanted, query


def test_the_next_page_keeps_the_filters_and_the_limit(house: House) -> None:
    wanted = accept(house, 3, type="text-report")
    accept(house, 3)
    reply = ask(house, "/v1/jobs?type=text-report&state=queued,running&limit=2")
    path = following(reply)
    assert "type=text-report" in path and "state=queued,running" in path and "limit=2" in path
    assert ids(reply) + ids(ask(house, path)) == wanted


@pytest.mark.parametrize(
    ("query", "parameter", "says"),
    [
        ("state=sleeping", "state", "'sleeping' is not one"),
        ("state=queued,sleeping", "state", "'sleeping' is not one"),
        ("state=", "state", "'' is not one"),
        ("state=Queued", "state", "'Queued' is not one"),
        ("type=No Such", "type", "'No Such' is not one"),
        ("type=", "type", "'' is not one"),
        ("limit=0", "limit", "from 1 to 100"),
        ("limit=101", "limit", "from 1 to 100"),
        ("limit=-1", "limit", "from 1 to 100"),
        ("limit=many", "limit", "from 1 to 100"),
        ("limit=%D9%A3", "limit", "from 1 to 100"),
        ("limit=1e1", "limit", "from 1 to 100"),
        ("limit=999999999999999999999", "limit", "from 1 to 100"),
        ("cursor=", "cursor", "take it from the Link"),
        ("cursor=nonsense", "cursor", "take it from the Link"),
        ("cursor=%C3%A9", "cursor", "take it from the Link"),
        ("cursor=MTItYWJj", "cursor", "take it from the Link"),
        ("stat=queued", "stat", "there is no such parameter"),
    ],
)
def test_a_parameter_that_can_not_be_is_refused_by_name(house: House, query: str, parameter: str, says: str) -> None:
    accept(house, 1)
    for headers in ({}, LINES):
        problem = problem_of(ask(house, f"/v1/jobs?{query}", headers), "invalid-query")
        assert problem["parameter"] == parameter and says in problem["detail"]


def test_an_unknown_state_is_told_which_there_are(house: House) -> None:
    problem = problem_of(ask(house, "/v1/jobs?state=done"), "invalid-query")
    assert problem["known"] == ["cancelled", "cancelling", "failed", "queued", "running", "succeeded"]


def test_as_lines_the_list_has_no_page_limit(house: House) -> None:
    wanted = [house.accept(owner=MINE) for _ in range(250)]
    reply = ask(house, "/v1/jobs?limit=3", LINES)
    assert (reply.mimetype, reply.status_code) == ("application/x-ndjson", 200)
    assert reply.text.endswith("\n") and "Link" not in reply.headers
    rows = [json.loads(line) for line in reply.text.splitlines()]
    assert len(rows) == 250 and {row["id"] for row in rows} == set(wanted)
    assert rows == sorted(rows, key=lambda row: (row["created_at"], row["id"]), reverse=True)


def test_lines_are_filtered_and_begin_where_a_cursor_says(house: House) -> None:
    wanted = accept(house, 5, type="text-report")
    accept(house, 2)
    path = following(ask(house, "/v1/jobs?limit=2&type=text-report"))
    assert [json.loads(line)["id"] for line in ask(house, path, LINES).text.splitlines()] == wanted[2:]
    assert ask(house, "/v1/jobs?state=failed", LINES).data == b""


class Counting:
    """A reader that notes each page it is asked for."""

    def __init__(self, house: House, fails_at: int = 0) -> None:
        self.house, self.asked, self.fails_at = house, 0, fails_at

    def list_jobs(self, *arguments: Any) -> Page:
        self.asked += 1
        if self.asked == self.fails_at:
            return Out().list_jobs(*arguments)
        return self.house.store.list_jobs(*arguments)


def _streaming(house: House, reader: Counting) -> Iterator[bytes]:
    client = house.status(reader=reader).application.test_client(use_cookies=False)
    return iter(client.get("/v1/jobs", headers={**ME, **LINES}, buffered=False).response)


def test_lines_are_read_page_by_page_as_the_client_takes_them(house: House) -> None:
    for _ in range(250):
        house.accept(owner=MINE)
    reader = Counting(house)
    chunks = _streaming(house, reader)
    sizes = []
    for chunk in chunks:
        sizes.append((reader.asked, chunk.count(b"\n")))
    assert sizes == [(1, 100), (2, 100), (3, 50)]


def test_a_store_that_fails_before_the_first_line_is_a_refusal(house: House) -> None:
    for headers in ({}, LINES):
        problem_of(ask(house, headers=headers, reader=Out()), "store-unavailable")


def test_a_store_that_fails_on_the_way_cuts_the_stream_so_that_it_does_not_look_whole(house: House) -> None:
    for _ in range(150):
        house.accept(owner=MINE)
    chunks = _streaming(house, Counting(house, fails_at=2))
    assert next(chunks).count(b"\n") == 100
    with pytest.raises(StoreError):
        next(chunks)


@pytest.mark.parametrize(
    ("accepted", "got"),
    [
        ("*/*", listing.JSON),
        ("text/html, */*;q=0.8", listing.JSON),
        ("application/json", listing.JSON),
        ("application/x-ndjson, application/json;q=0.5", listing.LINES),
        ("application/x-ndjson;q=0.1, application/json", listing.JSON),
        ("application/*", listing.JSON),
    ],
)
def test_the_media_type_is_the_one_that_the_client_likes_best(house: House, accepted: str, got: str) -> None:
    assert ask(house, headers={"Accept": accepted}).mimetype == got


def test_a_client_that_likes_neither_is_told_what_there_is(house: House) -> None:
    problem = problem_of(ask(house, headers={"Accept": "text/csv"}), "not-acceptable")
    assert "application/json" in problem["detail"] and "application/x-ndjson" in problem["detail"]


def test_a_list_is_nobody_elses_to_keep(house: House) -> None:
    for headers in ({}, LINES):
        reply = ask(house, headers=headers)
        assert reply.headers["Cache-Control"] == "private, no-cache"


def test_head_reads_one_page_and_sends_none(house: House) -> None:
    for _ in range(150):
        house.accept(owner=MINE)
    reader = Counting(house)
    client = house.status(reader=reader).application.test_client(use_cookies=False)
    reply = client.head("/v1/jobs", headers={**ME, **LINES})
    assert (reply.status_code, reply.data, reader.asked) == (200, b"", 1)
