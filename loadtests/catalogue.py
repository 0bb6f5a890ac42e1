"""What the platform offers: its job types, learnt from the gateway, each with an example to submit."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from loadtests.errors import LoadTestError
from loadtests.exchange import at_origin
from loadtests.offer import ExampleFile, Offer, make_offer

Answer = TypeVar("Answer")
Fetch = Callable[[str], bytes]
Inputs = Mapping[str, Mapping[str, Any]]
"""Job type, then field, then value."""

TIMEOUT_S = 10.0
DEFAULT_INPUTS: Inputs = {"simulate": {"seconds": 0.2}}
"""The example of `simulate` is made to be watched; a load test wants many quick jobs."""


def fetch(url: str) -> bytes:
    """The body found at `url`; raises LoadTestError when there is none."""
    try:
        with urlopen(Request(url, headers={"Accept": "*/*"}), timeout=TIMEOUT_S) as response:
            return bytes(response.read())
    except HTTPError as error:
        raise LoadTestError(f"{url} answered {error.code} {error.reason}: is this the gateway?") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise LoadTestError(
            f"the gateway can't be reached at {url} ({reason}): start the platform, or name another one with --base-url"
        ) from None


def learn(gateway: str, weights: Mapping[str, int], inputs: Inputs, fetch: Fetch = fetch) -> list[Offer]:
    """An offer for each job type in `weights`, or for all of them if it is empty; `inputs` changes their examples."""
    known = _ask(f"{gateway}/v1/job-types", fetch, lambda answer: [str(kind["name"]) for kind in answer["job_types"]])
    if unknown := sorted((weights.keys() | inputs.keys()) - set(known)):
        raise LoadTestError(f"there is no job type {', '.join(unknown)}; the platform has {', '.join(known)}")
    chosen = [name for name in known if not weights or name in weights]
    return [_offer(gateway, name, weights.get(name, 1), inputs.get(name, {}), fetch) for name in chosen]


def _offer(gateway: str, name: str, weight: int, changes: Mapping[str, Any], fetch: Fetch) -> Offer:
    example, files = _ask(f"{gateway}/v1/job-types/{name}", fetch, lambda answer: _example(answer, gateway))
    inputs = {**example, **DEFAULT_INPUTS.get(name, {}), **changes}
    found = {field: ExampleFile(file, media_type, fetch(url)) for field, (file, media_type, url) in files.items()}
    return make_offer(name, inputs, found, weight)


def _example(kind: Any, gateway: str) -> tuple[dict[str, Any], dict[str, tuple[str, str, str]]]:
    """The example of a job type; and its files as name, media type and where to get them."""
    files = {
        field: (file["name"], file["media_type"], at_origin(file["url"], gateway))
        for field, file in kind["example_files"].items()
    }
    return dict(kind["example"]), files


def _ask(url: str, fetch: Fetch, read: Callable[[Any], Answer]) -> Answer:
    """What `read` finds in the JSON at `url`; raises LoadTestError when it is not there."""
    try:
        return read(json.loads(fetch(url)))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise LoadTestError(f"{url} did not answer with what a gateway says there: is this the gateway?") from None
