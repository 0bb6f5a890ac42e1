"""Job types that leave a line for each execution, so that tests can count them."""

import os
import signal
import time

from pydantic import BaseModel, Field

from services.jobs import RunningJob, job_type


class Task(BaseModel):
    """A piece of work that can be told from all others."""

    token: str = Field(default="t", max_length=50, description="Names this piece of work")
    seconds: float = Field(default=0.0, ge=0, le=60, description="How long it takes")
    dies: bool = Field(default=False, description="Whether it kills its process (only of `notes`)")


class Finished(BaseModel):
    """What was done, and in which attempt."""

    token: str
    attempt: int


def note(token: str) -> None:
    """Add a line with the time, the token and the process to the file that EXECUTIONS_LOG names."""
    path = os.environ.get("EXECUTIONS_LOG", os.devnull)
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(handle, f"{time.time():.3f} {token} {os.getpid()}\n".encode())
    os.close(handle)


@job_type(example={"token": "t"}, backoff=0.1)
def notes(inputs: Task, job: RunningJob) -> Finished:
    """Takes its time and notes that it ran."""
    note(inputs.token)
    if inputs.dies:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(inputs.seconds)
    return Finished(token=inputs.token, attempt=job.attempt)


@job_type(example={"token": "t"}, backoff=0.1)
def notes_then_raises_once(inputs: Task, job: RunningJob) -> Finished:
    """Notes that it ran, and raises in its first attempt."""
    note(inputs.token)
    if job.attempt == 1:
        raise RuntimeError
    return Finished(token=inputs.token, attempt=job.attempt)


@job_type(example={"token": "t"}, backoff=0.1)
def notes_then_dies_once(inputs: Task, job: RunningJob) -> Finished:
    """Notes that it ran, and kills its process in its first attempt."""
    note(inputs.token)
    if job.attempt == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return Finished(token=inputs.token, attempt=job.attempt)


@job_type(example={"token": "t"}, backoff=0.1)
def saves_what_it_notes(inputs: Task, job: RunningJob) -> Finished:
    """Notes that it ran, and saves a file."""
    note(inputs.token)
    with job.save_file("note.txt", "text/plain") as file:
        file.write(inputs.token.encode())
    return Finished(token=inputs.token, attempt=job.attempt)


@job_type(example={"token": "t"}, backoff=0.1, max_attempts=4)
def dies_each_time(inputs: Task) -> Finished:
    """Notes that it ran, and kills its process each time."""
    note(inputs.token)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


@job_type(example={"token": "t"}, backoff=0.1, max_attempts=3)
def kills_its_worker(inputs: Task) -> Finished:
    """Notes that it ran, and kills the process that watches over it."""
    note(inputs.token)
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)
    raise AssertionError
