"""The gateway for a WSGI server: reads the environment and makes the clients."""

from services.gateway.app import create_app
from services.jobs.blobs import BlobStorage
from services.jobs.catalogue import discover
from services.jobs.connection import connect
from services.jobs.figures import StoreFigures
from services.jobs.intake import JobIntake
from services.jobs.pulse import Pulse
from services.jobs.reader import JobReader
from services.jobs.settings import load_settings
from services.web.changes import Changes
from services.web.ending import Ending
from services.web.logs import set_up
from services.web.offload import offload
from services.web.waiting import Waiting

settings = load_settings()
set_up(settings.log_level)
client = connect(settings.redis_url)
ending = Ending()
app = create_app(
    settings,
    discover(settings.job_types),
    JobIntake(client),
    BlobStorage(settings.blobs, call=offload),
    Pulse(client),
    StoreFigures(client),
    Waiting(JobReader(client), Changes(client, ending), settings.waiting_places),
)
app.extensions |= {"ending": ending, "store": client}
