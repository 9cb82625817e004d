"""Makes the pictures of README from the running program: ``make screenshots``.

``cartfolk demo`` shows its contacts to a headless Chromium. ``ARGS="--url http://127.0.0.1:8000 --password ..."``
takes a program that runs already instead.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "img"
WIDE: ViewportSize = {"width": 1440, "height": 900}


@contextlib.contextmanager
def demo() -> Iterator[tuple[str, str]]:
    """Address and owner's password of ``cartfolk demo`` while it lives."""
    command = [sys.executable, "-m", "cartfolk", "demo", "--customers", "1500", "--rate", "1"]
    program = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert program.stderr is not None
    try:
        for line in program.stderr:
            if found := re.search(r"Open (\S+) .* with the password +(\S+)", line):
                break
        else:
            raise SystemExit("cartfolk demo ended before it showed its address.")
        yield found[1], found[2]
    finally:
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=60)


def sign_in(page: Page, url: str, password: str) -> None:
    page.goto(f"{url}/sign-in")
    page.fill("input[name=email]", "owner@example.com")
    page.fill("input[name=password]", password)
    page.click("button.primary")
    page.wait_for_load_state("networkidle")
    if "sign-in" in page.url:
        raise SystemExit(f"Signing in did not work; the page says: {page.inner_text('main')[:300]}")


def first_link(page: Page, pattern: str) -> str:
    """The first address on the page that matches, as written there."""
    found = page.eval_on_selector_all(
        "a[href]",
        "(links, pattern) => links.map(a => a.getAttribute('href')).find(h => new RegExp(pattern).test(h))",
        pattern,
    )
    if not found:
        raise SystemExit(f"{page.url} links to nothing like {pattern}")
    return str(found)


def take(page: Page, name: str, address: str) -> None:
    page.goto(address)
    page.screenshot(path=PICTURES / f"{name}.png")
    print(f"docs/img/{name}.png")


def busiest(page: Page) -> str:
    """Address of the contact with the most orders on the page of the list."""
    orders = (
        "[...document.querySelectorAll('tbody tr')].map(row => [+row.querySelectorAll('.right')[1].innerText, row])"
    )
    return str(page.evaluate(f"{orders}.sort((a, b) => b[0] - a[0])[0][1].querySelector('a').getAttribute('href')"))


def all_pictures(page: Page, url: str) -> None:
    take(page, "contacts", f"{url}/contacts?sort=-recent_conversion_date")
    contact = busiest(page)
    take(page, "record", url + contact)
    page.goto(f"{url}{contact}/properties")
    page.check("#hide-empty")
    page.click(".property:has([data-copy=total_value_of_orders]) button[hx-get]")
    page.wait_for_selector("#history .changes")
    page.locator(".property:has([data-copy=total_value_of_orders])").evaluate(
        "e => e.scrollIntoView({block: 'center'})"
    )
    page.screenshot(path=PICTURES / "properties.png")
    print("docs/img/properties.png")
    page.goto(f"{url}/stores")
    take(page, "store", url + first_link(page, r"^/stores/(?!connect)[\w-]+$"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a program that runs already")
    parser.add_argument("--password", default="", help="its owner's (owner@example.com)")
    given = parser.parse_args()
    PICTURES.mkdir(parents=True, exist_ok=True)
    browsers = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    with contextlib.ExitStack() as stack:
        url, password = (given.url, given.password) if given.url else stack.enter_context(demo())
        playwright = stack.enter_context(sync_playwright())
        # As root (in containers) Chromium has no sandbox; it only ever sees our own pages.
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        found = next(filter(None, browsers), None)  # None: the one playwright brings, if any
        browser = playwright.chromium.launch(executable_path=found, args=options)
        page = browser.new_page(viewport=WIDE, locale="en-GB", color_scheme="light")
        sign_in(page, url, password)
        all_pictures(page, url)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
