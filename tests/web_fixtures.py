"""The two web apps as fast tests use them: the store in memory, files in a folder, Flask's test client."""

import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from redis.exceptions import ConnectionError
from werkzeug.test import TestResponse

from services.gateway.app import create_app as create_gateway
from services.jobs.blobs import BlobStorage, writing
from services.jobs.catalogue import discover
from services.jobs.dispatch import Outcome, Run
from services.jobs.figures import QueueFigures, Snapshot
from services.jobs.ids import new_id
from services.jobs.intake import Submission
from services.jobs.pulse import Pulse
from services.jobs.record import QUEUES
from services.jobs.settings import Settings
from services.status.app import create_app as create_status
from services.web.app import App, make_app
from services.web.problem_types import PROBLEM_TYPES
from services.web.waiting import Waiting
from tests.memory_store import MemoryStore, Polling

STATUS = "http://localhost:8001"
GATEWAY = "http://localhost:8000"
CATALOGUE = discover("services.job_types,tests.gateway.kinds")


class PulseTwin(Pulse):
    """A pulse that tells what the test says."""

    def __init__(self, workers: int = 1) -> None:
        self.alive = workers

    def workers(self) -> int:
        return self.alive


class FiguresTwin:
    """Figures of a platform on which nothing has happened yet."""

    def read(self) -> Snapshot:
        queues = {name: QueueFigures(0, 0, 0) for name in QUEUES}
        return Snapshot(queues, {}, open_jobs=0, running=0, late_results=0, workers=1, memory=None)


class Out:
    """A store that is out of reach, whatever it is asked."""

    def __getattr__(self, name: str) -> Any:
        def fail(*arguments: object, **options: object) -> None:
            raise ConnectionError("store.internal:6379 refused the connection")

        return fail


class House:
    """All parts that the two apps are made of. `settings` are those that differ from their defaults."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.store = MemoryStore()
        self.blobs = BlobStorage(str(folder))
        self.pulse = PulseTwin()
        self.settings = make_settings(**settings)

    def gateway(self, **parts: Any) -> FlaskClient:
        """A client of the gateway, with `parts` in place of its own."""
        return self._app(create_gateway, parts).test_client()

    def status(self, **parts: Any) -> FlaskClient:
        """A client of the status service, with `parts` in place of its own."""
        return self._app(create_status, parts).test_client()

    def bare(self, **parts: Any) -> App:
        """An app with what both services share and nothing else."""
        return self._app(make_app, {"name": "bare", "document": {}, **parts})

    def _app(self, create: Callable[..., App], parts: Mapping[str, Any]) -> App:
        """The app, given what its parameters name."""
        offered = {
            "settings": self.settings,
            "catalogue": CATALOGUE,
            "intake": self.store,
            "reader": self.store,
            "blobs": self.blobs,
            "pulse": self.pulse,
            "figures": FiguresTwin(),
            "waiting": Waiting(self.store, Polling(), 4),
            **parts,
        }
        wanted = inspect.signature(create).parameters.values()
        return create(**{one.name: offered[one.name] for one in wanted if one.name in offered or not _optional(one)})

    def stored(self) -> list[str]:
        """The keys of all files in storage, half-written ones too."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())

    def put(self, key: str, data: bytes) -> None:
        with writing(self.blobs, key) as file:
            file.write(data)

    def accept(self, **changes: Any) -> str:
        """A queued job; its id."""
        values = {"id": new_id(), "type": "simulate", "input": "{}", "max_attempts": 1, "timeout": 60, "keep": 600}
        return self.store.accept(Submission(**{**values, **changes}), 1000).record.id

    def claim(self) -> Run:
        """The next job, running."""
        [run] = self.store.claim("worker")
        return run

    def finish(self, verdict: str = "succeeded", *, accepted: Mapping[str, Any] | None = None, **outcome: Any) -> str:
        """A job that has ended; its id."""
        job_id = self.accept(**(accepted or {}))
        if verdict == "succeeded" and not outcome.keys() & {"result", "result_key"}:
            outcome["result"] = '{"words":2}'
        assert self.store.publish("worker", self.claim(), Outcome(verdict=verdict, **outcome))[0]
        return job_id

    def set(self, job_id: str, **changes: Any) -> None:
        """Change a job's record behind everyone's back."""
        self.store._set(job_id, **changes)


def make_settings(**changes: Any) -> Settings:
    """Settings that owe nothing to this process's environment."""
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    return Settings(**{**defaults, **changes})


def _optional(parameter: inspect.Parameter) -> bool:
    return parameter.default is not inspect.Parameter.empty


def problem_of(reply: TestResponse, slug: str) -> dict[str, Any]:
    """The problem document of a refusal, which has to be of the type `slug`."""
    assert reply.mimetype == "application/problem+json", (reply.status, reply.data[:300])
    problem = json.loads(reply.data)
    kind = PROBLEM_TYPES[slug]
    assert (problem["type"], problem["status"]) == (kind.uri, kind.status) == (f"/problems/{slug}", reply.status_code)
    assert problem["title"] == kind.title and problem["detail"]
    assert reply.headers["Cache-Control"] == "no-store"
    assert isinstance(problem, dict)
    return problem


def mistakes_of(reply: TestResponse) -> dict[str, str]:
    """What an invalid input is told: JSON pointers and the kinds of mistake there."""
    errors = problem_of(reply, "invalid-input")["errors"]
    assert all(error.keys() == {"pointer", "detail", "type"} and error["detail"] for error in errors)
    return {error["pointer"]: error["type"] for error in errors}
