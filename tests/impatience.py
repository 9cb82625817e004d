"""Somebody in a hurry at a slow server: acts before the page has answered the one before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin

from .keyboard import until

FAILED = ("htmx:timeout", "htmx:sendError", "Failed to load", "Response Status Error", "503 ")


@contextmanager
def held(page: Any, pattern: str) -> Iterator[list[Any]]:
    """Requests to ``pattern`` wait in the list; those still there at the end go on, in their order."""
    waiting: list[Any] = []
    page.route(pattern, lambda route: waiting.append(route))
    yield waiting
    page.route(pattern, lambda route: route.continue_())  # the newer one counts
    for route in waiting:
        route.continue_()


def quiet(page: Any) -> None:
    until(page, "() => !document.querySelector('.htmx-request')")


def forget(page: Any, *starts: str) -> None:
    """Errors of the console that were meant to be; requests are held no more."""
    page.unroute_all()
    page.errors[:] = [said for said in page.errors if not said.startswith(starts)]


def in_a_hurry(page: Any, email: str, password: str) -> None:
    """All of it, with English pages, in an account that has contacts."""
    list_asked_twice(page)
    list_brought_up_to_date(page)
    a_download_leaves_the_list_alive(page)
    acts_while_a_value_is_saved(page)
    builder_typed_in_meanwhile(page)
    nothing_answers(page)
    signed_out_meanwhile(page, email, password)


def list_asked_twice(page: Any) -> None:
    """The table is of the words in the search field and of the order pressed last, whatever is answered when."""
    page.goto(urljoin(page.url, "/contacts"))
    everybody = page.inner_text(".paging span")
    word = page.inner_text("table.rows tbody tr:first-child a").split()[0]
    with held(page, "**/contacts?*version=*"):
        until(page, "() => !!document.querySelector('#list.htmx-request')")
        with held(page, "**/contacts?*q=*"):
            page.fill("#search", word)
            until(page, "() => location.search === '' && document.querySelectorAll('.htmx-request').length > 0")
            page.wait_for_timeout(300)  # longer than the field waits for the next letter
            page.click("th[scope=col] a:has-text('E-mail')")
    quiet(page)
    asked = "word => (at => at.get('q') === word && at.get('sort') === 'email')(new URLSearchParams(location.search))"
    until(page, asked, word)
    assert page.input_value("#search") == word
    assert page.get_attribute("th:has-text('E-mail')", "aria-sort") == "ascending"
    assert page.inner_text(".paging span") != everybody
    assert page.locator("#filters input[name=q]").first.input_value() == word, "a view saved now is of this search"
    page.keyboard.press("/")
    page.keyboard.type(word + "x")  # and the order stays, when the words change
    until(page, asked, word + "x")
    quiet(page)
    page.locator("#search").evaluate("field => field.dataset.old = ''")
    page.go_back()  # to the words before, and the whole page with them: it is loaded anew
    page.wait_for_selector("#search:not([data-old])")
    until(page, asked, word)
    assert page.input_value("#search") == word
    assert page.inner_text("h1") == "All contacts"
    page.unroute_all()


def list_brought_up_to_date(page: Any) -> None:
    """The keyboard stays on its row, and an open menu open, when news come."""
    page.goto(urljoin(page.url, "/contacts"))
    page.keyboard.press("j")
    page.keyboard.press("j")
    name = page.evaluate("() => document.activeElement.textContent")

    def as_if_new(route: Any) -> None:
        route.continue_(url=re.sub(r"version=\w+", "version=another", route.request.url))

    page.route("**/contacts?*version=*", as_if_new)
    with page.expect_response("**/contacts?*version=*"):
        page.locator("#list").evaluate("list => list.dataset.old = ''")
    page.wait_for_selector("#list:not([data-old])")
    until(page, "name => document.activeElement.textContent === name", name)
    page.locator("#list").evaluate("list => list.dataset.old = ''")
    page.click(".paging details summary")
    with page.expect_response("**/contacts?*version=*"):
        pass
    quiet(page)
    assert page.is_visible("#list[data-old] .paging details a")
    page.keyboard.press("Escape")
    page.wait_for_selector("#list:not([data-old])")
    link = page.locator("table.rows tbody tr:nth-child(3) a")
    link.hover()
    page.mouse.down()
    with page.expect_response("**/contacts?*version=*"):
        pass
    page.mouse.up()  # the news did not take the row from under the pointer
    page.wait_for_selector(".record")
    page.unroute_all()


def a_download_leaves_the_list_alive(page: Any) -> None:
    """Its form leads nowhere, so it is pressed again, or another of its buttons; keys go on from the ticked row."""
    page.goto(urljoin(page.url, "/contacts?sort=email"))
    page.locator("tbody input[name=ids]").nth(2).click()
    with page.expect_download():
        page.click("#selection button:has-text('Export')")
    page.keyboard.press("Tab")
    page.locator("tbody input[name=ids]").nth(2).focus()
    page.keyboard.press("j")
    until(page, "() => !!document.querySelector('tbody tr:nth-child(4).is-chosen')")
    page.click("#selection button:has-text('Edit a property')")
    page.wait_for_url("**/contacts/edit?*")


def acts_while_a_value_is_saved(page: Any) -> None:
    """Esc does not hide what was saved; the keyboard is not taken from where one has gone on to."""
    page.goto(urljoin(page.url, "/contacts?sort=email"))
    page.click("table.rows tbody tr:first-child a")
    page.click("a:has-text('View all properties')")
    row, other = page.locator("#property-jobtitle"), page.locator("#property-fax")
    row.get_by_text("Edit", exact=True).click()
    page.fill("#value-jobtitle", "Slow baker")
    with held(page, "**/jobtitle/edit"):
        page.keyboard.press("Enter")
        until(page, "() => !!document.querySelector('#property-jobtitle .htmx-request')")
        page.keyboard.press("Escape")
        page.keyboard.type("lost?")  # the field takes no more
        other.get_by_text("Edit", exact=True).click()
        page.fill("#value-fax", "12")
    until(page, "() => document.querySelector('#property-jobtitle dd').innerText === 'Slow baker'")
    page.keyboard.type("34")
    assert page.input_value("#value-fax") == "1234"
    page.keyboard.press("Escape")
    other.locator("form").wait_for(state="detached")
    with held(page, "**/properties/jobtitle"):
        row.get_by_text("History", exact=True).click()
        until(page, "() => !!document.querySelector('#history.htmx-request, #property-jobtitle .htmx-request')")
        other.get_by_text("History", exact=True).click()
    until(page, "() => document.querySelector('#history h2')?.innerText === 'Fax Number'")
    quiet(page)
    assert page.inner_text("#history h2") == "Fax Number", "the last one asked for"
    forget(page)
    row.get_by_text("Edit", exact=True).click()
    page.fill("#value-jobtitle", "")
    page.keyboard.press("Enter")
    until(page, "() => document.querySelector('#property-jobtitle dd').innerText === '–'")


def builder_typed_in_meanwhile(page: Any) -> None:
    """What is typed while an act is under way is in its answer; of two acts at once the first is done; saved once."""
    page.goto(urljoin(page.url, "/segments/new"))
    page.wait_for_selector("#what")
    for act in ("add:r", "copy:r.0", "copy:r.0"):
        page.click(f"button[value='{act}']")
        quiet(page)
    page.fill("#r-0-value", "1")
    with held(page, "**/segments/build") as acts:
        page.click("button[value='remove:r.1']")
        until(page, "() => !!document.querySelector('#builder.htmx-request')")
        page.click("button[value='remove:r.0']")
        page.fill("#r-0-value", "7")
        page.fill("#segment-name", "Typed meanwhile")
    assert len(acts) == 1
    until(page, "() => document.querySelectorAll('fieldset.condition').length === 2")
    quiet(page)
    assert page.input_value("#r-0-value") == "7"
    assert page.input_value("#segment-name") == "Typed meanwhile"
    page.unroute_all()
    page.route("**/segments/build", lambda route: route.abort())
    page.click("[data-undo]")
    page.wait_for_selector("#failure:visible")
    page.unroute("**/segments/build")
    assert page.locator("[data-redo]").is_disabled(), "no step was taken"
    forget(page, *FAILED)
    page.once("dialog", lambda asked: asked.accept())  # it is not saved, and may be left
    page.goto(urljoin(page.url, "/segments"))


def nothing_answers(page: Any) -> None:
    """A failure is said, what saves itself goes back to what is true, and what could not be opened can be, later."""
    page.goto(urljoin(page.url, "/contacts?sort=email"))
    everybody = page.inner_text(".paging span")
    page.route("**/contacts?*q=*", lambda route: route.abort())
    page.fill("#search", page.inner_text("table.rows tbody tr:first-child a").split()[0])
    page.wait_for_selector("#failure:has-text('by itself')")
    page.unroute("**/contacts?*q=*")
    until(page, "told => document.querySelector('.paging span').innerText !== told", everybody)
    assert page.locator("#failure").is_hidden()
    columns = page.locator("details.menu", has=page.locator("summary", has_text="Columns"))
    page.route("**/contacts/columns*", lambda route: route.abort())
    columns.locator("summary").click()
    page.wait_for_selector("#failure:has-text('cannot be reached')")
    assert columns.get_attribute("open") is None
    page.unroute("**/contacts/columns*")
    columns.locator("summary").click()
    page.wait_for_selector("form.columns input[type=search]")
    assert page.locator("#failure").is_hidden()
    page.click("table.rows tbody tr:first-child a")
    page.click("a:has-text('View all properties')")
    page.route("**/hide-empty", lambda route: route.fulfill(status=503, body=""))
    page.click("#hide-empty")
    page.wait_for_selector("#failure:has-text('went wrong')")
    assert not page.is_checked("#hide-empty")
    assert page.is_visible("#property-fax")
    page.unroute("**/hide-empty")
    page.evaluate("() => { htmx.config.timeout = 300; document.querySelector('#failure span').textContent = ''; }")
    page.route("**/hide-empty", lambda route: None)  # no answer at all
    page.click("#hide-empty")
    page.wait_for_selector("#failure:has-text('cannot be reached')")
    assert not page.is_checked("#hide-empty")
    forget(page, *FAILED)
    page.goto(page.url.split("/properties")[0])
    page.fill("#note", "Typed before the server failed")
    page.route("**/notes", lambda route: route.fulfill(status=500, body="<p>broken"))
    page.click("form.write button")
    page.wait_for_url("**/notes")
    forget(page, *FAILED, "500 ")
    page.go_back()
    until(page, "() => document.querySelector('#note')?.value === 'Typed before the server failed'")


def signed_out_meanwhile(page: Any, email: str, password: str) -> None:
    """What is typed stays, is said to, and is saved once one has signed in again in another tab: by parts of a page
    and by forms."""
    here = page.url
    page.goto(f"{here}/properties")
    row = page.locator("#property-fax")
    row.get_by_text("Edit", exact=True).click()
    page.fill("#value-fax", "555")
    page.context.clear_cookies(name="sessionid")
    page.keyboard.press("Enter")
    page.wait_for_selector("#failure:has-text('You are signed out') a:visible")
    sign_in_beside(page, "#failure a", email, password)
    page.focus("#value-fax")
    page.keyboard.press("Enter")
    until(page, "() => document.querySelector('#property-fax dd').innerText === '555'")
    page.goto(here)
    page.fill("#note", "Typed before the session ended")
    page.context.clear_cookies(name="sessionid")
    page.click("form.write button")
    sign_in_beside(page, "main a.primary", email, password)
    page.click("main form button")
    page.wait_for_selector(".timeline .note:has-text('Typed before the session ended')")
    forget(page, *FAILED)


def sign_in_beside(page: Any, link: str, email: str, password: str) -> None:
    with page.context.expect_page() as opened:
        page.click(link)
    other = opened.value
    other.fill("input[name=email]", email)
    other.fill("input[name=password]", password)
    other.click("button.primary")
    other.wait_for_selector("header.bar")
    other.close()
