"""Starting a service: sound settings first, then the server that SERVER names."""

import importlib
import os
import socket
import sys
from pathlib import Path

from services.jobs.catalogue import discover
from services.jobs.job_type import JobTypeError
from services.jobs.settings import Settings, SettingsError, load_settings
from services.web.request import DEFAULT_LIMIT
from services.web.waitress_server import serve

CONFIG = Path(__file__).with_name("gunicorn_conf.py")


def launch(service: str) -> None:
    """Serve `services.SERVICE.wsgi:app`; a mistake in the settings ends it with one sentence."""
    try:
        settings = load_settings()
        port = int(getattr(settings, f"{service}_port"))
        kinds = discover(settings.job_types).values() if service == "gateway" else []
        check_port(settings.bind, port, f"{service.upper()}_PORT")
    except (SettingsError, JobTypeError) as error:
        sys.exit(f"{service}: {error}")
    if settings.server == "gunicorn":
        _become_gunicorn(service, port, settings)
    largest_body = max((kind.body_limit for kind in kinds), default=DEFAULT_LIMIT)
    serve(importlib.import_module(f"services.{service}.wsgi").app, settings.bind, port, largest_body)


def check_port(host: str, port: int, setting: str) -> None:
    """Raise SettingsError if nothing can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(f"port {port} on {host} can't be had ({error.strerror}): set {setting}") from None


def _become_gunicorn(service: str, port: int, settings: Settings) -> None:
    address = f"[{settings.bind}]:{port}" if ":" in settings.bind else f"{settings.bind}:{port}"
    arguments = [sys.executable, "-m", "gunicorn", "--config", str(CONFIG), "--bind", address]
    arguments += ["--workers", str(settings.web_processes), f"services.{service}.wsgi:app"]
    os.execv(sys.executable, arguments)
