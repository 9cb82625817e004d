"""Makes the pictures of README from the running program: ``make screenshots``.

A data folder of its own is filled by ``cartfolk demo --once``, then ``cartfolk serve`` shows it to a headless
Chromium. ``ARGS="--url http://127.0.0.1:8000 --data DIR"`` takes a program that runs already instead.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "img"
EMAIL, PASSWORD = "owner@example.com", "a short sentence"  # of a folder that is deleted at the end
WIDE = {"width": 1360, "height": 850}


def cartfolk(*arguments: str, data: Path, url: str) -> list[str]:
    os.environ.update(CARTFOLK_DATA=str(data), CARTFOLK_PUBLIC_URL=url)
    return [sys.executable, "-m", "cartfolk", *arguments]


@contextlib.contextmanager
def served(data: Path) -> Iterator[str]:
    """The demo's contacts in ``data``, served on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    subprocess.run(cartfolk("demo", "--once", "--json", data=data, url=url), check=True, cwd=ROOT)
    program = subprocess.Popen(cartfolk("serve", "--port", str(port), data=data, url=url), cwd=ROOT)
    try:
        for _ in range(300):
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"{url}/sign-in", timeout=2).close()  # noqa: S310 - our own
                break
            if program.poll() is not None:
                raise SystemExit("cartfolk serve ended; see its message above.")
            time.sleep(0.2)
        yield url
    finally:
        program.send_signal(signal.SIGINT)
        program.wait(30)


def sign_in(page: Page, url: str, data: Path) -> None:
    """As the owner, who is created when there is none yet."""
    told = subprocess.run(
        cartfolk("setup-link", data=data, url=url), check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout.strip()
    page.goto(told if told.startswith("http") else f"{url}/sign-in")
    page.fill("input[name=email]", EMAIL)
    for field in page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    page.locator("input[type=password]").first.press("Enter")
    page.wait_for_load_state("networkidle")
    if "sign-in" in page.url or "setup" in page.url:
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
    page.wait_for_load_state("networkidle")
    page.screenshot(path=PICTURES / f"{name}.png")
    print(f"docs/img/{name}.png")


def all_pictures(page: Page, url: str) -> None:
    take(page, "contacts", f"{url}/contacts?sort=-recent_conversion_date")
    contact = first_link(page, r"^/contacts/\d+$")
    take(page, "record", url + contact)
    take(page, "properties", f"{url}{contact}/properties")
    page.goto(f"{url}/stores")
    take(page, "store", url + first_link(page, r"^/stores/(?!connect)[\w-]+$"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a program that runs already")
    parser.add_argument("--data", type=Path, help="its data folder")
    given = parser.parse_args()
    PICTURES.mkdir(parents=True, exist_ok=True)
    browsers = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    with contextlib.ExitStack() as stack:
        temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="cartfolk-pictures-"))
        data = given.data or Path(temporary)
        url = given.url or stack.enter_context(served(data))
        with sync_playwright() as playwright:
            # As root (in containers) Chromium has no sandbox; it only ever sees our own pages.
            options = ["--no-sandbox"] if os.geteuid() == 0 else []
            found = next(filter(None, browsers), None)  # None: the one playwright brings, if any
            browser = playwright.chromium.launch(executable_path=found, args=options)
            page = browser.new_page(viewport=WIDE, locale="en-GB", color_scheme="light")
            sign_in(page, url, data)
            all_pictures(page, url)
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
