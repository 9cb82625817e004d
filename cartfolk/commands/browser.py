"""A merchant's browser in miniature: opens pages, fills the forms it finds, follows redirects.

The demo connects its shop through the very pages a person uses, so the ordinary path is walked each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx2

from .exits import CommandFailed


class _Forms(HTMLParser):
    """The forms of a page: where they post to and what their fields hold."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[dict[str, str], dict[str, str]]] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((found, {}))
        elif self.forms and (name := found.get("name")):
            if tag == "input" and found.get("type") not in {"checkbox", "radio", "submit"}:
                self.forms[-1][1][name] = found.get("value", "")
            elif tag == "textarea":
                self.forms[-1][1][name] = ""
            elif tag == "select":
                self._select = name
        elif tag == "option" and self._select and self.forms:
            fields = self.forms[-1][1]
            if self._select not in fields or "selected" in found:
                fields[self._select] = found.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""


class Browser:
    """Signed in and connected by forms only. Raises CommandFailed with what the page said."""

    def __init__(self, base: str) -> None:
        self._client = httpx2.Client(base_url=base, follow_redirects=True, timeout=60)

    def close(self) -> None:
        self._client.close()

    def submit(self, path: str, values: Mapping[str, str]) -> httpx2.Response:
        """Opens the page, fills the form that has all these fields, sends it; returns the page after it."""
        page = self._client.get(path)
        parsed = _Forms()
        parsed.feed(page.text)
        for form, fields in parsed.forms:
            if set(values) <= set(fields) | {"allow_private_address"} and set(values) & set(fields):
                action = urljoin(str(page.url), form.get("action") or str(page.url))
                answer = self._client.post(action, data={**fields, **values}, headers={"Referer": str(page.url)})
                if answer.status_code >= 400:
                    raise CommandFailed(f"{action} answered {answer.status_code} to its own form.")
                return answer
        raise CommandFailed(f"{page.url} has no form with {', '.join(sorted(values))}.")
