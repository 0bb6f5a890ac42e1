"""What a callback is sent: the event as JSON, and the headers that sign it."""

from collections.abc import Sequence
from dataclasses import replace

from services.jobs.clock import rfc3339
from services.jobs.deliveries import message_id
from services.jobs.document import Origins, view
from services.jobs.record import Record
from services.webhooks.signing import sign

LARGEST_RESULT = 10_000
"""In bytes; a larger result is left out, and to be fetched. Standard Webhooks asks for payloads below 20 kB."""


def body_of(job: Record) -> bytes:
    """The event of the job's end: the same bytes in every try."""
    gateway, _, status = job.origins.partition(" ")
    shown = replace(job, result="") if len(job.result.encode()) > LARGEST_RESULT else job
    document = view(shown, None, job.finished_at, Origins(gateway, status)).body
    head = f'{{"type":"job.{job.state}","timestamp":"{rfc3339(job.finished_at)}","data":'
    return head.encode() + document + b"}"


def headers_of(job: Record, body: bytes, keys: Sequence[bytes], now: int) -> dict[str, str]:
    """The headers that go with `body` at `now`, in seconds since 1970."""
    identity = message_id(job)
    named = {
        "Content-Type": "application/json",
        "User-Agent": "Coatcheck",
        "webhook-id": identity,
        "webhook-timestamp": str(now),
        "webhook-signature": sign(keys, identity, now, body),
    }
    return {**named, "traceparent": job.trace} if job.trace else named
