"""The documents that only the gateway speaks of."""

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, Field

from services.web.schemas import Job


class TypeLinks(BaseModel):
    """Where a job type is described, and where its jobs are submitted."""

    here: str = Field(alias="self", json_schema_extra={"format": "uri"}, description="The job type")
    submit: str = Field(json_schema_extra={"format": "uri"}, description="Send POST here to submit a job")


class JobTypeEntry(BaseModel):
    """A job type in the list of all."""

    name: str = Field(description="Its name")
    summary: str = Field(description="What its jobs do")
    links: TypeLinks


class JobTypeList(BaseModel):
    """All job types."""

    job_types: list[JobTypeEntry]


class ExampleFile(BaseModel):
    """A file that goes with a job type's example."""

    name: str = Field(description="Its name")
    media_type: str = Field(description="Its media type")
    url: str = Field(json_schema_extra={"format": "uri"}, description="Where to get it")


class FileField(BaseModel):
    """What a file field of a job type takes."""

    accepts: list[str] = Field(description="Media types")
    max_bytes: int = Field(description="The largest file in bytes")


class Limits(BaseModel):
    """The limits of a job type."""

    body: int = Field(description="Bytes that a submission may have beside its files")
    timeout: int = Field(description="Seconds that one attempt may take")
    attempts: int = Field(description="How often a job may be tried")
    keep: int = Field(description="Seconds for which an ended job can be read")


class JobType(JobTypeEntry):
    """A job type with all that a client needs to submit jobs of it."""

    accepts: list[str] = Field(description="Media types in which its input can be sent")
    input: dict[str, Any] = Field(description="JSON Schema of the input")
    result: dict[str, Any] = Field(description="JSON Schema of the result")
    example: dict[str, Any] = Field(description="An input that works, without its files")
    example_files: dict[str, ExampleFile] = Field(description="The files of the example, by field")
    files: dict[str, FileField] = Field(description="What each file field takes")
    limits: Limits


class Understood(BaseModel):
    """An input that would have been accepted."""

    valid: Literal[True] = Field(description="It is")
    input: dict[str, Any] = Field(description="The input as it was understood")


class Event(BaseModel):
    """What a callback is told (Standard Webhooks)."""

    type: Literal["job.succeeded", "job.failed", "job.cancelled"] = Field(description="How the job ended")
    timestamp: AwareDatetime = Field(description="When it ended")
    data: Job


GATEWAY_MODELS = (Job, JobTypeList, JobType, Understood, Event)
