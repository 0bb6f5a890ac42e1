"""W3C Trace Context: the client's trace goes on in the job."""

import re
import secrets

from tests.conformance.kit.checks import same
from tests.conformance.kit.client import Client
from tests.conformance.kit.rules import rule

TRACE = r"(?!0{32})[0-9a-f]{32}"


def _trace_id(client: Client, value: str | None) -> str:
    fields = {} if value is None else {"traceparent": value}
    return str(client.accepted(query={"delay": 600}, fields=fields).document.get("trace_id", ""))


@rule("The trace id of the client's traceparent is the job's trace_id, in every reply about it.")
def trace_goes_on(client: Client) -> None:
    trace = secrets.token_hex(16)
    fields = {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}
    job = client.accepted("simulate", {"seconds": 0.1, "kind": "sleep"}, {"priority": "high"}, fields)
    same(job.document.get("trace_id"), trace, "trace_id")
    same(client.end_of(job).document.get("trace_id"), trace, "trace_id when done")


@rule("A job that comes without a trace gets one of its own.")
def trace_of_its_own(client: Client) -> None:
    one, two = _trace_id(client, None), _trace_id(client, None)
    assert re.fullmatch(TRACE, one) and one != two, f"trace ids are {one!r} and {two!r}"


@rule("A malformed traceparent is ignored, and the trace begins anew (Trace Context, 3.2.2).")
def malformed_traces(client: Client) -> None:
    trace, span = secrets.token_hex(16), secrets.token_hex(8)
    bad = (
        "nonsense",
        f"00-{'0' * 32}-{span}-01",
        f"00-{trace}-{'0' * 16}-01",
        f"ff-{trace}-{span}-01",
        f"00-{trace.upper()[:31]}G-{span}-01",
        f"00-{trace[:-1]}-{span}-01",
        f"00-{trace}-{span}-01-extra",
        f"00-{trace}-{span}",
    )
    for value in bad:
        got = _trace_id(client, value)
        assert re.fullmatch(TRACE, got) and got != trace, f"traceparent {value!r} gave the trace_id {got!r}"


@rule("A traceparent of a later version is read as far as it is known (Trace Context, 3.2.3).")
def later_versions(client: Client) -> None:
    trace = secrets.token_hex(16)
    same(_trace_id(client, f"01-{trace}-{secrets.token_hex(8)}-01-what-the-future-brings"), trace, "trace_id")
