"""One attempt at a job: input in, outcome out, whatever the function does."""

import errno
import logging

from pydantic import BaseModel, ValidationError

from services.jobs.blobs import BlobStorage, writing
from services.jobs.dispatch import Outcome, Run
from services.jobs.files import STORED, File
from services.jobs.job_type import JobType
from services.jobs.running_job import JobError
from services.jobs.strict_json import dump_model, dumps
from services.worker.limits import LARGEST_FILE
from services.worker.running import ConnectedJob
from services.worker.scratch import Scratch

log = logging.getLogger(__name__)

INLINE_RESULT = 32_000
LARGEST_RESULT = 10_000_000
UNKNOWN_TYPE_DELAY_S = 5.0


class InvalidResult(Exception):
    """The function returned what can't be given to clients."""


def attempt(run: Run, kind: JobType | None, job: ConnectedJob, blobs: BlobStorage, scratch: Scratch) -> Outcome:
    """Run the job's function once and say how it ended; nothing that it raises gets past here."""
    if kind is None:
        detail = f"No worker that took this job knows the job type {run.type}."
        return Outcome(verdict="retry", problem=problem("job-raised", detail), delay=UNKNOWN_TYPE_DELAY_S)
    try:
        result = kind.run(_inputs(run, kind, blobs, scratch), job)
        return _success(run, _as_json(result, kind), job, blobs)
    except JobError as error:
        return Outcome(verdict="failed", problem=problem("job-raised", str(error)))
    except ValidationError:
        log.exception("job=%s the stored input does not fit %s", run.id, run.type)
        return Outcome(verdict="failed", problem=problem("job-raised", "The stored input does not fit the job type."))
    except InvalidResult as error:
        return Outcome(verdict="failed", problem=problem("invalid-result", str(error)))
    except MemoryError:
        return Outcome(verdict="failed", problem=out_of_memory(kind.memory_mb))
    except BaseException as error:
        if isinstance(error, OSError) and error.errno == errno.EFBIG:
            return Outcome(verdict="failed", problem=file_too_large())
        log.exception("job=%s run=%s trace=%s raised", run.id, run.number, run.trace)
        said = problem("job-raised", f"The job raised {type(error).__name__}.")
        return Outcome(verdict="retry", problem=said, delay=kind.retry_delay(run.attempt))


def problem(slug: str, detail: str) -> str:
    """An `error` of a job document, as JSON."""
    titles = {
        "job-raised": ("The job's function raised an error", "job"),
        "job-timeout": ("The job took too long", "timeout"),
        "invalid-result": ("The job's result can't be given", "invalid-result"),
    }
    title, origin = titles[slug]
    clean = detail.encode("utf-8", "replace").decode()
    return dumps({"type": f"/problems/{slug}", "title": title, "detail": clean, "origin": origin})


def out_of_memory(limit_mb: int) -> str:
    """The `error` of a job that wanted more memory than its type allows."""
    return problem("job-raised", f"The job needed more than its {limit_mb} MB of memory.")


def file_too_large() -> str:
    """The `error` of a job that wrote more to one file than any may."""
    return problem("job-raised", f"The job wrote a file of more than {LARGEST_FILE >> 20} MB.")


def _inputs(run: Run, kind: JobType, blobs: BlobStorage, scratch: Scratch) -> BaseModel:
    inputs = kind.input_model.model_validate_json(run.input, context=STORED)
    for name in kind.files:
        file = getattr(inputs, name)
        if isinstance(file, File):
            path = scratch.new_file()
            blobs.fetch(file.key, path)
            file._path = path
    return inputs


def _as_json(result: object, kind: JobType) -> str:
    if not isinstance(result, kind.result_model):
        raise InvalidResult(f"The job returned {type(result).__name__}, not {kind.result_model.__name__}.")
    try:
        text = dump_model(result)
        size = len(text.encode())
    except (ValueError, TypeError) as error:
        raise InvalidResult("The result holds what JSON can't say, such as NaN.") from error
    if size > LARGEST_RESULT:
        raise InvalidResult(f"The result has {size} bytes; at most {LARGEST_RESULT} can be given: save a file instead.")
    return text


def _success(run: Run, text: str, job: ConnectedJob, blobs: BlobStorage) -> Outcome:
    if len(text) <= INLINE_RESULT:
        return Outcome(verdict="succeeded", result=text, files=job.files_json)
    key = f"jobs/{run.id}/files/{run.number}-result"
    with writing(blobs, key) as stored:
        stored.write(text.encode())
    return Outcome(verdict="succeeded", result_key=key, files=job.files_json)
