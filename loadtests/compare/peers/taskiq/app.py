"""FastAPI with taskiq."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Response
from pydantic import BaseModel, Field
from taskiq_redis.exceptions import ResultIsMissingError
from tasks import broker, simulate


class Simulate(BaseModel):
    """What the job is given; every peer takes the same."""

    seconds: float = Field(ge=0, le=60)
    token: str = Field(min_length=1, max_length=64)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Hold the broker open for as long as the server runs."""
    await broker.startup()
    yield
    await broker.shutdown()


app = FastAPI(lifespan=lifespan)


@app.post("/jobs", status_code=202)
async def submit(inputs: Simulate, response: Response) -> dict[str, str]:
    """Validate an input and queue a job."""
    job = await simulate.kiq(inputs.seconds, inputs.token)
    response.headers["Location"] = f"/jobs/{job.task_id}"
    return {"id": job.task_id}


@app.get("/jobs/{job_id}")
async def read(job_id: str) -> dict[str, Any]:
    """Say how a job stands, with its result once it has one; taskiq cannot tell a job that never was."""
    try:
        finished = await broker.result_backend.get_result(job_id)
    except ResultIsMissingError:
        return {"id": job_id, "done": False}
    return {"id": job_id, "done": True, "result": finished.return_value}
