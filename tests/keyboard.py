"""The builder of segments as somebody uses it who has no mouse."""

from __future__ import annotations

import json
import re
import time
from typing import Any
from urllib.parse import urljoin

_FOUND = "Number((document.querySelector('#preview .big')?.textContent ?? '-1').replace(/[^0-9-]/g, ''))"


def tab_to(page: Any, selector: str) -> None:
    """Tab until ``selector`` has the focus; nothing on the page may be out of the keyboard's reach."""
    for _ in range(150):
        if page.evaluate("s => !!document.activeElement && document.activeElement.matches(s)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached by Tab")


def until(page: Any, script: str, arg: Any = None) -> None:
    """Waits for a script to be true. Not wait_for_function, which the pages' own policy forbids."""
    deadline = time.monotonic() + 15
    while not page.evaluate(script, arg):
        assert time.monotonic() < deadline, f"never true: {script} {arg}"
        page.wait_for_timeout(50)


def press(page: Any, selector: str) -> None:
    tab_to(page, selector)
    page.keyboard.press("Enter")


def settled(page: Any, selector: str) -> None:
    """The focus has arrived where the page leads after an act."""
    until(page, "s => !!document.activeElement && document.activeElement.matches(s)", selector)


def counted(page: Any) -> int:
    """What the preview says of the draft that is on the page now."""
    until(page, "() => !document.querySelector('.htmx-request') && !!document.querySelector('#preview .big')")
    return found(page)


def found(page: Any) -> int:
    return int(page.evaluate(f"() => {_FOUND}"))


def build_segment(page: Any, name: str, orders: str, consent: str, sentence: str, in_it: str) -> None:
    """A nested segment: made, counted, taken back and done again, saved, its members shown and explained.
    ``orders``, ``consent``: what the menu calls them; ``sentence``: what must be said of it."""
    page.goto(urljoin(page.url, "/segments/new"))
    undo_and_redo_with_details(page)
    page.goto(urljoin(page.url, "/segments/new"))
    settled(page, "#what")
    page.keyboard.type(orders)
    press(page, "button[value='add:r']")
    settled(page, "#r-0-measure")
    everybody = counted(page)
    tab_to(page, "#r-0-value")
    page.keyboard.press("Control+A")
    page.keyboard.type("3")
    until(page, f"() => {_FOUND} >= 0 && {_FOUND} < {everybody}")
    several = counted(page)
    assert 0 < several < everybody

    press(page, "button[value='group:r']")
    settled(page, "#r-1-match")
    press(page, "button[value='offer:r.1']")
    settled(page, "#what")
    page.keyboard.type(consent)
    press(page, "button[value='add:r.1']")
    settled(page, "#r-1-0-channel")
    fewer = counted(page)
    assert fewer <= several
    page.keyboard.press("Control+Z")
    page.wait_for_selector("#r-1-0-channel", state="detached")
    page.keyboard.press("Control+Shift+Z")
    page.wait_for_selector("#r-1-0-channel")
    assert counted(page) == fewer
    tab_to(page, "#r-1-0-status")
    said = page.inner_text("#preview .said")
    page.keyboard.press("End")  # the last of the states: nothing is known, perhaps of as many
    until(page, f"() => {_FOUND} >= 0 && document.querySelector('#preview .said').innerText !== {json.dumps(said)}")
    there = counted(page)
    assert 0 < there <= several
    assert sentence in page.inner_text("#preview .said")
    assert page.locator("#problem-r-1-0").inner_text() == ""

    page.keyboard.press("Shift+Tab")
    tab_to(page, "button[value='save:']")
    page.keyboard.press("Enter")
    until(page, "() => !!document.querySelector('#segment-name:invalid')")  # it has no name
    page.focus("#segment-name")
    page.keyboard.type(name)
    press(page, "button[value='save:']")
    page.wait_for_url(re.compile(r"/segments/\d+$"))
    deadline = time.monotonic() + 30
    while page.locator(".head .state.good").count() == 0 and time.monotonic() < deadline:
        page.wait_for_timeout(300)
        page.reload()
    assert str(there) in re.sub(r"[.,]", "", page.inner_text(".head"))
    press(page, "td a[href^='?contact=']")
    page.wait_for_selector("#why")
    assert in_it in page.inner_text("#why")


def undo_and_redo_with_details(page: Any) -> None:
    """A step back is one step, and leads to where it began; nothing is unsaved there, so leaving asks nothing."""
    settled(page, "#what")
    everybody = counted(page)
    press(page, "button[value='add:r']")
    settled(page, "#r-0-measure")
    counted(page)
    press(page, "button[value='add:r.0']")
    page.wait_for_selector("#part-r-0-w0")
    until(page, "() => document.querySelector('#problem-r-0').innerText !== ''")  # nothing to compare with yet
    step_while_counting(page)
    for _step in range(2):
        assert page.locator("[data-undo]").is_enabled()
        page.keyboard.press("Control+Z")
        counted(page)
    assert page.locator("[data-undo]").is_disabled()
    assert found(page) == everybody
    for _step in range(2):
        page.keyboard.press("Control+Shift+Z")
        until(page, "() => !document.querySelector('.htmx-request') && !document.querySelector('#preview > .hint')")
    assert page.locator("#part-r-0-w0").count() == 1
    for _step in range(2):
        page.keyboard.press("Control+Z")
        counted(page)
    assert page.locator("[data-undo]").is_disabled()


def step_while_counting(page: Any) -> None:
    """Steps faster than the server answers, from two steps on: back twice while it counts, and forth twice. What is
    answered late is of a draft that is gone, and is no step."""
    held: list[Any] = []
    page.route("**/segments/preview", lambda route: held.append(route))
    page.keyboard.press("Control+Z")
    until(page, "() => !document.querySelector('#part-r-0-w0') && !!document.querySelector('#preview.htmx-request')")
    page.route("**/segments/build", lambda route: held.append(route))
    page.keyboard.press("Control+Z")
    until(page, "() => document.body.classList.contains('htmx-request')")
    held.pop(0).continue_()  # the count of one step
    until(page, "() => !document.querySelector('#preview.htmx-request')")
    page.keyboard.press("Control+Shift+Z")
    page.keyboard.press("Control+Shift+Z")
    for pattern in ("**/segments/build", "**/segments/preview"):
        page.route(pattern, lambda route: route.continue_())
    for route in held:
        route.continue_()
    page.wait_for_selector("#part-r-0-w0")
    until(page, "() => !document.querySelector('.htmx-request') && !document.querySelector('#preview > .hint')")
    page.unroute_all()
