"""When a delivery is tried again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from services.jobs.settings import Settings, SettingsError, load_settings
from services.webhooks.retrying import Plan, seconds_of

EVEN = Plan((5, 30, 120), lambda low, high: 1.0)


def test_pauses_grow_and_end() -> None:
    assert [EVEN.pause_after(number, 500, 0) for number in (1, 2, 3, 4, 5)] == [5, 30, 120, None, None]
    assert EVEN.most == 4


@pytest.mark.parametrize("status", [200, 204, 299, 410])
def test_success_and_gone_end_it(status: int) -> None:
    assert EVEN.pause_after(1, status, 60) is None


@pytest.mark.parametrize("status", [0, 199, 301, 307, 400, 401, 404, 409, 429, 500, 502, 503])
def test_everything_else_is_tried_again(status: int) -> None:
    assert EVEN.pause_after(1, status, 0) == 5


def test_retry_after_makes_a_pause_longer_up_to_an_hour_and_never_shorter() -> None:
    assert EVEN.pause_after(1, 503, 60) == 60
    assert EVEN.pause_after(3, 503, 60) == 120
    assert EVEN.pause_after(1, 503, 86_400) == 3_600


def test_pauses_are_spread_by_a_fifth_either_way() -> None:
    plan = Plan((100,))
    pauses = [plan.pause_after(1, 500, 0) or 0 for _ in range(500)]
    assert 80 <= min(pauses) < 90 and 110 < max(pauses) <= 120


def test_retry_after_is_seconds_or_a_date() -> None:
    later = datetime.now(UTC) + timedelta(seconds=90)
    assert 85 < seconds_of(format_datetime(later, usegmt=True)) <= 90
    assert seconds_of(" 120 ") == 120
    assert seconds_of(format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)) == 0


@pytest.mark.parametrize(
    "text", ["", "soon", "-1", "1.5", "1e9", "\uff11", "Wed, 99 Foo 2099 00:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"]
)
def test_what_is_no_retry_after_counts_for_nothing(text: str) -> None:
    assert seconds_of(text) == 0


def test_the_usual_plan_has_eight_tries_within_the_day_that_a_job_is_kept() -> None:
    plan = Plan(Settings().pauses)
    assert plan.most == 8
    assert sum(plan.pauses) * 1.2 < 86_400
    assert list(plan.pauses) == sorted(plan.pauses)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *[("PAUSES", text) for text in ("soon", "5,,6", "-1", ",".join(["1"] * 21))],
        *[("ALLOW", text) for text in ("10.0.0.1/8", "10.0.0.0/33", "host:80")],
    ],
)
def test_settings_that_make_no_sense_are_named(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"WEBHOOK_{name}", text)
    with pytest.raises(SettingsError, match=f"WEBHOOK_{name}="):
        load_settings()
