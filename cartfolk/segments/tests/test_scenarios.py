"""Given people and facts, when the clock stands there, then these are the members: every operator, event, field,
measure and kind of period, with a sentence why. The scenarios are YAML files beside this one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
import yaml
from psycopg.types.json import Jsonb

from cartfolk.core.sql import Connection
from cartfolk.segments.compile import compile, compile_touched
from cartfolk.segments.fields import EVENTS, MEASURES
from cartfolk.segments.language import from_json
from cartfolk.segments.operators import ALIASES, OPERATORS
from cartfolk.segments.tests import world as worlds
from cartfolk.segments.tree import Context, Event, Field, Known, Lines, Node, Property, Shop, walk

FILES = sorted(Path(__file__).with_name("scenarios").glob("*.yaml"))
SCENARIOS: list[dict[str, Any]] = [item for path in FILES for item in yaml.safe_load(path.read_text("utf-8"))]
CONTEXT = Context(
    worlds.ASKED,
    ZoneInfo("Europe/Berlin"),
    {n: Shop(f"shop {n}", counted, worlds.CURRENCIES[n]) for n, counted in worlds.STORES.items()},
    {901: Known("other")},
    cuts=worlds.CUTS,
)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 12, 1, tzinfo=UTC)


def moment(value: Any) -> Any:
    """YAML tells times in UTC without saying so."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value


class Cast:
    """The people of all scenarios, each with a number of their own."""

    def __init__(self) -> None:
        self.count = 0
        self.updates: list[tuple[str, dict[str, Any], int]] = []
        self.people: list[worlds.Person] = []
        self.names: list[dict[str, int]] = []
        for scenario in SCENARIOS:
            self.names.append({str(name): self.person(said) for name, said in scenario["people"].items()})

    def number(self) -> int:
        self.count += 1
        return self.count

    def person(self, said: dict[str, Any]) -> int:
        person = worlds.Person(self.number(), dict.fromkeys(worlds.ASKED))
        for name, value in said.items():
            if name in worlds.ASKED:
                person.values[name] = self.value(value)
        for change in said.get("changes", []):
            changed = {name: self.value(value) for name, value in change.items() if name != "at"}
            person.changes.append((moment(change["at"]), changed))
        person.orders = [self.order(item) for item in said.get("orders", [])]
        person.carts = [self.cart(item) for item in said.get("carts", [])]
        person.steps = [
            (moment(item["at"]), item["name"], 1, self.number(), item.get("historic", False))
            for item in said.get("steps", [])
        ]
        person.consents = [("email", moment(c["at"]), c["status"], c["source"]) for c in said.get("consents", [])]
        person.stores, person.segments = said.get("stores", []), said.get("segments", [])
        self.people.append(person)
        return person.number

    @staticmethod
    def value(value: Any) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return Decimal(str(value))
        return moment(value)

    def line(self, position: int, said: dict[str, Any]) -> worlds.Line:
        return worlds.Line(
            position,
            said.get("product"),
            said.get("variant"),
            said.get("sku"),
            said.get("name", "Thing"),
            Decimal(said.get("quantity", 1)),
            Decimal(said["price"]) if "price" in said else None,
            Decimal(said.get("total", 1)),
            Decimal(said.get("discount", 0)),
        )

    def order(self, said: dict[str, Any]) -> worlds.Order:
        number = self.number()
        refunds = [
            worlds.Refund(str(place), Decimal(r["amount"]), moment(r.get("at")), r.get("reason"))
            for place, r in enumerate(said.get("refunds", []))
        ]
        if "set" in said:
            self.updates.append(("orders", said["set"], number))
        return worlds.Order(
            number,
            said.get("store", 1),
            said.get("number", str(number)),
            said.get("status", "completed"),
            said.get("currency", "EUR"),
            Decimal(str(said["rate"])) if "rate" in said else None,
            Decimal(said.get("total", 10)),
            sum((refund.amount for refund in refunds), Decimal(0)),
            moment(said.get("at", LONG_AGO)),
            None,
            said.get("payment"),
            said.get("coupons", []),
            said.get("country"),
            said.get("guest", False),
            said.get("deleted", False),
            [self.line(place, item) for place, item in enumerate(said.get("lines", []), 1)],
            refunds,
        )

    def cart(self, said: dict[str, Any]) -> worlds.Cart:
        number = self.number()
        if "set" in said:
            self.updates.append(("cart", said["set"], number))
        at = moment(said.get("at", LONG_AGO))
        return worlds.Cart(
            number,
            said.get("store", 1),
            str(number),
            said.get("state", "open"),
            said.get("currency"),
            Decimal(said.get("total", 10)),
            at,
            moment(said.get("version", at)),
            moment(said.get("abandoned_at")),
            [self.line(place, item) for place, item in enumerate(said.get("lines", []), 1)],
        )


CAST = Cast()


@pytest.fixture(scope="module")
def people(server_url: str, template: str) -> Iterator[Connection]:
    from conftest import drop, named

    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f'create database segments_scenarios template "{template}" strategy file_copy')
        with psycopg.connect(named(server_url, "segments_scenarios"), autocommit=True) as conn:
            worlds.store(conn, worlds.World(CAST.people, dict(worlds.PRODUCTS)))
            for table, columns, number in CAST.updates:
                key = "order_id" if table == "orders" else "cart_id"
                for name, value in columns.items():
                    given = Jsonb(value) if isinstance(value, dict) else moment(value)
                    conn.execute(f"update {table} set {name} = %s where {key} = %s", [given, number])
            yield conn
        drop(admin, "segments_scenarios")


def definition(ask: dict[str, Any]) -> dict[str, Any]:
    """The short form of the files: groups and properties say their type by themselves."""
    if "match" in ask:
        return {"type": "group", **ask, "children": [definition(child) for child in ask["children"]]}
    return ask if "type" in ask else {"type": "property", **ask}


def root(ask: dict[str, Any]) -> Node:
    return from_json({"version": 1, "root": definition(ask)}, CONTEXT)


@pytest.mark.parametrize("place", range(len(SCENARIOS)), ids=[scenario["about"] for scenario in SCENARIOS])
def test_scenario(people: Connection, place: int) -> None:
    names = CAST.names[place]
    for expected in SCENARIOS[place]["then"]:
        node, at = root(expected["ask"]), moment(expected.get("at", NOW))
        sql = compile(node, CONTEXT)
        members = {row[0] for row in people.execute(sql.text, sql.at(at)).fetchall()}
        found = [name for name, number in names.items() if number in members]
        assert found == expected["are"], f"{expected['because']}: {expected['ask']}"
        sql = compile_touched({1: node}, CONTEXT)
        rows = {row[0]: row[1] for row in people.execute(sql.text, sql.at(at) | {"ids": list(names.values())})}
        assert [name for name, number in names.items() if rows[number]] == found, expected["ask"]


def test_every_question_there_is_has_a_scenario() -> None:
    operators: set[str] = set()
    fields: set[tuple[str, str]] = set()
    measures: set[str] = set()
    periods: set[str] = set()
    nodes = [node for scenario in SCENARIOS for item in scenario["then"] for node in walk(root(item["ask"]))]
    for node in nodes:
        if isinstance(node, Property):
            operators.add(node.question.operator)
        if isinstance(node, Event):
            measures.add(node.measure)
            operators.add(node.question.operator)
            fields |= {(node.event, node.field or "")}
            fields |= {(node.event, item.name) for item in node.where if isinstance(item, Field)}
            operators |= {item.question.operator for item in node.where if isinstance(item, Field)}
            if any(isinstance(item, Lines) for item in node.where):
                periods.add("lines")
            if node.period:
                periods.add(node.period.operator)
    assert set(OPERATORS) == operators
    assert set(MEASURES) == measures
    assert {"in_last", "more_than_ago", "in_this", "in_previous", "between", "lines"} == periods
    every = {(name, field) for name, event in EVENTS.items() for field in event.fields}
    assert every - fields == set()


def test_aliases_are_read_as_the_operators_they_stand_for() -> None:
    for alias, name in ALIASES.items():
        ask = {"property": "total_number_of_orders", "operator": alias, "value": 2}
        assert root(ask) == root(ask | {"operator": name})
