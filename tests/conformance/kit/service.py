"""The services themselves: page, documents, documentation, problem pages, health and metrics."""

import json
import re
from urllib.parse import urljoin, urlsplit

from tests.conformance.kit.checks import is_html, problem, same, status_is, strings
from tests.conformance.kit.client import Client, Document
from tests.conformance.kit.rules import rule

TYPES = ("text-report", "image-thumbnails", "csv-profile", "simulate")
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
_SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(\{[^}]*\})? (\S+)( \d+)?$")


def _both(client: Client) -> tuple[str, str]:
    return client.gateway, client.status


def _openapi(client: Client, base: str) -> Document:
    reply = status_is(client.get(f"{base}/openapi.json"), 200)
    same(reply.media_type in ("application/json", "application/vnd.oai.openapi+json"), True, "a JSON Content-Type")
    value: Document = reply.json()
    return value


@rule("GET / gives people the page, and programs the service document.")
def front_door(client: Client) -> None:
    for base in _both(client):
        is_html(client.get(f"{base}/", {"Accept": BROWSER}))
        for accept in ("application/json", "*/*"):
            reply = status_is(client.get(f"{base}/", {"Accept": accept}), 200)
            same(reply.media_type, "application/json", f"Content-Type for Accept: {accept}")
            assert isinstance(reply.json(), dict), reply
        assert "accept" in reply.headers.tokens("Vary"), (
            f"{reply} depends on Accept, but Vary is {reply.headers.get('Vary')!r}"
        )


@rule("Every link of a service document is absolute and leads somewhere, and the job types are found from it.")
def service_document(client: Client) -> None:
    for base in _both(client):
        reply = client.get(f"{base}/", {"Accept": "application/json"})
        found = {text for text in strings(reply.json()) if text.startswith("http") and "{" not in text}
        assert any(target.endswith("/openapi.json") for target in found), (
            f"{base}/ does not link to its OpenAPI document"
        )
        told = reply.text
        for target in found:
            if urlsplit(target).netloc in {urlsplit(origin).netloc for origin in _both(client)}:
                told += status_is(client.get(target, {"Accept": "application/json"}), 200).text
        if base == client.gateway:
            assert all(kind in told for kind in TYPES), "the job types are not found from the service document"


@rule("/openapi.json is OpenAPI 3.1 with a title, a version and paths, on both services.")
def openapi_version(client: Client) -> None:
    for base in _both(client):
        value = _openapi(client, base)
        assert re.fullmatch(r"3\.1\.\d+", value["openapi"]), f"openapi is {value['openapi']}"
        assert value["info"]["title"] and value["info"]["version"] and value["paths"], f"{base}: {list(value)}"


def _operation(client: Client, kind: str) -> Document:
    paths = _openapi(client, client.gateway)["paths"]
    found = paths.get(f"/v1/jobs/{kind}")
    assert found and "post" in found, f"no POST /v1/jobs/{kind} among {list(paths)}"
    operation: Document = found["post"]
    return operation


@rule("The gateway's OpenAPI has an operation for each job type, with schema, example and replies.")
def openapi_of_types(client: Client) -> None:
    for kind in TYPES:
        operation = _operation(client, kind)
        content = operation["requestBody"]["content"]
        assert {"application/json", "multipart/form-data"} & set(content), f"{kind} takes {list(content)}"
        assert all("schema" in media for media in content.values()), f"{kind}: a media type without a schema"
        assert {"202", "400", "422"} <= set(operation["responses"]), f"{kind} answers {list(operation['responses'])}"
        assert operation.get("summary") or operation.get("description"), f"{kind} is not described"


@rule("Every $ref of the OpenAPI documents leads somewhere, and operation ids are unique.")
def openapi_is_sound(client: Client) -> None:
    for base in _both(client):
        value = _openapi(client, base)
        for reference in set(re.findall(r'"\$ref":\s*"([^"]+)"', json.dumps(value))):
            assert reference.startswith("#/"), f"{base}: a reference to elsewhere: {reference}"
            here = value
            for step in reference[2:].split("/"):
                here = here[step.replace("~1", "/").replace("~0", "~")]
        ids = [
            operation["operationId"]
            for path in value["paths"].values()
            for method, operation in path.items()
            if method in ("get", "post", "put", "delete", "head", "options") and "operationId" in operation
        ]
        same(len(ids), len(set(ids)), f"operation ids on {base}")


@rule("The status service's OpenAPI has the reads of the contract, and no write.")
def openapi_of_status(client: Client) -> None:
    paths = _openapi(client, client.status)["paths"]
    known = {re.sub(r"\{[^}]+\}", "{}", path) for path in paths}
    wanted = {
        "/v1/jobs",
        "/v1/jobs/{}",
        "/v1/jobs/{}/result",
        "/v1/jobs/{}/events",
        "/v1/jobs/{}/files/{}",
        "/v1/jobs/{}/deliveries",
    }
    assert wanted <= known, f"missing: {sorted(wanted - known)}"
    writes = {method for path in paths.values() for method in path} & {"post", "put", "patch", "delete"}
    assert not writes, f"status documents {writes}"


@rule("The example of each JSON operation is accepted by the platform itself.")
def openapi_examples_work(client: Client) -> None:
    for kind in TYPES:
        media = _operation(client, kind)["requestBody"]["content"].get("application/json", {})
        examples = (
            [media["example"]] if "example" in media else [e["value"] for e in media.get("examples", {}).values()]
        )
        for example in examples:
            status_is(client.submit(kind, example, "validate=true"), 200)


@rule("/docs is a page that works offline: whatever it loads comes from this service, and exists.")
def docs_are_offline(client: Client) -> None:
    for base in _both(client):
        for path in ("/docs", "/"):
            page = is_html(client.get(base + path, {"Accept": BROWSER}))
            loaded = re.findall(r"<(?:script|img|iframe|source|audio|video)\b[^>]*?\ssrc=[\"']([^\"']+)", page)
            loaded += re.findall(r"<link\b[^>]*?\shref=[\"']([^\"']+)", page)
            for target in loaded:
                if target.startswith("data:"):
                    continue
                url = urljoin(base + path, target)
                assert urlsplit(url).netloc == urlsplit(base).netloc, f"{base}{path} loads {url}"
                status_is(client.get(url), 200)


@rule("HEAD works on pages, documents, health and metrics: the status of GET, and no body.")
def head_of_the_service(client: Client) -> None:
    for base in _both(client):
        for path in ("/", "/openapi.json", "/docs", "/livez", "/readyz", "/metrics", "/problems/job-not-finished"):
            status_is(client.send("HEAD", base + path), client.get(base + path).status)


@rule("A problem page exists on both services, for people and for programs.")
def problem_pages(client: Client) -> None:
    for base in _both(client):
        page = is_html(client.get(f"{base}/problems/job-not-finished", {"Accept": BROWSER}))
        assert "job-not-finished" in page or "not finished" in page.lower(), "the page does not name its problem"
        status_is(client.get(f"{base}/problems/job-not-finished"), 200)
        problem(client.get(f"{base}/problems/no-such-problem", {"Accept": "application/json"}), 404)
        for name in ("..%2f..%2fetc%2fpasswd", "<script>", "%00"):
            status_is(client.get(f"{base}/problems/{name}"), 404, 400)


@rule("/livez says that the process lives.")
def livez(client: Client) -> None:
    for base in _both(client):
        status_is(client.get(f"{base}/livez"), 200)


@rule("/readyz says 200 when the store answers, and speaks of the workers.")
def readyz(client: Client) -> None:
    for base in _both(client):
        reply = status_is(client.get(f"{base}/readyz"), 200)
        assert "worker" in reply.text.lower(), f"/readyz does not speak of workers: {reply.text[:200]}"


def _metrics(client: Client, base: str) -> dict[str, float]:
    reply = status_is(client.get(f"{base}/metrics"), 200)
    assert reply.media_type in ("text/plain", "application/openmetrics-text"), f"Content-Type is {reply.media_type}"
    values = {}
    for line in reply.text.split("\n"):
        if line and not line.startswith("#"):
            sample = _SAMPLE.match(line)
            assert sample, f"{base}/metrics has a line that is no sample: {line[:120]!r}"
            series = sample[1] + (sample[2] or "")
            assert series not in values, f"{base}/metrics says {series} twice"
            values[series] = float(sample[3])
    assert values, f"{base}/metrics is empty"
    return values


@rule("/metrics is Prometheus text on both services, with types and no series twice.")
def metrics_format(client: Client) -> None:
    for base in _both(client):
        _metrics(client, base)
        assert "# TYPE " in client.get(f"{base}/metrics").text, f"{base}/metrics tells no types"


@rule("Counters of /metrics never go down, whichever process answers.")
def metrics_of_several_processes(client: Client) -> None:
    for base in _both(client):
        before = _metrics(client, base)
        for _ in range(10):
            now = _metrics(client, base)
            for series, value in before.items():
                if re.match(r"\w+_(total|count|bucket)\b", series):
                    assert now.get(series, value) >= value, f"{base}: {series} went from {value} to {now[series]}"
                    assert series in now, f"{base}: {series} vanished"
            before = now


@rule("Metrics do not grow with what clients invent: unknown paths and types share one label.")
def metrics_are_bounded(client: Client) -> None:
    for number in range(5):
        client.get(f"{client.gateway}/invented-{number}-path")
        client.submit(f"invented-{number}-type", {})
        client.get(f"{client.status}/v1/jobs/invented-{number}-job")
    for base in _both(client):
        assert "invented-" not in client.get(f"{base}/metrics").text, f"{base}/metrics keeps what clients invented"
