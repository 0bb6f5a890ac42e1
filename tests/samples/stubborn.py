"""Job types that no request and no exception can end: for tests only."""

import mmap
import os
import re
import subprocess
import sys
import tempfile
import time

from pydantic import BaseModel, Field

from services.jobs import RunningJob, job_type


class Where(BaseModel):
    """Where to leave a word for the test."""

    path: str = Field(default=os.devnull, description="A file to write to")


class Never(BaseModel):
    """What is never returned."""


@job_type(example={}, timeout=1)
def holds_the_lock(inputs: Where) -> Never:
    """Stays inside one C call that holds the interpreter lock."""
    sum(range(10**14))
    return Never()


@job_type(example={}, timeout=1)
def backtracks(inputs: Where) -> Never:
    """Matches a regular expression that takes for ever."""
    re.match(r"(a+)+$", "a" * 64 + "b")
    return Never()


@job_type(example={}, timeout=1)
def leaves_a_process(inputs: Where) -> Never:
    """Starts another process and waits for it for ever."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    with open(inputs.path, "w") as file:
        file.write(str(process.pid))
    process.wait()
    return Never()


@job_type(example={}, max_attempts=1)
def abandons_a_process(inputs: Where) -> Never:
    """Starts another process and ends without it."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    with open(inputs.path, "w") as file:
        file.write(str(process.pid))
    os._exit(0)


@job_type(example={}, memory_mb=64, timeout=30)
def maps_memory(inputs: Where) -> Never:
    """Uses memory that is not counted as the process's own data."""
    shared = mmap.mmap(-1, 400 << 20)
    for start in range(0, len(shared), mmap.PAGESIZE):
        shared[start] = 1
    time.sleep(60)
    return Never()


@job_type(example={})
def writes_without_end(inputs: Where) -> Never:
    """Writes at a place in a file where nobody may write."""
    with tempfile.TemporaryFile() as file:
        file.seek(3 << 30)
        file.write(b"x")
    return Never()


@job_type(example={}, backoff=0.1)
def leaves_politely(inputs: Where) -> Never:
    """Asks Python to end."""
    sys.exit(0)


@job_type(example={}, timeout=20)
def reports_for_ever(inputs: Where, job: RunningJob) -> Never:
    """Ends only when it sees that it was cancelled."""
    while not job.cancelled:
        job.progress(0.5)
        time.sleep(0.05)
    with open(inputs.path, "w") as file:
        file.write("saw it")
    return Never()
