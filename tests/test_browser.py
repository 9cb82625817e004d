"""Risk: the parts work and a person in front of a browser still does not get to her contacts.

The program as it is started at home (``cartfolk serve``, embedded database), a simulated shop, a real Chromium.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from cartfolk.simulator import start_simulator

from .impatience import in_a_hurry
from .keyboard import build_segment
from .machine import ROOT, environment

sync_api: Any = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: install the package chromium"),
]
EMAIL, PASSWORD = "owner@example.com", "a short sentence"


@pytest.fixture(scope="module")
def shop() -> Iterator[Any]:
    with start_simulator(seed=5, customers=300, pretend_https=True) as running:
        yield running


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The one-time link that ``cartfolk serve`` prints on its first start."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = tmp_path_factory.mktemp("data")
    program = subprocess.Popen(
        [sys.executable, "-m", "cartfolk", "serve", "--port", str(port), "--data", str(data)],
        env=environment(data, CARTFOLK_PUBLIC_URL=f"http://127.0.0.1:{port}", CARTFOLK_WORKERS="1"),
        stderr=subprocess.PIPE, cwd=ROOT, start_new_session=True,
    )  # fmt: skip
    try:
        yield _printed_link(program, port)
    finally:
        program.send_signal(signal.SIGINT)
        program.wait(30)


def _printed_link(program: subprocess.Popen[bytes], port: int) -> str:
    assert program.stderr is not None
    said = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and program.poll() is None:
        if select.select([program.stderr], [], [], 0.2)[0]:
            said += os.read(program.stderr.fileno(), 65536)
        if (found := re.search(rb"(http://\S+/setup/\S+)\s", said)) and _answers(port):
            return found[1].decode()
    raise AssertionError(f"cartfolk serve printed no link: {said.decode()}")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    """A page of a headless Chromium; every error its scripts or our server raise fails the test. What htmx gives up
    because something newer is asked for, it calls an error, too: none of ours."""
    given_up = ("htmx:sendAbort", "htmx:afterRequest")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(locale="en-GB", viewport={"width": 1440, "height": 900})
        page.set_default_timeout(15_000)
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on(
            "console",
            lambda said: said.type == "error" and not said.text.startswith(given_up) and page.errors.append(said.text),
        )
        page.on("response", lambda got: got.status >= 500 and page.errors.append(f"{got.status} {got.url}"))
        yield page
        browser.close()


def test_from_the_first_start_to_the_history_of_a_property_in_both_languages(link: str, shop: Any, page: Any) -> None:
    create_owner(page, link)
    connect(page, shop)
    watch_the_import(page, shop)
    sign_out_and_in(page)
    look_around(page, "All contacts", "View all properties", "History", "of", "First Name")
    edit_restore(page, "Baker", "Edit", "History", "Restore this value", "Where this comes from")
    filter_save_edit_undo(page, "Regulars", "is at least 2", "were changed", "Taken back")
    merge_undo(page, "Merge", "merged into this one", "Undo this merge", "The merge is undone")
    erase(page)
    in_a_hurry(page, EMAIL, PASSWORD)
    build_segment(page, "Faithful", "Orders", "Consent", "at least 3 orders and Consent to marketing", "is in")
    page.click("button[name=language][value=de]")
    page.wait_for_selector("html[lang=de]")
    look_around(page, "Alle Kontakte", "Alle Eigenschaften ansehen", "Verlauf", "von", "Vorname")
    edit_restore(page, "Bäckerin", "Bearbeiten", "Verlauf", "Diesen Wert wiederherstellen", "Woher das kommt")
    filter_save_edit_undo(page, "Stammkunden", "ist mindestens 2", "wurden geändert", "Zurückgenommen")
    merge_undo(
        page, "Zusammenführen", "mit diesem zusammengeführt", "Rückgängig machen", "Beide Kontakte sind wieder da"
    )
    build_segment(page, "Treue", "Bestellungen", "Einwilligung", "mindestens 3 Bestellungen und", "drin ist")
    page.click("button[name=language][value=en]")
    page.wait_for_selector("html[lang=en]")
    assert page.errors == []


def create_owner(page: Any, link: str) -> None:
    page.goto(link)
    page.fill("input[name=email]", EMAIL)
    page.fill("input[name=password]", PASSWORD)
    page.click("button.primary")
    page.wait_for_selector("header.bar")


def connect(page: Any, shop: Any) -> None:
    page.click("a:has-text('Connect')")
    page.click("ul.platforms a:has-text('WooCommerce')")
    page.fill("input[name=name]", "shop")
    page.fill("input[name=url]", shop.url)
    page.fill("input[name=key]", shop.key)
    page.fill("input[name=secret]", shop.secret)
    page.check("input[name=allow_private_address]")
    page.click("form.card button.primary")
    page.wait_for_url("**/stores/shop")


def watch_the_import(page: Any, shop: Any) -> None:
    """The section brings itself up to date, without a reload, until nothing is left to do."""
    sync_api.expect(page.locator("#progress .state")).to_have_text("Finished", timeout=40_000)
    sync_api.expect(page.locator("#progress")).not_to_have_attribute("hx-get", re.compile("."), timeout=20_000)
    assert shop.webhooks()["webhooks"], "connecting creates the shop's webhooks"
    page.reload()
    assert "Working" in page.inner_text("main")


def sign_out_and_in(page: Any) -> None:
    page.click("form[action$='sign-out'] button")
    page.fill("input[name=email]", EMAIL)
    page.fill("input[name=password]", PASSWORD)
    page.click("button.primary")
    page.wait_for_selector("header.bar")


def filter_save_edit_undo(page: Any, view: str, chip: str, changed: str, taken_back: str) -> None:
    """All contacts narrowed by a filter, kept as a view; a page of it edited at once, and taken back."""
    page.click("nav a[href='/contacts']")
    page.click("#add-filter summary")
    page.fill("#add-filter input[type=search]", "total_number_of_orders")
    page.click("#add-filter button[value=total_number_of_orders]")
    held: list[Any] = []  # choosing a comparison brings the form anew: here only after the value was typed
    page.route("**/contacts/filter?*", lambda route: held.append(route))
    page.locator(".filter-form").evaluate("form => form.dataset.old = ''")
    with page.expect_request("**/contacts/filter?*"):
        page.select_option(".filter-form [name=operator]", "greater_equal")
    page.fill(".filter-form [name=value]", "2")
    held[0].continue_()
    page.wait_for_selector(".filter-form:not([data-old])")
    page.unroute("**/contacts/filter?*")
    page.keyboard.press("Enter")
    sync_api.expect(page.locator(".filter")).to_contain_text(chip)
    page.click(".filters .push details:last-child summary")
    page.fill("#view-name", view)
    page.keyboard.press("Enter")
    sync_api.expect(page.locator(".views [aria-current]")).to_have_text(view)
    page.locator("table.rows tbody input").first.check()
    page.check("#pick-all")
    shown = page.locator("table.rows tbody tr").count()
    sync_api.expect(page.locator("#selection output")).to_contain_text(str(shown))
    page.click("#selection button:not([type])")
    page.select_option("#property", "jobtitle")
    page.fill("#value", view)
    page.click("form.card .primary")
    page.click("[name=confirm]")
    sync_api.expect(page.locator("#edited")).to_contain_text(f"{shown} ")
    sync_api.expect(page.locator("#edited")).to_contain_text(changed)
    page.click("#edited form button")
    sync_api.expect(page.locator("#edited")).to_contain_text(taken_back)


def merge_undo(page: Any, merge: str, merged: str, undo: str, undone: str) -> None:
    """Two contacts chosen in the list, side by side, merged as shown; and taken back: both are there as before."""
    page.click("nav a[href='/contacts']")
    boxes = page.locator("table.rows tbody input[name=ids]")
    for at in (0, 1):
        boxes.nth(at).check()
    names = sorted(page.locator("table.rows tbody tr a").nth(at).inner_text() for at in (0, 1))
    page.locator("#selection").get_by_text(merge, exact=True).click()
    orders = page.locator("table.compare tbody tr").nth(1).locator("td")
    told = [int(orders.nth(at).inner_text()) for at in range(3)]
    assert told[2] == told[0] + told[1], "what will stand"
    page.click("form.stack .primary")
    sync_api.expect(page.locator("main")).to_contain_text(merged)
    assert page.inner_text("h1") in names
    page.locator(".merges").get_by_text(undo).first.click()
    sync_api.expect(page.locator("main")).to_contain_text(undone)
    page.click("nav a[href='/contacts']")
    assert sorted(page.locator("table.rows tbody tr a").nth(at).inner_text() for at in (0, 1)) == names


def erase(page: Any) -> None:
    """Two chosen contacts erased: looked at, confirmed by their number, done by the worker while the page waits."""
    page.click("nav a[href='/contacts']")
    rows = page.locator("table.rows tbody tr a")
    names = [rows.nth(at).inner_text() for at in (5, 6)]
    for at in (5, 6):
        page.locator("table.rows tbody input[name=ids]").nth(at).check()
    page.click("#selection button[formaction='/contacts/erase']")
    page.fill("#confirm", "erase 2")
    page.click("button.danger")
    sync_api.expect(page.locator("h1")).to_contain_text("Proof of erasure", timeout=40_000)
    page.click("nav a[href='/contacts']")
    there = page.locator("table.rows tbody").inner_text()
    assert [name for name in names if name in there.splitlines()] == []


def look_around(page: Any, contacts: str, properties: str, history: str, of: str, firstname: str) -> None:
    """Contact list, record, all properties, history; the arguments are words of the chosen language."""
    page.click("nav a[href='/contacts']")
    sync_api.expect(page.locator("h1")).to_have_text(contacts)
    assert page.locator("table.rows tbody tr").count() >= 25
    name = page.inner_text("table.rows tbody tr:first-child a")
    page.click("table.rows tbody tr:first-child a")
    sync_api.expect(page.locator("h1")).to_have_text(name)
    menu = page.locator(".timeline-tools summary")
    menu.focus()
    for key in ("Enter", "Tab", "Escape"):
        page.keyboard.press(key)
    sync_api.expect(menu).to_be_focused()
    sync_api.expect(page.locator(".timeline-tools form fieldset")).to_be_hidden()
    page.click(f"a:has-text('{properties}')")
    counts = re.findall(rf"(\d+) {of} (\d+)", page.inner_text(".groups"))
    assert sum(int(filled) for filled, _ in counts) > 10
    assert sum(int(every) for _, every in counts) > 60
    row = page.locator(".property", has=page.locator("[data-copy=firstname]"))
    assert firstname in row.inner_text()
    row.get_by_text(history, exact=True).click()
    changes = page.locator("#history ol.changes li")
    sync_api.expect(changes.first).to_be_visible()
    assert row.locator("dd:not(.acts)").inner_text() == changes.first.locator("strong").inner_text()


def edit_restore(page: Any, title: str, edit: str, history: str, restore: str, origin: str) -> None:
    """On all properties of the contact at hand: a value edited by keyboard, refused, left, and restored."""
    expect = sync_api.expect
    row = page.locator("#property-jobtitle")
    before = row.locator("dd:not(.acts)").inner_text()
    row.get_by_text(edit, exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#value-jobtitle")).to_be_focused()
    page.keyboard.press("Escape")
    expect(row.locator("dd:not(.acts)")).to_have_text(before)
    expect(row.get_by_text(edit, exact=True)).to_be_focused()
    for value in (title, f"{title} 2"):
        page.keyboard.press("Enter")
        page.fill("#value-jobtitle", value)
        page.keyboard.press("Enter")
        expect(row.locator("dd:not(.acts)")).to_have_text(value)
        expect(row.get_by_text(edit, exact=True)).to_be_focused()
    size, chosen = page.locator("#property-numemployees"), "25-50" if title == "Baker" else "5-25"
    for key in ("Escape", "Enter"):  # in a list, too, the one leaves and the other saves
        size.get_by_text(edit, exact=True).click()
        expect(page.locator("#value-numemployees")).to_be_focused()
        page.select_option("#value-numemployees", chosen)
        page.keyboard.press(key)
        expect(size.get_by_text(edit, exact=True)).to_be_focused()
        assert (size.locator("dd:not(.acts)").inner_text() == chosen) is (key == "Enter")
    number = page.locator("#property-num_notes")
    number.get_by_text(edit, exact=True).click()
    page.fill("#value-num_notes", "many")
    page.keyboard.press("Enter")
    expect(number.locator("[role=alert]")).to_be_visible()
    expect(page.locator("#value-num_notes")).to_be_focused()
    page.keyboard.press("Escape")
    expect(number.locator("form")).to_have_count(0)
    page.errors[:] = [said for said in page.errors if "422" not in said]  # Chromium names every refusal an error
    row.get_by_text(history, exact=True).click()
    page.locator("#history").get_by_text(restore).first.click()
    expect(row.locator("dd:not(.acts)")).to_have_text(title)
    expect(page.locator("#history ol.changes li").first).to_contain_text(title)
    expect(page.locator("#history [data-clear]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(row.get_by_text(history, exact=True)).to_be_focused()
    page.locator("#property-total_value_of_orders").get_by_text(history, exact=True).click()
    expect(page.locator("#history")).to_contain_text(origin)
    page.keyboard.press("Escape")
    with page.expect_response("**/hide-empty"):
        page.check("#hide-empty")
    expect(page.locator("#property-fax")).to_be_hidden()
    page.reload()
    expect(page.locator("#property-fax")).to_be_hidden()
    page.uncheck("#hide-empty")
    expect(page.locator("#property-fax")).to_be_visible()
