"""The status service's app, put together from what it is given."""

from services.jobs.blobs import Blobs
from services.jobs.figures import Figures
from services.jobs.pulse import Pulse
from services.jobs.reader import Reader
from services.jobs.settings import Settings
from services.status.deliveries import delivery_blueprint
from services.status.events import event_blueprint
from services.status.files import file_blueprint
from services.status.listing import listing_blueprint
from services.status.page import status_front
from services.status.reading import reading_blueprint
from services.web.app import App, make_app
from services.web.callers import Callers
from services.web.front import install_front
from services.web.origins import origins_from
from services.web.waiting import Waiting


def create_app(
    settings: Settings, reader: Reader, blobs: Blobs, pulse: Pulse, figures: Figures, waiting: Waiting
) -> App:
    """The status service as a Flask app."""
    app = make_app(__name__, settings, pulse, figures)
    origins = origins_from(settings)
    app.register_blueprint(reading_blueprint(reader, blobs, origins, waiting))
    app.register_blueprint(listing_blueprint(reader, origins, Callers(settings.keys)))
    app.register_blueprint(event_blueprint(reader, origins, waiting))
    app.register_blueprint(delivery_blueprint(reader))
    app.register_blueprint(file_blueprint(reader, blobs))
    install_front(app, status_front(settings), origins)
    return app
