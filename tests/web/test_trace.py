import pytest
from flask import Flask

from services.web.trace import traceparent

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def answer(header: str | None) -> str:
    headers = {} if header is None else {"traceparent": header}
    with Flask(__name__).test_request_context(headers=headers):
        return traceparent()


@pytest.mark.parametrize("flags", ["00", "01"])
def test_a_clients_trace_goes_on_under_a_span_of_our_own(flags: str) -> None:
    version, trace, span, said = answer(f"00-{TRACE}-{SPAN}-{flags}").split("-")
    assert (version, trace, said) == ("00", TRACE, flags)
    assert span != SPAN and len(span) == 16


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    assert answer(f"cc-{TRACE}-{SPAN}-01-more").startswith(f"00-{TRACE}-")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "nonsense",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01, 00-{TRACE}-{SPAN}-01",
    ],
)
def test_without_a_valid_trace_a_new_one_begins(header: str | None) -> None:
    version, trace, span, flags = answer(header).split("-")
    assert (version, flags, len(trace), len(span)) == ("00", "00", 32, 16)
    assert trace != TRACE and trace != answer(header).split("-")[1]
