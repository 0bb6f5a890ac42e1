"""`GET /v1/jobs/{id}/files/{name}`: result files, streamed, whole or in part."""

import json
from typing import Any

from flask import Blueprint, Response, request

from services.jobs.blobs import Blobs
from services.jobs.reader import Reader
from services.status.finding import find
from services.web.problems import Problem
from services.web.replies import conditional


def file_blueprint(reader: Reader, blobs: Blobs) -> Blueprint:
    """The route that hands out result files."""
    routes = Blueprint("files", __name__)

    @routes.get("/v1/jobs/<job_id>/files/<slug>")
    def download(job_id: str, slug: str) -> Response:
        reading = find(reader, job_id)
        assert reading.record is not None
        known = json.loads(reading.record.files or "[]")
        file = next((entry for entry in known if entry["slug"] == slug), None)
        if file is None:
            names = [entry["slug"] for entry in known]
            raise Problem("no-such-file", f"The job has no file {slug[:60]!r}.", {"known": names})
        return _send(file, blobs)

    return routes


def _send(file: dict[str, Any], blobs: Blobs) -> Response:
    size = int(file["size"])
    response = Response(content_type=file["media_type"])
    response.set_etag(file["etag"])
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = "private"
    response.headers.set("Content-Disposition", "attachment", filename=file["name"])
    start, end = 0, size
    wanted = request.range
    if wanted is not None and _range_applies(file["etag"]):
        part = wanted.range_for_length(size)
        if part is None:
            headers = {"Content-Range": f"bytes */{size}"}
            raise Problem("range-not-satisfiable", f"The file has {size} bytes.", headers=headers)
        start, end = part
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    response.content_length = end - start
    if request.method != "HEAD":
        response.response = blobs.stream(file["key"], start, end)
    return conditional(response)


def _range_applies(etag: str) -> bool:
    """Whether the client's copy, if it names one, is of this very file (RFC 9110, If-Range)."""
    condition = request.if_range
    return condition is None or (condition.etag is None and condition.date is None) or condition.etag == etag
