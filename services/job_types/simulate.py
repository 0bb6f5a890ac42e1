"""Work that only takes time, or fails: to try out, measure and disturb the platform."""

import random
import time
from typing import Literal

from pydantic import BaseModel, Field

from services.jobs import RunningJob, job_type


class Simulation(BaseModel):
    """How long the work takes, what it costs, and how often it fails."""

    seconds: float = Field(default=0.0, ge=0, le=3600, description="How long one attempt takes, in seconds")
    kind: Literal["sleep", "cpu"] = Field(
        default="sleep", description="`sleep` waits; `cpu` keeps one processor core busy for the same time"
    )
    steps: int = Field(
        default=1, ge=1, le=1000, description="Into how many equal steps the time is cut; progress is told after each"
    )
    fail_rate: float = Field(
        default=0.0, ge=0, le=1, description="Probability that an attempt fails at its end, and so is tried again"
    )
    result_bytes: int = Field(default=0, ge=0, le=5_000_000, description="Length of `padding` in the result, in bytes")
    token: str = Field(default="", max_length=200, description="Handed back unchanged, to tell results apart")


class Simulated(BaseModel):
    """What was done."""

    elapsed_seconds: float = Field(description="How long this attempt took, in seconds")
    steps: int = Field(description="Steps done; fewer than asked for only if the job was cancelled")
    attempt: int = Field(description="The attempt that succeeded, counted from 1")
    token: str = Field(description="The token of the input")
    padding: str = Field(description="The letter x, `result_bytes` times")


@job_type(
    example={"seconds": 1, "steps": 4, "token": "hello"},
    timeout=3600,
    max_attempts=3,
    backoff=1.0,
    keep=3600,
    estimate=lambda inputs: inputs.seconds,
)
def simulate(inputs: Simulation, job: RunningJob) -> Simulated:
    """Pretend to work: wait or compute for a while, tell progress, and fail as often as asked.

    Nothing is waited for and no progress is told when `seconds` is 0 and `steps` is 1.
    """
    started = time.monotonic()
    done = _work(inputs, job, started)
    if random.random() < inputs.fail_rate:
        raise RuntimeError(f"simulated failure of attempt {job.attempt}")
    return Simulated(
        elapsed_seconds=round(time.monotonic() - started, 6),
        steps=done,
        attempt=job.attempt,
        token=inputs.token,
        padding="x" * inputs.result_bytes,
    )


def _work(inputs: Simulation, job: RunningJob, started: float) -> int:
    for step in range(1, inputs.steps + 1):
        if inputs.seconds:
            _pass_time(inputs.kind, started + inputs.seconds * step / inputs.steps)
        if inputs.steps > 1:
            job.progress(step / inputs.steps, f"step {step} of {inputs.steps}")
            if job.cancelled:
                return step
    return inputs.steps


def _pass_time(kind: str, until: float) -> None:
    if kind == "sleep":
        time.sleep(max(0.0, until - time.monotonic()))
        return
    value = 1
    while time.monotonic() < until:
        for _ in range(1000):
            value = value * 48271 % 2147483647
