"""What Flask on gunicorn can do with validation and nothing behind it."""

import uuid

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field, ValidationError

app = Flask(__name__)


class Simulate(BaseModel):
    """What the job is given; every peer takes the same."""

    seconds: float = Field(ge=0, le=60)
    token: str = Field(min_length=1, max_length=64)


@app.post("/jobs")
def submit() -> ResponseReturnValue:
    """Validate an input and answer as if a job had been queued."""
    try:
        Simulate.model_validate_json(request.get_data())
    except ValidationError as wrong:
        return wrong.json(include_url=False), 422, {"Content-Type": "application/json"}
    job_id = str(uuid.uuid4())
    return jsonify(id=job_id), 202, {"Location": f"/jobs/{job_id}"}


@app.get("/jobs/<uuid:job_id>")
def read(job_id: uuid.UUID) -> ResponseReturnValue:
    """Answer with a finished job that nobody has run."""
    return jsonify(id=str(job_id), done=True, result={"token": "x"})
