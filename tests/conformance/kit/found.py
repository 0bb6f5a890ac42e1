"""Finding the platform's two origins from the one address that is given."""

import time
from urllib.parse import urlsplit

from tests.conformance.kit.client import Client, origin_of, taken
from tests.conformance.kit.target import Platform


def find_platform(gateway: str, status: str = "", api_key: str = "") -> Platform:
    """The platform whose gateway is here; where status is not named, a submission's Location tells."""
    gateway = gateway.rstrip("/")
    if urlsplit(gateway).scheme not in ("http", "https"):
        raise AssertionError("the address must start with http:// or https://")
    if not status:
        client = Client(Platform(gateway, "", api_key), time.monotonic() + 15)
        reply = client.submit(query={"delay": 600})
        if reply.status == 401:
            raise AssertionError("API keys are configured: name one with --api-key")
        status = origin_of(taken(reply).location)
        client.clean_up()
    return Platform(gateway, status.rstrip("/"), api_key)
