"""Risk: the parts of an import work and a person in front of a browser still cannot bring her contacts in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from .test_browser import create_owner, link, page, pytestmark  # noqa: F401 - fixtures and marks

PICTURES = os.environ.get("PICTURES", "")  # a folder for screenshots of each step
FILE = (
    "E-Mail;Vorname;Nachname;Ort;Interner Vermerk\n"
    "Ann@example.org;Ann;Ahorn;Ulm;a\nbob@example.org;Bob;Birke;Bonn;b\nnobody;Eve;Esche;Ulm;c\n"
)


def shoot(page: Any, name: str) -> None:  # noqa: F811
    if PICTURES:
        for width, height in ((1440, 900), (390, 844)):
            for scheme in ("light", "dark"):
                page.set_viewport_size({"width": width, "height": height})
                page.emulate_media(color_scheme=scheme)
                page.screenshot(path=f"{PICTURES}/{name}-{width}-{scheme}.png", full_page=True)
        page.set_viewport_size({"width": 1440, "height": 900})
        page.emulate_media(color_scheme="light")


@pytest.mark.usefixtures("link")
def test_a_file_comes_in_and_goes_again_in_both_languages(link: str, page: Any, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "kontakte.csv"
    path.write_text(FILE, encoding="cp1252")
    create_owner(page, link)
    bring_in(page, path, "en", "Import", "New", "Undo this import", "Undone. Contacts removed: 2;")
    page.click("button[name=language][value=de]")
    page.wait_for_selector("html[lang=de]")
    bring_in(
        page,
        path,
        "de",
        "Import",
        "Neu",
        "Diesen Import rückgängig machen",
        "Rückgängig gemacht. Entfernte Kontakte: 2;",
    )
    assert page.errors == []


def bring_in(page: Any, path: Path, language: str, link: str, new: str, undo: str, undone: str) -> None:  # noqa: F811
    page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/")[2] + "/contacts")
    page.click(f"a.button:has-text('{link}') >> nth=0")
    shoot(page, f"{language}-1-upload")
    page.set_input_files("input[name=file]", path)
    page.focus("input[name=file]")
    page.keyboard.press("Tab")  # by keyboard from here: the next stop is the button
    page.keyboard.press("Enter")
    page.wait_for_selector("table.mapping")
    chosen = page.eval_on_selector_all("table.mapping select", "all => all.map(one => one.value)")
    assert chosen == ["email", "firstname", "lastname", "city", ""]
    shoot(page, f"{language}-2-columns")
    page.click("button.primary")
    page.wait_for_selector("button[value=run]")
    figures = page.inner_text("dl.figures")
    assert new in figures
    assert [line for line in figures.splitlines() if line.strip().isdigit()] == ["2", "0", "0", "1"]
    shoot(page, f"{language}-3-check")
    page.click("button[value=run]")
    page.wait_for_selector(f"a:has-text('{undo}')")
    with page.expect_download() as download:
        page.click("a[download]")
    assert "nobody" in Path(download.value.path()).read_text("utf-8-sig")
    shoot(page, f"{language}-4-result")
    page.click(f"a:has-text('{undo}')")
    shoot(page, f"{language}-5-undo")
    page.click("button[value=undo]")
    page.wait_for_selector(f"p.notice:has-text('{undone}')")
    shoot(page, f"{language}-6-undone")
