"""The status service for a WSGI server: reads the environment and makes the clients."""

from services.jobs.blobs import BlobStorage
from services.jobs.connection import connect
from services.jobs.figures import StoreFigures
from services.jobs.pulse import Pulse
from services.jobs.reader import JobReader
from services.jobs.settings import load_settings
from services.status.app import create_app
from services.web.changes import Changes
from services.web.ending import Ending
from services.web.logs import set_up
from services.web.offload import offload
from services.web.waiting import Waiting

settings = load_settings()
set_up(settings.log_level)
client = connect(settings.redis_url)
ending = Ending()
reader = JobReader(client)
waiting = Waiting(reader, Changes(client, ending), settings.waiting_places)
blobs = BlobStorage(settings.blobs, call=offload)
app = create_app(settings, reader, blobs, Pulse(client), StoreFigures(client), waiting)
app.extensions |= {"ending": ending, "store": client}
