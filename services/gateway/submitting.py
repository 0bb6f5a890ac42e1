"""`POST /v1/jobs/{type}`: validate, store the files, accept, answer 202."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, Response

from services.gateway.awaiting import Awaited
from services.gateway.callbacks import CallbackRule
from services.gateway.inputs import Parsed, parse, validate
from services.gateway.options import Options, read_options
from services.gateway.session import give_session
from services.gateway.uploads import Uploads
from services.jobs.blobs import Blobs
from services.jobs.catalogue import Catalogue
from services.jobs.document import Origins, job_url, view
from services.jobs.ids import new_id
from services.jobs.intake import Accepted, Intake, KeyReused, QueueFull, RateLimited, Submission
from services.jobs.job_type import JobType
from services.jobs.quota import Quota
from services.jobs.reader import Reading
from services.jobs.record import Record
from services.jobs.settings import Settings
from services.web.accepting import require_accepted
from services.web.callers import Caller, Callers
from services.web.prefer import applied
from services.web.problems import Problem
from services.web.rate_limit import tell_allowance, too_many
from services.web.replies import job_response
from services.web.request import current
from services.web.trace import traceparent
from services.web.waiting import Waiting

KEY = re.compile(r"[\x20-\x7e]{1,255}")


def submit_blueprint(
    settings: Settings,
    catalogue: Catalogue,
    intake: Intake,
    blobs: Blobs,
    origins: Callable[[], Origins],
    waiting: Waiting,
    callers: Callers,
) -> Blueprint:
    """The route that takes jobs in."""
    routes = Blueprint("submit", __name__)
    callbacks, quota = CallbackRule(settings.allowed), settings.quota

    @routes.post("/v1/jobs/<name>")
    def submit(name: str) -> Response:
        require_accepted()
        caller = callers.submitting()
        kind = find_type(catalogue, name)
        here, key, job_id = origins(), _idempotency_key(), new_id()
        uploads = Uploads(blobs, job_id, kind.largest_file)
        with uploads:
            parsed = parse(current(), kind, uploads)
            options = read_options(parsed.options, kind, callbacks)
            inputs, expected_ms = validate(kind, parsed)
            if options.validate_only:
                uploads.discard()
                return Response(f'{{"valid":true,"input":{inputs}}}', content_type="application/json")
            fingerprint = _fingerprint(job_id, inputs, parsed, uploads) if key else ""
            submission = _submission(job_id, kind, caller, inputs, expected_ms, options, key, fingerprint)
        with Awaited(waiting, blobs, job_id) as awaited:
            with uploads:
                accepted = _accept(intake, _with_callback(submission, options, here), settings.max_queue_depth, quota)
            if accepted.record.id != job_id:
                uploads.discard()
            tell_allowance(accepted.allowance)
            if not accepted.replayed:
                give_session(caller, here)
            return _answer_in_time(awaited, accepted, here)

    return routes


def find_type(catalogue: Catalogue, name: str) -> JobType:
    """The job type called `name`, or the problem that says which ones there are."""
    kind = catalogue.get(name)
    if kind is None:
        raise Problem("no-such-job-type", f"There is no job type {name[:60]!r}.", {"known": list(catalogue)})
    return kind


def _idempotency_key() -> str:
    key: str | None = current().environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is None:
        return ""
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not KEY.fullmatch(key):
        raise Problem("bad-idempotency-key", "Send one Idempotency-Key of 1 to 255 printable ASCII characters.")
    return key


def _fingerprint(job_id: str, inputs: str, parsed: Parsed, uploads: Uploads) -> str:
    digest = hashlib.sha256(inputs.replace(job_id, "").encode())  # without the names that its files got this time
    digest.update(repr(sorted(parsed.options.items())).encode())
    for file in uploads.digests:
        digest.update(file.encode())
    return digest.hexdigest()[:32]


def _submission(
    job_id: str,
    kind: JobType,
    caller: Caller,
    inputs: str,
    expected_ms: int,
    options: Options,
    key: str,
    fingerprint: str,
) -> Submission:
    return Submission(
        id=job_id,
        type=kind.name,
        input=inputs,
        max_attempts=kind.max_attempts,
        timeout=options.timeout or kind.timeout,
        keep=kind.keep,
        queue=options.priority,
        owner=caller.owner,
        stranger=bool(caller.fresh),
        client=caller.client,
        trace=traceparent(),
        run_at=options.due,
        expected_ms=expected_ms,
        idempotency_key=key,
        fingerprint=fingerprint,
    )


def _with_callback(submission: Submission, options: Options, here: Origins) -> Submission:
    """The submission with whom to tell of its end, and the origins for the links that are sent then."""
    if not options.callback_url:
        return submission
    return replace(submission, callback=options.callback_url, origins=f"{here.gateway} {here.status}")


def _accept(intake: Intake, submission: Submission, max_depth: int, quota: Quota | None) -> Accepted:
    try:
        return intake.accept(submission, max_depth, quota)
    except KeyReused:
        raise Problem("idempotency-key-reused", "This key was used with another payload.") from None
    except RateLimited as refusal:
        raise too_many(refusal) from None
    except QueueFull as full:
        raise Problem("queue-full", f"{full}.", headers={"Retry-After": str(full.retry_after)}) from None


def _answer_in_time(awaited: Awaited, accepted: Accepted, origins: Origins) -> Response:
    """The finished job if the client waits for it and it ends in time, else where to look for it."""
    finished = awaited.end(accepted.record.id)
    if finished is not None:
        return _answer_finished(finished, origins, accepted.replayed, awaited.seconds)
    return _answer(accepted, origins)


def _answer_finished(reading: Reading, origins: Origins, replayed: bool, wait: int | None) -> Response:
    job = reading.record
    assert job is not None
    location = job_url(origins, job.id)
    headers = [("Content-Location", location), *_about(job, location, origins, replayed)]
    return applied(job_response(view(job, None, reading.now, origins), 200, headers), wait)


def _answer(accepted: Accepted, origins: Origins) -> Response:
    job = accepted.record
    location = job_url(origins, job.id)
    headers = [("Location", location), *_about(job, location, origins, accepted.replayed)]
    return applied(job_response(view(job, accepted.pace, accepted.now, origins), 202, headers), None)


def _about(job: Record, location: str, origins: Origins, replayed: bool) -> list[tuple[str, str]]:
    links = (
        f'<{location}>; rel="self", <{location}/events>; rel="monitor", '
        f'<{origins.gateway}/v1/job-types/{job.type}>; rel="describedby"'
    )
    return [("Link", links), ("Idempotency-Replayed", "true")] if replayed else [("Link", links)]
