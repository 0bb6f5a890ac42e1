"""The public origins in links: as configured, else as the client itself addressed us."""

import re
from collections.abc import Callable
from functools import lru_cache

from services.jobs.document import Origins
from services.jobs.settings import Settings
from services.web.problems import Problem
from services.web.request import current

HOST = re.compile(r"([A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?")


def origins_from(settings: Settings) -> Callable[[], Origins]:
    """A function that gives the origins for the request at hand.

    Without public URLs the host name is the one the client used, with each service's own port, so
    that localhost, a name in a LAN and a forwarded host all work untouched.
    """
    gateway, status = settings.gateway_public_url, settings.status_public_url
    if gateway and status:
        fixed = Origins(gateway, status)
        return lambda: fixed

    @lru_cache(256)
    def named(scheme: str, host: str) -> Origins:
        match = HOST.fullmatch(host)
        if match is None:
            raise Problem("untrusted-host", "The Host header is not a host name.")
        base = f"{scheme}://{match[1]}"
        return Origins(gateway or f"{base}:{settings.gateway_port}", status or f"{base}:{settings.status_port}")

    def origins() -> Origins:
        request = current()
        return named(request.scheme, request.host)

    return origins
