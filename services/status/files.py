"""`GET /v1/jobs/{id}/files/{name}`: result files, streamed, whole or in part."""

import json
import unicodedata
from collections.abc import Iterator
from itertools import chain
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request
from werkzeug.http import dump_options_header

from services.jobs.blobs import Blobs
from services.jobs.reader import Reader
from services.status.finding import find
from services.status.ranges import NotSatisfiable, wanted_part
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
    response.headers["Content-Disposition"] = _attachment(file["name"])
    response.content_length = size
    if conditional(response).status_code != 200 or request.method == "HEAD":
        return response
    part = _part(file["etag"], size)
    if part:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {part[0]}-{part[1] - 1}/{size}"
        response.content_length = part[1] - part[0]
    response.response = _begun(blobs.stream(file["key"], *(part or (0, size))))
    return response


def _part(etag: str, size: int) -> tuple[int, int] | None:
    """The part that is asked for; none if the client names a copy that is not of this very file (If-Range)."""
    if request.headers.get("If-Range", f'"{etag}"').strip() != f'"{etag}"':
        return None
    try:
        return wanted_part(request.headers.get("Range", ""), size)
    except NotSatisfiable:
        headers = {"Content-Range": f"bytes */{size}"}
        raise Problem("range-not-satisfiable", f"The file has {size} bytes.", headers=headers) from None


def _begun(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same chunks, with the first one read already, so that storage that fails can still be a refusal."""
    return chain([next(chunks, b"")], chunks)


def _attachment(name: str) -> str:
    """The Content-Disposition of a file to be kept under `name` (RFC 6266, with a plain name beside any other)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    names = {"filename": plain} if plain == name else {"filename": plain, "filename*": f"UTF-8''{quote(name, safe='')}"}
    return dump_options_header("attachment", names)
