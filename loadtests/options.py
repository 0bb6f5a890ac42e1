"""The load test's own settings: each an argument of locust and a variable of the environment."""

import json
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from typing import Any

from loadtests.catalogue import Inputs
from loadtests.errors import LoadTestError
from loadtests.exchange import origin
from loadtests.thresholds import Threshold, parse_thresholds

JOB_LIMIT_S = "60"

OPTIONS: dict[str, dict[str, Any]] = {
    "--status-url": {
        "env_var": "STATUS_URL",
        "metavar": "URL",
        "help": "origin of the status service where the one in Location can't be reached, as inside a compose network",
    },
    "--job-types": {
        "env_var": "LOADTEST_TYPES",
        "metavar": "NAME[=WEIGHT],...",
        "help": "job types to submit and their shares, such as text-report=3,simulate (default: all, evenly)",
    },
    "--inputs": {
        "env_var": "LOADTEST_INPUTS",
        "metavar": "JSON",
        "help": 'changes to the examples, such as {"simulate": {"seconds": 1}} (there 0.2 seconds is the default)',
    },
    "--job-limit": {
        "env_var": "LOADTEST_JOB_LIMIT",
        "metavar": "SECONDS",
        "help": f"a job that is not done after this time counts as vanished (default: {JOB_LIMIT_S})",
    },
    "--thresholds": {
        "env_var": "LOADTEST_THRESHOLDS",
        "metavar": "LIMITS",
        "help": "fail when a row is slower, in milliseconds, such as 'POST p95=200, job p99=3000'",
    },
}


@dataclass(frozen=True, slots=True)
class Options:
    """The settings, read and checked. `job_limit` is in seconds."""

    status_origin: str
    weights: dict[str, int]
    inputs: Inputs
    job_limit: float
    thresholds: list[Threshold]


def add_options(parser: ArgumentParser) -> None:
    """Add the settings to locust's command line, or to another that knows `env_var`."""
    group = parser.add_argument_group("Coatcheck")
    for flag, about in OPTIONS.items():
        group.add_argument(flag, **{"default": "", **about})


def read_options(given: Namespace) -> Options:
    """The settings on the command line; raises LoadTestError, in a sentence, for one that makes no sense."""
    return Options(
        _status_origin(given.status_url),
        _weights(given.job_types),
        _inputs(given.inputs),
        _seconds(given.job_limit or JOB_LIMIT_S),
        parse_thresholds(given.thresholds),
    )


def _status_origin(text: str) -> str:
    if text and not text.startswith(("http://", "https://")):
        raise LoadTestError(f"--status-url is {text!r}: write an origin such as http://status:8001")
    return origin(text) if text else ""


def _weights(text: str) -> dict[str, int]:
    weights = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, weight = part.partition("=")
        if not (weight or "1").isdecimal() or int(weight or 1) < 1:
            raise LoadTestError(f"--job-types holds {part!r}: write a name, or name=weight such as simulate=3")
        weights[name.strip()] = int(weight or 1)
    return weights


def _inputs(text: str) -> Inputs:
    try:
        inputs = json.loads(text or "{}")
    except ValueError as error:
        raise LoadTestError(f"--inputs is not JSON: {error}") from None
    if not isinstance(inputs, dict) or not all(isinstance(fields, dict) for fields in inputs.values()):
        raise LoadTestError('--inputs must be a JSON object of objects, such as {"simulate": {"seconds": 1}}')
    return inputs


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 86_400:
        raise LoadTestError(f"--job-limit is {text!r}: write a number of seconds above 0")
    return seconds
