"""Who calls: the holder of an API key where keys are configured, else whoever has a session cookie."""

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from services.jobs.api_keys import ApiKey
from services.web.problems import Problem
from services.web.request import current

COOKIE = "coatcheck_session"
SESSION = re.compile(r"[A-Za-z0-9_-]{22}")
CHALLENGE = 'Bearer realm="coatcheck"'
NETWORK_BITS = 64
"""A client has as many IPv6 addresses as it likes, but as a rule one network of this prefix."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `owner` is his name in the store, "" for nobody; `client` is whose quota counts.

    `fresh` is the session that a submission has begun and that the client has to be given, else "".
    """

    owner: str
    client: str
    fresh: str = ""


class Callers:
    """Tells callers apart."""

    def __init__(self, keys: Sequence[ApiKey]) -> None:
        self._keys = keys

    @property
    def keyed(self) -> bool:
        """Whether API keys are configured."""
        return bool(self._keys)

    def known(self) -> Caller:
        """Who calls, as far as can be told; raises `unauthorized` where a key is needed and no right one came."""
        return Caller(*self._names())

    def submitting(self) -> Caller:
        """Who calls; one who has no name yet begins a session."""
        owner, client = self._names()
        if owner:
            return Caller(owner, client)
        session = secrets.token_urlsafe(16)
        return Caller(owner_of(session), client, session)

    def may_cancel(self) -> str:
        """Whose jobs the caller may cancel; "" for any whose id he knows, which is so where there are no keys."""
        return self.known().owner if self._keys else ""

    def _names(self) -> tuple[str, str]:
        """Owner and client."""
        if self._keys:
            owner = f"key:{self._holder()}"
            return owner, owner
        request = current()
        session = request.cookies.get(COOKIE, "") if "HTTP_COOKIE" in request.environ else ""
        return owner_of(session) if SESSION.fullmatch(session) else "", _client(request.remote_addr or "")

    def _holder(self) -> str:
        scheme, _, key = current().headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise _unauthorized("Send your API key as `Authorization: Bearer KEY`.", CHALLENGE)
        digest, holder = hashlib.sha256(key.strip().encode()).hexdigest(), ""
        for known in self._keys:  # all of them, so that the time taken does not tell which one was close
            if hmac.compare_digest(known.digest, digest):
                holder = known.name
        if not holder:
            raise _unauthorized("This API key is not known here.", f'{CHALLENGE}, error="invalid_token"')
        return holder


def owner_of(session: str) -> str:
    """The name under which the store keeps a session's jobs; the session can't be had back from it."""
    return f"session:{hashlib.sha256(session.encode()).hexdigest()[:32]}"


@lru_cache(1_024)
def _client(remote: str) -> str:
    """The client's address as its quota counts it. A made-up cookie must not give a new quota, so it plays no part."""
    try:
        address = ipaddress.ip_address(remote.partition("%")[0])
    except ValueError:
        return "address:unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return f"address:{address.ipv4_mapped}"
        return f"address:{ipaddress.ip_network((address, NETWORK_BITS), strict=False)}"
    return f"address:{address}"


def _unauthorized(detail: str, challenge: str) -> Problem:
    """RFC 6750, section 3: what is wrong is said only to a client that sent a key."""
    return Problem("unauthorized", detail, headers={"WWW-Authenticate": challenge})
