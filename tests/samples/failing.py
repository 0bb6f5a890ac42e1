"""Job types that misbehave, each in its own way: for tests only."""

import os
import signal
import time
from typing import Any

from pydantic import BaseModel

from services.jobs import JobError, RunningJob, job_type


class Nothing(BaseModel):
    """No input at all."""


class Done(BaseModel):
    """How often it was tried."""

    attempt: int


class Loose(BaseModel):
    """A result that takes anything."""

    value: Any


@job_type(example={}, backoff=0.1)
def raises(inputs: Nothing, job: RunningJob) -> Done:
    """Raises in every attempt."""
    raise RuntimeError("with /a/path in its message")


@job_type(example={}, backoff=0.1)
def raises_once(inputs: Nothing, job: RunningJob) -> Done:
    """Raises in its first attempt only."""
    if job.attempt == 1:
        raise RuntimeError
    return Done(attempt=job.attempt)


@job_type(example={})
def refuses(inputs: Nothing) -> Done:
    """Says that its input can't be worked on."""
    raise JobError("This can't be done: mend the input.")


@job_type(example={}, timeout=1)
def swallows_timeout(inputs: Nothing) -> Done:
    """Ignores every exception and every signal that can be ignored, and sleeps on."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    while True:
        try:
            time.sleep(60)
        except BaseException:
            continue


@job_type(example={}, max_attempts=2)
def kills_itself(inputs: Nothing) -> Done:
    """Ends its own process by a signal."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


@job_type(example={}, max_attempts=2)
def exits_zero(inputs: Nothing) -> Done:
    """Ends its own process as if all were well."""
    os._exit(0)


@job_type(example={}, memory_mb=100)
def leaks_memory(inputs: Nothing) -> Done:
    """Wants ever more memory."""
    kept = []
    while True:
        kept.append(bytearray(10_000_000))


@job_type(example={})
def returns_nan(inputs: Nothing) -> Loose:
    """Returns what JSON can't say."""
    return Loose(value=float("nan"))


@job_type(example={})
def returns_surrogate(inputs: Nothing) -> Loose:
    """Returns half a surrogate pair."""
    return Loose(value="\ud800")


@job_type(example={})
def returns_another_model(inputs: Nothing) -> Done:
    """Returns what its annotation does not allow."""
    return Loose(value=1)  # type: ignore[return-value]
