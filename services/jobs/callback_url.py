"""Where a job's end is to be told: a URL read so strictly that no two programs can read it differently."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

LONGEST = 2_000
DEFAULT_PORTS = {"http": 80, "https": 443}
URL = re.compile(r"(?P<scheme>[a-z]+)://(?P<authority>[^/?#]*)(?P<path>[^#]*)", re.IGNORECASE)
AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f:.]*\]|[^:\[\]]*)(:(?P<port>[0-9]{0,5}))?", re.IGNORECASE)
LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


class BadCallback(ValueError):
    """The URL can't be a callback; the message says why, for the client."""


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback URL in its parts. `host` is lower case and without brackets; `path` includes the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port as the Host header and the URL have them; the port only where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL, written in the one way in which it is kept."""
        return f"{self.scheme}://{self.authority}{self.path}"


def parse_callback(url: str) -> Callback:
    """The parts of `url`; raises BadCallback for whatever is not plainly an http or https URL."""
    if len(url) > LONGEST:
        raise BadCallback(f"the URL may have at most {LONGEST} characters")
    if not all("\x21" <= char <= "\x7e" for char in url) or "\\" in url:
        raise BadCallback("write the URL in ASCII, without spaces or backslashes: percent-encode, use xn-- host names")
    match = URL.fullmatch(url)
    scheme = match["scheme"].lower() if match else ""
    if match is None or scheme not in DEFAULT_PORTS:
        raise BadCallback("send an http or https URL such as https://example.org/hook, without a fragment")
    if "@" in match["authority"]:
        raise BadCallback("leave user name and password out of the URL: the signature shows who sends")
    parts = AUTHORITY.fullmatch(match["authority"])
    if parts is None:
        raise BadCallback("the URL's host or port is malformed")
    path = match["path"]
    return Callback(
        scheme, _host(parts["host"].lower()), _port(parts["port"], scheme), path if path[:1] == "/" else f"/{path}"
    )


def _port(text: str | None, scheme: str) -> int:
    port = int(text) if text else DEFAULT_PORTS[scheme]
    if not 1 <= port <= 65535:
        raise BadCallback("the URL's port has to be from 1 to 65535")
    return port


def _host(text: str) -> str:
    """A host as it is kept. What ends in a number is an address, and those have one spelling only."""
    try:
        if text.startswith("["):
            return str(IPv6Address(text[1:-1]))
        labels = text.removesuffix(".").split(".")
        if NUMBER.fullmatch(labels[-1]):
            return str(IPv4Address(text))
    except ValueError:
        raise BadCallback("write an address as 192.0.2.1 or [2001:db8::1], in no other form") from None
    if not all(LABEL.fullmatch(label) for label in labels) or len(text) > 253:
        raise BadCallback("the URL's host is not a host name")
    return ".".join(labels)
