"""A gateway that is killed between storing a file and saying 202: the client repeats, and nothing is left over."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scripts.embedded import valkey
from services.jobs.blobs import BlobStorage
from services.jobs.connection import Store
from services.jobs.dispatch import JobDispatch
from services.worker.sweep import Sweep
from tests.chaos.crew import ROOT, crew, settle, wait_until
from tests.http import Reply, call

pytestmark = pytest.mark.chaos

TABLE = b"a,b\n1,2\n"


@contextmanager
def gateway(url: str, folder: Path, step: str) -> Iterator[str]:
    """A gateway that is killed at `step`; its address."""
    port = valkey.free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "REDIS_URL": url,
        "GATEWAY_PORT": str(port),
        "DATA_DIR": str(folder),
        "SERVER": "waitress",
    }
    command = [sys.executable, "-m", "tests.chaos.sabotage", "gateway", step, "alone", str(folder / "struck")]
    with (folder / "gateway.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until("the gateway", lambda: _answers(address))
        yield address
    finally:
        process.kill()
        process.wait()


def _answers(address: str) -> bool:
    try:
        return call("GET", f"{address}/livez").status == 200
    except OSError:
        return False


def hand_in(address: str) -> Reply:
    return call(
        "POST", f"{address}/v1/jobs/csv-profile", TABLE, Content_Type="text/csv", Idempotency_Key="the-same-each-time"
    )


@pytest.mark.parametrize(("step", "replayed"), [("before-accept", None), ("accept-unread", "true")])
def test_a_repeated_request_finds_its_job_or_makes_it_and_orphans_are_swept(
    client: Store, valkey_url: str, tmp_path: Path, step: str, replayed: str | None
) -> None:
    blobs, files = BlobStorage(str(tmp_path / "blobs")), tmp_path / "blobs" / "jobs"
    with gateway(valkey_url, tmp_path, step) as address, pytest.raises(OSError, match=r"reset|closed|refused"):
        hand_in(address)
    (first,) = files.iterdir()
    assert client.scard("cc:open") == (1 if replayed else 0)
    with gateway(valkey_url, tmp_path, "nowhere") as address:
        reply = hand_in(address)
    assert (reply.status, reply.headers["Idempotency-Replayed"]) == (202, replayed)
    assert (reply.json["id"] == first.name) == bool(replayed)
    assert Sweep(JobDispatch(client), blobs).orphans(0) == (0 if replayed else 1)
    assert [path.name for path in files.iterdir()] == [reply.json["id"]]
    with crew(valkey_url, tmp_path, JOB_TYPES="services.job_types") as workers:
        workers.start()
        (job,) = settle(client, workers, reply.json["id"])
    assert (job.state, client.scard("cc:open")) == ("succeeded", 0)
