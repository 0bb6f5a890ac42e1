"""Pages for people: templates, what they may load, and when a page is what the client wants."""

import hashlib
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from services.jobs.document import Origins
from services.web.replies import conditional

HERE = Path(__file__).parent
SOME_ORIGINS = Origins("http://gateway.invalid", "http://status.invalid")
MEDIA_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
CODE = re.compile(r"`([^`]+)`")

Render = Callable[[Origins], str]


def rich(text: str) -> Markup:
    """Plain text as HTML: blank lines part paragraphs, `- ` makes lists, backticks make code."""
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip()):
        lines = [CODE.sub(r"<code>\1</code>", str(escape(line))) for line in block.splitlines()]
        if all(line.startswith("- ") for line in lines):
            blocks.append("<ul>" + "".join(f"<li>{line[2:]}</li>" for line in lines) + "</ul>")
        else:
            blocks.append("<p>" + "\n".join(lines) + "</p>")
    return Markup("\n".join(blocks))


def phrase(text: str) -> Markup:
    """One line of plain text as HTML, with backticks as code."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text))))


TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters |= {"rich": rich, "phrase": phrase}


def render(template: str, **values: Any) -> str:
    """The template filled in; every value is escaped."""
    return TEMPLATES.get_template(template).render(**values)


def for_any_origin(make: Render) -> Render:
    """The same page, made once: only the origins in it are put in for each request, whatever Host it names."""
    once = cache(lambda: make(SOME_ORIGINS))

    def page(here: Origins) -> str:
        gateway, status = str(escape(here.gateway)), str(escape(here.status))
        return once().replace(SOME_ORIGINS.gateway, gateway).replace(SOME_ORIGINS.status, status)

    return page


def policy(*connect: str) -> str:
    """A Content-Security-Policy: own styles, scripts and pictures, talking to this service and to `connect`."""
    others = "".join(f" {origin}" for origin in connect)
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'{others}; connect-src 'self'{others}; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def page(html: str, security: str = "") -> Response:
    """A page as a reply, which a browser may keep but asks about again."""
    response = Response(html, content_type="text/html; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    if security:
        response.headers["Content-Security-Policy"] = security
    response.set_etag(hashlib.sha256(html.encode()).hexdigest()[:20])
    return conditional(response)


def wants_page() -> bool:
    """Whether the client likes HTML better than JSON; who likes both alike is a program."""
    accepted = request.accept_mimetypes
    return accepted.quality("text/html") > accepted.quality("application/json")


def by_accept(response: Response) -> Response:
    """The response, saying that it depends on Accept."""
    response.vary.add("Accept")
    return response


def static_blueprint() -> Blueprint:
    """`/static/…`: the styles, scripts and pictures of the pages, read once, at the start."""
    routes = Blueprint("static", __name__)
    files = {path.name: path.read_bytes() for path in (HERE / "static").iterdir()}

    @routes.get("/static/<name>")
    def static_file(name: str) -> Response:
        if name not in files:
            abort(404)
        response = Response(files[name], content_type=MEDIA_TYPES[name.rpartition(".")[2]])
        response.headers["Cache-Control"] = "no-cache"
        response.set_etag(hashlib.sha256(files[name]).hexdigest()[:20])
        return conditional(response)

    return routes
