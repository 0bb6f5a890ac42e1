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

log = logging.getLogger(__name__)


def main() -> None:
    """Send until SIGTERM or SIGINT; a mistake in the settings ends it with one sentence."""
    try:
        settings = load_settings()
        keys = load_keys(settings)
    except SettingsError as error:
        sys.exit(f"webhooks: {error}")
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    client = connect(settings.redis_url, connections=TOTAL + 2)
    patient = connect(settings.redis_url, timeout=IDLE_S + 2, connections=2)
    send_until_told(Sender(JobOutbox(client, patient), Poster(keys, settings.allowed), Plan(settings.pauses)))


def send_until_told(sender: Sender) -> None:
    """Send in a thread, while this one waits for a signal to end."""
    signal.signal(signal.SIGTERM, _interrupt)
    loop = threading.Thread(target=sender.run, daemon=True)
    try:
        loop.start()
        while loop.is_alive():
            loop.join(1)
    except KeyboardInterrupt:
        left = sender.stop()
        log.info("ended; %d tries were under way and will be made again", left)
    else:
        sys.exit("webhooks: the sender ended by an error")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
