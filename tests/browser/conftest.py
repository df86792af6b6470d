"""Chromium by Playwright on the served demo. A console error or a request to another host fails the test."""

import os
import re
from pathlib import Path

import pytest

from .live_site import PASSWORD, ROOT, chromium, demo_site
from .page_list import create_rows_and_find_ids

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SCREENSHOTS = Path(ROOT / "var" / "screenshots")


def pytest_collection_modifyitems(items):
    for item in items:
        if item.nodeid.startswith("tests/browser/"):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Serve a copy of the demo for each test process; the demo is loaded once."""
    base = tmp_path_factory.getbasetemp()
    with demo_site(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) as served:
        yield served


@pytest.fixture(scope="session")
def demo_ids(site):
    """Return the ids that the paths of ``page_list`` contain."""
    return create_rows_and_find_ids(site)


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    path = chromium()
    if path is None:
        pytest.skip("No Chromium was found; install chromium, or set EPI_CHROMIUM to one.")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    arguments += ["--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=arguments)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def signed_in(site, browser):
    """Return a function that gives the cookies of a demo account: ``signed_in("partner")``. It signs in once."""
    states: dict[str, dict] = {}

    def cookies(name: str) -> dict:
        if name not in states:
            context = browser.new_context()
            page = context.new_page()
            sign_in(page, site, name)
            states[name] = context.storage_state()
            context.close()
        return states[name]

    return cookies


def sign_in(page, site, name: str) -> None:
    if "/login" not in page.url:
        page.goto(f"{site.url}/account/login/")
    page.fill("input[name=login]", f"{name}@demo.example")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(re.compile(r"^(?!.*/account/login/).*$"))


@pytest.fixture
def visit(site, browser, signed_in):
    """Return a function: ``visit("partner", "/dashboards/", width=360, dark=True, js=True)`` returns the page.

    Console errors and requests to other hosts fail the test.
    """
    contexts, faults = [], []

    def open_page(name: str | None, path: str, *, width=1280, dark=False, js=True, fresh=False):
        state = signed_in(name) if name and not fresh else None
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if dark else "light",
            java_script_enabled=js,
            storage_state=state,
            locale="en-GB",
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = _watched(context.new_page(), site, faults)
        if name and fresh:
            sign_in(page, site, name)
        page.goto(site.url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture(scope="session")
def window(site, browser):
    """A window for tests that only look at pages: a window of its own for each would take most of their time."""
    context = browser.new_context(locale="en-GB", reduced_motion="reduce")
    yield _watched(context.new_page(), site, [])
    context.close()


@pytest.fixture
def look_at(site, window, signed_in):
    """Return a function: ``look_at("partner", "/dashboards/")`` opens a page in the common window and returns it.

    Console errors and requests to other hosts fail the test.
    """

    def open_page(name: str | None, path: str):
        window.context.clear_cookies()
        window.context.add_cookies(signed_in(name)["cookies"] if name else [])
        window.set_viewport_size({"width": 1280, "height": 800})
        window.emulate_media(color_scheme="light", reduced_motion="reduce")
        window.goto(site.url + path)
        return window

    window.faults.clear()
    yield open_page
    assert window.faults == []


def _watched(page, site, faults: list[str]):
    """Collect what is wrong on the page: console errors, errors of scripts, requests to other hosts."""
    page.set_default_timeout(15_000)
    page.on("console", lambda message: faults.append(f"console: {message.text}") if _is_fault(message) else None)
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("request", lambda request: _same_host(request.url, site.url, faults))
    page.faults = faults
    return page


def _is_fault(message) -> bool:
    """Chromium also logs responses 401, 403, 404 and 409 as errors, and htmx the first; the tests expect those."""
    is_expected = re.search(r"status of (401|403|404|409) ", message.text) and "/static/" not in message.location["url"]
    is_expected = is_expected or message.text.startswith("Response Status Error Code 401 ")
    return message.type == "error" and not is_expected


def _same_host(url: str, own: str, faults: list[str]) -> None:
    if not url.startswith((own, "data:", "blob:")):
        faults.append(f"request to another host: {url}")


@pytest.fixture(scope="session")
def axe():
    """Return a function: ``axe(page)`` lists the violations that axe-core finds, of any impact."""
    source = AXE.read_text("utf-8")

    def violations(page) -> list[str]:
        faults_before = list(page.faults)
        if not page.evaluate("() => 'axe' in window"):
            page.evaluate(source)
        result = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        page.faults[:] = faults_before  # violations caused by axe itself
        return [
            f"{row['id']} ({row['impact']}): {node['html'][:160]}"
            for row in result["violations"]
            for node in row["nodes"]
        ]

    return violations


@pytest.fixture
def screenshot():
    """Return a function: ``screenshot(page, "name")`` saves an image of the whole page in var/screenshots."""

    def take(page, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    return take
