"""Mutations: small changes of the platform that each break a promise of the contract."""

from dataclasses import dataclass

SUBMITTING, SESSION = "services/gateway/submitting.py", "services/gateway/session.py"
INPUTS, OPTIONS = "services/gateway/inputs.py", "services/gateway/options.py"
READING, EVENTS = "services/status/reading.py", "services/status/events.py"
FILES, FINDING = "services/status/files.py", "services/status/finding.py"
REPLIES, PREFER = "services/web/replies.py", "services/web/prefer.py"
PROBLEMS, HEADERS = "services/web/problems.py", "services/web/headers.py"
DOCUMENT, STRICT_JSON = "services/jobs/document.py", "services/jobs/strict_json.py"
SCRIPTS = "services/jobs/scripts"

CONTROL = "service.openapi_version"
"""A rule that no mutation breaks: it shows that a mutated platform runs, and is not just out of order."""


@dataclass(frozen=True)
class Mutation:
    """A change of one file: `old` becomes `new`. At least one of `rules` (space-separated) has to notice."""

    name: str
    file: str
    old: str
    new: str
    rules: str


MUTATIONS = (
    Mutation(
        "a submission is answered 200",
        SUBMITTING,
        "accepted.now, origins), 202, headers)",
        "accepted.now, origins), 200, headers)",
        "submit.accepted_with_a_document",
    ),
    Mutation(
        "Location is relative",
        DOCUMENT,
        'return f"{origins.status}/v1/jobs/',
        'return f"/v1/jobs/',
        "submit.location_is_the_job_on_status",
    ),
    Mutation(
        "no Retry-After",
        REPLIES,
        "if seen.retry_after:",
        "if not seen:",
        "submit.retry_after_is_whole_seconds reading.not_done_yet",
    ),
    Mutation(
        "Retry-After is constant",
        "services/jobs/estimate.py",
        "return max(1, min(max(math.ceil(left / 1000), step), LONGEST_WAIT_S))",
        "return 1",
        "reading.retry_after_is_computed",
    ),
    Mutation(
        "the ETag is constant",
        DOCUMENT,
        "hashlib.blake2b(body, digest_size=9).hexdigest()",
        '"constant"',
        "reading.etag_follows_the_document",
    ),
    Mutation("a known document is refused", READING, "status=304", "status=412", "reading.not_modified"),
    Mutation(
        "conditions are not looked at",
        REPLIES,
        "response.make_conditional(request)",
        "pass",
        "results.result_conditions files.file_conditions",
    ),
    Mutation(
        "what has gone is 404", FINDING, 'raise Problem("job-gone"', 'raise Problem("no-such-job"', "reading.gone"
    ),
    Mutation(
        "a key counts only a moment after it was used, so requests race",
        f"{SCRIPTS}/accept.lua",
        "  if seen then\n    local first",
        "  if seen and now - redis.call('HGET', JOB .. string.match(seen, '^%S+'), 'created_at') > 30 then\n"
        "    local first",
        "idempotency.a_race",
    ),
    Mutation(
        "a replay is not called one",
        SUBMITTING,
        '("Idempotency-Replayed", "true")] if replayed',
        '("Idempotency-Replayed", "true")] if False',
        "idempotency.a_replay",
    ),
    Mutation(
        "a key is taken with any payload",
        f"{SCRIPTS}/accept.lua",
        "if print ~= fingerprint then",
        "if not print then",
        "idempotency.another_payload",
    ),
    Mutation(
        "bad JSON is 422",
        INPUTS,
        'Problem("bad-body", f"The body is',
        'Problem("invalid-input", f"The body is',
        "json_bodies.bad_json",
    ),
    Mutation(
        "NaN is a number", STRICT_JSON, 'raise BadJson(f"{name} is not JSON")', "return 0", "json_bodies.not_a_number"
    ),
    Mutation(
        "of duplicate keys the last wins",
        STRICT_JSON,
        "if len(result) != len(pairs):",
        "if not pairs:",
        "json_bodies.duplicate_keys",
    ),
    Mutation(
        "half a surrogate pair is text",
        STRICT_JSON,
        "if _SURROGATE.search(value):",
        "if False:",
        "json_bodies.lone_surrogates",
    ),
    Mutation(
        "refusals are application/json",
        PROBLEMS,
        'content_type="application/problem+json"',
        'content_type="application/json"',
        "refusals.invalid_input",
    ),
    Mutation(
        "a refusal tells where the code lies",
        PROBLEMS,
        'return f"There is nothing at',
        'return f\'File "{__file__}", line 1: \' + f"There is nothing at',
        "refusals.unknown_paths whole_run.nothing_given_away",
    ),
    Mutation(
        "errors point nowhere",
        INPUTS,
        'pointer += f"/{_escape(str(part))}"',
        "pass",
        "refusals.pointers_into_the_input refusals.missing_field",
    ),
    Mutation("a wait is not cut", PREFER, "LONGEST_WAIT_S = 30", "LONGEST_WAIT_S = 99", "prefer.cut_to_thirty"),
    Mutation(
        "no Preference-Applied",
        PREFER,
        'response.headers["Preference-Applied"] = f"wait={wait}"',
        "pass",
        "prefer.preference_applied",
    ),
    Mutation("no Vary", PREFER, 'response.headers.add("Vary", "Prefer")', "pass", "prefer.vary"),
    Mutation(
        "of a preference named twice the last counts",
        PREFER,
        "found.setdefault(match[1].lower(), value)",
        "found[match[1].lower()] = value",
        "prefer.the_first_counts",
    ),
    Mutation(
        "a range lacks its last byte",
        "services/status/ranges.py",
        "int(match[2]) + 1 if",
        "int(match[2]) if",
        "files.ranges",
    ),
    Mutation(
        "a file's name is a path",
        FILES,
        '_attachment(file["name"])',
        '_attachment(f"../{file["name"]}")'.replace('["name"]', "['name']"),
        "files.file_headers files.hostile_names",
    ),
    Mutation("events have no ids", EVENTS, r"\nid: {name}\n", r"\n", "events.names_and_ids"),
    Mutation(
        "a stream that is resumed repeats its last event",
        f"{SCRIPTS}/events.lua",
        "'(' .. last",
        "last",
        "events.resume",
    ),
    Mutation(
        "a stream that has ended begins again",
        EVENTS,
        "return Response(status=204)",
        "last = ''",
        "events.stop_after_done",
    ),
    Mutation(
        "scripts can read the cookie",
        SESSION,
        'secure=secure, httponly=True, samesite="Lax"',
        'secure=secure, httponly=False, samesite="Lax"',
        "listing.cookie_flags",
    ),
    Mutation(
        "a page begins with the last job of the one before",
        f"{SCRIPTS}/list.lua",
        "id < last",
        "id <= last",
        "listing.cursor_paging",
    ),
    Mutation(
        "everybody has the same session",
        "services/web/callers.py",
        "hashlib.sha256(session.encode())",
        "hashlib.sha256(b'')",
        "listing.only_the_callers idempotency.scope_is_the_client",
    ),
    Mutation(
        "a queued job can't be cancelled",
        f"{SCRIPTS}/cancel.lua",
        "if job[1] == 'queued' then",
        "if job[1] == 'waiting' then",
        "cancelling.a_queued_job",
    ),
    Mutation(
        "purging only cancels",
        f"{SCRIPTS}/cancel.lua",
        "elseif purging ~= '' and job[6] then",
        "elseif not job[1] then",
        "cancelling.purge",
    ),
    Mutation(
        "Location can't be read across origins",
        "services/web/cors.py",
        '"Location, Retry-After, ETag',
        '"Retry-After, ETag',
        "cors.exposed_headers",
    ),
    Mutation(
        "a client's request id is replaced",
        HEADERS,
        "theirs if theirs and REQUEST_ID",
        "theirs if not theirs and REQUEST_ID",
        "headers.request_id_is_echoed",
    ),
    Mutation(
        "any request id is repeated",
        HEADERS,
        "if theirs and REQUEST_ID.fullmatch(theirs) else",
        "if theirs else",
        "headers.malformed_request_ids",
    ),
    Mutation("no nosniff", "services/web/response.py", '("X-Content-Type-Options", "nosniff"),', "", "headers.nosniff"),
    Mutation(
        "callbacks may go inside",
        "services/jobs/public_address.py",
        "return real.is_global and not any(real in network for network in NOT_PUBLIC_4)",
        "return True",
        "webhooks.private_addresses webhooks.special_addresses",
    ),
    Mutation(
        "a client's trace is dropped",
        "services/web/trace.py",
        "if match is None or not _valid(match):",
        "if match is None or _valid(match):",
        "tracing.trace_goes_on",
    ),
    Mutation("a delay is forgotten", OPTIONS, "if self.delay:", "if not self:", "options.a_delay_is_kept"),
    Mutation(
        "validating enqueues",
        SUBMITTING,
        "if options.validate_only:",
        "if not options:",
        "options.validate_enqueues_nothing options.validate_shows_the_input",
    ),
    Mutation(
        "one attempt more than there may be",
        f"{SCRIPTS}/parts/again.lua",
        "if tonumber(job[2]) < tonumber(job[3]) then",
        "if tonumber(job[2]) <= tonumber(job[3]) then",
        "document.attempts_end",
    ),
    Mutation(
        "a body that is cut off is taken for whole",
        "services/web/body_guard.py",
        "if not data and self._expected is not None and self._count < self._expected:",
        "if not self:",
        "wire.truncated_body",
    ),
    Mutation(
        "X-Forwarded-Host is believed",
        "services/web/origins.py",
        "named(request.scheme, request.host)",
        'named(request.scheme, request.headers.get("X-Forwarded-Host", request.host))',
        "submit.forwarded_headers_are_not_believed",
    ),
)
