"""The pages in a real browser: their forms work, their policy is kept, and they can be read everywhere."""

from collections.abc import Iterator

import pytest

from scripts.embedded.platform import Platform
from services.jobs.catalogue import discover
from tests.browser.chromium import Browser, chromium, find_chromium
from tests.http import call, submit, wait_for

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed (Debian: apt install chromium)"),
]
OURS = sorted(discover("services.job_types"))
PAGES = [
    (service, path)
    for service in ("gateway", "status")
    for path in ("/", "/docs", "/problems/", "/problems/invalid-input", "/problems/job-timeout")
]
SIZES = [(1280, False), (1280, True), (360, False), (360, True)]
TICKET = "document.querySelector('.ticket')"
# The contrast of every text on the page with what is behind it, by WCAG 2's formula; those that are too faint.
FAINT = """
(() => {
  const parts = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parts(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const faint = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    const [a, b] = [light(parts(getComputedStyle(element).color)), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.add(`${element.className || element.tagName} ${ratio.toFixed(2)}`);
  }
  return [...faint];
})()
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = find_chromium()
    assert program
    with chromium(program, tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(autouse=True)
def clean(browser: Browser) -> Iterator[None]:
    """Each test begins as a stranger, and ends without a complaint of its page."""
    browser.forget()
    browser.look()
    browser.said.clear()
    yield
    assert not browser.said, browser.said


def url_of(platform: Platform, service: str) -> str:
    return platform.gateway_url if service == "gateway" else platform.status_url


def hand_in(browser: Browser, kind: str, **values: object) -> None:
    """Fill in the form of a job type and send it."""
    for name, value in values.items():
        browser.run(f"document.getElementById('{kind}-{name}').value = {value!r}")
    browser.run(f"document.querySelector('form[data-type={kind}]').requestSubmit()")


@pytest.mark.parametrize(("service", "path"), PAGES)
def test_a_page_loads_without_a_complaint_and_fits_every_screen(
    browser: Browser, platform: Platform, service: str, path: str
) -> None:
    for width, dark in SIZES:
        browser.look(width=width, dark=dark)
        browser.go(url_of(platform, service) + path)
        browser.run("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        assert browser.run("document.documentElement.scrollWidth") <= width
        assert browser.run("getComputedStyle(document.body).fontSize") == "16px", "the styles are not applied"


@pytest.mark.parametrize(("service", "path"), PAGES)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_can_be_told_from_what_is_behind_it(
    browser: Browser, platform: Platform, service: str, path: str, dark: bool
) -> None:
    browser.look(dark=dark)
    browser.go(url_of(platform, service) + path)
    browser.run("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert browser.run(FAINT) == []


@pytest.mark.parametrize("kind", OURS)
def test_the_form_of_each_job_type_hands_in_its_example_and_shows_the_result(
    browser: Browser, platform: Platform, kind: str
) -> None:
    browser.go(platform.gateway_url + "/")
    hand_in(browser, kind)
    assert browser.wait(
        f"{TICKET}?.dataset.state === 'succeeded' && {TICKET}.querySelector('.outcome pre').textContent"
    )
    job = call("GET", browser.run(f"{TICKET}.querySelector('.number').href")).json
    assert (job["type"], job["state"]) == (kind, "succeeded")
    assert len(job.get("files", [])) == browser.run(f"{TICKET}.querySelectorAll('.files a').length")
    browser.wait(f"[...{TICKET}.querySelectorAll('img')].every((one) => one.complete && one.naturalWidth)")


def test_progress_is_shown_while_the_job_runs(browser: Browser, platform: Platform) -> None:
    browser.go(platform.gateway_url + "/")
    hand_in(browser, "simulate", seconds="2", steps="20")
    browser.wait(f"{TICKET}?.dataset.state === 'running' && {TICKET}.querySelector('progress').value > 10")
    assert "step" in browser.run(f"{TICKET}.querySelector('.news').textContent")
    browser.wait(f"{TICKET}.dataset.state === 'succeeded'")


def test_a_running_job_can_be_cancelled(browser: Browser, platform: Platform) -> None:
    browser.go(platform.gateway_url + "/")
    hand_in(browser, "simulate", seconds="60", steps="60")
    browser.wait(f"{TICKET}?.dataset.state === 'running'")
    browser.run(f"{TICKET}.querySelector('[data-do=cancel]').click()")
    browser.wait(f"{TICKET}.dataset.state === 'cancelled'")
    assert browser.run(f"{TICKET}.querySelector('[data-do=cancel]').checkVisibility()") is False


def test_without_event_streams_the_page_asks_as_often_as_it_is_told(browser: Browser, platform: Platform) -> None:
    browser.go(platform.gateway_url + "/")
    browser.run(
        "window.EventSource = class extends EventTarget {"
        "static CLOSED = 2; readyState = 2; close() {}"
        "constructor() { super(); setTimeout(() => this.dispatchEvent(new Event('error'))); } }"
    )
    hand_in(browser, "simulate", seconds="2", steps="4")
    browser.wait(f"{TICKET}?.dataset.state === 'succeeded'")
    polls = browser.run(
        "performance.getEntriesByType('resource').filter((one) => /jobs.[0-9a-f]{32}$/.test(one.name)).length"
    )
    assert 1 <= polls <= 6


def test_a_refusal_is_shown_beside_the_form(browser: Browser, platform: Platform) -> None:
    browser.go(platform.gateway_url + "/")
    browser.run("document.querySelector('form[data-type=text-report]').noValidate = true")
    hand_in(browser, "text-report", top="0")
    wrong = "document.querySelector('form[data-type=text-report] .wrong')"
    assert "/top" in browser.wait(f"!{wrong}.hidden && {wrong}.textContent")
    assert browser.run(TICKET) is None
    browser.said.clear()  # a browser notes every 422 among its errors


def test_tickets_are_found_again_by_whoever_comes_back_and_by_nobody_else(browser: Browser, platform: Platform) -> None:
    browser.go(platform.gateway_url + "/")
    hand_in(browser, "text-report")
    browser.wait(f"{TICKET}?.dataset.state === 'succeeded'")
    number = browser.run(f"{TICKET}.querySelector('.number').textContent")
    browser.go(platform.gateway_url + "/?again")
    browser.wait(f"{TICKET}?.querySelector('.number').textContent === '{number}'")
    browser.forget()
    browser.go(platform.gateway_url + "/?stranger")
    browser.wait("performance.getEntriesByType('resource').some((one) => one.name.endsWith('/v1/jobs?limit=5'))")
    assert browser.run(f"{TICKET}?.querySelector('.number').textContent ?? ''") != number


def test_the_status_page_shows_a_job_by_its_id_and_by_its_address(browser: Browser, platform: Platform) -> None:
    reply = submit(platform.gateway_url, "text-report", {"text": "to be"})
    wait_for(reply.headers["Location"])
    for asked in (reply.json["id"], reply.headers["Location"]):
        browser.go(platform.status_url + "/")
        browser.run(f"document.getElementById('id').value = {asked!r}")
        browser.run("document.getElementById('look').requestSubmit()")
        browser.wait(f"{TICKET}?.dataset.state === 'succeeded'")
        assert '"words": 2' in browser.wait(f"{TICKET}.querySelector('.outcome pre').textContent")


def test_the_status_page_says_that_there_is_no_such_job(browser: Browser, platform: Platform) -> None:
    browser.go(platform.status_url + "/")
    browser.run("document.getElementById('id').value = 'nothing'")
    browser.run("document.getElementById('look').requestSubmit()")
    browser.wait("!document.querySelector('.wrong').hidden")
    assert "no job" in browser.run("document.querySelector('.wrong').textContent")
    browser.said.clear()  # a browser notes every 404 among its errors


def test_the_policy_keeps_out_what_is_put_into_the_page(browser: Browser, platform: Platform) -> None:
    browser.go(platform.gateway_url + "/")
    browser.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.bad = 1\">')")
    browser.run(
        "(() => { const one = document.createElement('script'); one.textContent = 'window.bad = 1'; "
        "document.body.append(one); })()"
    )
    blocked = browser.run("fetch('http://example.org/').then(() => 'sent', () => 'blocked')")
    assert (blocked, browser.run("window.bad")) == ("blocked", None)
    assert any("Content Security Policy" in said for said in browser.said)
    browser.said.clear()
