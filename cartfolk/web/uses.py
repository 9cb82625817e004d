"""What uses a property: formulas, segments and saved views; what deleting it would break."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cartfolk.core.sql import Connection
from cartfolk.properties import calculated
from cartfolk.properties.defined import load
from cartfolk.segments import stored

from . import formats
from .models import SavedView


@dataclass(frozen=True, slots=True)
class Uses:
    """Labels of calculated properties, (number, name) of segments, names of shared and private views."""

    formulas: tuple[str, ...]
    segments: tuple[tuple[int, str], ...]
    views: tuple[str, ...]


def of(conn: Connection, name: str) -> Uses:
    """Where the property is used now."""
    formulas = calculated.users(name, load(conn, archived=True).properties)
    segments = [item for item in stored.every(conn) if name in _names(item.definition)]
    views = [
        view.name
        for view in SavedView.objects.filter(deleted_at=None).order_by("position", "id")
        if name in view.columns or view.sort.removeprefix("-") == name or name in _names(view.filters)
    ]
    return Uses(
        tuple(item.label(formats.language()) for item in formulas),
        tuple((item.segment_id, item.name) for item in segments),
        tuple(views),
    )


def _names(definition: Any) -> Iterator[str]:
    """Every property a definition of the segment language names."""
    if isinstance(definition, dict):
        for key, value in definition.items():
            if key in ("property", "field") and isinstance(value, str):
                yield value
            else:
                yield from _names(value)
    elif isinstance(definition, list):
        for value in definition:
            yield from _names(value)
