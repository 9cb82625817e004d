"""What a reader asks of All contacts, read from the address and written back to it.

    view      the tab; everything below is the view's unless the address says otherwise
    q         search        sort     a property, a leading minus downwards
    filters   the segment language as JSON; empty = none, whatever the view has
    columns   names with commas

So an address can be shared, and a view that was changed can be saved.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote_plus, urlencode

from django.http import QueryDict
from django.urls import reverse

from . import saved
from .given import json_object

LONGEST = 20_000  # characters of filters in an address
# A cut-off address, for example. It must not pass for one without filters: everybody would be exported.
UNREADABLE: dict[str, Any] = {"root": None}


@dataclass(frozen=True, slots=True)
class Asked:
    """``view``: the tab as it is kept; ``shown``: the same with what the address changes."""

    view: saved.View
    shown: saved.View
    opens: str = saved.EVERYBODY  # the view a bare address shows
    missing: bool = False  # the address names a view that is not there (any more): this is everybody instead
    # What differs from the view, worked out once: a page writes two dozen addresses.
    differs: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        view, shown = self.view, self.shown
        if shown.search != view.search:
            self.differs["q"] = shown.search
        if shown.sort != view.sort:
            self.differs["sort"] = shown.sort
        if shown.filters != view.filters:
            self.differs["filters"] = text(shown.filters)
        if shown.columns != view.columns:
            self.differs["columns"] = ",".join(shown.columns)

    @property
    def changed(self) -> bool:
        """Whether saving would change the view."""
        return self.view != self.shown

    def parameters(self, **more: str) -> dict[str, str]:
        """The shortest parameters that ask the same, with ``more`` of them replaced or (when empty) left out."""
        view, found = self.view, self.differs | more
        found = {k: v for k, v in found.items() if v or (k in ("q", "filters") and k not in more)}
        if view.key != saved.EVERYBODY or (not found and self.opens != saved.EVERYBODY):
            found = {"view": view.key} | found
        return found

    def address(self, route: str = "web:contacts", **more: str) -> str:
        parameters = self.parameters(**more)
        return f"{_path(route)}?{urlencode(parameters, quote_via=_quoted)}" if parameters else _path(route)

    def sorted_by(self, sort: str) -> str:
        """The address of the same in another order; '' for none."""
        return self.address(sort="" if sort == self.view.sort else sort) if sort else ""

    def with_(self, **changes: Any) -> Asked:
        """The same with other filters, columns, sort or search."""
        return dataclasses.replace(self, shown=dataclasses.replace(self.shown, **changes))


_quoted = lru_cache(256)(quote_plus)  # the same filters stand in two dozen addresses of a page


@cache
def _path(route: str) -> str:
    return reverse(route)


def read(parameters: QueryDict | Mapping[str, str], views: list[saved.View]) -> Asked:
    """What the parameters ask; an unknown view is everybody, filters that are no JSON are some nobody can ask."""
    asked = {key: parameters.get(key, "") for key in ("view", "q", "sort", "filters", "columns") if key in parameters}
    by_key = {view.key: view for view in views}
    view = by_key.get(asked.get("view", ""), views[0]) if "view" in asked else _without_view(asked, views)
    shown = view
    if "q" in asked:
        shown = dataclasses.replace(shown, search=asked["q"].strip()[:200])
    if asked.get("sort"):
        shown = dataclasses.replace(shown, sort=asked["sort"][:130])
    if "filters" in asked:
        shown = dataclasses.replace(shown, filters=_json(asked["filters"]))
    if asked.get("columns"):
        names = tuple(dict.fromkeys(name for name in asked["columns"][:4000].split(",") if name))
        shown = dataclasses.replace(shown, columns=names)
    missing = "view" in asked and asked["view"] not in by_key and "filters" not in asked
    return Asked(view, shown, saved.opening(views).key, missing=missing)


def _without_view(asked: Mapping[str, str], views: list[saved.View]) -> saved.View:
    """The view that opens by itself; an address that asks for something else means everybody."""
    return views[0] if asked else saved.opening(views)


def _json(raw: str) -> dict[str, Any] | None:
    if not raw:
        return None
    found = json_object(raw, LONGEST)
    return UNREADABLE if found is None else found


def text(filters: Mapping[str, Any] | None) -> str:
    """Filters as the address carries them; '' for none."""
    return json.dumps(filters, ensure_ascii=False, separators=(",", ":")) if filters else ""
