"""A user's own file becomes an endpoint: what README.md and docs/job-types.md print is what is run here."""

import re
from pathlib import Path

import pytest

from services.jobs.catalogue import discover
from services.jobs.job_type import JobTypeError
from tests.conftest import make_platform
from tests.http import call, run_job

ROOT = Path(__file__).resolve().parents[2]


def printed_in(document: str, number: int = 0) -> str:
    """The Python block of that number in a document."""
    return re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)[number]


def test_the_file_that_the_readme_prints_becomes_a_documented_endpoint(tmp_path: Path) -> None:
    folder = tmp_path / "my_jobs"
    folder.mkdir()
    (folder / "count_words.py").write_text(printed_in("README.md"))
    with make_platform(tmp_path / "data", job_types=f"services.job_types,{folder}") as platform:
        job = run_job(platform.gateway_url, "count-words", {"text": "to be or not to be"})
        assert (job["state"], job["result"]) == ("succeeded", {"words": 6})
        described = call("GET", f"{platform.gateway_url}/v1/job-types/count-words").json
        assert described["summary"] == "Count the words of a text."
        assert described["example"] == {"text": "to be or not to be"}
        assert "/v1/jobs/count-words" in call("GET", f"{platform.gateway_url}/openapi.json").json["paths"]
        wrong = call("POST", f"{platform.gateway_url}/v1/jobs/count-words", b"{}", Content_Type="application/json")
        assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (422, "/text")


def test_the_file_that_the_guide_prints_takes_and_gives_files(tmp_path: Path) -> None:
    folder = tmp_path / "my_jobs"
    folder.mkdir()
    (folder / "letter.py").write_text(printed_in("docs/job-types.md"))
    (folder / "letter.txt").write_text("Dear reader,")
    with make_platform(tmp_path / "data", job_types=str(folder)) as platform:
        url = f"{platform.gateway_url}/v1/jobs/copy-letter?copies=2&"
        sent = call("POST", url, b"Dear reader,", Content_Type="text/plain", Prefer="wait=10")
        assert (sent.status, sent.json["result"]) == (200, {"characters": 12})
        assert [call("GET", file["url"]).body for file in sent.json["files"]] == [b"Dear reader,"] * 2
        blank = call("POST", url, b"  ", Content_Type="text/plain", Prefer="wait=10").json
        assert blank["error"]["detail"] == "The letter is blank: send one with some text."


def test_a_mistake_in_an_own_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(printed_in("README.md").replace(" -> Counts", ""))
    with pytest.raises(JobTypeError, match="annotate what it returns"):
        discover(str(tmp_path))
