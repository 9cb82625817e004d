"""Where the facts of an event condition come from: tables, fields and order, as SQL.

Which orders count, and what they are worth, is said in properties/queries.sql; here it is the same with the stores'
rules as values, so that no statement has to join them to millions of orders.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from cartfolk.segments.asking import Parameters, ask
from cartfolk.segments.fields import CONVERSIONS, EVENTS, LINE_FIELDS
from cartfolk.segments.operators import Kind
from cartfolk.segments.tree import Context, Event, Field, Lines


def _id(alias: str) -> tuple[str, str]:
    """A shop's own id in the order a person would count: 9 before 10."""
    return f"length({alias}.external_id)", f'{alias}.external_id collate "C"'


@dataclass(frozen=True, slots=True)
class Facts:
    """One kind of fact. ``rows``: what is read from, with ``{contact}`` where a contact is asked for; ``contact``: the
    column that names it; ``keep``: which rows are facts; ``sequence``: ascending, for first and last."""

    name: str
    tables: str
    contact: str
    keep: str
    store: str
    sequence: tuple[str, ...]
    columns: dict[str, str] = field(hash=False, compare=False)


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of an event condition and the measure of them. ``filter`` is empty when all count. ``members``: a select
    of the contacts that answer, where one is faster than the measure of everybody's rows. ``by_line``: the same rows
    once for each line that answers, to be asked only whether there are any: few lines are where to begin. ``alone``:
    the same rows without their orders, where nothing but their being real is asked of those."""

    facts: Facts
    joins: tuple[str, ...]
    filter: str
    measure: str
    members: str = ""
    by_line: Found | None = None
    alone: Found | None = None


PRODUCT = "left join product p on p.store_id = {line}.store_id and p.external_id = {line}.product_id"
"""Joined to a line only where a condition needs what the catalogue knows."""


Money = Callable[[str], str]
"""An amount in the home currency, from the amount as it stands in the row."""


def _money(order: str, context: Context) -> Money:
    """Amounts of an order: a rate leads to its store's currency and serves only when that is the account's. What is in
    the home currency already is not multiplied: over millions of orders that would be a third of the time."""
    home = context.currency
    if not home:
        return lambda amount: "null::numeric"
    alike = [number for number, shop in context.stores.items() if shop.currency == home]
    others = "else"
    if len(alike) < len(context.stores):
        others = f"when {order}.store_id in ({', '.join(map(str, sorted(alike)))}) then"
    return lambda amount: f"(case when {order}.currency = '{home}' then {amount} {others} {amount} * {order}.rate end)"


def _counted(order: str, context: Context) -> str:
    """An order that counts: its status is one of those its store counts."""
    usual = ("completed", "refunded")
    sets: dict[tuple[str, ...], list[int]] = {}
    for number, shop in context.stores.items():
        sets.setdefault(tuple(sorted(shop.counted)), []).append(number)
    if not sets or set(sets) == {usual}:
        return f"{order}.status in ('completed', 'refunded')"
    if len(sets) == 1:
        return f"{order}.status = any({_words(next(iter(sets)))})"
    cases = " ".join(
        f"when {order}.store_id in ({', '.join(map(str, numbers))}) then {order}.status = any({_words(states)})"
        for states, numbers in sets.items()
    )
    return f"case {cases} else {order}.status in ('completed', 'refunded') end"


def _words(values: tuple[str, ...]) -> str:
    """Our own words for states as an array; none needs quoting, and one that did would be refused here."""
    assert all(value.isidentifier() for value in values)
    return "array[" + ", ".join(f"'{value}'" for value in values) + "]::text[]"


def _line_columns(line: str, money: Money) -> dict[str, str]:
    return {
        "product": f"{line}.product_id",
        "variant": f"{line}.variant_id",
        "sku": f"coalesce(nullif({line}.sku, ''), nullif(p.sku, ''), {line}.product_id)",
        "name": f"{line}.name",
        "category": "p.categories",
        "brand": "p.brand",
        "tag": "p.tags",
        "type": "p.type",
        "quantity": f"{line}.quantity",
        "price": money(f"{line}.price"),
        "total": money(f"{line}.total"),
    }


def _home_only(cart: str, amount: str, context: Context) -> str:
    """An amount of a cart, which has no rate: only in the home currency. A cart that names none is in its store's."""
    home = context.currency
    if not home:
        return "null::numeric"
    alike = [str(number) for number, shop in context.stores.items() if shop.currency == home]
    own = f"{cart}.currency is null and {cart}.store_id in ({', '.join(alike)})"
    return f"case when {cart}.currency = '{home}' or ({own}) then {amount} end"


def facts(event: Event, context: Context) -> Facts:
    """The rows an event condition is about."""
    any_status = any(isinstance(item, Field) and item.name == "status" for item in event.where)
    real = "o.deleted_at is null and o.status <> 'ignored'"
    kept = real if any_status else f"o.deleted_at is null and {_counted('o', context)}"
    money = _money("o", context)
    sequence: tuple[str, ...]
    match event.event:
        case "order":
            columns = {name: f"o.{name}" for name in EVENTS["order"].fields}
            columns |= {name: money(f"o.{name}") for name in ("total", "tax", "shipping", "discount", "refunded")}
            columns |= {
                "value": money("(o.total - o.refunded)"),
                "units": "(select sum(n.quantity) from order_line n"
                " where n.contact_id = o.contact_id and n.order_id = o.order_id)",
                "shop_status": "o.status_raw",
                "coupon": "o.coupons",
                "billing_country": "(o.billing->>'country')",
                "shipping_country": "(o.shipping_address->>'country')",
                "guest": "(o.customer_id is null)",
            }
            sequence = ("o.placed_at", "o.store_id", *_id("o"))
            return Facts("order", "orders o", "o.contact_id", kept, "o.store_id", sequence, columns)
        case "line":
            columns = _line_columns("l", money) | {
                "discount": money("l.discount"),
                "placed_at": "o.placed_at",
                "status": "o.status",
                "coupon": "o.coupons",
            }
            tables = "order_line l join orders o on o.contact_id = l.contact_id and o.order_id = l.order_id"
            sequence = ("o.placed_at", "o.store_id", *_id("o"), "l.position")
            return Facts("line", tables, "l.contact_id", kept, "o.store_id", sequence, columns)
        case "refund":
            tables = "refund f join orders o on o.contact_id = f.contact_id and o.order_id = f.order_id"
            at = "coalesce(f.created_at, o.placed_at)"
            columns = {"amount": money("f.amount"), "refunded_at": at, "reason": "f.reason"}
            sequence = (at, "o.store_id", *_id("o"), *_id("f"))
            return Facts("refund", tables, "f.contact_id", real, "o.store_id", sequence, columns)
        case "cart":
            columns = {name: f"c.{name}" for name in EVENTS["cart"].fields}
            columns |= {name: f"({_home_only('c', f'c.{name}', context)})" for name in ("total", "subtotal")}
            columns |= {
                "updated_at": "c.version",
                "units": "(select sum(n.quantity) from cart_line n"
                " where n.contact_id = c.contact_id and n.cart_id = c.cart_id)",
            }
            sequence = ("c.created_at", "c.store_id", *_id("c"))
            return Facts("cart", "cart c", "c.contact_id", "", "c.store_id", sequence, columns)
        case _:
            columns = {"name": "v.name", "at": "v.at", "historic": "v.historic"}
            listed = ", ".join(f"'{name}'" for name in CONVERSIONS)
            steps = f"array_position(array[{listed}], v.name)"
            sequence = ("v.at", steps, "v.store_id", "v.source_id")
            return Facts("conversion", "conversion v", "v.contact_id", "", "v.store_id", sequence, columns)


def found(event: Event, parameters: Parameters, context: Context) -> Found:
    """What an event condition finds: its rows, the condition they answer and the measure of them as an aggregate."""
    source = facts(event, context)
    kinds = EVENTS[event.event].fields
    conditions: list[str] = []
    if event.store is not None:
        conditions.append(f"{source.store} = {parameters.integer(event.store)}")
    if event.period is not None:
        time = source.columns[EVENTS[event.event].time]
        conditions.append(ask(event.period, Kind.MOMENT, time, parameters, context))
    held: list[_Held] = []
    for item in event.where:
        if isinstance(item, Lines):
            held.append(_lines(item, event.event, parameters, context))
        else:
            conditions.append(ask(item.question, kinds[item.name].kind, source.columns[item.name], parameters, context))
    measured = source.columns[event.field] if event.field else ""
    text = " and ".join(conditions + [lines.text for lines in held])
    catalogue = event.event == "line" and _needs_product(text + measured)
    joins = (PRODUCT.format(line="l"),) if catalogue else ()
    rows = Found(source, joins, text, _measure(event, measured, source))
    if len(held) == 1 and held[0].join:
        by_line = Found(source, (held[0].join,), " and ".join([*conditions, held[0].condition]), rows.measure)
        return replace(rows, by_line=by_line)
    if event.event == "refund" and not _OF_ORDER.search(text + rows.measure):
        return replace(rows, alone=Found(replace(source, tables="refund f", keep=_REAL), (), text, rows.measure))
    return rows


_OF_ORDER = re.compile(r"\bo\.")
# Few orders are not real, and have an index of their own: each refund's order need not be looked up.
_REAL = (
    "not exists (select from orders o where o.contact_id = f.contact_id and o.order_id = f.order_id"
    " and (o.deleted_at is not null or o.status = 'ignored'))"
)


def _needs_product(text: str) -> bool:
    return any(f"p.{column}" in text for column in ("sku", "categories", "brand", "tags", "type"))


def _measure(event: Event, column: str, source: Facts) -> str:
    """The aggregate, with ``{filter}`` where its FILTER goes."""
    match event.measure:
        case "count":
            return "count(*){filter}"
        case "sum":
            return f"coalesce(sum({column}){{filter}}, 0)"
        case "average":
            return f"avg({column}){{filter}}"
        case "minimum" | "maximum":
            return f"{event.measure[:3]}({column}){{filter}}"
    assert event.field is not None
    direction = "" if event.measure == "first" else " desc"
    order = ", ".join(f"{part}{direction}" for part in source.sequence)
    if EVENTS[event.event].fields[event.field].kind is Kind.LIST:  # arrays of different lengths make no array
        packed = f"array_to_string({column}, E'\\x1f')"
        return f"string_to_array((array_agg({packed} order by {order}){{filter}})[1], E'\\x1f')"
    return f"(array_agg({column} order by {order}){{filter}})[1]"


@dataclass(frozen=True, slots=True)
class _Held:
    """That there is a line: as a look-up for each row (``text``), and as a ``join`` with a ``condition``; no join that
    there is none."""

    text: str
    join: str
    condition: str


def _lines(item: Lines, event: str, parameters: Parameters, context: Context) -> _Held:
    """An order or a cart holds a line (or none) that answers all of the conditions."""
    order, table, key = ("o", "order_line", "order_id") if event == "order" else ("c", "cart_line", "cart_id")
    money = _money("o", context) if event == "order" else lambda amount: f"({_home_only('c', amount, context)})"
    columns = _line_columns("k", money)
    line_store = "k" if event == "order" else "c"

    def condition(columns: Mapping[str, str]) -> str:
        conditions = [
            ask(field.question, LINE_FIELDS[field.name].kind, columns[field.name], parameters, context)
            for field in item.where
        ]
        # implied, but of the line alone: the few lines that can answer are where to begin
        conditions += [
            f"(k.sku is null or k.sku = '' or {ask(field.question, Kind.TEXT, 'k.sku', parameters, context)})"
            for field in item.where
            if field.name == "sku"
        ]
        return " and ".join(conditions)

    joined = looked_up = condition(columns)
    product = ""
    if _needs_product(joined):
        product = f" left join product p on p.store_id = {line_store}.store_id and p.external_id = k.product_id"
    beside = product
    if product and not any(_needs_product(columns[field.name]) for field in item.where if field.name != "sku"):
        # the catalogue is asked only for lines without a number of their own: a join would be made for every line
        listed = f"select nullif(n.sku, '') from product n where n.store_id = {line_store}.store_id"
        own = f"nullif(k.sku, ''), ({listed} and n.external_id = k.product_id), k.product_id"
        looked_up, beside = condition(columns | {"sku": f"coalesce({own})"}), ""
    link = f"k.contact_id = {order}.contact_id and k.{key} = {order}.{key}"
    some = f"exists (select from {table} k{beside} where {link} and {looked_up})"
    return _Held(f"not {some}", "", "") if item.none else _Held(some, f"join {table} k on {link}{product}", joined)
