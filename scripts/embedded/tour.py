"""A tour of the job types: submits each one's example and shows the HTTP exchanges and the result."""

import json
import time
import urllib.request
import uuid
from dataclasses import dataclass, field
from typing import Any, TextIO

LONGEST_JOB_S = 120.0
BAR = 30
SHOWN_LINES = 16
LASTING = {"simulate": {"seconds": 3, "steps": 15}}
"""What the tour asks of a type beyond its example: a job that takes long enough to be watched."""


@dataclass
class Reply:
    """An HTTP reply, as far as the tour shows it."""

    status: int
    reason: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Tour:
    """Sends one job of each type to the gateway at `gateway`, as any HTTP client would."""

    gateway: str
    out: TextIO
    _failed: int = field(default=0)

    def run(self) -> int:
        """Show all job types; how many jobs did not succeed."""
        types = _exchange("GET", f"{self.gateway}/v1/job-types").body["job_types"]
        for number, entry in enumerate(types, 1):
            kind = _exchange("GET", entry["links"]["self"]).body
            self._say(f"\n── {number} of {len(types)}: {kind['name']} ── {kind['summary']}")
            self._show(kind)
        done = len(types) - self._failed
        self._say(f"\n{done} of {len(types)} jobs succeeded.")
        return self._failed

    def _show(self, kind: dict[str, Any]) -> None:
        submit = kind["links"]["submit"]
        body, content_type, shown = _body(kind)
        self._say(f"> POST {_path(submit)}\n> Content-Type: {content_type.split(';')[0]}\n> {shown}")
        reply = _exchange("POST", submit, body, content_type)
        self._show_reply(reply, "Location", "Retry-After")
        if reply.status != 202:
            self._failed += 1
            return
        location = reply.headers["location"]
        self._say(f"> GET {_path(location)}   (until it is done)")
        job = self._follow(location, int(reply.headers["retry-after"]))
        self._show_end(job, location)

    def _follow(self, location: str, wait: int) -> dict[str, Any]:
        """Ask as Retry-After says; in between, only the bar is kept moving."""
        deadline = time.monotonic() + LONGEST_JOB_S
        while time.monotonic() < deadline:
            ask_at = time.monotonic() + wait
            while time.monotonic() < ask_at:
                time.sleep(0.25)
                reply = _exchange("GET", location)
                self._bar(reply.body)
                if reply.body["done"]:
                    return reply.body
            wait = int(reply.headers.get("retry-after", "1"))
        return reply.body

    def _bar(self, job: dict[str, Any]) -> None:
        percent = 100.0 if job["state"] == "succeeded" else job.get("progress", {}).get("percent", 0.0)
        full = round(percent / 100 * BAR)
        line = f"  [{'#' * full}{'.' * (BAR - full)}] {percent:5.1f} %  {job['state']:<10}"
        if self.out.isatty():
            self.out.write(f"\r{line}")
            self.out.flush()
        elif job["done"]:
            self.out.write(line)

    def _show_end(self, job: dict[str, Any], location: str) -> None:
        self._say("")
        if job["state"] != "succeeded":
            self._failed += 1
        shown = json.dumps(job.get("result", job.get("error")), indent=2, ensure_ascii=False).splitlines()
        self._say("\n".join(f"  {line[:110]}" for line in shown[:SHOWN_LINES]))
        if len(shown) > SHOWN_LINES:
            self._say(f"  … {len(shown) - SHOWN_LINES} more lines")
        for file in job.get("files", []):
            self._say(f"  file {file['name']}, {file['size']} bytes: {file['url']}")
        timing = job.get("timing", {})
        self._say(f"  waited {timing.get('queued_ms', 0)} ms, ran {timing.get('running_ms', 0)} ms: {location}")

    def _show_reply(self, reply: Reply, *names: str) -> None:
        self._say(f"< {reply.status} {reply.reason}")
        for name in names:
            if name.lower() in reply.headers:
                self._say(f"< {name}: {reply.headers[name.lower()]}")

    def _say(self, text: str) -> None:
        print(text, file=self.out, flush=True)


def _body(kind: dict[str, Any]) -> tuple[bytes, str, str]:
    """The example as a request body: its bytes, its Content-Type, and how to show it."""
    values = {**kind["example"], **LASTING.get(kind["name"], {})}
    if not kind["example_files"]:
        text = json.dumps(values)
        return text.encode(), "application/json", text if len(text) < 200 else f"{text[:200]}…"
    boundary, parts, shown = uuid.uuid4().hex, [], []
    for name, value in values.items():
        for item in value if isinstance(value, list) else [value]:
            parts.append(_part(boundary, f'name="{name}"', "text/plain", str(item).encode()))
            shown.append(f"{name}={item}")
    for name, file in kind["example_files"].items():
        with urllib.request.urlopen(file["url"], timeout=10) as reply:
            content = reply.read()
        parts.append(_part(boundary, f'name="{name}"; filename="{file["name"]}"', file["media_type"], content))
        shown.append(f"{name}=@{file['name']} ({len(content)} bytes)")
    body = b"".join(parts) + f"--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}", "  ".join(shown)


def _part(boundary: str, disposition: str, media_type: str, content: bytes) -> bytes:
    head = f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\nContent-Type: {media_type}\r\n\r\n"
    return head.encode() + content + b"\r\n"


def _exchange(method: str, url: str, body: bytes | None = None, content_type: str = "") -> Reply:
    request = urllib.request.Request(url, data=body, method=method)
    if content_type:
        request.add_header("Content-Type", content_type)
    with urllib.request.urlopen(request, timeout=30) as reply:
        headers = {name.lower(): value for name, value in reply.headers.items()}
        return Reply(reply.status, reply.reason, headers, json.load(reply))


def _path(url: str) -> str:
    return "/" + url.split("/", 3)[3]
