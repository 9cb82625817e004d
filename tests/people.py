"""The contact database as plain values: what must be equal however the deliveries came."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row

from cartfolk import pipeline
from cartfolk.core.sql import Connection

# our own numbers and clocks, which say nothing about the shop
_OURS = {
    "contact_id",
    "order_id",
    "cart_id",
    "hs_object_id",
    "computed_at",
    "received_at",
    "source_id",
    "due_at",
}
_FACTS = {
    "orders": "external_id",
    "order_line": "position",
    "refund": "external_id",
    "order_event": "at",
    "customer": "external_id",
    "cart": "external_id",
    "cart_line": "position",
    "cart_event": "at",
    "consent_event": "at",
    "conversion": "at",
    "contact_property": "contact_id",
}


def snapshot(conn: Connection) -> list[dict[str, Any]]:
    """Every contact with its names and everything that hangs on it, in a comparable order."""
    people: dict[int, dict[str, Any]] = {}
    with conn.cursor(row_factory=dict_row) as cursor:
        seen: dict[int, Any] = {}
        for row in cursor.execute("select contact_id, first_seen from contact").fetchall():
            seen[row["contact_id"]] = row["first_seen"]
            people[row["contact_id"]] = {"names": set(), **{table: [] for table in _FACTS}}
        for row in cursor.execute("select contact_id, kind, value from identity").fetchall():
            people[row["contact_id"]]["names"].add((row["kind"], row["value"]))
        for row in cursor.execute("select contact_id, store_id, external_id from account").fetchall():
            people[row["contact_id"]]["names"].add((row["store_id"], row["external_id"]))
        names: dict[int, str] = {}
        for table in ("orders", "cart"):
            key = "order_id" if table == "orders" else "cart_id"
            for row in cursor.execute(f"select {key} as id, external_id from {table}").fetchall():
                names[row["id"]] = row["external_id"]
        standing: dict[int, tuple[Any, str]] = {}
        for row in cursor.execute("select order_id, version, status_raw from orders").fetchall():
            standing[row["order_id"]] = (row["version"], row["status_raw"])
        for table in _FACTS:
            for row in cursor.execute(f"select * from {table}").fetchall():
                if table == "order_event" and standing.get(row["order_id"]) == (row["at"], row["status_raw"]):
                    continue  # an order's versions are these and the one it stands at
                owner = row.get("order_id") or row.get("cart_id") or row.get("source_id")
                first = seen[row["contact_id"]]  # our own clock, where no fact tells an earlier time
                told = {k: "first seen" if v == first else v for k, v in row.items() if k not in _OURS}
                people[row["contact_id"]][table].append((names.get(owner, ""), sorted(told.items(), key=str)))
    for person in people.values():
        person["names"] = sorted(person["names"], key=str)
        for table in _FACTS:
            person[table].sort(key=str)
    return sorted(people.values(), key=str)


def drain_all(conn: Connection, url: str) -> None:
    """Handles everything that waits, live and bulk, as a worker would."""
    with psycopg.connect(url, autocommit=True) as identity:
        for lane in (pipeline.LIVE, pipeline.BULK):
            while pipeline.drain(conn, identity, lane):
                pass
    refresh_all(conn)


def refresh_all(conn: Connection) -> None:
    for lane in (pipeline.LIVE, pipeline.BULK):
        while pipeline.refresh_dirty(conn, lane):
            pass


def differences(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> list[str]:
    """What differs, a line each, so that a failure can be read."""
    told: list[str] = (
        []
        if len(left) == len(right)
        else [
            f"{len(left)} contacts left, {len(right)} right",
            *[f"nameless: {p}" for p in (*left, *right) if not p["names"]],
        ]
    )
    names = [{str(person["names"]) for person in people} for people in (left, right)]
    told += [f"only left: {name}" for name in names[0] - names[1]]
    told += [f"only right: {name}" for name in names[1] - names[0]]
    others = {str(person["names"]): person for person in right}
    for person in left:
        other = others.get(str(person["names"]))
        for table in _FACTS if other else ():
            mine, theirs = {str(row) for row in person[table]}, {str(row) for row in other[table]}
            if table == "contact_property" and mine != theirs and person[table] and other[table]:
                pairs = zip(person[table][0][1], other[table][0][1], strict=True)
                told += [f"{person['names']}: {one} is not {two}" for one, two in pairs if str(one) != str(two)]
                continue
            told += [f"{table} left: {row}" for row in sorted(mine - theirs)]
            told += [f"{table} right: {row}" for row in sorted(theirs - mine)]
    return told
