"""Risk: a membership that was true once is not any more: after one of many things that happen to people, in any order,
what is noted, the set statement, the statement for touched contacts and a plain evaluator must name the same members,
and the log of joins and leaves must add up to them.

Each seed is a history: orders that change, refunds, carts, consents, edits, merges that are taken back, erasures, new
definitions, static lists, products that change their category, fifths worked out anew, and a clock that moves by
minutes and days, over daylight saving and 29 February. Everything goes through the real pipeline.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.rows import dict_row

from bench.server import add_store
from cartfolk import erasure, merging, pipeline
from cartfolk.connectors.canonical import (
    Address,
    Cart,
    Consent,
    ConsentStatus,
    Customer,
    Line,
    Order,
    OrderStatus,
    Product,
    Record,
    Refund,
)
from cartfolk.core import time
from cartfolk.core.sql import Connection
from cartfolk.properties.write import Mode, Write, write
from cartfolk.segments import build, cuts, refresh, static, stored
from cartfolk.segments.compile import compile, compile_touched
from cartfolk.segments.language import to_json
from cartfolk.segments.problems import Refused
from cartfolk.segments.tests import oracle, world
from cartfolk.segments.tests.trees import Trees

CLOCKS = [
    datetime.fromisoformat(text).astimezone(UTC)
    for text in (
        "2026-10-23T09:00:00+02:00",
        "2026-10-25T01:30:00+02:00",
        "2026-10-25T02:30:00+01:00",
        "2026-12-31T23:30:00+01:00",
        "2027-03-28T01:59:00+01:00",
        "2028-02-28T23:00:00+01:00",
        "2028-02-29T12:00:00+01:00",
        "2028-03-01T00:00:00+01:00",
    )
]
MOVES = [timedelta(minutes=20), timedelta(hours=1), timedelta(days=1), timedelta(days=8), timedelta(days=31)]
ASKED = {name: item for name, item in world.ASKED.items() if name != "birthday"}
PEOPLE, SEGMENTS, STEPS = 7, 8, 26


class History:
    """One account that things happen to."""

    def __init__(self, conn: Connection, identity: Connection, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.conn, self.identity, self.rng = conn, identity, random.Random(seed)
        self.clock = CLOCKS[0]
        self.trees = Trees(self.rng, CLOCKS)
        self.orders: list[Order] = []
        self.joined: set[int] = set()  # contacts that were ever part of a merge
        self.count = 0
        real = time.now
        for module in [module for name, module in sys.modules.items() if name.startswith("cartfolk.")]:
            if getattr(module, "now", None) is real:
                monkeypatch.setattr(module, "now", lambda: self.clock)
        live_from = CLOCKS[0] - timedelta(days=3000)
        assert add_store(conn, live_from) == 1
        conn.execute("update stores_store set name = 'first', key = 'first'")
        assert add_store(conn, live_from) == 2
        conn.execute("update stores_store set timezone = 'Europe/Berlin'")
        conn.execute("update store_rule set counted = '{completed}' where store_id = 2")
        for store, key in sorted(world.PRODUCTS):
            self.tell(self.product(store, key), store=store)
        self.lists = [stored.create(conn, name, None, "user:1") for name in ("One", "Two")]
        for person in range(PEOPLE):
            self.order(person)
        self.settle()
        for _ in range(SEGMENTS):
            self.define(None)

    # what happens

    def tell(self, *records: Record, store: int) -> None:
        """A shop tells something."""
        found = [pipeline.Received(record, store, self.clock) for record in records]
        with self.conn.transaction():
            pipeline.apply(self.conn, self.identity, found, pipeline.LIVE)

    def product(self, store: int, key: str) -> Product:
        known = world.PRODUCTS[store, key]
        return Product(
            key, key, self.clock, sku=known.sku, type=known.type, categories=tuple(known.categories or ()),
            brand=known.brand, tags=tuple(known.tags or ()),
        )  # fmt: skip

    def mail(self, person: int) -> str:
        return f"p{person}@example.org"

    def ago(self) -> datetime:
        return self.clock - self.rng.choice([timedelta(0), timedelta(hours=3), timedelta(days=6), timedelta(days=40)])

    def lines(self) -> tuple[Line, ...]:
        rng = self.rng
        return tuple(
            Line(
                rng.choice(world.CITIES), Decimal(rng.randint(1, 3)), Decimal(rng.choice([5, 10, 500])),
                product_id=rng.choice(["p1", "p2", "p3", "p9", None]), variant_id=rng.choice(["v1", None]),
                sku=rng.choice([None, "A", "b"]), price=rng.choice([None, Decimal(5), Decimal(250)]),
            )
            for _ in range(rng.randint(1, 3))
        )  # fmt: skip

    def order(self, person: int | None = None) -> None:
        rng = self.rng
        person = rng.randrange(PEOPLE) if person is None else person
        self.count += 1
        placed = self.ago()
        order = Order(
            str(self.count), str(self.count), OrderStatus.COMPLETED, "completed", rng.choice(["EUR", "EUR", "USD"]),
            Decimal(rng.choice([10, 100, 500, 501])), placed, self.clock, rate=rng.choice([None, Decimal(2)]),
            paid_at=placed, customer_id=rng.choice([None, f"c{person}"]), email=self.mail(person),
            billing=Address(country=rng.choice(["DE", "AT"]), city=rng.choice(world.CITIES)), lines=self.lines(),
            coupons=tuple(rng.sample(["SAVE", "NEW"], rng.randint(0, 2))),
            payment_method=rng.choice(["paypal", "card"]),
        )  # fmt: skip
        self.orders.append(order)
        self.tell(order, store=1 + self.count % 2)

    def changed_order(self) -> None:
        rng = self.rng
        order = rng.choice(self.orders)
        status = rng.choice([status for status in OrderStatus if status is not OrderStatus.IGNORED])
        refunds = rng.choice([(), (Refund("r1", Decimal(5), self.ago(), rng.choice([None, "broken"])),)])
        changed = replace(order, status=status, updated_at=self.clock, refunds=refunds, lines=self.lines())
        self.tell(changed, store=1 + int(order.external_id) % 2)

    def cart(self) -> None:
        rng = self.rng
        person = rng.randrange(PEOPLE)
        lines = self.lines() if rng.random() < 0.8 else ()
        cart = Cart(
            f"cart{person}", self.clock - timedelta(minutes=rng.randint(0, 90)), rng.choice([None, "EUR", "USD"]),
            Decimal(rng.choice([50, 100, 101])), email=self.mail(person), lines=lines, checkout=rng.random() < 0.3,
        )  # fmt: skip
        self.tell(cart, store=1)

    def customer(self) -> None:
        person = self.rng.randrange(PEOPLE)
        record = Customer(
            f"c{person}",
            self.mail(person),
            self.clock,
            created_at=self.ago(),
            phone=self.rng.choice([None, "0171 1234"]),
        )
        self.tell(record, store=1)

    def consent(self) -> None:
        rng = self.rng
        status = rng.choice([ConsentStatus.GRANTED, ConsentStatus.WITHDRAWN])
        source, person = rng.choice(["checkout", "import", "sync"]), rng.randrange(PEOPLE)
        channel = rng.choice(["email", "sms"])
        self.tell(Consent(status, self.ago(), source, email=self.mail(person), channel=channel), store=1)

    def edit(self) -> None:
        contact = self.somebody()
        given = {"city": self.rng.choice([*world.CITIES, None]), "mobilephone": self.rng.choice([None, "+49 30 5"])}
        name = self.rng.choice(sorted(given))
        write(self.conn, [Write(contact, {name: given[name]})], mode=Mode.OVERWRITE, source="user", by="user:1")

    def catalogue(self) -> None:
        store, key = self.rng.choice(sorted(world.PRODUCTS))
        categories = tuple(self.rng.sample(["shoes", "sale", "hats"], 2))
        brand = self.rng.choice(["Nord", None])
        self.tell(
            Product(key, key, self.clock, sku=self.rng.choice(["A", None]), categories=categories, brand=brand),
            store=store,
        )

    def merge(self) -> None:
        people = self.people()
        if len(people) > 2:
            kept, gone = self.rng.sample(people, 2)
            self.joined |= {kept, gone}
            merging.merge(self.conn, kept, [gone], "the same", "user:1")

    def unmerge(self) -> None:
        row = self.conn.execute("select max(merge_id) from contact_merge where undone_at is null").fetchone()
        if row and row[0]:
            try:
                self.joined |= set(merging.undo(self.conn, row[0], "user:1"))
            except merging.CannotUndo:
                return

    def erase(self) -> None:
        if len(self.people()) > 4:
            erasure.erase(self.conn, contacts=[self.somebody()], by="user:1")

    def define(self, segment: int | None) -> None:
        """A random definition that can be asked here."""
        while True:
            data = self.fitting(self.trees.definition())
            try:
                if segment is None:
                    self.count += 1
                    segment = stored.create(self.conn, f"Segment {self.count}", data, "user:1")
                else:
                    stored.redefine(self.conn, segment, data, "user:1")
                break
            except Refused:
                continue
        assert build.build(self.conn, segment)

    def redefine(self) -> None:
        self.define(self.rng.choice([item.segment_id for item in stored.every(self.conn) if item.kind == "active"]))

    def fitting(self, data: Any) -> Any:
        """Stores and segments that are there instead of those of the trees."""
        if isinstance(data, list):
            return [self.fitting(item) for item in data]
        if not isinstance(data, dict):
            return data
        found = {name: self.fitting(item) for name, item in data.items()}
        if found.get("store") == 3:
            found["store"] = 2
        if found.get("segment") in (901, 902):
            found["segment"] = self.rng.choice([item.segment_id for item in stored.every(self.conn)])
        return found

    def listed(self) -> None:
        act = self.rng.choice([static.add, static.remove])
        act(self.conn, self.rng.choice(self.lists), self.rng.sample(self.people(), 2))

    def ranked(self) -> None:
        for segment in cuts.tend(self.conn, self.clock):
            assert build.build(self.conn, segment)

    def wait(self) -> None:
        ahead = [clock for clock in CLOCKS if clock > self.clock]
        if ahead and self.rng.random() < 0.3:
            self.clock = ahead[0]
        else:
            self.clock += self.rng.choice(MOVES)

    # what follows

    def settle(self) -> None:
        """What workers do until nothing is left to do."""
        while pipeline.refresh_dirty(self.conn, pipeline.LIVE) or pipeline.refresh_dirty(self.conn, pipeline.BULK):
            pass
        while pipeline.sweep(self.conn, self.clock):
            pass

    def people(self) -> list[int]:
        return [row[0] for row in self.conn.execute("select contact_id from contact_property order by 1")]

    def somebody(self) -> int:
        return self.rng.choice(self.people())

    # what must hold

    def check(self, told: str) -> None:
        conn, at = self.conn, self.clock
        known = refresh.definitions(conn)
        plain = oracle.Oracle(world_of(conn), ZoneInfo("Europe/Berlin"), at, known.context.cuts)
        people = self.people()
        noted = {
            number: {
                row[0]
                for row in conn.execute(
                    "select contact_id from contact_segment where segments @> %s::int[]", [[number]]
                )
            }
            for number in known.roots
        }
        sql = compile_touched(known.roots, known.context)
        fresh = {row[0]: row[1] for row in conn.execute(sql.text, sql.at(at) | {"ids": people})}
        for number, root in known.roots.items():
            expected = plain.members(root)
            about = (told, at.isoformat(), to_json(root))
            assert noted[number] == expected, ("noted", *about)
            sql = compile(root, known.context)
            assert {row[0] for row in conn.execute(sql.text, sql.at(at))} == expected, ("set", *about)
            assert {contact for contact, found in fresh.items() if number in found} == expected, ("touched", *about)
        self.check_log(told)

    def check_log(self, told: str) -> None:
        """Joins less leaves are what a contact is in; of one that was never merged they take turns."""
        rows = self.conn.execute(
            "select contact_id, m, m = any(joined), reason from segment_log, unnest(joined || parted) m order by log_id"
        ).fetchall()
        sums: Counter[tuple[int, int]] = Counter()
        for contact, segment, joined, reason in rows:
            assert reason
            sums[contact, segment] += 1 if joined else -1
            if contact not in self.joined:
                assert sums[contact, segment] == int(joined), (told, contact, segment, "joins and leaves take turns")
        noted = {
            (contact, segment)
            for contact, segments in self.conn.execute("select contact_id, segments from contact_segment")
            for segment in segments
        }
        assert {pair for pair, total in sums.items() if total} == noted, told
        assert set(sums.values()) <= {0, 1}, told


def world_of(conn: Connection) -> world.World:
    """The facts and values as they stand in the tables, as plain people."""

    def rows(text: str) -> list[dict[str, Any]]:
        with conn.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(text).fetchall()  # type: ignore[arg-type]

    people = {
        row["contact_id"]: world.Person(row["contact_id"]) for row in rows("select contact_id from contact_property")
    }
    custom = {row["contact_id"]: row for row in rows("select * from contact_custom")}
    for row in rows("select * from contact_property"):
        own = custom.get(row["contact_id"], {})
        people[row["contact_id"]].values = {
            name: plain((row if item.table == "contact_property" else own).get(name)) for name, item in ASKED.items()
        }
    for row in rows("select contact_id, at, changes from property_history order by at"):
        if row["contact_id"] in people:
            changes = {name: remembered(name, value) for name, value in row["changes"].items() if name in ASKED}
            people[row["contact_id"]].changes.append((row["at"], changes))
    orders = {}
    for row in rows("select * from orders"):
        orders[row["contact_id"], row["order_id"]] = found = world.Order(
            row["order_id"], row["store_id"], row["external_id"], row["status"], row["currency"], row["rate"],
            row["total"], row["refunded"], row["placed_at"], row["paid_at"], row["payment_method"], row["coupons"],
            (row["billing"] or {}).get("country"), row["customer_id"] is None, row["deleted_at"] is not None, [], [],
        )  # fmt: skip
        people[row["contact_id"]].orders.append(found)
    for row in rows("select * from order_line order by position"):
        orders[row["contact_id"], row["order_id"]].lines.append(line(row, row["discount"]))
    for row in rows("select * from refund"):
        refund = world.Refund(row["external_id"], row["amount"], row["created_at"], row["reason"])
        orders[row["contact_id"], row["order_id"]].refunds.append(refund)
    carts = {}
    for row in rows("select * from cart"):
        carts[row["contact_id"], row["cart_id"]] = cart = world.Cart(
            row["cart_id"], row["store_id"], row["external_id"], row["state"], row["currency"], row["total"],
            row["created_at"], row["version"], row["abandoned_at"], [],
        )  # fmt: skip
        people[row["contact_id"]].carts.append(cart)
    for row in rows("select * from cart_line order by position"):
        carts[row["contact_id"], row["cart_id"]].lines.append(line(row, Decimal(0)))
    for row in rows("select * from conversion"):
        step = (row["at"], row["name"], row["store_id"], row["source_id"], row["historic"])
        people[row["contact_id"]].steps.append(step)
    for row in rows("select * from consent_event where purpose = 'marketing'"):
        people[row["contact_id"]].consents.append((row["channel"], row["at"], row["status"], row["source"]))
    for row in rows("select contact_id, store_ids from contact_list"):
        people[row["contact_id"]].stores = row["store_ids"]
    for row in rows("select contact_id, segments from contact_segment"):
        people[row["contact_id"]].segments = row["segments"]
    products = {
        (row["store_id"], row["external_id"]): world.Product(
            row["sku"], row["type"], row["categories"], row["brand"], row["tags"]
        )
        for row in rows("select * from product")
    }
    return world.World(list(people.values()), products)


def line(row: dict[str, Any], discount: Decimal) -> world.Line:
    return world.Line(
        row["position"], row["product_id"], row["variant_id"], row["sku"], row["name"], row["quantity"], row["price"],
        row["total"], discount,
    )  # fmt: skip


def plain(value: Any) -> Any:
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def remembered(name: str, value: Any) -> Any:
    """A value as history keeps it."""
    match ASKED[name].type:
        case "number":
            return None if value is None else Decimal(str(value))
        case "datetime":
            return None if value is None else datetime.fromisoformat(value)
    return value


WHAT: list[Callable[[History], None]] = [
    History.order, History.changed_order, History.changed_order, History.cart, History.customer, History.consent,
    History.edit, History.catalogue, History.merge, History.unmerge, History.erase, History.redefine, History.listed,
    History.ranked, History.wait, History.wait, History.wait,
]  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_after_every_step_of_a_history_every_membership_is_true(
    conn: Connection, database: str, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    with psycopg.connect(database, autocommit=True) as identity:
        history = History(conn, identity, seed, monkeypatch)
        history.check("the beginning")
        for step in range(STEPS):
            act = history.rng.choice(WHAT)
            act(history)
            history.settle()
            history.check(f"seed {seed}, step {step}: {act.__name__}")
