"""Risk: a value is not what its published definition says. Every computed property of shoppers made at random,
imported through the whole pipeline, is compared with plain Python (oracle.py), at several times of the clock and after
merges by hand; so is what commerce derives of carts and conversions (its oracle.py)."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest
from psycopg.rows import dict_row

from bench.server import add_store
from cartfolk import merging, pipeline
from cartfolk.commerce import rules
from cartfolk.commerce.tests import oracle as commerce
from cartfolk.connectors.canonical import (
    Address,
    Attribution,
    Cart,
    Consent,
    ConsentStatus,
    Customer,
    Deleted,
    Line,
    Order,
    OrderStatus,
    Product,
    Refund,
    Subscription,
)
from cartfolk.properties.catalogue import COMPUTED
from cartfolk.properties.tests.oracle import TABLES, Facts, expected
from tests.people import refresh_all

NOW = datetime(2026, 3, 30, 9, tzinfo=UTC)
# Around a leap day, both changes of the clock in Europe, midnights, and a year with nothing.
DAYS = [
    datetime(2024, 2, 28, 23, 30, tzinfo=UTC),
    datetime(2024, 2, 29, 12, tzinfo=UTC),
    datetime(2025, 10, 26, 0, 30, tzinfo=UTC),
    datetime(2025, 12, 31, 23, 59, tzinfo=UTC),
    datetime(2026, 3, 28, 22, 45, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC),
]
SOURCES = [
    ("utm", "newsletter-7", "email", "spring"),
    ("utm", "google", "cpc", None),
    ("organic", "google", None, None),
    ("utm", "facebook", "paid_social", "x"),
    ("referral", "m.facebook.com", None, None),
    ("typein", None, None, None),
    ("referral", "blog.example", None, None),
    (None, None, "social", None),
    (None, "a", "b", None),
]


class Shopper:
    """One person's traces in one or two shops: as guest, with accounts, under one or two addresses."""

    def __init__(self, rng, number, stores):
        self.rng, self.number, self.stores = rng, number, stores
        self.emails = [f"Eva{number}@Shop.example", f"eva.{number}@post.example"][: rng.choice([1, 1, 2])]
        self.account = str(number) if rng.random() < 0.6 else None

    def maybe(self, value, chance=0.5):
        return value if self.rng.random() < chance else None

    def moment(self):
        return self.rng.choice(DAYS) + timedelta(minutes=self.rng.randint(-3000, 600), seconds=self.rng.randint(0, 59))

    def address(self):
        rng = self.rng
        return Address(
            self.maybe("Eva"),
            self.maybe("Ärmel "),
            self.maybe("Firma & Co", 0.3),
            self.maybe("Weg 1"),
            self.maybe("2. OG", 0.3),
            self.maybe("Köln"),
            self.maybe("NW", 0.3),
            self.maybe("50667"),
            rng.choice([None, "DE"]),
            self.maybe("0221 1234", 0.3),
        )

    def origin(self):
        kind, source, medium, campaign = self.rng.choice(SOURCES)
        return Attribution(
            kind,
            source,
            medium,
            campaign,
            self.maybe("https://r.example/a"),
            self.rng.choice([None, "javascript:x", "https://s.example/in"]),
            self.rng.choice([None, 3, 8]),
            self.rng.choice([None, 1, 4]),
        )

    def lines(self):
        rng, found = self.rng, []
        for _ in range(rng.randint(1, 4)):
            price, quantity = Decimal(rng.randint(1, 60000)) / 100, Decimal(rng.choice(["1", "2", "1.50"]))
            found.append(
                Line(
                    rng.choice(["Mug <b>", "Tea \"A\" & 'B'", "Öl"]),
                    quantity,
                    price * quantity,
                    product_id=rng.choice([None, "1", "2", "3", "99"]),
                    sku=rng.choice([None, "S1", "s-2"]),
                    price=self.maybe(price, 0.8),
                    discount=Decimal(rng.choice(["0", "1.10"])),
                    url=rng.choice([None, "https://s.example/?a=1&b=2", "javascript:alert(1)"]),
                    image_url=self.maybe("http://i.example/x.png", 0.3),
                )
            )
        return tuple(found)

    def customer(self):
        made = self.moment()
        for email in self.emails:  # the later address is the account's now
            yield Customer(
                self.account,
                email,
                made + timedelta(days=self.emails.index(email)),
                created_at=self.maybe(made, 0.9),
                first_name=self.maybe("Eva"),
                last_name=self.maybe("Ä."),
                company=self.maybe("Eva GmbH", 0.3),
                phone=self.maybe("+49 221 55", 0.3),
                groups=self.rng.choice([(), ("vip",), ("b2b", "Ärzte")]),
                language=self.rng.choice([None, "de"]),
                billing=self.maybe(self.address()),
                shipping=self.maybe(self.address()),
            )

    def order(self, number):
        rng, placed, lines = self.rng, self.moment(), self.lines()
        total = sum((one.total for one in lines), Decimal(0))
        currency, rate = rng.choice(
            [("EUR", None), ("EUR", None), ("USD", Decimal("0.9137")), ("USD", None), ("JPY", Decimal("0.0061"))]
        )
        base = Order(
            number,
            f"N{number}",
            OrderStatus.PENDING,
            "on-hold",
            currency,
            total,
            placed,
            placed,
            rate=rate,
            paid_at=self.maybe(placed),
            completed_at=self.maybe(placed + timedelta(days=1)),
            customer_id=self.maybe(self.account),
            email=rng.choice(self.emails),
            phone=self.maybe("0221 77", 0.3),
            lines=lines,
            billing=self.maybe(self.address()),
            shipping_address=self.maybe(self.address()),
            attribution=self.maybe(self.origin(), 0.4),
            tracking_number=self.maybe("T1"),
            tracking_url=rng.choice([None, "HTTPS://t.example/1", "ftp://t"]),
            tracking_carrier=self.maybe("DHL"),
            shipped_at=self.maybe(placed + timedelta(days=2)),
            fulfilment_status=self.maybe("sent"),
            cart_id=self.maybe(f"c{self.number * 100}", 0.2),
        )
        for step in range(rng.randint(1, 3)):
            status = rng.choice([OrderStatus.COMPLETED, OrderStatus.COMPLETED, *OrderStatus])
            part = rng.choice([Decimal(0), (total / 3).quantize(Decimal("0.01")), total])
            yield _later(base, step, status, part)
        if rng.random() < 0.08:
            yield Deleted("order", number, placed + timedelta(days=30))

    def subscription(self, number):
        """One that began with an order of theirs or one nobody knows, as two reports told it; and a renewal of it."""
        rng, *_, base = self.rng, *(one for one in self.order(str(number)) if isinstance(one, Order))
        parent = rng.choice([None, str(self.number * 100), "77"])
        for step in range(2):
            terms = Subscription(
                rng.choice([None, "month", "year"]), rng.choice([None, 1, 3]), parent, self.maybe(self.moment(), 0.3),
                self.maybe(self.moment()),
            )  # fmt: skip
            told = base.updated_at + timedelta(days=step)
            yield replace(base, subscription=terms, status_raw=f"sub-{step}", updated_at=told, refunds=())
        if rng.random() < 0.2:
            yield Deleted("order", base.external_id, base.updated_at + timedelta(days=rng.choice([0, 9])))
        for order in self.order(str(number + 1)):
            if isinstance(order, Order):
                yield replace(order, renewal_of=str(number))

    def cart(self, number):
        rng, lines = self.rng, self.lines()
        made = rng.choice([self.moment(), *(NOW - timedelta(minutes=rng.randint(1, most)) for most in (130, 9000))])
        total = sum((one.total for one in lines), Decimal(0))
        first = Cart(
            f"c{number}",
            made + timedelta(minutes=rng.choice([0, 20])),
            self.maybe("EUR", 0.8),
            total,
            total,
            Decimal("1.20"),
            created_at=made,
            email=rng.choice(self.emails),
            phone=self.maybe("0221 99", 0.3),
            first_name=self.maybe("Ev"),
            last_name=self.maybe("Cart"),
            url=rng.choice([None, "https://s.example/c", "data:x"]),
            lines=rng.choice([lines, lines, ()]),
            checkout=rng.random() < 0.4,
            attribution=self.maybe(self.origin(), 0.4),
        )
        yield first
        at = first.updated_at
        for _ in range(rng.choice([0, 0, 1, 3])):  # just within the limit, just after it, days later
            at += timedelta(minutes=rng.choice([1, 59, 60, 61, 7000]), microseconds=rng.choice([0, 1]))
            if at < NOW:
                yield replace(
                    first,
                    updated_at=at,
                    lines=rng.choice([lines, lines, ()]),
                    checkout=rng.random() < 0.3,
                    recovered=rng.random() < 0.3,
                    order_id=self.maybe(str(self.number * 100), 0.2),
                )

    def consent(self):
        source = self.rng.choice(["checkout", "registration", "footer", "import", "sync", "double opt-in"])
        yield Consent(
            self.rng.choice(list(ConsentStatus)),
            self.moment(),
            source,
            email=self.rng.choice(self.emails),
            channel=self.rng.choice(["email", "email", "email", "sms"]),
        )

    def history(self):
        """(store, record) in an order of arrival that is not the order of what happened."""
        rng, found = self.rng, []
        home = rng.choice(self.stores)
        if self.account:
            found += [(home, record) for record in self.customer()]
        for place in range(rng.choice([0, 1, 1, 2, 3, 7, 24 if self.number % 20 == 0 else 4])):
            found += [(home, record) for record in self.order(str(self.number * 100 + place))]
        for place in range(rng.choice([0, 1, 1, 2])):
            found += [(home, record) for record in self.cart(self.number * 100 + place)]
        for _ in range(rng.choice([0, 0, 1, 3])):
            found += [(rng.choice(self.stores), record) for record in self.consent()]
        if rng.random() < 0.3:  # the same person is a guest of the other shop
            self.account = None
            other = next(s for s in self.stores if s != home)
            found += [(other, record) for record in self.order(str(self.number * 100 + 90))]
        for place in range(rng.choice([0, 0, 0, 1, 2])):
            found += [(home, record) for record in self.subscription(self.number * 100 + 50 + 2 * place)]
        rng.shuffle(found)
        return found


def _later(order, step, status, refunded):
    refunds = (Refund(f"r{order.number}", refunded, order.placed_at),) if refunded and step else ()
    return replace(
        order,
        status=status,
        status_raw=f"raw-{status}",
        updated_at=order.updated_at + timedelta(hours=step),
        refunds=refunds,
    )


def _goods():
    return [
        Product(
            "1",
            "Mug",
            NOW,
            slug="mug",
            sku="P1",
            type="simple",
            categories=("cups", "Äpfel"),
            url="https://s.example/1",
        ),
        Product("2", "Tea", NOW, type="variable", image_url="javascript:1"),
        Product("3", "Oil", NOW, slug="oil", sku="", categories=("oil",), image_url="https://i.example/3"),
    ]


def _second_store(conn):
    conn.execute(
        "insert into stores_store (name, platform, url, shop_name, credentials, webhook_secret, ingest_secret, key,"
        " home_currency, timezone, fingerprint, allow_private_address, settings, idle_minutes, max_concurrency, state,"
        " state_reason, connected_at, live_from, webhook_health) select 'other', platform, 'https://other.example',"
        " shop_name, credentials, webhook_secret, ingest_secret, 'otherkey', 'USD', 'America/New_York', fingerprint,"
        " allow_private_address, settings, idle_minutes, max_concurrency, state, state_reason, connected_at, live_from,"
        " webhook_health from stores_store"
    )
    (store,) = conn.execute("select id from stores_store where name = 'other'").fetchone()
    rules.save(
        conn,
        store,
        home_currency="USD",
        live_from=NOW - timedelta(days=100),
        idle=timedelta(minutes=60),
        statuses={},
        label="Shopify",
        name="other",
        url="https://other.example",
    )
    return store


def _people_say(conn, rng):
    """Some values by hand, before and after what happened."""
    for (contact,) in conn.execute("select contact_id from contact where contact_id % 5 = 0").fetchall():
        stage = rng.choice(["other", "subscriber", "salesqualifiedlead", "evangelist"])
        when = rng.choice(DAYS)
        conn.execute(
            f"insert into contact_custom (contact_id, firstname, city, lifecyclestage, lifecyclestage_set_at,"
            f" hs_lifecyclestage_{stage}_date) values (%s, 'Eve', %s, %s, %s, %s)"
            " on conflict (contact_id) do nothing",  # whoever a rule merged has a row that says so
            [contact, rng.choice([None, "Bonn"]), stage, when, when],
        )


@pytest.mark.parametrize("seed", [1, 2])
def test_every_computed_property_is_what_its_definition_says(conn, database, seed, monkeypatch):
    rng = random.Random(seed)
    stores = [add_store(conn, NOW - timedelta(days=100)), _second_store(conn)]
    told = [(store, record) for store in stores for record in _goods()]
    for number in range(1, 121):
        told += Shopper(rng, number, stores).history()
    received = [pipeline.Received(record, store, NOW) for store, record in told]
    with psycopg.connect(database, autocommit=True) as identity:
        for start in range(0, len(received), 300):
            with conn.transaction():
                pipeline.apply(conn, identity, received[start : start + 300], pipeline.BULK)
    refresh_all(conn)
    _people_say(conn, rng)
    contacts = [row[0] for row in conn.execute("select contact_id from contact order by 1")]
    states = set()
    for at in (NOW + timedelta(days=400), NOW + timedelta(days=35), NOW):
        with conn.transaction():
            pipeline.refresh(conn, contacts, at, "clock")
        kinds = _compared(conn, at)
        states |= {row[0] for row in conn.execute("select distinct state from cart")}
    # the generator reaches every property and state, or the comparison proves nothing of it
    assert sorted(set(COMPUTED) - kinds) == []
    assert states == {"open", "checkout", "ordered", "abandoned", "recovered", "purchased", "expired", "emptied"}

    monkeypatch.setattr(merging, "now", lambda: NOW)
    people = rng.sample(contacts, 40)
    for kept, gone in zip(people[:20], people[20:], strict=True):
        merging.merge(conn, kept, [gone], "the same person", "user:1")
    _compared(conn, NOW)
    merges = [
        row[0]
        for row in conn.execute(
            "select merge_id from contact_merge where kept_id = any(%s) order by merge_id desc limit 20", [people[:20]]
        )
    ]
    for merge_id in rng.sample(merges, 10):
        merging.undo(conn, merge_id, "user:1")
    _compared(conn, NOW)


def _compared(conn, at):
    """Holds every contact against the oracles; returns the properties that say something of somebody."""
    facts = Facts(conn)
    wrong, kinds = _wrong_steps(facts, at), set()
    with conn.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute("select * from contact_property order by contact_id").fetchall():
            truth = expected(facts, row["contact_id"], at)
            kinds |= {name for name, value in truth.items() if value not in (None, [], "no", "false", False, 0)}
            wrong += [
                f"{row['contact_id']} {name}: {row[name]!r} is not {truth[name]!r}"
                for name in COMPUTED
                if row[name] != truth[name]
            ]
    assert not wrong, "\n".join(wrong[:40])
    return kinds


def _wrong_steps(facts, at):
    """Carts and conversions that are not what commerce's published rules make of moments, orders and clock."""
    wrong = []
    for contact in sorted(facts.rows["contact"]):
        rows = {name: facts.rows[name][contact] for name in TABLES}
        truth = commerce.carts(rows, facts.rules, at)
        for cart in rows["cart"]:
            got = tuple(cart[key] for key in ("state", "state_at", "abandoned_at", "due_at"))
            if got != truth[cart["cart_id"]]:
                wrong.append(f"{contact} cart {cart['cart_id']}: {got} is not {truth[cart['cart_id']]}")
        steps = {tuple(c[key] for key in ("name", "at", "store_id", "source_id", "historic"))
                 for c in rows["conversion"]}  # fmt: skip
        told = commerce.conversions(rows, facts.rules, at)
        wrong += [f"{contact} too much: {step}" for step in sorted(steps - told)]
        wrong += [f"{contact} missing: {step}" for step in sorted(told - steps)]
    return wrong


def test_no_computed_property_lacks_its_oracle(conn):
    store = add_store(conn, NOW)
    conn.execute("insert into contact (contact_id, first_seen) values (1, %s)", [NOW])
    assert store
    assert set(expected(Facts(conn), 1, NOW)) == set(COMPUTED)
