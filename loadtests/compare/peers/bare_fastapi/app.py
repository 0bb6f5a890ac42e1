"""What FastAPI on uvicorn can do with validation and nothing behind it."""

import uuid
from typing import Any

from fastapi import FastAPI, Response
from pydantic import BaseModel, Field

app = FastAPI()


class Simulate(BaseModel):
    """What the job is given; every peer takes the same."""

    seconds: float = Field(ge=0, le=60)
    token: str = Field(min_length=1, max_length=64)


@app.post("/jobs", status_code=202)
async def submit(inputs: Simulate, response: Response) -> dict[str, str]:
    """Validate an input and answer as if a job had been queued."""
    job_id = str(uuid.uuid4())
    response.headers["Location"] = f"/jobs/{job_id}"
    return {"id": job_id}


@app.get("/jobs/{job_id}")
async def read(job_id: uuid.UUID) -> dict[str, Any]:
    """Answer with a finished job that nobody has run."""
    return {"id": str(job_id), "done": True, "result": {"token": "x"}}
