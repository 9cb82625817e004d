"""Fetching again what a page could not give: the retry of quarantine rows that hold a place, not a text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cartfolk.core.sql import Connection

from . import deliveries
from .deliveries import Q


@dataclass(frozen=True, slots=True)
class Hole:
    """A quarantine row without a text: where something is missing."""

    quarantine_id: int
    store_id: int
    stream: str
    raw: str


def refill(conn: Connection, store_id: int, holes: Sequence[Hole], at: datetime) -> list[int]:
    """Has what is missing in these holes of the store fetched again; returns those for which that is under way.

    Call in a transaction. A window goes on from its place in the store's newest backfill, which is opened
    again for that (not a cancelled one: it was given up on purpose); a single object is asked for like after
    a webhook; a page of the poll is asked for by the next poll anyway.
    """
    windows: list[tuple[Hole, dict[str, str | None]]] = []
    done: list[int] = []
    for hole in holes:
        told = json.loads(hole.raw)
        if "window" in told:
            windows.append((hole, told))
        elif "id" in told:
            hint = {"ids": [str(told["id"])], "deleted": False}
            deliveries.store(conn, store_id, "webhook", hole.stream, hole.raw.encode(), at, hint=hint)
            done.append(hole.quarantine_id)
        else:
            done.append(hole.quarantine_id)
    run = conn.execute(Q["reopen_run"], {"store_id": store_id}).fetchone() if windows else None
    if run is not None:
        conn.execute(
            Q["add_windows_again"],
            {
                "run_id": run[0],
                "streams": [hole.stream for hole, _told in windows],
                "keys": [f"{str(told['window']).partition('+')[0]}+{hole.quarantine_id}" for hole, told in windows],
                "starts": [told.get("start") for _hole, told in windows],
                "ends": [told.get("end") for _hole, told in windows],
                "cursors": [told.get("cursor") for _hole, told in windows],
            },
        )
        done += [hole.quarantine_id for hole, _told in windows]
    return done
