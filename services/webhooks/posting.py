"""One try at a delivery: look up, check, connect to what was checked, post, take in the answer."""

import http.client
import logging
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

from services.jobs.callback_url import BadCallback, Callback, parse_callback
from services.jobs.deliveries import Notice
from services.jobs.public_address import Address, Allowed, NotPublic, check, look_up
from services.webhooks.connection import Deadline, Wire, connect
from services.webhooks.message import body_of, headers_of
from services.webhooks.retrying import seconds_of

log = logging.getLogger(__name__)

CONNECT_S = 5.0
TOTAL_S = 15.0
READ_BYTES = 65_536
READ_S = 2.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a try came to: a status, or an error in a sentence, or both. `retry_after` is in seconds."""

    status: int = 0
    error: str = ""
    retry_after: float = 0.0


class Poster:
    """Makes tries. Every address that a host leads to is checked before anything is sent to one of them."""

    def __init__(
        self,
        keys: Sequence[bytes],
        allowed: Allowed,
        find: Callable[[str, int], list[Address]] = look_up,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._keys, self._allowed, self._find = keys, allowed, find
        self._trust = trust or ssl.create_default_context()

    def __call__(self, notice: Notice) -> Answer:
        """Post the notification once; whatever goes wrong on the way is an answer too."""
        try:
            target = parse_callback(notice.job.callback)
            addresses = self._checked(target)
        except (NotPublic, BadCallback) as error:
            return Answer(error=f"not sent: {error}")
        except OSError as error:
            log.info("look up: %s: %s", type(error).__name__, error)
            return Answer(error="the host name could not be looked up")
        return self._exchange(target, addresses, notice)

    def _checked(self, target: Callback) -> list[Address]:
        addresses = self._find(target.host, target.port)
        check(target.host, addresses, self._allowed)
        if not addresses:
            raise OSError("no such name")
        return addresses

    def _exchange(self, target: Callback, addresses: list[Address], notice: Notice) -> Answer:
        total = Deadline(TOTAL_S)
        try:
            wire = Wire(connect(target, addresses, Deadline(CONNECT_S), self._trust), total)
        except OSError as error:
            return Answer(error=_connect_sentence(error))
        body = body_of(notice.job)
        headers = headers_of(notice.job, body, self._keys, round(time.time()))
        try:
            return _answer(_post(wire, target, headers, body))
        except TimeoutError:
            return Answer(error=f"no complete answer within {TOTAL_S:g} seconds")
        except OSError:
            return Answer(error="the connection broke before the answer was complete")
        except (http.client.HTTPException, ValueError):
            return Answer(error="the answer was not HTTP")
        finally:
            wire.close()


def _post(wire: Wire, target: Callback, headers: dict[str, str], body: bytes) -> http.client.HTTPResponse:
    exchange = http.client.HTTPConnection(target.host, target.port)
    exchange.sock = cast(Any, wire)
    exchange.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
    named = {"Host": target.authority, **headers, "Content-Length": str(len(body)), "Connection": "close"}
    for name, value in named.items():
        exchange.putheader(name, value)
    exchange.endheaders(body)
    response = exchange.getresponse()
    wire.shorten(READ_S)
    with suppress(OSError, http.client.HTTPException, ValueError):
        response.read(READ_BYTES)  # so that the receiver sees its answer taken; what it says does not matter
    return response


def _answer(response: http.client.HTTPResponse) -> Answer:
    status = response.status
    error = ""
    if 300 <= status < 400:
        error = "the receiver answered with a redirect, and those are not followed: send the final URL as callback_url"
    elif status == http.client.GONE:
        error = "the receiver is gone for good, it says"
    return Answer(status, error, seconds_of(response.getheader("Retry-After") or ""))


def _connect_sentence(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate was not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return "the TLS handshake failed"
    if isinstance(error, TimeoutError):
        return f"no connection within {CONNECT_S:g} seconds"
    if isinstance(error, ConnectionRefusedError):
        return "the connection was refused"
    return "the host could not be reached"
