"""The load test's settings: what they mean, and what is said about one that makes no sense."""

from argparse import Namespace

import pytest

from loadtests.errors import LoadTestError
from loadtests.figures import Row
from loadtests.options import Options, read_options
from loadtests.stages import STEPS_AND_SPIKE, Stage, parse_stages, users_at
from loadtests.thresholds import broken, parse_thresholds

UNSET = {"status_url": "", "job_types": "", "inputs": "", "job_limit": "", "thresholds": ""}


def options(**given: str) -> Options:
    return read_options(Namespace(**{**UNSET, **given}))


def row(kind: str, milliseconds: float) -> Row:
    return Row(kind, "text-report", 10, 0, milliseconds, lambda share: milliseconds * share)


def test_without_settings_all_job_types_are_meant() -> None:
    assert options() == Options("", {}, {}, 60.0, [])


def test_a_status_url_is_cut_to_its_origin() -> None:
    assert options(status_url="http://status:8001/v1/").status_origin == "http://status:8001"


def test_job_types_may_carry_weights() -> None:
    assert options(job_types="text-report=3, simulate").weights == {"text-report": 3, "simulate": 1}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("status_url", "status:8001", "--status-url is 'status:8001': write an origin"),
        ("job_types", "simulate=many", "--job-types holds 'simulate=many'"),
        ("job_types", "simulate=0", "--job-types holds 'simulate=0'"),
        ("inputs", "{", "--inputs is not JSON"),
        ("inputs", '{"simulate": 3}', "--inputs must be a JSON object of objects"),
        ("job_limit", "soon", "--job-limit is 'soon'"),
        ("job_limit", "0", "--job-limit is '0'"),
        ("job_limit", "nan", "--job-limit is 'nan'"),
        ("thresholds", "POST p95<200", "the threshold 'POST p95<200' can't be read"),
        ("thresholds", "PUT p95=200", "the threshold 'PUT p95=200' can't be read"),
    ],
)
def test_a_setting_that_makes_no_sense_is_told_in_a_sentence(name: str, value: str, said: str) -> None:
    with pytest.raises(LoadTestError) as caught:
        options(**{name: value})
    assert said in str(caught.value)


def test_a_threshold_is_broken_by_a_slower_row_of_its_kind_only() -> None:
    thresholds = parse_thresholds("POST p95=200, job p99=3000")
    said = broken(thresholds, [row("POST", 400), row("GET", 4000), row("job", 400)])
    assert said == ["POST text-report: p95 is 380 ms, above the 200 ms allowed"]


def test_a_row_that_just_meets_a_threshold_does_not_break_it() -> None:
    assert broken(parse_thresholds("POST p50=200"), [row("POST", 400)]) == []


def test_stages_follow_one_another() -> None:
    stages = parse_stages("10:5, 5:80")
    assert stages == (Stage(10, 5), Stage(5, 80))
    assert [users_at(stages, second) for second in (0, 9.9, 10, 14.9, 15)] == [5, 5, 80, 80, None]


def test_the_stages_of_our_own_can_be_read() -> None:
    assert len(parse_stages(STEPS_AND_SPIKE)) == 5


@pytest.mark.parametrize("text", ["", "10", "10:5,", "0:5", "a:b", "10:5;5:80"])
def test_stages_that_make_no_sense_are_told_in_a_sentence(text: str) -> None:
    with pytest.raises(LoadTestError, match="write seconds:users"):
        parse_stages(text)
