"""The documents that only the status service speaks of."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, Field

from services.web.schemas import Job


class JobList(BaseModel):
    """A page of the caller's jobs, newest first, without their results."""

    jobs: list[Job]


class Try(BaseModel):
    """One try at telling a callback of a job's end."""

    number: int = Field(alias="try", ge=1, description="Its number")
    at: AwareDatetime = Field(description="When it was made")
    status: int | None = Field(default=None, description="The status code of the answer")
    error: str | None = Field(default=None, description="Why there was no good answer")
    duration_ms: int | None = Field(default=None, ge=0, description="How long it took, in milliseconds")
    next_at: AwareDatetime | None = Field(default=None, description="When the next try is due")


class Deliveries(BaseModel):
    """Every try at telling a job's callback of its end."""

    state: Literal["none", "waiting", "pending", "delivered", "given-up"] = Field(
        description="`none`: the job has no callback; `waiting`: for the job's end; `pending`: a try is due"
    )
    host: str | None = Field(default=None, description="The callback's host; the rest of its URL is not shown")
    webhook_id: str | None = Field(default=None, description="The `webhook-id` header of all tries")
    deliveries: list[Try]


STATUS_MODELS = (Job, JobList, Deliveries)
