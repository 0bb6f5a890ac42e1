"""The jobs that chaos runs hand in: they note each execution, so that these can be counted afterwards."""

import hashlib
import os
import socket
import time

from pydantic import BaseModel, Field

from services.jobs import RunningJob, job_type


class Task(BaseModel):
    """A piece of work that can be told from all others."""

    token: str = Field(description="Names this piece of work")
    seconds: float = Field(ge=0, le=60, description="How long it takes")


class Answer(BaseModel):
    """What only this piece of work gives."""

    digest: str


@job_type(example={"token": "t", "seconds": 0}, max_attempts=20, backoff=0.2, timeout=60)
def chaos_work(inputs: Task, job: RunningJob) -> Answer:
    """Take a while, and leave a line for each execution."""
    note_execution(inputs.token)
    end = time.monotonic() + inputs.seconds
    while time.monotonic() < end:
        time.sleep(0.02)
    return Answer(digest=digest(inputs.token))


@job_type(example={"token": "t", "seconds": 0}, max_attempts=20, backoff=0.2, timeout=60)
def chaos_blink(inputs: Task, job: RunningJob) -> Answer:
    """Leave a line for each execution, and take so little time that workers claim several together."""
    note_execution(inputs.token)
    return Answer(digest=digest(inputs.token))


def note_execution(token: str) -> None:
    """Add a line with the time, the token and HOST:PID of the process to the file that CHAOS_LOG names."""
    line = f"{time.time():.3f} {token} {socket.gethostname()}:{os.getpid()}\n"
    path = os.environ.get("CHAOS_LOG", os.devnull)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(handle, line.encode())
    os.close(handle)


def digest(token: str) -> str:
    """The result that is expected of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
