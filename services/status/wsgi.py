"""The status service for a WSGI server: reads the environment and makes the clients."""

from services.jobs.blobs import BlobStorage
from services.jobs.connection import connect
from services.jobs.pulse import Pulse
from services.jobs.reader import JobReader
from services.jobs.settings import load_settings
from services.status.app import create_app
from services.web.offload import offload

settings = load_settings()
client = connect(settings.redis_url)
app = create_app(settings, JobReader(client), BlobStorage(settings.blobs, call=offload), Pulse(client))
