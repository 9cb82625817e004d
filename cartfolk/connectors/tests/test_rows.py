"""One delivery: each object alone, and what is kept of those that cannot be read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from cartfolk.connectors.base import StoreConfig
from cartfolk.connectors.canonical import Category, Deleted, OrderStatus, Record
from cartfolk.connectors.reading import FieldError, reference
from cartfolk.connectors.rows import one, own_statuses, piece, read_rows, statuses
from cartfolk.connectors.woocommerce.info import INFO

AT = datetime(2026, 11, 25, tzinfo=UTC)
GOOD = Deleted("category", "1", AT)


def reader(raw: Any, at: datetime) -> Iterable[Record]:
    yield Deleted("category", str(raw["id"]), at)
    if "field" in raw:
        raise FieldError("field", "field is wrong.")
    raw.get("name", "").strip()


def test_objects_that_cannot_be_read_stop_no_other() -> None:
    body = (
        b'[{"id":1}, 5, {"id": 2, "_unreadable": true}, {"id":3,"field":1}, {"id":4,"name":[]}, {"x":1.10}, {"id":1}]'
    )
    found = read_rows("category", body, AT, reader)
    assert found.records == (GOOD, GOOD), "nothing of an object whose reader fails half way"
    assert [(each.external_id, each.field, each.reason, each.raw) for each in found.bad] == [
        (None, "", "This is not an object.", "5"),
        (
            "2",
            "",
            "The shop cannot show this object: open and save it there, then retry.",
            '{"id": 2, "_unreadable": true}',
        ),
        ("3", "field", "field is wrong.", '{"id": 3, "field": 1}'),
        ("4", "", "This object has an unexpected form.", '{"id": 4, "name": []}'),
        (None, "", "This object has an unexpected form.", '{"x": "1.10"}'),
    ]
    assert {each.kind for each in found.bad} == {"category"}


def test_a_mistake_of_ours_is_not_the_shops() -> None:
    def broken(_raw: Any, _at: datetime) -> list[Record]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        read_rows("category", b"{}", AT, broken)


def test_what_is_not_json_is_one_bad_record() -> None:
    body = b"<html>" + b"x" * 3000
    (bad,) = read_rows("order", body, AT, reader).bad
    assert (bad.kind, bad.external_id, bad.field) == ("order", None, "")
    assert bad.reason == "This delivery is not JSON. It is asked for again with the next poll."
    assert bad.raw == body[:2000].decode()


def test_a_single_object_is_read_too() -> None:
    assert read_rows("category", b'{"id":1}', AT, reader).records == (GOOD,)


def test_notices_around_json_are_left_out() -> None:
    body = b'<b>Notice</b>: old plugin\n[{"id":1}]'
    assert read_rows("category", body, AT, reader).records == (GOOD,)


@pytest.mark.parametrize(
    ("body", "own_text", "kept"),
    [
        (b'[ {"id":1},\n {"n":1.10,  "a":"\\u00e9"} ]', True, r'{"n":1.10,  "a":"\u00e9"}'),
        (b' {"n":1.10} ', True, '{"n":1.10}'),
        (b'Notice.\n{"n":1.10} <br>', True, '{"n":1.10}'),
        (b'Notice: $a[3] is missing\n[{"id":1}, {"n":1.10}]', True, '{"n":1.10}'),
        ('[{"id":1}, {"n":1.10, "a":"é"}]'.encode("utf-16"), True, '{"n":1.10, "a":"é"}'),
        (b'{"orders":[{"id":1}, {"n":1.10}]}', True, '{"n": "1.10"}'),
        (b'[{"n":1.10, "a":"\\u00e9"}]', False, '{"n": "1.10", "a": "é"}'),
    ],
)
def test_an_object_keeps_its_own_text_where_asked(body: bytes, own_text: bool, kept: str) -> None:
    (bad,) = read_rows("order", body, AT, reader, own_text=own_text).bad
    assert bad.raw == kept


@pytest.mark.parametrize("body", [b"5", b'"[1]"', b"null", b"true"])
def test_a_body_that_is_no_list_says_the_way_out(body: bytes) -> None:
    (bad,) = read_rows("order", body, AT, reader).bad
    assert bad.reason == "This delivery is not a list of objects. It is asked for again with the next poll."
    assert bad.raw == body.decode()


def test_brackets_without_end_are_no_json() -> None:
    (bad,) = read_rows("order", b"[" * 100_000, AT, reader).bad
    assert "not JSON" in bad.reason


def test_a_platforms_own_place_of_objects_and_ids() -> None:
    def key(raw: Any) -> str | None:
        return reference(raw.get("number"))

    body = b'{"orders":[{"id":1},{"id":4,"number":7,"name":[]}]}'
    found = read_rows("order", body, AT, reader, rows=lambda told: told["orders"], key=key)
    assert found.records == (GOOD,)
    assert [each.external_id for each in found.bad] == ["7"]


def test_one_record_of_each_object() -> None:
    def category(raw: Any, at: datetime) -> Category:
        return Category(raw["id"], raw["slug"], raw["slug"])

    found = read_rows("category", b'[{"id":"1","slug":"mugs"},{"id":"2"}]', AT, one(category))
    assert found.records == (Category("1", "mugs", "mugs"),)
    assert [each.external_id for each in found.bad] == ["2"]


def test_one_element_of_a_list_untouched() -> None:
    assert piece(' [1.10, {"a" : 2},3]', 1) == '{"a" : 2}'


def test_order_states_of_the_owner_come_before_the_platforms() -> None:
    plain = StoreConfig("https://shop.example.com", {})
    own = StoreConfig(
        "https://shop.example.com", {}, settings={"statuses": {"completed": "cancelled", "x": "refunded"}}
    )
    assert statuses(INFO, plain) == dict(INFO.order_statuses)
    assert own_statuses(own) == {"completed": OrderStatus.CANCELLED, "x": OrderStatus.REFUNDED}
    assert statuses(INFO, own) == {**INFO.order_statuses, **own_statuses(own)}
    assert own_statuses(plain) == {}
    with pytest.raises(ValueError, match="unknown"):
        statuses(INFO, StoreConfig("https://shop.example.com", {}, settings={"statuses": {"x": "unknown"}}))
