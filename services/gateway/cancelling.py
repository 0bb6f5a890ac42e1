"""`DELETE /v1/jobs/{id}`: a queued job never starts, a running one is stopped within seconds."""

from collections.abc import Callable

from flask import Blueprint, Response

from services.jobs.document import Origins, view
from services.jobs.estimate import NO_PACE
from services.jobs.ids import is_id
from services.jobs.intake import Intake
from services.web.problems import Problem
from services.web.replies import job_response


def cancel_blueprint(intake: Intake, origins: Callable[[], Origins]) -> Blueprint:
    """The route that cancels."""
    routes = Blueprint("cancel", __name__)

    @routes.delete("/v1/jobs/<job_id>")
    def cancel(job_id: str) -> Response:
        found = intake.cancel(job_id) if is_id(job_id) else None
        if found is None:
            raise Problem("no-such-job", f"There is no job {job_id[:60]!r}.")
        _, job, now = found
        if job.expires_at and now >= job.expires_at:
            raise Problem("job-gone", "The job has expired.")
        seen = view(job, NO_PACE, now, origins())
        return job_response(seen, 202 if job.state == "cancelling" else 200)

    return routes
