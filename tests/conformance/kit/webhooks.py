"""Webhooks: which callback addresses are refused at submit."""

from tests.conformance.kit.checks import problem, status_is
from tests.conformance.kit.client import Client
from tests.conformance.kit.rules import rule
from tests.conformance.kit.target import Skipped

LOOPBACK = (
    "127.0.0.1",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.255.255.254",
    "0",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "%6c%6f%63%61%6c%68%6f%73%74",
)
MAPPED = (
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:10.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::10.0.0.1]",
    "[2002:7f00:1::]",
    "[2002:a00:1::1]",
)
PRIVATE = (
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.1",
    "192.168.1.1",
    "100.64.0.1",
    "192.0.0.1",
    "198.18.0.1",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[fec0::1]",
)
SPECIAL = (
    "169.254.169.254",
    "169.254.1.1",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "192.0.2.1",
    "[ff02::1]",
    "[2001:db8::1]",
    "[100::1]",
    "0x0a000001",
    "167772161",
    "012.0.0.1",
    "169.254.169.254.",
)
BAD_URLS = (
    "ftp://93.184.215.14/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "//93.184.215.14/x",
    "/hook",
    "hook",
    "http://",
    "http:///path",
    "gopher://93.184.215.14/",
    "http://93.184.215.14:99999/",
    "http://93.184.215.14:0/",
    "http://exa mple.org/",
    "redis://93.184.215.14/",
    "http://[::1",
    "http://93.184.215.14/\r\nX-Evil: 1",
)


def trial(client: Client, url: str) -> int:
    """The status code for a submission with this callback, were it not a trial."""
    return client.submit(query={"callback_url": url, "validate": "true"}).status


def _refused(client: Client, hosts: tuple[str, ...]) -> None:
    taken = []
    for host in hosts:
        url = f"http://{host}:8080/hook"
        reply = client.submit(query={"callback_url": url, "validate": "true"})
        if reply.status == 422:
            problem(reply, 422)
        else:
            taken.append(f"{url} ({reply.status})")
    assert not taken, f"not refused with 422: {', '.join(taken)}"


@rule("A callback to this machine is refused at submit, however its address is written.")
def loopback_addresses(client: Client) -> None:
    if trial(client, "http://127.0.0.1:8080/hook") == 200:
        raise Skipped("WEBHOOK_ALLOW names the loopback address")
    _refused(client, LOOPBACK)


@rule("A callback to an IPv4 address within an IPv6 one is judged by the address inside.")
def mapped_addresses(client: Client) -> None:
    if trial(client, "http://127.0.0.1:8080/hook") == 200:
        raise Skipped("WEBHOOK_ALLOW names the loopback address")
    _refused(client, MAPPED)


@rule("A callback to a private or shared network is refused at submit.")
def private_addresses(client: Client) -> None:
    _refused(client, PRIVATE)


@rule("A callback to a link-local, multicast, reserved or metadata address is refused at submit.")
def special_addresses(client: Client) -> None:
    _refused(client, SPECIAL)


@rule("A callback_url that is no absolute http(s) URL with a host and a possible port is refused with 422.")
def no_callback_urls(client: Client) -> None:
    for url in BAD_URLS:
        reply = client.submit(query={"callback_url": url, "validate": "true"})
        assert reply.status == 422, f"callback_url={url!r} got {reply.status}: {reply.text[:200]}"


@rule("A callback_url with a user name or password is refused, or its password is shown nowhere.")
def credentials_in_urls(client: Client) -> None:
    reply = client.submit(query={"callback_url": "https://user:s3cret@93.184.215.14/", "validate": "true"})
    assert reply.status == 422 or "s3cret" not in reply.text, f"the password is repeated: {reply.text[:300]}"


@rule("A callback_url that is public is taken, in the query and in the envelope.")
def public_addresses(client: Client) -> None:
    url = "https://93.184.215.14/hook?job=1"
    status_is(client.submit(query={"callback_url": url, "validate": "true"}), 200)
    status_is(
        client.submit(value={"input": {"text": "a"}, "options": {"callback_url": url}}, query="validate=true"), 200
    )
    status_is(client.submit(query={"callback_url": "https://[2606:4700:4700::1111]/hook", "validate": "true"}), 200)


@rule("The envelope's callback_url is checked like the query's.")
def the_envelope_is_no_way_in(client: Client) -> None:
    options = {"callback_url": "http://169.254.169.254/latest/meta-data/"}
    problem(client.submit(value={"input": {"text": "a"}, "options": options}), 422)
