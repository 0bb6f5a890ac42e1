"""Where webhooks may go, asked at submission and again before each connection."""

import ipaddress
import socket
import threading
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import pytest

from scripts.embedded.platform import Platform
from services.gateway import lookup
from services.gateway.callbacks import CallbackRule
from services.gateway.lookup import Lookup
from services.jobs.public_address import Address, Allowed, look_up
from services.web.problems import Problem
from services.webhooks import posting
from services.webhooks.posting import Answer, Poster
from tests.http import call, submit
from tests.webhooks.addresses import LOOPBACK, MALFORMED, PRIVATE, REFUSED, SPECIAL, TAKEN, WRAPPED
from tests.webhooks.notices import notice_for

NOBODY = Allowed.parse("")
PUBLIC = ipaddress.ip_address("93.184.216.34")
NOT_PUBLIC = "the host has to lead to public addresses and to no others (WEBHOOK_ALLOW can exempt it)"


def public(host: str, port: int) -> list[Address]:
    """A name server by whom every name is public."""
    literal = look_up(host, port, forbidden) if host.replace(".", "").isdecimal() or ":" in host else []
    return literal or [PUBLIC]


def forbidden(*_: Any, **__: Any) -> NoReturn:
    raise AssertionError("nobody may be asked or connected to")


def refusal(rule: CallbackRule, url: str) -> str:
    with pytest.raises(Problem) as raised:
        rule.check(url)
    (entry,) = raised.value.members["errors"]
    assert (raised.value.slug, entry["pointer"]) == ("invalid-input", "/options/callback_url")
    return str(entry["detail"])


def post(url: str, find: Any, allowed: Allowed = NOBODY) -> Answer:
    return Poster([b"k" * 32], allowed, find)(notice_for(url))


def literals(urls: list[str]) -> list[Address]:
    """The addresses that stand in URLs."""
    found = []
    for url in urls:
        try:
            found.append(ipaddress.ip_address((urlsplit(url).hostname or "").split("%")[0]))
        except ValueError:
            continue
    return found


def test_the_list_is_long_enough_and_names_nothing_twice() -> None:
    assert len(REFUSED) == len(set(REFUSED)) >= 120


@pytest.mark.parametrize("url", REFUSED)
def test_a_bad_callback_is_refused_at_submission(url: str) -> None:
    """Even by a name server that calls every name public."""
    assert refusal(CallbackRule(NOBODY, public), url)


@pytest.mark.parametrize("url", REFUSED)
def test_a_bad_callback_is_not_connected_to_either(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "connect", forbidden)
    answer = post(url, public)
    assert answer.status == 0 and answer.error.startswith("not sent: ")


@pytest.mark.parametrize("url", REFUSED)
def test_the_running_gateway_refuses_it_and_enqueues_nothing(platform: Platform, url: str) -> None:
    body = {"input": {"seconds": 0}, "options": {"callback_url": url}}
    reply = submit(platform.gateway_url, "simulate", body)
    assert reply.status == 422
    assert [entry["pointer"] for entry in reply.json["errors"]] == ["/options/callback_url"]


def test_a_callback_in_the_query_is_checked_too(platform: Platform) -> None:
    url = f"{platform.gateway_url}/v1/jobs/simulate?seconds=0&callback_url={quote('http://127.0.0.1/', safe='')}"
    assert call("POST", url).status == 422


@pytest.mark.parametrize(("sent", "kept"), TAKEN.items())
def test_a_public_callback_is_taken_and_kept_in_one_spelling(sent: str, kept: str) -> None:
    assert CallbackRule(NOBODY, public).check(sent) == kept
    assert CallbackRule(NOBODY, public).check(kept) == kept


@pytest.mark.parametrize("address", literals([*LOOPBACK, *PRIVATE, *SPECIAL, *WRAPPED]), ids=str)
def test_a_name_that_leads_there_is_refused_alone_and_among_public_ones(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "connect", forbidden)
    for found in ([address], [PUBLIC, address], [address, PUBLIC]):
        assert refusal(CallbackRule(NOBODY, lambda *_, found=found: found), "https://hooks.example.org/") == NOT_PUBLIC
        assert post("https://hooks.example.org/", lambda *_, found=found: found).error == f"not sent: {NOT_PUBLIC}"


def test_a_name_that_is_not_there_is_refused_in_the_same_words_as_one_inside() -> None:
    """Else the words would say which names there are inside."""
    assert refusal(CallbackRule(NOBODY, lambda *_: []), "https://db.example.org/") == NOT_PUBLIC
    assert post("https://db.example.org/", lambda *_: []).error == f"not sent: {NOT_PUBLIC}"


def test_a_name_that_nobody_can_look_up_now_is_checked_before_the_connection_only() -> None:
    assert CallbackRule(NOBODY, lambda *_: None).check("https://hooks.example.org/")

    def down(*_: Any) -> list[Address]:
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    assert post("https://hooks.example.org/", down).error == "the host name could not be looked up"


def test_a_name_that_is_rebound_after_submission_is_not_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "connect", forbidden)
    answers = iter([[PUBLIC], [ipaddress.ip_address("127.0.0.1")]])
    rebound: Any = lambda *_: next(answers)  # noqa: E731
    CallbackRule(NOBODY, rebound).check("https://hooks.example.org/")
    assert post("https://hooks.example.org/", rebound).error == f"not sent: {NOT_PUBLIC}"


def test_a_name_that_is_rebound_between_check_and_connection_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real way down to the socket: the name is asked for once, and the checked address is connected to."""
    asked, connected = [], []

    def ask(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        address = str(PUBLIC) if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(where: tuple[str, int], **_: Any) -> NoReturn:
        connected.append(where)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    answer = post("http://hooks.example.org/", lambda host, port: look_up(host, port, ask))
    assert (asked, connected) == (["hooks.example.org"], [(str(PUBLIC), 80)])
    assert answer.error == "the connection was refused"


@pytest.mark.parametrize(
    ("allow", "url", "found"),
    [
        ("127.0.0.1", "http://127.0.0.1:9000/", "127.0.0.1"),
        ("127.0.0.0/8", "http://127.0.0.1/", "127.0.0.1"),
        ("10.1.0.0/16, hooks.lan", "http://hooks.lan/", "192.168.1.1"),
        ("store.", "http://store/", "10.0.0.1"),
        ("10.1.0.0/16", "http://intranet/", "10.1.2.3"),
        ("10.1.0.0/16", "http://[::ffff:10.1.2.3]/", "::ffff:10.1.2.3"),
        ("::1", "http://[::1]/", "::1"),
        ("fd00::/8", "http://inside.example.org/", "fd00::7"),
    ],
)
def test_what_the_operator_allows_is_taken(allow: str, url: str, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses: Any = [ipaddress.ip_address(found)]
    seen = []

    def connect(_: Any, chosen: list[Address], *__: Any) -> NoReturn:
        seen.append(chosen)
        forbidden()

    monkeypatch.setattr(posting, "connect", connect)
    assert CallbackRule(Allowed.parse(allow), lambda *_: addresses).check(url)
    with pytest.raises(AssertionError):
        post(url, lambda *_: addresses, Allowed.parse(allow))
    assert seen == [addresses]


@pytest.mark.parametrize(
    ("allow", "found"),
    [("10.1.0.0/16", ["10.2.0.1"]), ("10.1.0.0/16", ["10.1.0.1", "10.2.0.1"]), ("other.lan", ["127.0.0.1"])],
)
def test_what_is_allowed_exempts_nothing_else(allow: str, found: list[str]) -> None:
    addresses: Any = [ipaddress.ip_address(text) for text in found]
    assert refusal(CallbackRule(Allowed.parse(allow), lambda *_: addresses), "http://hooks.lan/") == NOT_PUBLIC


def test_a_malformed_url_is_refused_however_much_is_allowed() -> None:
    anything = Allowed.parse("0.0.0.0/0, ::/0, example.org, exämple.org, ")
    for url in MALFORMED:
        assert refusal(CallbackRule(anything, public), url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://example.org/", "send an http or https URL"),
        ("http://example.org/#top", "without a fragment"),
        ("http://me:pass@example.org/", "leave user name and password out"),
        ("http://exämple.org/", "use xn-- host names"),
        ("http://127.1/", "write an address as 192.0.2.1 or [2001:db8::1]"),
        ("http://example.org:70000/", "from 1 to 65535"),
        ("http://a..b/", "not a host name"),
        (f"http://example.org/{'a' * 2000}", "at most 2000 characters"),
        ("http://10.0.0.1/", "public addresses"),
    ],
)
def test_a_refusal_says_what_to_mend(url: str, said: str) -> None:
    assert said in refusal(CallbackRule(NOBODY, public), url)


def test_a_slow_name_server_holds_up_nobody_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "WAIT_S", 0.05)
    answered = threading.Event()

    def slow(*_: Any, **__: Any) -> list[Any]:
        answered.wait(10)
        return []

    ask = Lookup(slow)
    assert [ask(f"{number}.example.org", 80) for number in range(8)] == [None] * 8
    answered.set()


def test_a_lookup_that_fails_for_now_says_so_and_one_without_an_answer_is_empty() -> None:
    def fail(number: int) -> Any:
        def ask(*_: Any, **__: Any) -> NoReturn:
            raise socket.gaierror(number, "no")

        return Lookup(ask)("hooks.example.org", 80)

    assert fail(socket.EAI_AGAIN) is None
    assert fail(socket.EAI_NONAME) == []
