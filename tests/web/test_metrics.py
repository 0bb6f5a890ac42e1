"""`/metrics`: what is counted, that it is right with several processes, and that it is all explained."""

import json
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from scripts.embedded.platform import Platform
from services.jobs.connection import Store
from services.jobs.dispatch import JobDispatch, Outcome
from services.jobs.figures import RUN_BOUNDS_MS, StoreFigures
from services.jobs.ids import new_id
from services.jobs.intake import JobIntake, Submission
from services.jobs.scripts import FOLDER
from services.web.exposition import Exposition, Metric
from services.web.metrics import METRICS
from services.web.request_times import CODES
from services.web.tally import ROWS, Tally
from tests.http import call, run_job
from tests.web_fixtures import House, Out

ROOT = Path(__file__).parents[2]
SAMPLE = re.compile(r"([a-z_]+)(\{[^}]*\})? (\S+)")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def samples(text: str) -> dict[str, float]:
    """The values by series."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            match = SAMPLE.fullmatch(line)
            assert match, line
            series = match[1] + (match[2] or "")
            assert series not in found, f"{series} is told twice"
            found[series] = float(match[3])
    return found


def metrics(client: FlaskClient) -> dict[str, float]:
    reply = client.get("/metrics")
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return samples(reply.text)


def in_children(count: int, work: Callable[[], None]) -> None:
    """Do the work in this many processes at the same time."""
    children = []
    for _ in range(count):
        child = os.fork()
        if not child:
            work()
            os._exit(0)
        children.append(child)
    assert all(os.waitpid(child, 0)[1] == 0 for child in children)


def test_every_metric_has_its_place_in_the_documentation() -> None:
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `(coatcheck_\w+)`", text, re.MULTILINE))
    assert told == {metric.name for metric in METRICS}


def test_requests_are_counted_by_route_method_and_code(house: House) -> None:
    client = house.gateway()
    for _ in range(3):
        client.get("/livez")
    client.post("/v1/jobs/text-report", json={"text": 1})
    found = metrics(client)
    assert found['coatcheck_http_requests_total{route="/livez",method="GET",code="200"}'] == 3
    assert found['coatcheck_http_requests_total{route="/v1/jobs/:name",method="POST",code="422"}'] == 1
    assert found['coatcheck_http_request_seconds_count{route="/livez",method="GET"}'] == 3
    assert found['coatcheck_http_request_seconds_bucket{route="/livez",method="GET",le="+Inf"}'] == 3


def test_what_clients_invent_shares_one_label(house: House) -> None:
    client = house.gateway()
    for number in range(5):
        client.get(f"/invented-{number}")
        client.open("/livez", method=f"INVENTED{number}")
    text = client.get("/metrics").text
    assert "invented" not in text.lower()
    assert samples(text)['coatcheck_http_requests_total{route="other",method="GET",code="404"}'] == 5
    assert samples(text)['coatcheck_http_requests_total{route="other",method="other",code="405"}'] == 5


@pytest.mark.parametrize("service", ["gateway", "status"])
def test_every_route_has_a_label_of_its_own(house: House, service: str) -> None:
    client: FlaskClient = getattr(house, service)()
    for path in ("/", "/docs", "/openapi.json", "/problems/", "/static/coatcheck.css", "/readyz"):
        client.get(path)
    seen = {series for series in metrics(client) if "requests_total" in series}
    for route in ("/", "/docs", "/openapi.json", "/problems/", "/static/:name", "/readyz"):
        assert f'coatcheck_http_requests_total{{route="{route}",method="GET",code="200"}}' in seen


def test_reads_of_a_job_are_told_apart_by_what_the_client_learnt(house: House) -> None:
    client = house.status()
    done, waiting = house.finish(), house.accept()
    client.get(f"/v1/jobs/{waiting}")
    client.get(f"/v1/jobs/{waiting}")
    etag = client.get(f"/v1/jobs/{done}").headers["ETag"]
    client.get(f"/v1/jobs/{done}", headers={"If-None-Match": etag})
    client.get("/v1/jobs/nothing")
    found = metrics(client)
    counts = {name: found[f'coatcheck_job_reads_total{{found="{name}"}}'] for name in ("open", "done", "unchanged")}
    assert counts == {"open": 2, "done": 1, "unchanged": 1}


def test_without_the_store_the_rest_is_told_and_the_store_is_said_to_be_out(house: House) -> None:
    client = house.gateway(figures=Out())
    client.get("/livez")
    found = metrics(client)
    assert found["coatcheck_store_up"] == 0
    assert found['coatcheck_http_requests_total{route="/livez",method="GET",code="200"}'] == 1
    assert not any(series.startswith("coatcheck_jobs") for series in found)


def test_nothing_that_many_processes_add_is_lost() -> None:
    tally = Tally(3)

    def work() -> None:
        for _ in range(2_000):
            tally.add([(0, 1), (2, 0.5)])

    in_children(8, work)
    assert tally.sums() == [16_000, 0, 8_000]


def test_what_threads_of_one_process_add_is_not_lost_either() -> None:
    tally = Tally(1)
    threads = [threading.Thread(target=lambda: [tally.add([(0, 1)]) for _ in range(5_000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tally.sums() == [20_000]


def test_the_sums_of_processes_that_have_ended_stay_and_their_rows_are_used_again() -> None:
    tally = Tally(1)
    for number in range(1, ROWS * 2):
        in_children(1, lambda: tally.add([(0, 1)]))
        assert tally.sums() == [number]


def test_a_status_code_that_nobody_thought_of_is_counted_all_the_same(house: House) -> None:
    app = house.gateway().application
    app.add_url_rule("/teapot", view_func=lambda: ("", 418))
    assert 418 not in CODES
    client = app.test_client()
    client.get("/teapot")
    assert metrics(client)['coatcheck_http_requests_total{route="/teapot",method="GET",code="other"}'] == 1


def test_labels_are_escaped_and_histograms_add_up() -> None:
    text = Exposition()
    text.samples(Metric("a", "gauge", "A."), [({"b": 'q"\\\n'}, 0.5)])
    text.histograms(Metric("h", "histogram", "H."), (0.1, 1.0), [({}, [2, 0, 3], 7.25)])
    assert str(text).splitlines() == [
        *("# HELP a A.", "# TYPE a gauge", 'a{b="q\\"\\\\\\n"} 0.5', "# HELP h H.", "# TYPE h histogram"),
        *('h_bucket{le="0.1"} 2', 'h_bucket{le="1"} 2', 'h_bucket{le="+Inf"} 5', "h_sum 7.25", "h_count 5"),
    ]


def submission(**changes: object) -> Submission:
    values = {"id": new_id(), "type": "sample", "input": "{}", "max_attempts": 1, "timeout": 60, "keep": 600}
    return Submission(**{**values, **changes})  # type: ignore[arg-type]


def test_the_store_tells_jobs_by_type_and_end_queues_and_late_results(client: Store) -> None:
    intake, dispatch = JobIntake(client), JobDispatch(client)
    for _ in range(4):
        intake.accept(submission(), 100)
    intake.accept(submission(queue="low"), 100)
    intake.accept(submission(queue="low", run_at=10**14), 100)
    [first] = dispatch.claim("worker-a")
    _, [second] = dispatch.publish("worker-a", first, Outcome(verdict="succeeded", result="1"), then_claim=1)
    dispatch.publish("worker-a", second, Outcome(verdict="failed", problem="{}"))
    dispatch.publish("worker-b", second, Outcome(verdict="succeeded", result="2"))
    dispatch.claim("worker-a")
    now = StoreFigures(client).read()
    kind = now.types["sample"]
    assert (kind.accepted, kind.ended, sum(kind.run_counts)) == (6, {"succeeded": 1, "failed": 1}, 2)
    assert (now.open_jobs, now.running, now.late_results, now.workers) == (4, 1, 1, 0)
    assert {name: (queue.waiting, queue.scheduled) for name, queue in now.queues.items()} == {
        "high": (0, 0),
        "default": (1, 0),
        "low": (1, 1),
    }
    assert now.queues["high"].oldest_ms == 0 <= now.queues["default"].oldest_ms
    assert now.memory is not None and now.memory[0] > 0


def test_the_age_of_the_oldest_counts_from_when_it_was_queued(client: Store) -> None:
    job = submission()
    JobIntake(client).accept(job, 100)
    queued = int(client.hget(f"cc:job:{job.id}", "pushed_at") or 0)
    client.hset(f"cc:job:{job.id}", "pushed_at", queued - 90_000)
    client.hset(f"cc:job:{job.id}", "created_at", queued - 900_000)
    assert 90_000 <= StoreFigures(client).read().queues["default"].oldest_ms < 900_000


@pytest.mark.parametrize(("ms", "place"), [(0, 0), (10, 0), (11, 1), (3_600_000, 14), (3_600_001, 15)])
def test_run_times_fall_into_the_bucket_of_their_bound(client: Store, ms: int, place: int) -> None:
    """The script's clock is the store's: the job is made to have begun `ms` before it, give or take what passes."""
    intake, dispatch = JobIntake(client), JobDispatch(client)
    intake.accept(submission(), 100)
    dispatch.claim("worker-a")
    names, times = ((FOLDER / "parts" / f"{name}.lua").read_text(encoding="utf-8") for name in ("keys", "times"))
    client.eval(names + times + f"note_time('sample', {ms})", 0)
    kind = StoreFigures(client).read().types["sample"]
    assert [number for number, count in enumerate(kind.run_counts) if count] == [place]
    assert kind.run_ms == ms


def test_the_bounds_are_those_of_the_script() -> None:
    times = (FOLDER / "parts" / "times.lua").read_text(encoding="utf-8")
    match = re.search(r"RUN_BOUNDS = \{([^}]*)\}", times)
    assert match and json.loads(f"[{match[1]}]") == list(RUN_BOUNDS_MS)


def test_with_several_processes_every_request_is_counted_and_whoever_answers_knows_all(platform: Platform) -> None:
    series = 'coatcheck_http_requests_total{route="/livez",method="GET",code="200"}'
    for url in (platform.gateway_url, platform.status_url):
        before = samples(call("GET", f"{url}/metrics").body.decode()).get(series, 0)
        for _ in range(60):
            call("GET", f"{url}/livez")
        told = {samples(call("GET", f"{url}/metrics").body.decode())[series] for _ in range(20)}
        assert told == {before + 60}


def test_a_real_job_shows_up_in_the_metrics_of_both_services(platform: Platform) -> None:
    def figure(url: str, series: str) -> float:
        return samples(call("GET", f"{url}/metrics").body.decode()).get(series, 0)

    told = {
        series: figure(platform.status_url, series)
        for series in (
            'coatcheck_jobs_accepted_total{type="text-report"}',
            'coatcheck_jobs_ended_total{type="text-report",state="succeeded"}',
            'coatcheck_job_run_seconds_count{type="text-report"}',
        )
    }
    run_job(platform.gateway_url, "text-report", {"text": "to be"})
    for url in (platform.gateway_url, platform.status_url):
        assert {series: figure(url, series) for series in told} == {series: old + 1 for series, old in told.items()}
        assert figure(url, "coatcheck_workers") == platform.settings.workers
        assert figure(url, "coatcheck_store_up") == 1
