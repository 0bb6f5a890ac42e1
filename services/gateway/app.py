"""The gateway's app, put together from what it is given."""

from services.gateway.cancelling import cancel_blueprint
from services.gateway.job_type_list import job_type_blueprint
from services.gateway.page import gateway_front
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
from services.web.front import install_front
from services.web.origins import origins_from
from services.web.waiting import Waiting


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
    app = make_app(__name__, settings, pulse, figures)
    origins, callers = origins_from(settings), Callers(settings.keys)
    app.register_blueprint(submit_blueprint(settings, catalogue, intake, blobs, origins, waiting, callers))
    app.register_blueprint(job_type_blueprint(catalogue, origins))
    app.register_blueprint(cancel_blueprint(intake, blobs, origins, callers))
    app.register_blueprint(session_blueprint(callers, intake, origins))
    install_front(app, gateway_front(settings, catalogue), origins)
    return app
