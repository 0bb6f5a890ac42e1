"""`python -m services.worker [NUMBER]`: one worker process with its child."""

import logging
import os
import sys
import time

from services.jobs.catalogue import discover
from services.jobs.connection import connect, wait_until_reachable
from services.jobs.job_type import JobTypeError
from services.jobs.settings import SettingsError, load_settings
from services.worker.worker import Worker


def main() -> None:
    """Start a worker; a mistake in the settings or in a job type ends it with one sentence."""
    try:
        settings = load_settings()
        catalogue = discover(settings.job_types)
    except (SettingsError, JobTypeError) as error:
        sys.exit(f"worker: {error}")
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    client = connect(settings.redis_url, connections=8)
    wait_until_reachable(client)
    Worker(unique_name(sys.argv[1:]), catalogue, settings, client).work()


def unique_name(parts: list[str]) -> str:
    """A name that no other process has had: a restarted worker must not be taken for the one before."""
    return "-".join([os.uname().nodename, *parts, str(os.getpid()), f"{time.time_ns() % 10**9:09d}"])


if __name__ == "__main__":
    main()
