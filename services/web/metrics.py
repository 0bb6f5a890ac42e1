"""`/metrics`: what this service has answered, counted over its processes, and how the platform does."""

import time
from collections.abc import Iterable

from flask import Blueprint, Response

from services.jobs.connection import StoreError
from services.jobs.figures import RUN_BOUNDS_MS, Figures, Snapshot
from services.web.exposition import CONTENT_TYPE, Exposition, Metric
from services.web.request_times import BOUNDS, RequestTimes, RouteTimes

REQUESTS = Metric("coatcheck_http_requests_total", "counter", "Requests answered, by route, method and status code.")
TIMES = Metric("coatcheck_http_request_seconds", "histogram", "Time until a reply began, by route and method.")
READS = Metric("coatcheck_job_reads_total", "counter", "Reads of a job document, by what the client learnt.")
STORE_UP = Metric("coatcheck_store_up", "gauge", "Whether the store answered this scrape.")
STORE_SECONDS = Metric("coatcheck_store_seconds", "gauge", "Time in which the store answered this scrape.")
MEMORY = Metric("coatcheck_store_memory_bytes", "gauge", "Memory that the store uses.")
MEMORY_LIMIT = Metric("coatcheck_store_memory_limit_bytes", "gauge", "Memory that the store may use; 0 for no limit.")
WORKERS = Metric("coatcheck_workers", "gauge", "Workers that have been heard of lately.")
DEPTH = Metric("coatcheck_queue_jobs", "gauge", "Jobs that wait in a queue.")
SCHEDULED = Metric("coatcheck_queue_scheduled_jobs", "gauge", "Jobs that wait for their time, by queue.")
OLDEST = Metric("coatcheck_queue_oldest_seconds", "gauge", "How long the next job of a queue has waited.")
OPEN = Metric("coatcheck_jobs_open", "gauge", "Jobs that have been accepted and have not ended.")
RUNNING = Metric("coatcheck_jobs_running", "gauge", "Jobs that a worker holds.")
ACCEPTED = Metric("coatcheck_jobs_accepted_total", "counter", "Jobs accepted, by type.")
ENDED = Metric("coatcheck_jobs_ended_total", "counter", "Jobs ended, by type and state.")
RUN_SECONDS = Metric("coatcheck_job_run_seconds", "histogram", "Run time of the attempt that ended a job, by type.")
LATE = Metric("coatcheck_late_results_total", "counter", "Results dropped because their run no longer held the job.")

METRICS = (
    *(REQUESTS, TIMES, READS, STORE_UP, STORE_SECONDS, MEMORY, MEMORY_LIMIT, WORKERS, DEPTH, SCHEDULED, OLDEST),
    *(OPEN, RUNNING, ACCEPTED, ENDED, RUN_SECONDS, LATE),
)


def metrics_blueprint(times: RequestTimes, figures: Figures) -> Blueprint:
    """The route that tells the metrics. It answers 200 without the store, too, and says so."""
    routes = Blueprint("metrics", __name__)

    @routes.get("/metrics")
    def metrics() -> Response:
        text = Exposition()
        _write_requests(text, list(times))
        text.samples(READS, (({"found": found}, count) for found, count in times.reads().items()))
        began = time.perf_counter()
        try:
            snapshot = figures.read()
        except StoreError:
            text.samples(STORE_UP, [({}, 0)])
        else:
            text.samples(STORE_UP, [({}, 1)])
            text.samples(STORE_SECONDS, [({}, time.perf_counter() - began)])
            _write_platform(text, snapshot)
            _write_types(text, snapshot)
        return Response(str(text), content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})

    return routes


def _write_requests(text: Exposition, seen: Iterable[RouteTimes]) -> None:
    seen = list(seen)
    labels = [{"route": entry.route, "method": entry.method} for entry in seen]
    text.samples(
        REQUESTS,
        (
            ({**names, "code": code}, count)
            for names, entry in zip(labels, seen, strict=True)
            for code, count in entry.codes.items()
        ),
    )
    text.histograms(
        TIMES, BOUNDS, ((names, entry.buckets, entry.total) for names, entry in zip(labels, seen, strict=True))
    )


def _write_platform(text: Exposition, now: Snapshot) -> None:
    text.samples(WORKERS, [({}, now.workers)])
    text.samples(OPEN, [({}, now.open_jobs)])
    text.samples(RUNNING, [({}, now.running)])
    text.samples(DEPTH, (({"queue": name}, queue.waiting) for name, queue in now.queues.items()))
    text.samples(SCHEDULED, (({"queue": name}, queue.scheduled) for name, queue in now.queues.items()))
    text.samples(OLDEST, (({"queue": name}, queue.oldest_ms / 1000) for name, queue in now.queues.items()))
    text.samples(LATE, [({}, now.late_results)])
    if now.memory:
        text.samples(MEMORY, [({}, now.memory[0])])
        text.samples(MEMORY_LIMIT, [({}, now.memory[1])])


def _write_types(text: Exposition, now: Snapshot) -> None:
    text.samples(ACCEPTED, (({"type": name}, kind.accepted) for name, kind in now.types.items()))
    text.samples(
        ENDED,
        (
            ({"type": name, "state": state}, count)
            for name, kind in now.types.items()
            for state, count in sorted(kind.ended.items())
        ),
    )
    bounds = [bound / 1000 for bound in RUN_BOUNDS_MS]
    text.histograms(
        RUN_SECONDS,
        bounds,
        (({"type": name}, kind.run_counts, kind.run_ms / 1000) for name, kind in now.types.items()),
    )
