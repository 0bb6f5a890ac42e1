from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.jobs.clock import rfc3339, rq_time

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def test_a_moment_is_written_in_utc_with_milliseconds() -> None:
    assert rfc3339(0) == "1970-01-01T00:00:00.000Z"
    assert rfc3339(1_769_860_800_001) == "2026-01-31T12:00:00.001Z"


@given(st.integers(0, 4_102_444_800_000))
def test_no_millisecond_is_lost_in_writing(milliseconds: int) -> None:
    moment = datetime.fromisoformat(rfc3339(milliseconds).replace("Z", "+00:00"))
    assert moment - EPOCH == timedelta(milliseconds=milliseconds)


def test_rq_reads_the_time_that_is_written_for_it() -> None:
    before = datetime.now(UTC)
    written = datetime.strptime(rq_time(), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    assert before <= written <= datetime.now(UTC)
