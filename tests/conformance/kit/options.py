"""What any job takes beside its input: priority, delay, run_at, timeout and callback_url; and `?validate=true`."""

from datetime import UTC, datetime, timedelta

from tests.conformance.kit.checks import contains, instant, pointers, problem, same, status_is
from tests.conformance.kit.client import Client, new_key, taken
from tests.conformance.kit.listing import jobs_of
from tests.conformance.kit.rules import rule

SLEEP = {"seconds": 0.1, "kind": "sleep"}


def _time(seconds: float) -> str:
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@rule("Options may come in the query, and the job then knows them.")
def options_in_the_query(client: Client) -> None:
    names = []
    for priority in ("high", "default", "low"):
        job = client.accepted(query={"priority": priority, "delay": 600})
        names.append(job.document["queue"]["name"])
    assert len(set(names)) == 3, f"three priorities, but the queues are {names}"


@rule("Options may come in the envelope of a JSON body.")
def options_in_the_envelope(client: Client) -> None:
    inputs = {"text": "to be"}
    high = client.accepted(value={"input": inputs, "options": {"priority": "high", "delay": 600}})
    low = client.accepted(value={"input": inputs, "options": {"priority": "low", "delay": 600}})
    same(high.document["state"], "queued", "state")
    assert high.document["queue"]["name"] != low.document["queue"]["name"], "the priority of the envelope is lost"


@rule("An envelope with nothing but an input, or with empty options, is an envelope too.")
def small_envelopes(client: Client) -> None:
    for value in ({"input": {"text": "words"}}, {"input": {"text": "words"}, "options": {}}):
        status_is(client.submit(value=value, query="validate=true"), 200)


@rule("An object with other members is no envelope.")
def no_envelope(client: Client) -> None:
    for value in ({"input": {"text": "a"}, "other": 1}, {"input": {"text": "a"}, "options": {}, "text2": "b"}):
        problem(client.submit(value=value), 422)


@rule("An option that is named in both the envelope and the query is refused or the same; it never gets lost silently.")
def option_named_twice(client: Client) -> None:
    value = {"input": {"text": "a"}, "options": {"priority": "low"}}
    problem(client.submit(value=value, query={"priority": "high", "validate": "true"}), 422, 400)


@rule("A priority that does not exist is refused with 422, in the query and in the envelope.")
def unknown_priority(client: Client) -> None:
    problem(client.submit(query={"priority": "urgent"}), 422)
    problem(client.submit(value={"input": {"text": "a"}, "options": {"priority": "urgent"}}), 422)


@rule("An option of the envelope that does not exist is refused with 422.")
def unknown_option(client: Client) -> None:
    problem(client.submit(value={"input": {"text": "a"}, "options": {"prioritty": "high"}}), 422)


@rule("A delay that is negative, no number or not finite is refused with 422.")
def bad_delay(client: Client) -> None:
    for delay in ("-1", "soon", "nan", "inf", "1e400"):
        problem(client.submit(query={"delay": delay}), 422)


@rule("A delayed job stays queued for the delay, and runs after it.")
def a_delay_is_kept(client: Client) -> None:
    job = client.end_of(client.accepted("simulate", SLEEP, {"delay": 2, "priority": "high"}))
    waited = instant(job.document["started_at"]) - instant(job.document["created_at"])
    same(job.document["state"], "succeeded", "state")
    assert waited >= timedelta(seconds=1.95), f"it was to wait 2 s, it waited {waited.total_seconds()} s"


@rule("A job with run_at does not start before that time.")
def run_at_is_kept(client: Client) -> None:
    when = _time(2.5)
    job = client.end_of(client.accepted("simulate", SLEEP, {"run_at": when, "priority": "high"}))
    started = instant(job.document["started_at"])
    assert started >= instant(when) - timedelta(milliseconds=50), f"run_at was {when}, it started at {started}"


@rule("run_at is taken with any offset of RFC 3339, and refused with 422 when it is no time.")
def run_at_formats(client: Client) -> None:
    for moment in ("2031-01-02T03:04:05Z", "2031-01-02T03:04:05.678+02:00"):
        reply = client.submit(query={"run_at": moment, "validate": "true"})
        assert reply.status in (200, 422), f"{reply}: {reply.text[:200]}"
    status_is(client.submit(query={"run_at": _time(3600), "validate": "true"}), 200)
    for moment in ("tomorrow", "2031-13-01T00:00:00Z", "12:00"):
        problem(client.submit(query={"run_at": moment}), 422)


@rule("delay and run_at together are refused with 422.")
def delay_or_run_at(client: Client) -> None:
    problem(client.submit(query={"run_at": _time(60), "delay": 60}), 422)


@rule("A timeout ends the job: it fails, and the error's origin is timeout.")
def a_timeout_is_kept(client: Client) -> None:
    job = client.end_of(client.accepted("simulate", {"seconds": 30, "kind": "sleep"}, {"timeout": 1}))
    same(job.document["state"], "failed", "state")
    same(job.document["error"]["origin"], "timeout", "error.origin")


@rule("A timeout of zero, of less, or above the job type's own is refused with 422.")
def bad_timeout(client: Client) -> None:
    for timeout in ("0", "-5", "soon", "10000000"):
        problem(client.submit(query={"timeout": timeout, "validate": "true"}), 422)


@rule("An error in an option says which option it is.")
def option_errors_name_the_option(client: Client) -> None:
    reply = client.submit(query={"priority": "urgent"})
    found = pointers(problem(reply, 422))
    assert any("priority" in pointer for pointer in found), f"the errors point at {found}"


@rule("?validate=true answers 200 with the input as it was understood, types and all.")
def validate_shows_the_input(client: Client) -> None:
    body = b"seconds=0.5&kind=sleep&steps=3"
    reply = status_is(client.post("simulate", "application/x-www-form-urlencoded", body, "validate=true"), 200)
    same(reply.media_type, "application/json", "Content-Type")
    for wanted in (0.5, 3, "sleep"):
        assert contains(reply.json(), wanted), f"{wanted!r} is not in what was understood: {reply.text[:300]}"


@rule("?validate=true enqueues nothing, names no job, and leaves the idempotency key free.")
def validate_enqueues_nothing(client: Client) -> None:
    me, key = client.session(), new_key()
    reply = status_is(client.submit(query="validate=true", fields={**me, "Idempotency-Key": key}), 200)
    assert "Location" not in reply.headers, f"a Location came: {reply.headers.get('Location')}"
    same(jobs_of(client.get(f"{client.status}/v1/jobs", me)), [], "the caller's jobs")
    job = taken(client.submit(query={"delay": 600}, fields={**me, "Idempotency-Key": key}))
    assert "Idempotency-Replayed" not in job.reply.headers, "the trial used up the key"


@rule("?validate=true gives the same refusal as the submission would.")
def validate_refuses_alike(client: Client) -> None:
    cases: list[tuple[str, object, dict[str, str]]] = [
        ("simulate", {"seconds": "soon"}, {}),
        ("text-report", {"text": 1}, {}),
        ("text-report", {"text": "a"}, {"priority": "urgent"}),
        ("text-report", {"text": "a"}, {"callback_url": "http://127.0.0.1/"}),
    ]
    for kind, value, query in cases:
        trial, real = client.submit(kind, value, {**query, "validate": "true"}), client.submit(kind, value, query)
        same(
            (trial.status, trial.json().get("type")), (real.status, real.json().get("type")), f"{kind} {value} {query}"
        )


@rule("?validate=true works with a file, too.")
def validate_with_a_file(client: Client) -> None:
    status_is(client.post("text-report", "text/plain", b"some words", "validate=true"), 200)
