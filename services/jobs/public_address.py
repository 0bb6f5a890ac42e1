"""Which addresses webhooks may go to: public ones, and those that the operator allows."""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

Address = IPv4Address | IPv6Address

NOT_PUBLIC_4 = tuple(
    IPv4Network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",
    )
)
"""IANA's special-purpose and multicast IPv4 addresses; the last one is public in form, yet Azure's own inside."""

UNICAST_6 = IPv6Network("2000::/3")
NOT_PUBLIC_6 = tuple(
    IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
"""Special-purpose blocks inside the global unicast space, Teredo and 6to4 among them; all outside it is refused."""

WRAPS_4 = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
"""IPv6 forms that lead to the IPv4 address in their last 32 bits: mapped, and NAT64 (RFC 6052)."""

INSIDE = (
    "localhost",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "private",
    "arpa",
    "onion",
    "alt",
    "test",
    "example",
    "invalid",
)
"""Top-level names that no public host has (RFC 6761, 6762, 8375, 9476, and those that ICANN will not delegate)."""


class NotPublic(Exception):
    """A host leads elsewhere than to public addresses; the message says no more than that."""

    def __init__(self) -> None:
        super().__init__("the host has to lead to public addresses and to no others (WEBHOOK_ALLOW can exempt it)")


@dataclass(frozen=True)
class Allowed:
    """What WEBHOOK_ALLOW exempts: host names, and networks."""

    names: frozenset[str]
    networks: tuple[IPv4Network | IPv6Network, ...]

    @classmethod
    def parse(cls, text: str) -> "Allowed":
        """From a list separated by commas, such as `hooks.lan, 10.1.0.0/16`; raises ValueError."""
        names, networks = set(), []
        for entry in filter(None, (part.strip().lower() for part in text.split(","))):
            if "/" in entry or ":" in entry or entry.replace(".", "").isdecimal():
                networks.append(ip_network(entry))
            else:
                names.add(entry.removesuffix("."))
        return cls(frozenset(names), tuple(networks))

    def covers(self, address: Address) -> bool:
        """Whether the address, or the IPv4 address that it wraps, lies in an allowed network."""
        return any(address in network or unwrap(address) in network for network in self.networks)


def unwrap(address: Address) -> Address:
    """The address that packets will really go to."""
    if any(address in network for network in WRAPS_4):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: Address) -> bool:
    """Whether the address belongs to a host of the public internet."""
    real = unwrap(address)
    if isinstance(real, IPv4Address):
        return real.is_global and not any(real in network for network in NOT_PUBLIC_4)
    return real in UNICAST_6 and real.is_global and not any(real in network for network in NOT_PUBLIC_6)


def check(host: str, found: Sequence[Address], allowed: Allowed) -> None:
    """Raise NotPublic unless each address in `found`, to which `host` leads, is public or allowed."""
    if host in allowed.names:
        return
    others = [address for address in found if not allowed.covers(address)]
    if found and not others:
        return
    if not found or _is_inside_name(host) or not all(is_public(address) for address in others):
        raise NotPublic


def _is_inside_name(host: str) -> bool:
    """Whether a public host can't have this name, whatever a name server says."""
    if as_address(host) is not None:
        return False
    labels = host.split(".")
    return len(labels) == 1 or labels[-1] in INSIDE


def as_address(host: str) -> Address | None:
    """The address that `host` spells out, or None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def look_up(host: str, port: int, ask: Callable[..., Any] = socket.getaddrinfo) -> list[Address]:
    """All addresses of `host`, none if there is no such name; raises OSError when nobody could be asked."""
    literal = as_address(host)
    if literal is not None:
        return [literal]
    try:
        found = ask(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in (socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_SYSTEM, socket.EAI_MEMORY):
            raise
        return []
    except UnicodeError:
        return []
    return list(dict.fromkeys(ip_address(entry[4][0]) for entry in found))
