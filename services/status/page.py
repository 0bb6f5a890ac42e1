"""What the status service shows of itself; its page shows one job by its id."""

from services.jobs.document import Origins
from services.jobs.settings import Settings
from services.status.openapi import status_document
from services.web.front import Front
from services.web.pages import render


def status_front(settings: Settings) -> Front:
    """What the status service shows of itself."""
    document = status_document(settings.status_public_url, keyed=bool(settings.keys))
    return Front("status", document, _page, _links)


def _page(here: Origins) -> str:
    return render("status.html", service="status", origins=here)


def _links(here: Origins) -> dict[str, str]:
    jobs = f"{here.status}/v1/jobs"
    return {
        "jobs": f"{jobs}{{?state,type,limit,cursor}}",
        "job": f"{jobs}/{{id}}{{?redirect}}",
        "result": f"{jobs}/{{id}}/result",
        "events": f"{jobs}/{{id}}/events",
        "deliveries": f"{jobs}/{{id}}/deliveries",
        "file": f"{jobs}/{{id}}/files/{{name}}",
        "gateway": f"{here.gateway}/",
    }
