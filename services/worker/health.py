"""`python -m services.worker.health`: exit status 0 if the worker on this machine has beaten lately, by the store."""

import os
import sys
from datetime import UTC, datetime
from typing import Any

from redis import Redis

from services.jobs.connection import StoreError, connect
from services.jobs.settings import load_settings

STALE_S = 10.0


def beats(client: Redis, machine: str) -> list[float]:
    """How many seconds ago each worker of `machine` (its host name) has last been heard of."""
    prefix = f"rq:worker:{machine}-".encode()
    members: set[Any] = client.smembers("rq:workers")
    names = [name for name in members if name.startswith(prefix)]
    heard: list[Any] = [client.hget(name, "last_heartbeat") for name in names]
    now = datetime.now(UTC)
    return [(now - datetime.fromisoformat(when.decode())).total_seconds() for when in heard if when]


def main() -> None:
    """Say in one sentence what is wrong, if something is."""
    try:
        ages = beats(connect(load_settings().redis_url, connections=1), os.uname().nodename)
    except StoreError as error:
        sys.exit(f"the store gives no answer: {error}")
    if not ages or min(ages) > STALE_S:
        sys.exit(f"no worker of this machine has been heard of in the last {STALE_S:g} s")


if __name__ == "__main__":
    main()
