"""The guarantees say what the code does: every promise names its test, and every time is the one that is set."""

import re
from pathlib import Path

import pytest

from loadtests.chaos.lasting import documented
from services.jobs import connection, dispatch
from services.worker import audit, child, sweep, worker

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "guarantees.md").read_text(encoding="utf-8")
PROMISES = ("Handing in", "Running", "Attempts and limits", "Stopping and restarting", "Who writes to the store")
TIMES = {
    "a worker looks after its process": worker.TICK_S,
    "heartbeat of a worker": worker.BEAT_S,
    "lease: a worker not heard of": dispatch.LEASE_MS / 1000,
    "after a gap between the heartbeats": round(dispatch.LEASE_MS / 3000, 1),
    "a process whose worker is silent": child.SILENT_S,
    "a process that was stopped from outside": worker.STOPPED_GRACE_S,
    "pause before a job whose process died": dispatch.LOST_DELAY_MS / 1000,
    "from a cancel request": worker.CANCEL_GRACE_S,
    "two looks at whether a job is nowhere": audit.CHECK_EVERY_S,
    "files of a submission that was never accepted": sweep.ORPHAN_AGE_S,
}


def section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}$(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


@pytest.mark.parametrize("title", PROMISES)
def test_every_promise_names_a_test(title: str) -> None:
    promises = re.split(r"^- ", section(title), flags=re.MULTILINE)[1:]
    assert promises
    assert [promise for promise in promises if not re.search(r"`tests/[\w/]+\.py::\w+`", promise)] == []


@pytest.mark.parametrize(("what", "seconds"), TIMES.items())
def test_the_times_are_those_that_are_set(what: str, seconds: float) -> None:
    row = re.search(rf"^\| {what}[^|]*\| ([\d.,]+)", section("Times"), re.MULTILINE)
    assert row is not None, what
    assert float(row[1].replace(",", "")) == seconds


def test_the_stores_time_limit_is_the_one_that_is_set(valkey_url: str) -> None:
    client = connection.connect(valkey_url)
    assert "| a client of the store waits for an answer | 1.5 |" in section("Times")
    assert client.connection_pool.connection_kwargs["socket_timeout"] == 1.5
    client.close()


def test_the_keys_that_stay_are_listed_one_by_one() -> None:
    assert {"cc:stats", "cc:ended", "rq:queues", "rq:workers"} <= set(documented())
