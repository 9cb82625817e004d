"""The product tables for e-mails as a page may show them: only what is on the list below goes through.

The values are made by Cartfolk, which escapes the shop's texts; an imported or restored one need not be.
"""

from __future__ import annotations

from html import escape
from html.parser import HTMLParser
from urllib.parse import urlsplit

from django.utils.safestring import SafeString, mark_safe

TABLES = frozenset({"last_products_bought_html", "abandoned_cart_products_html"})
_KEPT = ("table", "tr", "td")
_SILENT = frozenset({"script", "style", "title", "textarea", "template", "noscript", "iframe", "svg", "math"})


def table(text: str) -> SafeString:
    """The table with its pictures and links, when they are https; everything else is text or gone."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return mark_safe("".join(reader.told + [f"</{tag}>" for tag in reversed(reader.open)]))  # noqa: S308


def words(text: str) -> str:
    """The table in a line: ``2 × Blue mug, 1 × Tea``."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    said = []
    for cells in reader.rows:
        cells = [" ".join(cell.split()) for cell in cells]
        said.append(f"{cells[2]} × {cells[1]}" if len(cells) > 2 else " ".join(filter(None, cells)))
    return ", ".join(filter(None, said))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.told: list[str] = []
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if self._silent or tag in _SILENT:
            self._silent.append(tag)
        elif tag in _KEPT:
            self.told.append(f"<{tag}>")
            self.open.append(tag)
            if tag == "tr":
                self.rows.append([])
            elif tag == "td" and self.rows:
                self.rows[-1].append("")
        elif tag == "img" and (source := _address(given.get("src"))):
            self.told.append(f'<img src="{source}" alt="" width="48" loading="lazy" referrerpolicy="no-referrer">')
        elif tag == "a" and (target := _address(given.get("href"))):
            self.told.append(f'<a href="{target}" rel="noreferrer noopener nofollow" target="_blank">')
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._silent:
            if tag in self._silent:
                del self._silent[self._silent.index(tag) :]
        elif tag in self.open:
            while True:
                last = self.open.pop()
                self.told.append(f"</{last}>")
                if last == tag:
                    break

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.told.append(escape(data))
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data
        elif data.strip():
            self.rows.append([data])


def _address(raw: str | None) -> str:
    """The address, escaped, when it is one of https with a host; else ''."""
    try:
        parts = urlsplit((raw or "").strip())
    except ValueError:
        return ""
    return escape(parts.geturl()) if parts.scheme == "https" and parts.hostname else ""
