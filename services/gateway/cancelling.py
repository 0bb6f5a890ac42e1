"""`DELETE /v1/jobs/{id}`: a queued job never starts, a running one is stopped within seconds; purged if so asked."""

import logging
from collections.abc import Callable

from flask import Blueprint, Response

from services.jobs.blobs import BlobError, Blobs
from services.jobs.clock import rfc3339
from services.jobs.document import Origins, view
from services.jobs.estimate import NO_PACE
from services.jobs.ids import is_id
from services.jobs.intake import Intake
from services.web import query
from services.web.accepting import require_accepted
from services.web.callers import Callers
from services.web.problems import Problem
from services.web.replies import job_response

log = logging.getLogger(__name__)


def cancel_blueprint(intake: Intake, blobs: Blobs, origins: Callable[[], Origins], callers: Callers) -> Blueprint:
    """The route that cancels, and purges."""
    routes = Blueprint("cancel", __name__)

    @routes.delete("/v1/jobs/<job_id>")
    def cancel(job_id: str) -> Response:
        require_accepted()
        owner, purge = callers.may_cancel(), query.flag("purge")
        found = intake.cancel(job_id, owner, purge=purge) if is_id(job_id) else None
        if found is None:
            raise Problem("no-such-job", f"There is no job {job_id[:60]!r}.")
        before, job, now = found
        if before == "gone":
            said = "was purged" if job.purged else "has expired"
            raise Problem("job-gone", f"The job {said}.", {"expired_at": rfc3339(job.expires_at), "state": job.state})
        if purge and job.done:
            _remove_files(blobs, job_id)
        seen = view(job, NO_PACE, now, origins())
        return job_response(seen, 202 if job.state == "cancelling" else 200)

    return routes


def _remove_files(blobs: Blobs, job_id: str) -> None:
    """The job is gone for its readers already; files that can't be removed now are swept by a worker soon."""
    try:
        blobs.delete_job(job_id)
    except BlobError as error:
        log.warning("files of the purged job %s: %s: %s", job_id, type(error).__name__, error)
