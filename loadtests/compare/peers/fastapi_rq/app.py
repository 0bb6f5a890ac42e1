"""FastAPI with RQ: plain functions, which FastAPI runs in threads, because RQ blocks."""

from typing import Any

from fastapi import FastAPI, HTTPException, Response
from pydantic import BaseModel, Field
from rq.exceptions import NoSuchJobError
from rq.job import Job
from tasks import connection, queue, simulate

app = FastAPI()


class Simulate(BaseModel):
    """What the job is given; every peer takes the same."""

    seconds: float = Field(ge=0, le=60)
    token: str = Field(min_length=1, max_length=64)


@app.post("/jobs", status_code=202)
def submit(inputs: Simulate, response: Response) -> dict[str, str]:
    """Validate an input and queue a job."""
    job = queue.enqueue(simulate, inputs.seconds, inputs.token)
    response.headers["Location"] = f"/jobs/{job.id}"
    return {"id": job.id}


@app.get("/jobs/{job_id}")
def read(job_id: str) -> dict[str, Any]:
    """Say how a job stands, with its result once it has one."""
    try:
        job = Job.fetch(job_id, connection=connection)
    except NoSuchJobError:
        raise HTTPException(404, "There is no such job.") from None
    if job.get_status(refresh=False) != "finished":
        return {"id": job_id, "done": False}
    return {"id": job_id, "done": True, "result": job.return_value()}
