"""The option `callback_url`, checked before a job is accepted with it."""

from collections.abc import Callable

from services.gateway.inputs import invalid_input, mistake
from services.gateway.lookup import Lookup
from services.jobs.callback_url import BadCallback, parse_callback
from services.jobs.public_address import Address, Allowed, NotPublic, as_address, check

POINTER = "/options/callback_url"


class CallbackRule:
    """Says which callback URLs are taken: those whose host leads to public or allowed addresses."""

    def __init__(self, allowed: Allowed, look_up: Callable[[str, int], list[Address] | None] | None = None) -> None:
        self._allowed, self._look_up = allowed, look_up or Lookup()

    def check(self, url: str) -> str:
        """The URL as it is kept; raises `invalid-input` if it is not taken.

        A name that nobody can look up now is let through: the sender checks again before it connects.
        """
        try:
            target = parse_callback(url)
            literal = as_address(target.host)
            found = [literal] if literal else self._find(target.host, target.port)
            if found is not None:
                check(target.host, found, self._allowed)
        except (BadCallback, NotPublic) as error:
            raise invalid_input([mistake(POINTER, str(error), "callback_url")]) from None
        return target.url

    def _find(self, host: str, port: int) -> list[Address] | None:
        return None if host in self._allowed.names else self._look_up(host, port)
