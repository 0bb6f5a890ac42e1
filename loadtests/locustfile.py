"""Locust users who behave as good clients of the platform do; scripts/loadtest runs them without a browser.

Rows: `POST <type>` a submission, `GET job` a look at a job, `job <type>` from submitting until the result
is known, `done <type>` from acceptance to the end by the platform's own clock.
"""

import logging
import random
import sys
import time
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from locust import FastHttpUser, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.exception import StopTest
from locust.runners import WorkerRunner

from loadtests.catalogue import learn
from loadtests.client import Document, JobClient
from loadtests.errors import JobProblem, LoadTestError
from loadtests.exchange import Reply, describe
from loadtests.figures import JOB, RUN, take_figures
from loadtests.offer import Offer
from loadtests.options import Options, add_options, read_options
from loadtests.summary import summary, verdict
from loadtests.thresholds import broken

PAUSE_S = 1.0
SLACK_S = 15.0
MOST_COMPLAINTS = 20
log = logging.getLogger("loadtest")


class Guest(FastHttpUser):
    """Hands in one job after the other, and waits for the result of each."""

    insecure = False
    connection_timeout = network_timeout = 10.0
    complaints = 0
    options: Options
    offers: list[Offer]

    def on_start(self) -> None:
        """Find the gateway."""
        gateway, options = (self.host or "").rstrip("/"), self.options
        self.jobs = JobClient(self.exchange, gateway, options.status_origin, options.job_limit)
        self.bag: list[Offer] = []

    @task
    def hand_in_and_collect(self) -> None:
        """One job, from its submission to its known result; after a bad end, a pause."""
        offer = self.next_offer()
        started, wall = time.perf_counter(), time.time()
        job, problem = {}, None
        try:
            job = self.jobs.run(offer)
        except JobProblem as error:
            problem = error
        self.keep(JOB, offer.job_type, (time.perf_counter() - started) * 1000, wall, problem)
        if problem is None:
            self.keep_own_time(offer.job_type, job, wall)
        else:
            self.complain(offer.job_type, problem)
            time.sleep(PAUSE_S)

    def next_offer(self) -> Offer:
        """The job types in random order, each as often as its weight says before any comes again."""
        if not self.bag:
            self.bag = [offer for offer in self.offers for _ in range(offer.weight)]
            random.shuffle(self.bag)
        return self.bag.pop()

    def exchange(self, method: str, url: str, row: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """One HTTP request by locust's session, which keeps its time."""
        sent: dict[str, Any] = {"headers": dict(headers), "data": body or None}
        with self.client.request(method, url, row, **sent, catch_response=True) as response:
            error = repr(response.error) if response.status_code == 0 else ""
            reply = Reply(response.status_code, response.headers or {}, response.content or b"", error)
            if reply.status in (200, 202, 304):
                response.success()
            else:
                response.failure(describe(reply))
        return reply

    def complain(self, job_type: str, problem: JobProblem) -> None:
        """Tell where an accepted job was lost, for the first few; locust only counts them."""
        if self.jobs.location and Guest.complaints < MOST_COMPLAINTS:
            Guest.complaints += 1
            log.warning("%s %s: %r", job_type, self.jobs.location, problem)

    def keep_own_time(self, job_type: str, job: Document, wall: float) -> None:
        """Keep how long the platform itself took, if the document says so."""
        took = job.get("timing", {}).get("total_ms")
        if took is not None:
            self.keep(RUN, job_type, took, wall, None)

    def keep(self, kind: str, name: str, milliseconds: float, wall: float, problem: Exception | None) -> None:
        """Add a time to a row of locust's statistics."""
        self.environment.events.request.fire(
            request_type=kind,
            name=name,
            response_time=milliseconds,
            response_length=0,
            exception=problem,
            context={},
            start_time=wall,
            url=self.jobs.location,
        )


@events.init_command_line_parser.add_listener
def add_arguments(parser: LocustArgumentParser) -> None:
    """Take the load test's own settings."""
    add_options(parser)


@events.init.add_listener
def prepare(environment: Environment, **_: Any) -> None:
    """Read the settings; stopping lets each user follow its job to the end, so that none is cut off."""
    given = environment.parsed_options or Namespace()
    try:
        Guest.options = read_options(given)
        if _starts_at_once(given):
            _meet(environment)
            print(f"{_load(given)} on {environment.host}; stops when the last job's end is known", file=sys.stderr)
    except LoadTestError as error:
        print(f"loadtest: {error}", file=sys.stderr)
        sys.exit(2)
    environment.stop_timeout = environment.stop_timeout or Guest.options.job_limit + SLACK_S


@events.test_start.add_listener
def meet(environment: Environment, **_: Any) -> None:
    """Learn the job types for all users, once the gateway is known."""
    if _starts_at_once(environment.parsed_options or Namespace()):
        return
    try:
        _meet(environment)
    except LoadTestError as error:
        environment.process_exit_code = 2
        raise StopTest(f"loadtest: {error}") from None


@events.quitting.add_listener
def conclude(environment: Environment, **_: Any) -> None:
    """Print the summary and set the exit status: 1 when a job came to a bad end or a threshold was broken."""
    runner = environment.runner
    if runner is None or isinstance(runner, WorkerRunner) or environment.process_exit_code:
        return
    if runner.user_count:
        runner.quit()
    figures = take_figures(environment.stats)
    against = verdict(figures, broken(Guest.options.thresholds, figures.rows))
    against += [f"the load test itself went wrong: {each['msg']}" for each in runner.exceptions.values()]
    environment.process_exit_code = 1 if against else 0
    title = f"{_load(environment.parsed_options or Namespace())} on {environment.host}"
    print(f"\n{summary(title, figures, against)}", flush=True)


def _starts_at_once(given: Namespace) -> bool:
    """Whether the gateway is named on the command line rather than on locust's page or by its master."""
    return bool(given.headless and not given.worker)


def _meet(environment: Environment) -> None:
    Guest.offers = learn((environment.host or "").rstrip("/"), Guest.options.weights, Guest.options.inputs)


def _load(given: Namespace) -> str:
    """The load in words."""
    if stages := getattr(given, "stages", ""):
        return f"Load test with stages {stages}"
    users = "users as set on the page" if given.num_users is None else f"{given.num_users} users"
    return f"Load test with {users}" + (f" for {given.run_time:g} s" if given.run_time else "")
