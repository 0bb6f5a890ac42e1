"""Sender processes that are killed, asked to end, started twice, or given nonsense."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.embedded.receiver import Received, Receiver, Reply
from services.jobs.connection import Store
from services.jobs.dispatch import JobDispatch, Outcome
from services.jobs.intake import JobIntake
from services.jobs.reader import JobReader
from tests.jobs.test_store import submission
from tests.webhooks.test_webhooks import until

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@contextmanager
def own_sender(url: str, folder: Path, lease_ms: int) -> Iterator[subprocess.Popen[bytes]]:
    """A real sender process with a short lease."""
    code = (
        f"import services.jobs.deliveries as d; d.LEASE_MS = {lease_ms}\n"
        "from services.webhooks.__main__ import main; main()"
    )
    environment = {
        **os.environ,
        "REDIS_URL": url,
        "DATA_DIR": str(folder),
        "WEBHOOK_SECRET": SECRET,
        "WEBHOOK_ALLOW": "127.0.0.1",
        "WEBHOOK_PAUSES": "0.2",
    }
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def finished(client: Store, url: str) -> str:
    asked = submission(callback=f"{url}/hook", origins="http://g http://s")
    JobIntake(client).accept(asked, 100)
    dispatch = JobDispatch(client)
    [run] = dispatch.claim("w")
    dispatch.publish("w", run, Outcome(verdict="succeeded", result="1"))
    return asked.id


def test_a_sender_killed_while_it_sends_is_made_good_by_the_next(
    client: Store, valkey_url: str, tmp_path: Path
) -> None:
    released = threading.Event()

    def answer(_: Received) -> Reply:
        released.wait(20)
        return Reply(204)

    with Receiver([SECRET], answer=answer) as receiver:
        job_id = finished(client, receiver.url)
        with own_sender(valkey_url, tmp_path, 1_000) as sender:
            until(lambda: len(receiver.received) == 1)
            sender.kill()
            sender.wait()
        released.set()
        with own_sender(valkey_url, tmp_path, 1_000):
            until(lambda: len(JobReader(client).tries(job_id)) == 2 and JobReader(client).tries(job_id)[1].status)
        assert [message.id for message in receiver.received] == [f"msg_{job_id}"] * 2
        assert len({message.body for message in receiver.received}) == 1
        first, second = JobReader(client).tries(job_id)
        assert (first.error, second.status) == ("the sender ended during this try", 204)


def test_a_sender_that_is_asked_to_end_finishes_what_it_has_begun(
    client: Store, valkey_url: str, tmp_path: Path
) -> None:
    with Receiver([SECRET], answer=lambda _: Reply(204, delay=1)) as receiver:
        job_id = finished(client, receiver.url)
        with own_sender(valkey_url, tmp_path, 60_000) as sender:
            until(lambda: len(receiver.received) == 1)
            sender.terminate()
            assert sender.wait(20) == 0
        assert JobReader(client).tries(job_id)[0].status == 204


def test_several_senders_share_the_work_and_send_each_once(client: Store, valkey_url: str, tmp_path: Path) -> None:
    with (
        Receiver([SECRET], answer=lambda _: Reply(204, delay=0.05)) as one,
        Receiver([SECRET]) as other,
        own_sender(valkey_url, tmp_path, 60_000),
        own_sender(valkey_url, tmp_path, 60_000),
    ):
        jobs = {finished(client, (one, other)[number % 2].url) for number in range(60)}
        until(lambda: len(one.received) + len(other.received) >= 60)
        time.sleep(0.3)
        ids = [message.id.removeprefix("msg_") for message in (*one.received, *other.received)]
    assert sorted(ids) == sorted(jobs)


def test_a_mistake_in_the_settings_ends_the_service_with_a_sentence(valkey_url: str, tmp_path: Path) -> None:
    environment = {**os.environ, "REDIS_URL": valkey_url, "DATA_DIR": str(tmp_path), "WEBHOOK_SECRET": "tooshort"}
    ended = subprocess.run(
        [sys.executable, "-m", "services.webhooks"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, "tooshort" in ended.stderr) == (1, False)
    assert ended.stderr.startswith("webhooks: WEBHOOK_SECRET does not hold secrets")
