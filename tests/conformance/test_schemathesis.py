"""Generated requests, sound and unsound, against the OpenAPI documents: no server error, and nothing they deny."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from scripts.embedded.platform import Platform
from tests.conftest import make_platform

pytestmark = pytest.mark.chaos

schemathesis = pytest.importorskip("schemathesis", reason="run scripts/fuzz, which installs schemathesis")
checks = pytest.importorskip("schemathesis.specs.openapi.checks")

SEED, CASES = 20_240, 2_000
MANY, FEW = 80, 4
"""Cases of each mode for an operation with parameters or a body, and for one without."""
BEYOND_SCHEMAS = [checks.positive_data_acceptance]
"""What fits a schema may be refused all the same, for what no schema can say: a job that was purged, a file that is no
picture, a host that is not public, a key that was used before. The document lists these refusals."""
EXAMPLES = (("image-thumbnails", "image"), ("csv-profile", "table"))
WAIT = re.compile(r"(wait\s*=\s*\"?)\d+", re.IGNORECASE)
OPERATIONS = (
    *(f"gateway POST /v1/jobs/{name}" for name in ("csv-profile", "image-thumbnails", "simulate", "text-report")),
    *("gateway DELETE /v1/jobs/{job_id}", "gateway DELETE /v1/session", "gateway GET /v1/job-types"),
    *("gateway GET /v1/job-types/{name}", "gateway GET /v1/job-types/{name}/examples/{field}"),
    *(f"status GET /v1/jobs/{{job_id}}{rest}" for rest in ("", "/result", "/events", "/files/{slug}", "/deliveries")),
    "status GET /v1/jobs",
    *(
        f"{service} GET {path}"
        for service in ("gateway", "status")
        for path in ("/", "/docs", "/livez", "/readyz", "/metrics", "/problems/", "/problems/{slug}")
    ),
)


class Fuzzed:
    """A platform with jobs in each state, the operations of its documents by name, and how much was sent."""

    def __init__(self, platform: Platform) -> None:
        self.gateway = platform.gateway_url
        self.sent: Counter[str] = Counter()
        self.statuses: Counter[tuple[str, int]] = Counter()
        self.operations: dict[str, Any] = {}
        for service, origin in (("gateway", platform.gateway_url), ("status", platform.status_url)):
            schema = schemathesis.openapi.from_url(f"{origin}/openapi.json")
            for found in schema.get_all_operations():
                operation = found.ok()
                self.operations[f"{service} {operation.method.upper()} {operation.path}"] = operation
        self.pictures, self.slugs = self._with_files()
        self.ended = [self.pictures, *(self.submit(f"simulate?timeout={seconds}", seconds) for seconds in (1, 2))]
        self.ended.append(self.submit("simulate"))
        requests.delete(f"{self.gateway}/v1/jobs/{self.ended[-1]}?purge=true", timeout=20).raise_for_status()
        self.open = self.submit("simulate?delay=3600", prefer="")

    def submit(self, query: str, seconds: float = 0, prefer: str = "wait=20") -> str:
        """A job of ours, ended unless it is not waited for; its id. One that takes all its time is out of time."""
        url, fields = f"{self.gateway}/v1/jobs/{query}", {"Prefer": prefer}
        return self._id(requests.post(url, json={"seconds": seconds * 2}, headers=fields, timeout=60))

    def _with_files(self) -> tuple[str, list[str]]:
        """A job that made files: its id, and the last parts of their addresses."""
        base = self.gateway
        picture = requests.get(f"{base}/v1/job-types/image-thumbnails/examples/image", timeout=20)
        fields = {"Content-Type": picture.headers["Content-Type"], "Prefer": "wait=20"}
        url = f"{base}/v1/jobs/image-thumbnails"
        reply = requests.post(url, data=picture.content, headers=fields, timeout=60)
        return self._id(reply), [file["url"].rpartition("/")[2] for file in reply.json()["files"]]

    def _id(self, reply: requests.Response) -> str:
        assert reply.status_code in (200, 202), reply.text
        return str(reply.json()["id"])


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzed]:
    folder = tmp_path_factory.mktemp("fuzzed")
    with make_platform(folder, job_types="services.job_types", worker_grace=1.0) as platform:
        # generated callbacks are addresses of others, who must not hear of this
        next(process for process in platform.processes if process.name == "webhooks").terminate()
        yield Fuzzed(platform)


def existing(fuzzed: Fuzzed, name: str, which: int) -> dict[str, str]:
    """Path parameters of something that exists. What is cancelled is made for it; a stream needs a job with an end."""
    if name.endswith("/problems/{slug}"):
        return {}
    if "job-types" in name:
        field = EXAMPLES[which % len(EXAMPLES)]
        return {"name": field[0], "field": field[1]} if name.endswith("{field}") else {"name": field[0]}
    if name.endswith("/files/{slug}"):
        return {"job_id": fuzzed.pictures, "slug": fuzzed.slugs[which % len(fuzzed.slugs)]}
    if name.startswith("gateway DELETE"):
        return {"job_id": fuzzed.submit("simulate?delay=3600", prefer="")}
    known = fuzzed.ended if name.endswith("/events") else [*fuzzed.ended, fuzzed.open]
    return {"job_id": known[which % len(known)]}


def shorten(body: Any) -> None:
    """Let pretended work be over at once."""
    if isinstance(body, dict):
        shorten(body.get("input"))
        if isinstance(body.get("seconds"), int | float):
            body["seconds"] = min(body["seconds"], 0.01)


def send(fuzzed: Fuzzed, name: str, case: Any, which: int, mode: str) -> None:
    fields = case.headers or {}
    if "Prefer" in fields:
        fields["Prefer"] = WAIT.sub(r"\g<1>1", str(fields["Prefer"]))
    shorten(case.body)
    if mode == "positive" and case.path_parameters and which % 4:
        case.path_parameters.update(existing(fuzzed, name, which))
    fuzzed.sent[name] += 1
    reply = case.call_and_validate(timeout=60, excluded_checks=BEYOND_SCHEMAS)
    fuzzed.statuses[name, reply.status_code] += 1


def has_choices(name: str) -> bool:
    """Whether an operation has parameters or a body; without, there is nothing unsound to send."""
    return "POST" in name or "{" in name or name.endswith("GET /v1/jobs")


def cases() -> list[tuple[str, str]]:
    modes = {False: ("positive",), True: ("positive", "negative")}
    return [(name, mode) for name in OPERATIONS for mode in modes[has_choices(name)]]


@pytest.mark.parametrize(("name", "mode"), cases())
def test_replies_are_as_the_document_says(fuzzed: Fuzzed, name: str, mode: str) -> None:
    strategy = fuzzed.operations[name].as_strategy(generation_mode=schemathesis.GenerationMode(mode))

    @seed(SEED)
    @settings(
        max_examples=MANY if has_choices(name) else FEW,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy, st.integers(0, 19))
    def each(case: Any, which: int) -> None:
        send(fuzzed, name, case, which, mode)

    each()


def test_every_operation_was_tried_and_met_success_in_two_thousand_cases(fuzzed: Fuzzed) -> None:
    """Two thousand refusals would say little: each operation also did what it is for."""
    assert set(fuzzed.sent) == set(fuzzed.operations) == set(OPERATIONS)
    assert sum(fuzzed.sent.values()) >= CASES, fuzzed.sent
    assert {name for name, status in fuzzed.statuses if status < 400} == set(OPERATIONS), fuzzed.statuses
    by_status = Counter({status: 0 for _, status in fuzzed.statuses})
    for (_, status), count in fuzzed.statuses.items():
        by_status[status] += count
    print(f"{sum(fuzzed.sent.values())} cases: {dict(sorted(by_status.items()))}")
