"""The job document: the one JSON shape in which clients see a job, put together from ready texts."""

import hashlib
import json
from dataclasses import dataclass

from services.jobs.clock import rfc3339
from services.jobs.estimate import NO_PACE, Pace, finish_at, position, retry_after
from services.jobs.record import Record


@dataclass(frozen=True, slots=True)
class Origins:
    """The public origins of both services, such as `http://localhost:8001`."""

    gateway: str
    status: str


@dataclass(frozen=True, slots=True)
class View:
    """A job as one client sees it now. `retry_after` is in seconds, 0 when the job is done."""

    body: bytes
    etag: str
    retry_after: int


def job_url(origins: Origins, job_id: str) -> str:
    """Where the job can be read."""
    return f"{origins.status}/v1/jobs/{job_id}"


def view(job: Record, pace: Pace | None, now: int, origins: Origins) -> View:
    """The job document of `job` at `now` (ms), its ETag, and when to ask again."""
    parts = _identity(job)
    if job.done:
        parts += _ending(job, origins)
        wait, etag = 0, f"{job.finished_at}-{job.run}"
    else:
        pace = pace or NO_PACE
        parts += _outlook(job, pace, now)
        wait, etag = retry_after(job, pace, now), ""
    parts.append(_links(job, origins))
    body = ("{" + ",".join(parts) + "}").encode()
    return View(body, etag or hashlib.blake2b(body, digest_size=9).hexdigest(), wait)


def _identity(job: Record) -> list[str]:
    parts = [
        f'"id":"{job.id}","type":"{job.type}","state":"{job.state}","done":{"true" if job.done else "false"}',
        f'"attempt":{job.attempt},"max_attempts":{job.max_attempts},"created_at":"{rfc3339(job.created_at)}"',
    ]
    if job.percent:
        parts.append(f'"progress":{{"percent":{job.percent},"message":{json.dumps(job.message)}}}')
    if job.started_at:
        parts.append(f'"started_at":"{rfc3339(job.started_at)}"')
    if job.trace:
        parts.append(f'"trace_id":"{job.trace[3:35]}"')
    return parts


def _outlook(job: Record, pace: Pace, now: int) -> list[str]:
    parts = []
    if job.state == "queued" and not job.run_at:
        place = f'"position":{position(job, pace)},"depth":{pace.depth}'
        parts.append(f'"queue":{{"name":"{job.queue}",{place}}}')
    else:
        parts.append(f'"queue":{{"name":"{job.queue}"}}')
    if job.started_at:
        parts.append(f'"timing":{{"queued_ms":{job.started_at - job.created_at}}}')
    expected = finish_at(job, pace, now)
    if expected:
        parts.append(f'"estimated_finish_at":"{rfc3339(expected)}"')
    return parts


def _ending(job: Record, origins: Origins) -> list[str]:
    timing = f'"total_ms":{job.finished_at - job.created_at}'
    if job.started_at:
        queued, running = job.started_at - job.created_at, job.finished_at - job.started_at
        timing = f'"queued_ms":{queued},"running_ms":{running},{timing}'
    parts = [
        f'"queue":{{"name":"{job.queue}"}}',
        f'"finished_at":"{rfc3339(job.finished_at)}","expires_at":"{rfc3339(job.expires_at)}"',
        f'"timing":{{{timing}}}',
    ]
    if job.result:
        parts.append(f'"result":{job.result}')
    if job.error:
        parts.append(f'"error":{job.error}')
    if job.files:
        parts.append(f'"files":{_files(job, origins)}')
    return parts


def _files(job: Record, origins: Origins) -> str:
    base = job_url(origins, job.id)
    shown = [
        {
            "name": file["name"],
            "media_type": file["media_type"],
            "size": file["size"],
            "url": f"{base}/files/{file['slug']}",
        }
        for file in json.loads(job.files)
    ]
    return json.dumps(shown, separators=(",", ":"))


def _links(job: Record, origins: Origins) -> str:
    mine = job_url(origins, job.id)
    return (
        f'"links":{{"self":"{mine}","result":"{mine}/result","events":"{mine}/events",'
        f'"cancel":"{origins.gateway}/v1/jobs/{job.id}","type":"{origins.gateway}/v1/job-types/{job.type}"}}'
    )
