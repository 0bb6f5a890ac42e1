"""Liveness and readiness."""

from flask import Blueprint

from services.jobs.pulse import Pulse


def health_blueprint(pulse: Pulse) -> Blueprint:
    """`/livez` says that this process answers, `/readyz` whether the store does too and who works."""
    routes = Blueprint("health", __name__)

    @routes.get("/livez")
    def livez() -> dict[str, str]:
        return {"status": "alive"}

    @routes.get("/readyz")
    def readyz() -> dict[str, object]:
        workers = pulse.workers()
        ready: dict[str, object] = {"status": "ready", "store": "reachable", "workers": workers}
        if not workers:
            ready["warning"] = "no worker is alive: jobs are accepted and wait"
        return ready

    return routes
