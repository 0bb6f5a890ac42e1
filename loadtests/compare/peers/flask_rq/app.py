"""Flask with RQ."""

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field, ValidationError
from rq.exceptions import NoSuchJobError
from rq.job import Job
from tasks import connection, queue, simulate

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
    job = queue.enqueue(simulate, inputs.seconds, inputs.token)
    return jsonify(id=job.id), 202, {"Location": f"/jobs/{job.id}"}


@app.get("/jobs/<job_id>")
def read(job_id: str) -> ResponseReturnValue:
    """Say how a job stands, with its result once it has one."""
    try:
        job = Job.fetch(job_id, connection=connection)
    except NoSuchJobError:
        return jsonify(detail="There is no such job."), 404
    if job.get_status(refresh=False) != "finished":
        return jsonify(id=job_id, done=False)
    return jsonify(id=job_id, done=True, result=job.return_value())
