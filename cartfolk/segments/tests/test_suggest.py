"""Risk: a suggested value finds nobody, because it is not the word that the data has; or a field's menu is empty; or
what was chosen by its name is a number again when it is read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cartfolk.commerce import facts
from cartfolk.connectors.canonical import Category, Coupon, Product
from cartfolk.core.sql import Connection
from cartfolk.segments import called
from cartfolk.segments.fields import EVENTS
from cartfolk.segments.suggest import KINDS, Suggestion, suggest
from cartfolk.segments.tree import Context

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def goods(conn: Connection) -> Connection:
    records = [
        Product("7", "Blue mug", AT, sku="M-7", type="simple", categories=("mugs",), brand="Kessel", tags=("new",)),
        Product(
            "8", "Red mug", AT, sku="M-8", type="bundle", categories=("mugs", "sale"), brand="Nord", tags=("sale",)
        ),
        Product("9", "Red mug, large", AT, parent_id="8"),
        Category("1", "Mugs & cups", "mugs"),
        Coupon("1", "SPRING", AT),
    ]
    with conn.transaction():
        facts.write_catalogue(conn, 1, records, AT, 1)
    return conn


FOUND = {
    ("product", "MUG"): ["7", "8"],
    ("variant", "large"): ["9"],
    ("sku", "m-8"): ["M-8"],
    ("category", "cups"): ["mugs"],
    ("category", ""): ["mugs", "sale"],
    ("brand", "kes"): ["Kessel"],
    ("tag", "sa"): ["sale"],
    ("type", ""): ["bundle", "simple"],
    ("coupon", "spr"): ["SPRING"],
    ("payment_method", "x"): [],
    ("unheard-of", "x"): [],
}


def test_what_is_suggested_is_what_the_data_has(goods: Connection) -> None:
    assert {asked: [item.value for item in suggest(goods, *asked)] for asked in FOUND} == FOUND


def test_every_kind_is_a_field_and_can_be_asked(goods: Connection) -> None:
    assert set(KINDS) <= {name for event in EVENTS.values() for name in event.fields}
    for kind in KINDS:
        suggest(goods, kind, "a")


def test_a_changed_brand_reaches_whoever_bought_it(goods: Connection) -> None:
    goods.execute(
        "insert into order_line (contact_id, order_id, position, store_id, product_id, name, quantity, total, tax,"
        " discount) values (5, 1, 1, 1, '7', 'Blue mug', 1, 1, 0, 0)"
    )
    later = datetime(2026, 1, 2, tzinfo=UTC)
    with goods.transaction():
        facts.write_catalogue(goods, 1, [Product("7", "Blue mug", later, sku="M-7", brand="Other")], later, 0)
    assert goods.execute("select brand, tags from product where external_id = '7'").fetchone() == ("Other", [])
    assert (5,) in goods.execute("select contact_id from contact_dirty").fetchall()


def test_a_variant_only_orders_know_is_suggested_by_its_name(goods: Connection) -> None:
    goods.execute(
        "insert into order_line (contact_id, order_id, position, store_id, product_id, variant_id, name, quantity,"
        " total, tax, discount) values (5, 1, 1, 1, '7', '71', 'Blue mug (large)', 1, 1, 0, 0),"
        " (6, 2, 1, 1, '7', '71', 'Blue mug (large)', 1, 1, 0, 0), (6, 2, 2, 1, '8', null, 'Red mug', 1, 1, 0, 0)"
    )
    for text in ("blue", "71"):
        assert suggest(goods, "variant", text) == [Suggestion("71", "Blue mug (large)")]
    assert not suggest(goods, "variant", "Red mug (")
    assert [found.value for found in suggest(goods, "variant")] == ["71", "9"]


LINE = (
    "insert into order_line (contact_id, order_id, position, store_id, product_id, variant_id, name, quantity, total,"
    " tax, discount) "
)


def names(conn: Connection, field: str, *values: str) -> dict[str, dict[int, str]]:
    asked = {"where": [{"lines": [{"field": field, "operator": "is_any_of", "value": list(values)}]}]}
    return {value: dict(found) for value, found in called.context(conn, asked, Context({})).called[field].items()}


def test_what_was_chosen_is_called_what_the_shop_calls_it(goods: Connection) -> None:
    goods.execute(
        LINE + "values (5, 1, 1, 2, '7', '71', 'Blue mug (large)', 1, 1, 0, 0), (6, 2, 1, 1, '8', '9', 'x', 1, 1, 0, 0)"
    )
    assert names(goods, "product", "7", "77") == {"7": {1: "Blue mug"}}
    assert names(goods, "variant", "71", "9", "8") == {"71": {2: "Blue mug (large)"}, "9": {1: "Red mug, large"}}
    assert names(goods, "category", "mugs", "hats") == {"mugs": {1: "Mugs & cups"}}
    gone = datetime(2026, 1, 3, tzinfo=UTC)
    goods.execute("update product set deleted_at = %s", [gone])
    assert names(goods, "product", "7") == {"7": {1: "Blue mug"}}, "what was bought is still called so"


def test_a_new_variant_is_found_behind_many_old_lines(goods: Connection) -> None:
    goods.execute(LINE + "select n, 1, 1, 1, '7', null, 'Blue mug', 1, 1, 0, 0 from generate_series(1, 20000) n")
    goods.execute(LINE + "values (20001, 1, 1, 1, '7', '72', 'Blue mug (new)', 1, 1, 0, 0)")
    assert suggest(goods, "variant", "new") == [Suggestion("72", "Blue mug (new)")]
    assert names(goods, "variant", "72") == {"72": {1: "Blue mug (new)"}}


def test_a_draft_that_asks_nonsense_asks_for_no_name(goods: Connection) -> None:
    nonsense = [None, 7, {}, [[]], "a\0b", "\ud800"]
    asked = [{"field": "variant", "operator": "is", "value": value} for value in nonsense]
    assert called.context(goods, [*asked, {"field": [], "operator": {}}], Context({})).called == {"variant": {}}
