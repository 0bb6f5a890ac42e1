"""`python -m services.webhooks`: one sender process; several may run side by side."""

import logging
import signal
import sys
import threading

from services.jobs.connection import connect
from services.jobs.deliveries import JobOutbox
from services.jobs.settings import SettingsError, load_settings
from services.webhooks.posting import Poster
from services.webhooks.retrying import Plan
from services.webhooks.sender import IDLE_S, Sender
from services.webhooks.signing import load_keys
from services.webhooks.slots import TOTAL


def main() -> None:
    """Send until SIGTERM or SIGINT; a mistake in the settings ends it with one sentence."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        settings = load_settings()
        keys = load_keys(settings)
    except SettingsError as error:
        sys.exit(f"webhooks: {error}")
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    client = connect(settings.redis_url, connections=TOTAL + 2)
    patient = connect(settings.redis_url, timeout=IDLE_S + 2, connections=2)
    sender = Sender(JobOutbox(client, patient), Poster(keys, settings.allowed), Plan(settings.pauses))
    loop = threading.Thread(target=sender.run, daemon=True)
    loop.start()
    try:
        while loop.is_alive():
            loop.join(1)
        sys.exit("webhooks: the sender ended by an error")
    except KeyboardInterrupt:
        left = sender.stop()
        logging.info("ended; %d tries were under way and will be made again", left)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
