"""The gateway's app, put together from what it is given."""

from typing import Any

from services.gateway.cancelling import cancel_blueprint
from services.gateway.job_type_list import job_type_blueprint
from services.gateway.session import session_blueprint
from services.gateway.submitting import submit_blueprint
from services.jobs.blobs import Blobs
from services.jobs.catalogue import Catalogue
from services.jobs.figures import Figures
from services.jobs.intake import Intake
from services.jobs.pulse import Pulse
from services.jobs.settings import Settings
from services.web.app import App, make_app
from services.web.callers import Callers
from services.web.origins import origins_from
from services.web.waiting import Waiting

DOCUMENT: dict[str, Any] = {
    "service": "gateway",
    "links": {
        "submit": "/v1/jobs/{type}",
        "cancel": "/v1/jobs/{id}",
        "session": "/v1/session",
        "job_types": "/v1/job-types",
        "problems": "/problems/",
        "live": "/livez",
        "ready": "/readyz",
    },
}


def create_app(
    settings: Settings,
    catalogue: Catalogue,
    intake: Intake,
    blobs: Blobs,
    pulse: Pulse,
    figures: Figures,
    waiting: Waiting,
) -> App:
    """The gateway as a Flask app."""
    app = make_app(__name__, settings, pulse, figures, DOCUMENT)
    origins, callers = origins_from(settings), Callers(settings.keys)
    app.register_blueprint(submit_blueprint(settings, catalogue, intake, blobs, origins, waiting, callers))
    app.register_blueprint(job_type_blueprint(catalogue, origins))
    app.register_blueprint(cancel_blueprint(intake, blobs, origins, callers))
    app.register_blueprint(session_blueprint(callers, intake, origins))
    return app
