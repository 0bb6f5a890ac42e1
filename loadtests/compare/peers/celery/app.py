"""Flask with Celery, joined as Flask's own documentation joins them."""

import os
from typing import Any

from celery import Celery, Task
from celery.result import AsyncResult
from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, Field, ValidationError
from tasks import simulate


class Simulate(BaseModel):
    """What the job is given; every peer takes the same."""

    seconds: float = Field(ge=0, le=60)
    token: str = Field(min_length=1, max_length=64)


def make_celery(flask_app: Flask) -> Celery:
    """A Celery app whose tasks run inside the Flask app's context."""

    class FlaskTask(Task):  # type: ignore[misc]
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            with flask_app.app_context():
                return self.run(*args, **kwargs)

    made = Celery(flask_app.name, task_cls=FlaskTask)
    made.config_from_object(flask_app.config["CELERY"])
    made.set_default()
    flask_app.extensions["celery"] = made
    return made


app = Flask(__name__)
app.config["CELERY"] = {"broker_url": os.environ["REDIS_URL"], "result_backend": os.environ["REDIS_URL"]}
celery_app = make_celery(app)


@app.post("/jobs")
def submit() -> ResponseReturnValue:
    """Validate an input and queue a job."""
    try:
        inputs = Simulate.model_validate_json(request.get_data())
    except ValidationError as wrong:
        return wrong.json(include_url=False), 422, {"Content-Type": "application/json"}
    job = simulate.delay(inputs.seconds, inputs.token)
    return jsonify(id=job.id), 202, {"Location": f"/jobs/{job.id}"}


@app.get("/jobs/<job_id>")
def read(job_id: str) -> ResponseReturnValue:
    """Say how a job stands, with its result once it has one; Celery cannot tell a job that never was."""
    job = AsyncResult(job_id)
    if not job.ready():
        return jsonify(id=job_id, done=False)
    return jsonify(id=job_id, done=True, result=job.result)
