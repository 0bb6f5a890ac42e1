"""Flask with dramatiq."""

from dramatiq.results import ResultMissing
from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field, ValidationError
from tasks import simulate

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
    job = simulate.send(inputs.seconds, inputs.token)
    return jsonify(id=job.message_id), 202, {"Location": f"/jobs/{job.message_id}"}


@app.get("/jobs/<job_id>")
def read(job_id: str) -> ResponseReturnValue:
    """Say how a job stands, with its result once it has one; dramatiq cannot tell a job that never was."""
    job = simulate.message().copy(message_id=job_id)
    try:
        return jsonify(id=job_id, done=True, result=job.get_result())
    except ResultMissing:
        return jsonify(id=job_id, done=False)
