"""Every kind of problem that clients can meet: what it means, and a request that mends it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ProblemType:
    """One problem type (RFC 9457). `mend` says what to do; `example` is a request that works."""

    slug: str
    status: int
    title: str
    meaning: str
    mend: str
    example: str = ""

    @property
    def uri(self) -> str:
        """The type's URI reference; it resolves on both services."""
        return f"/problems/{self.slug}"


SUBMIT = (
    "curl -i -H 'Content-Type: application/json' -d '{\"text\": \"to be or not to be\"}' $GATEWAY/v1/jobs/text-report"
)
READ = "curl -i $STATUS/v1/jobs/$JOB_ID"

PROBLEM_TYPES = {
    kind.slug: kind
    for kind in (
        ProblemType(
            *("bad-request", 400, "The request is malformed"),
            "The request is not what HTTP or this interface asks for.",
            "Read `detail`, which names the part that is wrong.",
            SUBMIT,
        ),
        ProblemType(
            *("bad-body", 400, "The body is not what its Content-Type says"),
            "The body ended early, is not valid JSON, or is not the form that its header announces.",
            "Send the whole body, in UTF-8; JSON without NaN, duplicate keys or half surrogate pairs.",
            SUBMIT,
        ),
        ProblemType(
            *("bad-idempotency-key", 400, "The Idempotency-Key is malformed"),
            "An Idempotency-Key is 1 to 255 printable ASCII characters, bare or in double quotes.",
            "Use a random key for each new submission, and the same one when you repeat it.",
            SUBMIT.replace("curl -i", "curl -i -H 'Idempotency-Key: 8e03978e-40d5-43dd-bc93-6894a57f9324'"),
        ),
        ProblemType(
            *("untrusted-host", 400, "The host name is not served here"),
            "The Host header names a host that is not among TRUSTED_HOSTS, or is no host name.",
            "Use the address that the operator of the platform gave you.",
            "curl -i $GATEWAY/livez",
        ),
        ProblemType(
            *("unauthorized", 401, "An API key is needed"),
            "This platform knows its callers by API keys; none came with the request, or one that is not known.",
            "Send the key that the operator of the platform gave you.",
            SUBMIT.replace("curl -i", "curl -i -H 'Authorization: Bearer '$API_KEY"),
        ),
        ProblemType(
            *("no-such-job-type", 404, "There is no such job type"),
            "The path names a kind of job that this platform does not run.",
            "Choose one that `known` lists.",
            "curl -i $GATEWAY/v1/job-types",
        ),
        ProblemType(
            *("no-such-job", 404, "There is no such job"),
            "No job has this id, and none had it within the last days.",
            "Use the Location of the answer to your submission.",
            READ,
        ),
        ProblemType(
            *("no-such-file", 404, "The job has no such file"),
            "The job has no result file by this name.",
            "Use a `url` from the `files` of the job document.",
            READ,
        ),
        ProblemType(
            *("not-found", 404, "There is nothing here"),
            "The path leads nowhere on this service.",
            "See the service document for what there is.",
            "curl -i -H 'Accept: application/json' $GATEWAY/",
        ),
        ProblemType(
            *("method-not-allowed", 405, "The method is not allowed here"),
            "The resource exists, but does not take this method.",
            "Use one of the methods that the Allow header lists.",
            "curl -i -X OPTIONS $GATEWAY/v1/jobs/text-report",
        ),
        ProblemType(
            *("not-acceptable", 406, "No such representation"),
            "The Accept header rules out every media type in which this can be given.",
            "Accept application/json, or leave the header out.",
            READ.replace("curl -i", "curl -i -H 'Accept: application/json'"),
        ),
        ProblemType(
            *("request-timeout", 408, "The body came too slowly"),
            "The whole body has to arrive within a time that depends on its size.",
            "Send it again over a faster connection.",
            SUBMIT,
        ),
        ProblemType(
            *("job-not-finished", 409, "The job is not finished"),
            "There is no result yet.",
            "Ask again after Retry-After seconds.",
            READ,
        ),
        ProblemType(
            *("job-did-not-succeed", 409, "The job has no result"),
            "The job has ended as failed or cancelled, so it has no result and never will.",
            "Read the job's `error`, mend the input and submit it again.",
            READ,
        ),
        ProblemType(
            *("job-gone", 410, "The job has expired or was purged"),
            "The job was finished, and its result was kept for as long as its type says, or until it was purged.",
            "Submit it again if you still need the result.",
            SUBMIT,
        ),
        ProblemType(
            *("length-required", 411, "The body's length is missing"),
            "The request has a body without Content-Length and is not chunked.",
            "Send Content-Length, or Transfer-Encoding: chunked.",
            SUBMIT,
        ),
        ProblemType(
            *("precondition-failed", 412, "It is not as you take it to be"),
            "If-Match names an ETag, and what is here has another one.",
            "Leave If-Match out, or name the ETag that a fresh reply gives.",
            READ,
        ),
        ProblemType(
            *("too-large", 413, "The body is too large"),
            "The body, one of its files, or its form is larger than this job type takes.",
            "Keep to the limit that `detail` names.",
            "curl -i $GATEWAY/v1/job-types/text-report",
        ),
        ProblemType(
            *("uri-too-long", 414, "The URI is too long"),
            "The path and query together are longer than the server takes.",
            "Send the input in the body.",
            SUBMIT,
        ),
        ProblemType(
            *("unsupported-media-type", 415, "The media type is not taken here"),
            "The job type takes no body of this Content-Type.",
            "Send one that `accepts` lists.",
            SUBMIT,
        ),
        ProblemType(
            *("range-not-satisfiable", 416, "The range lies outside the file"),
            "The Range header asks for bytes that the file does not have.",
            "Ask for a range within the size that Content-Range names.",
            READ,
        ),
        ProblemType(
            *("invalid-input", 422, "The input is not valid"),
            "The input was understood but breaks a rule of the job type.",
            "Mend what `errors` lists: each has a JSON pointer into the input.",
            SUBMIT,
        ),
        ProblemType(
            *("invalid-query", 422, "A query parameter is not valid"),
            "A parameter after the question mark has a value that it does not take, or is none of this resource's.",
            "Mend or leave out the `parameter`; `known` lists what is taken, where that can be listed.",
            'curl -i "$STATUS/v1/jobs?state=queued,running&limit=50"',
        ),
        ProblemType(
            *("idempotency-key-reused", 422, "The Idempotency-Key belongs to another request"),
            "This key was used with another payload.",
            "Use a new key for a new submission.",
            SUBMIT.replace("curl -i", "curl -i -H 'Idempotency-Key: a-new-key'"),
        ),
        ProblemType(
            *("rate-limited", 429, "Too many jobs in too short a time"),
            "This client has submitted as many jobs as one client may within the time that RateLimit-Policy names.",
            "Submit again after Retry-After seconds; RateLimit tells beforehand how many are left.",
            SUBMIT,
        ),
        ProblemType(
            *("headers-too-large", 431, "The headers are too large"),
            "One header, or all together, are larger than the server takes.",
            "Send fewer or shorter headers.",
            SUBMIT,
        ),
        ProblemType(
            *("internal-error", 500, "Something went wrong here"),
            "The service met an error of its own. Nothing was enqueued.",
            "Try again; if it stays, give the operator the request id.",
            SUBMIT,
        ),
        ProblemType(
            *("queue-full", 503, "The queue is full"),
            "As many jobs wait as may; nothing was enqueued.",
            "Submit again after Retry-After seconds.",
            SUBMIT,
        ),
        ProblemType(
            *("too-many-streams", 503, "Too many requests wait already"),
            "This process holds as many event streams and waiting requests as it may.",
            "Ask again after Retry-After seconds, or poll the job without waiting.",
            READ,
        ),
        ProblemType(
            *("store-unavailable", 503, "The store can't be reached"),
            "Jobs can neither be accepted nor read at this moment; what was accepted is kept.",
            "Send the same request again after Retry-After seconds, with the same Idempotency-Key.",
            SUBMIT,
        ),
        ProblemType(
            *("job-raised", 200, "The job's function raised an error"),
            "The work was tried and did not succeed; `detail` says why.",
            "Mend the input and submit it again.",
            SUBMIT,
        ),
        ProblemType(
            *("job-timeout", 200, "The job took too long"),
            "The job ran longer than its type allows, and was ended.",
            "Submit less work at a time.",
            "curl -i $GATEWAY/v1/job-types/text-report",
        ),
        ProblemType(
            *("worker-lost", 200, "The worker was lost"),
            "The process that ran the job ended without a result in each of its attempts.",
            "Submit it again; if the same input does it each time, tell the operator.",
            SUBMIT,
        ),
        ProblemType(
            *("invalid-result", 200, "The job's result can't be given"),
            "The job's function returned what its type does not allow, or what JSON can't say.",
            "Tell the operator: the job type has to be mended.",
            READ,
        ),
    )
}
"""By slug. A status of 200 marks those that only ever stand in a job document's `error`."""
