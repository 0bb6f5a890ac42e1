"""The documents that both services speak of, each described once; the OpenAPI documents are made from these."""

from functools import cache
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, Field
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from services.jobs.ids import PATTERN

REFERENCE = "#/components/schemas/{model}"

State = Literal["queued", "running", "cancelling", "succeeded", "failed", "cancelled"]
Queue = Literal["high", "default", "low"]


class Progress(BaseModel):
    """How far a job is, as it last said itself."""

    percent: float = Field(ge=0, le=100, description="How much of the work is done")
    message: str = Field(description="What it is at, in the job's own words")


class QueuePlace(BaseModel):
    """Where a job waits or has waited."""

    name: Queue = Field(description="The queue, chosen by the option `priority`")
    position: int | None = Field(
        default=None, ge=1, description="Place in the queue, 1 being next; only while it waits"
    )
    depth: int | None = Field(default=None, ge=0, description="Jobs that wait in this queue; only while it waits")


class Timing(BaseModel):
    """How long a job has taken, in milliseconds."""

    queued_ms: int | None = Field(default=None, description="From acceptance to the start of its latest attempt")
    running_ms: int | None = Field(default=None, description="From the start of its latest attempt to its end")
    total_ms: int | None = Field(default=None, description="From acceptance to the end")


class JobFile(BaseModel):
    """One file that a job has made."""

    name: str = Field(description="Its name")
    media_type: str = Field(description="Its media type")
    size: int = Field(ge=0, description="Its size in bytes")
    url: str = Field(json_schema_extra={"format": "uri"}, description="Where to get it")


class JobLinks(BaseModel):
    """Where to go from here; absolute URLs."""

    here: str = Field(alias="self", json_schema_extra={"format": "uri"}, description="This job on the status service")
    result: str = Field(json_schema_extra={"format": "uri"}, description="Its result alone")
    events: str = Field(json_schema_extra={"format": "uri"}, description="Its history as server-sent events")
    cancel: str = Field(json_schema_extra={"format": "uri"}, description="Send DELETE here to cancel it")
    type: str = Field(json_schema_extra={"format": "uri"}, description="What its type takes and gives")


class Problem(BaseModel):
    """A problem (RFC 9457). Further members depend on its type."""

    type: str = Field(
        json_schema_extra={"format": "uri-reference"}, description="The kind of problem; a page on this very service"
    )
    title: str = Field(description="The kind of problem in words")
    status: int = Field(ge=400, le=599, description="The HTTP status code")
    detail: str = Field(description="What is wrong this time, and how to mend it")


class Mistake(BaseModel):
    """One thing that is wrong with an input."""

    pointer: str = Field(json_schema_extra={"format": "json-pointer"}, description="JSON pointer (RFC 6901) to it")
    detail: str = Field(description="What is wrong there")
    type: str = Field(description="The rule that it breaks, for programs")


class JobFailure(BaseModel):
    """Why a job failed: a problem with the place where it arose."""

    type: str = Field(json_schema_extra={"format": "uri-reference"}, description="The kind of problem")
    title: str = Field(description="The kind of problem in words")
    detail: str = Field(description="What went wrong")
    origin: Literal["job", "timeout", "worker-lost", "invalid-result"] = Field(
        description="`job`: it raised; `timeout`: it took too long; `worker-lost`: its process ended; "
        "`invalid-result`: it returned what can't be given"
    )


class Job(BaseModel):
    """A job as it stands. What is not known, or not yet, is absent rather than null."""

    id: str = Field(pattern=f"^{PATTERN.pattern}$", description="Unguessable; who knows it can read the job")
    type: str = Field(description="Name of the job type")
    state: State = Field(description="`queued` → `running` → `succeeded`, `failed` or `cancelled`; the last three stay")
    done: bool = Field(description="Whether it has ended, for clients that know no states")
    attempt: int = Field(ge=1, description="The attempt that runs, has run, or waits to")
    max_attempts: int = Field(ge=1, description="How often it may be tried")
    created_at: AwareDatetime = Field(description="When it was accepted")
    progress: Progress | None = None
    started_at: AwareDatetime | None = Field(default=None, description="When its latest attempt began")
    finished_at: AwareDatetime | None = Field(default=None, description="When it ended")
    expires_at: AwareDatetime | None = Field(default=None, description="Until when it can be read")
    estimated_finish_at: AwareDatetime | None = Field(default=None, description="When it will probably have ended")
    trace_id: str | None = Field(default=None, pattern="^[0-9a-f]{32}$", description="W3C Trace Context's trace-id")
    queue: QueuePlace
    timing: Timing | None = None
    result: Any | None = Field(default=None, description="What it has given, once it has succeeded; as its type says")
    error: JobFailure | None = None
    files: list[JobFile] | None = Field(default=None, description="The files that it has made, if any")
    links: JobLinks


class Health(BaseModel):
    """Whether a service is ready."""

    status: Literal["ready"] = Field(description="It is")
    store: Literal["reachable"] = Field(description="The store answers")
    workers: int = Field(ge=0, description="Workers that have been heard of lately")
    warning: str | None = Field(default=None, description="What is amiss all the same")


class Life(BaseModel):
    """Whether a process answers."""

    status: Literal["alive"] = Field(description="It does")


class ServiceDocument(BaseModel):
    """What a program finds at `/`."""

    service: Literal["gateway", "status"] = Field(description="Which of the two services this is")
    version: str = Field(description="Its version")
    links: dict[str, str] = Field(description="Absolute URLs and URI templates (RFC 6570) by name")


class ProblemEntry(BaseModel):
    """A problem type in the list of all."""

    type: str = Field(json_schema_extra={"format": "uri-reference"}, description="Its URI reference")
    title: str = Field(description="The kind of problem in words")


class ProblemList(BaseModel):
    """All problem types."""

    problems: list[ProblemEntry]


class ProblemPage(ProblemEntry):
    """A problem type explained."""

    status: int = Field(description="The status code that it comes with; 200 for those in a job's `error`")
    meaning: str = Field(description="What it means")
    mend: str = Field(description="What to do about it")
    example: str = Field(description="A request that works")


class _Schemas(GenerateJsonSchema):
    """Our documents leave out what is not known: nothing in them is ever null."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


@cache
def document_schemas(models: tuple[type[BaseModel], ...]) -> dict[str, Any]:
    """The schemas of these documents and of what they hold, by name, as OpenAPI components."""
    pairs: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in models]
    _, schemas = models_json_schema(pairs, ref_template=REFERENCE, schema_generator=_Schemas)
    return dict(schemas["$defs"])
