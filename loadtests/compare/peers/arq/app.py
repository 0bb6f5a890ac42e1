"""FastAPI with arq."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from arq import create_pool
from arq.jobs import Job
from fastapi import FastAPI, HTTPException, Request, Response
from pydantic import BaseModel, Field
from tasks import SETTINGS


class Simulate(BaseModel):
    """What the job is given; every peer takes the same."""

    seconds: float = Field(ge=0, le=60)
    token: str = Field(min_length=1, max_length=64)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Hold one pool of connections for as long as the server runs."""
    app.state.arq = await create_pool(SETTINGS)
    yield
    await app.state.arq.aclose()


app = FastAPI(lifespan=lifespan)


@app.post("/jobs", status_code=202)
async def submit(inputs: Simulate, request: Request, response: Response) -> dict[str, str]:
    """Validate an input and queue a job."""
    job = await request.app.state.arq.enqueue_job("simulate", inputs.seconds, inputs.token)
    response.headers["Location"] = f"/jobs/{job.job_id}"
    return {"id": job.job_id}


@app.get("/jobs/{job_id}")
async def read(job_id: str, request: Request) -> dict[str, Any]:
    """Say how a job stands, with its result once it has one."""
    job = Job(job_id, request.app.state.arq)
    finished = await job.result_info()
    if finished is not None:
        return {"id": job_id, "done": True, "result": finished.result}
    if await job.status() == "not_found":
        raise HTTPException(404, "There is no such job.")
    return {"id": job_id, "done": False}
