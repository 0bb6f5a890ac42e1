"""What a client may ask of any job, whatever its type."""

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from services.gateway.callbacks import CallbackRule
from services.gateway.inputs import as_mistake, invalid_input, mistake
from services.jobs.job_type import JobType

FARTHEST = timedelta(days=7)


class Options(BaseModel):
    """Options of a submission. `delay` and `timeout` are seconds; `run_at` is RFC 3339 with its offset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    priority: Literal["high", "default", "low"] = "default"
    delay: float | None = Field(default=None, ge=0, le=FARTHEST.total_seconds(), allow_inf_nan=False)
    run_at: AwareDatetime | None = None
    timeout: int | None = Field(default=None, ge=1)
    callback_url: str | None = None
    validate_only: bool = Field(default=False, alias="validate")

    @property
    def due(self) -> int:
        """When the job may start, in milliseconds since 1970; 0 for at once."""
        if self.run_at and self.run_at > datetime.now(UTC):
            return round(self.run_at.timestamp() * 1000)
        if self.delay:
            return round((datetime.now(UTC) + timedelta(seconds=self.delay)).timestamp() * 1000)
        return 0


DEFAULTS = Options()


def read_options(values: dict[str, Any], kind: JobType, callbacks: CallbackRule) -> Options:
    """The options in `values`, checked against the job type; raises `invalid-input`."""
    if not values:
        return DEFAULTS
    try:
        options = Options.model_validate(values)
    except ValidationError as error:
        entries = error.errors(include_url=False, include_input=False)
        raise invalid_input([as_mistake(entry, values, "/options") for entry in entries]) from None
    said = _conflict(options, kind)
    if said:
        raise invalid_input([mistake(*said, "option")])
    if options.callback_url is not None:
        return options.model_copy(update={"callback_url": callbacks.check(options.callback_url)})
    return options


def _conflict(options: Options, kind: JobType) -> tuple[str, str] | None:
    if options.run_at and options.delay is not None:
        return "/options/delay", "give either delay or run_at"
    if options.run_at and options.run_at > datetime.now(UTC) + FARTHEST:
        return "/options/run_at", f"at most {FARTHEST.days} days from now"
    if options.timeout and options.timeout > kind.timeout:
        return "/options/timeout", f"at most {kind.timeout} seconds for {kind.name}"
    return None
