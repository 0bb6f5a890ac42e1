"""Looking up host names that clients send, without letting a slow name server hold up anything else."""

import concurrent.futures
import logging
import threading
from typing import Any

from gevent import monkey, threadpool

from services.jobs.public_address import Address, look_up

log = logging.getLogger(__name__)

THREADS = 4
WAIT_S = 2.0


class Lookup:
    """Looks names up in a few threads of its own; whoever asks waits two seconds at most."""

    def __init__(self, ask: Any = None) -> None:
        self._ask = ask or monkey.get_original("socket", "getaddrinfo")
        self._guard = threading.Lock()
        self._executor: Any = None

    def __call__(self, host: str, port: int) -> list[Address] | None:
        """All addresses of `host`, or None if the answer did not come in time."""
        asked = self._threads().submit(look_up, host, port, self._ask)
        try:
            return list(asked.result(WAIT_S))
        except concurrent.futures.TimeoutError:
            asked.cancel()
        except OSError as error:
            log.warning("host name: %s: %s", type(error).__name__, error)
        return None

    def _threads(self) -> Any:
        """Made at the first use, and so after a server has forked; real threads under gevent too."""
        with self._guard:
            if self._executor is None:
                patched = monkey.is_module_patched("socket")
                kind = threadpool.ThreadPoolExecutor if patched else concurrent.futures.ThreadPoolExecutor
                self._executor = kind(THREADS)
            return self._executor
