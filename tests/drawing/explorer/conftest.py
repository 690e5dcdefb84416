"""A browser for the explorer's page, and the rule that the page never fetches nor complains."""

import os
import shutil
from pathlib import Path

import pytest

from tests.drawing.explorer.sample import sample
from tinygrad_reg.drawing.explorer.page import page as page_of

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
SCREENSHOTS = Path(__file__).resolve().parents[3] / "screenshots"


def without_browser(reason):
    """Skip, but fail where the browser must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI must test the page")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser():
    """Chromium, started once."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        without_browser("playwright is not installed")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        without_browser("no chromium is on the PATH")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


@pytest.fixture
def visit(browser, tmp_path):
    """Open a page, of data or of HTML; a complaint or a request of any page fails the test."""
    contexts, complaints = [], []

    def visited(content=None, width=1280, height=800, **options):
        content = sample() if content is None else content
        file = tmp_path / f"graph{len(contexts)}.html"
        text = content if isinstance(content, str) else page_of(content)
        file.write_text(text, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(5000)
        address = file.as_uri()

        def heard(message):
            if message.type in ("error", "warning"):
                complaints.append(message.text)

        def asked(request):
            if request.url not in (address, "about:srcdoc"):
                complaints.append(f"request of {request.url}")

        def opened(dialog):
            complaints.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        tab.on("console", heard)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", asked)
        tab.on("dialog", opened)
        tab.goto(address)
        return tab

    yield visited
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(visit):
    """The sample's page on a desktop screen."""
    return visit()


@pytest.fixture(scope="session")
def photograph():
    """Keep a picture of a page for people to look at, if SCREENSHOTS is set in the environment."""
    wanted = "SCREENSHOTS" in os.environ
    if wanted:
        SCREENSHOTS.mkdir(exist_ok=True)

    def photographed(tab, name, **options):
        if not wanted:
            return
        tab.wait_for_timeout(250)  # until the view has come to rest
        tab.screenshot(path=SCREENSHOTS / f"{name}.png", **options)

    return photographed
