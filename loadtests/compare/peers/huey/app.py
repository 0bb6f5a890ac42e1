"""Flask with huey."""

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field, ValidationError
from tasks import huey, simulate

app = Flask(__name__)


class Simulate(BaseModel):
    """What the job is given; every peer takes the same."""

    seconds: float = Field(ge=0, le=60)
    token: str = Field(min_length=1, max_length=64)


@app.post("/jobs")
def submit() -> ResponseReturnValue:
    """Validate an input and queue a job."""
    try:
        inputs = Simulate.model_validate_json(request.get_data())
    except ValidationError as wrong:
        return wrong.json(include_url=False), 422, {"Content-Type": "application/json"}
    job = simulate(inputs.seconds, inputs.token)
    return jsonify(id=job.id), 202, {"Location": f"/jobs/{job.id}"}


@app.get("/jobs/<job_id>")
def read(job_id: str) -> ResponseReturnValue:
    """Say how a job stands, with its result once it has one; huey cannot tell a job that never was."""
    result = huey.result(job_id, preserve=True)
    if result is None:
        return jsonify(id=job_id, done=False)
    return jsonify(id=job_id, done=True, result=result)
