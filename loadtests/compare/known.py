"""How soon a client that does one job at a time knows its result."""

import time
from random import Random

from loadtests.compare.bench import Bench, Figures, is_done
from loadtests.compare.client import Client
from loadtests.compare.generator import Outcome
from loadtests.compare.stack import Stack, StackError

BETWEEN_JOBS = (0.02, 0.1)
"""Shortest and longest pause of the client between two jobs, in seconds."""


def known(bench: Bench, how: str) -> Figures:
    """From submission to known result, one job at a time: by `poll`, or by `Prefer: wait` in the `post` or `get`."""
    taken: list[float] = []
    pause = Random(1)
    with Client() as client:
        for number in range(-3, bench.options.known):
            # Without a pause of no fixed length, a worker that polls would always be met at the same moment.
            time.sleep(pause.uniform(*BETWEEN_JOBS))
            seconds = until_known(bench, client, f"{how}-{number}", how)
            if number >= 0:
                taken.append(seconds)
    outcome = Outcome(latencies=taken)
    return {"p50_ms": outcome.latency(0.5), "p99_ms": outcome.latency(0.99), "jobs": len(taken)}


def waits(bench: Bench, how: str) -> bool:
    """Whether the stack applies `Prefer: wait` (RFC 7240) in the `post` or the `get`; it says so itself if it does.

    A job that has ended before it is asked for is not waited for, so more than one is tried.
    """
    with Client() as client:
        return any(_applies(bench.stack, client, how) for _ in range(20))


def _applies(stack: Stack, client: Client, how: str) -> bool:
    prefer = {"Prefer": "wait=10"}
    reply = client.ask(stack.submit_to, stack.submission(**(prefer if how == "post" else {})))
    if how == "get":
        reply = client.ask(*stack.reading(reply.header("Location"), **prefer))
    return bool(reply.header("Preference-Applied"))


def until_known(bench: Bench, client: Client, token: str, how: str) -> float:
    """The seconds that one job took."""
    stack = bench.stack
    before = time.perf_counter()
    reply = client.ask(stack.submit_to, stack.submission(token, **({"Prefer": "wait=10"} if how == "post" else {})))
    if how == "post":
        if reply.status != 200 or f'"token":"{token}"'.encode() not in reply.body.replace(b" ", b""):
            raise StackError(f"{stack.title}: no result within the wait: {reply.status} {reply.body[:200]!r}")
        return time.perf_counter() - before
    if reply.status != 202:
        raise StackError(f"{stack.title}: {reply.status}: {reply.body[:200]!r}")
    location = reply.header("Location")
    if how == "get":
        client.ask(*stack.reading(location, Prefer="wait=10"))
    while not is_done(client, stack, location, token):
        if time.perf_counter() - before > 30:
            raise StackError(f"{stack.title}: {location} was not done after 30 s.")
        time.sleep(bench.options.poll_seconds)
    return time.perf_counter() - before
