"""Finding a job for a request, or the problem that says why there is none to show."""

from services.jobs.clock import rfc3339
from services.jobs.ids import is_id
from services.jobs.reader import Reader, Reading
from services.web.problems import Problem


def find(reader: Reader, job_id: str, etag: str = "") -> Reading:
    """The job, or a 404 if it never was, or a 410 if it has expired."""
    reading = reader.read(job_id, etag) if is_id(job_id) else None
    if reading is None:
        raise Problem("no-such-job", f"There is no job {job_id[:60]!r}.")
    if reading.gone:
        state = reading.record.state if reading.record else "unknown"
        said = "was purged" if reading.record and reading.record.purged else "has expired"
        raise Problem("job-gone", f"The job {said}.", {"expired_at": rfc3339(reading.expires_at), "state": state})
    return reading
