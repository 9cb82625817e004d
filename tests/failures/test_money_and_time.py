"""Wrong numbers: lifetime values, currencies, days."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from zoneinfo import ZoneInfo

from cartfolk.connectors.canonical import OrderStatus, Refund
from cartfolk.segments import language, stored

from .scene import Scene


def test_wrong_lifetime_value(shop: Scene) -> None:
    """Unpaid, cancelled and failed never count; refunds are taken off; told again, nothing is added."""
    part = Refund("r1", D("30.00"), shop.at)
    orders = [
        shop.order(1, "100.00", refunds=(part,), tax=D("15.97"), shipping=D("4.90"), discount=D("5.00")),
        shop.order(2, "500.00", status=OrderStatus.CANCELLED),
        shop.order(3, "70.00", status=OrderStatus.FAILED),
        shop.order(4, "40.00", status=OrderStatus.PENDING),
        shop.order(5, "20.00", status=OrderStatus.REFUNDED, refunds=(Refund("r2", D("20.00"), shop.at),)),
    ]
    for _again in range(2):
        shop.tell(*orders)
        assert shop.values("total_number_of_orders", "total_value_of_orders") == (2, D("70.00"))
    shop.tell(replace(orders[3], status=OrderStatus.COMPLETED, updated_at=shop.at + timedelta(hours=1)))
    assert shop.values("total_number_of_orders", "total_value_of_orders") == (3, D("110.00"))


def test_currencies_added_together_or_converted_twice(shop: Scene) -> None:
    """Each at its own order's rate, rounded once at the end; without a known rate counted, its value left out."""
    shop.tell(
        shop.order(1, "10.00"),
        shop.order(2, "20.00", currency="USD", rate=D("0.5")),
        shop.order(3, "1.234", currency="KWD", rate=D("3")),
        shop.order(4, "0.008"),
        shop.order(5, "1000", currency="JPY", rate=D("0.006")),
    )
    count, value = shop.values("total_number_of_orders", "total_value_of_orders")
    assert (count, value) == (5, D("29.71")), "10 + 10 + 3.702 + 0.008 + 6"
    shop.tell(shop.order(6, "77000", currency="VND"))
    assert shop.values("total_number_of_orders", "total_value_of_orders") == (6, value)
    stored_as = shop.rows("select currency, total from orders where store_id = %s and external_id = '3'", shop.store)
    assert stored_as == [("KWD", D("1.234"))]


def test_dates_one_day_off(shop: Scene) -> None:
    """23:30 in London's winter is tomorrow in Berlin: a date is the account's day, also on the day of 23 hours."""
    moment = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)  # 00:30 on 29 March in Berlin, where the clocks change at 2
    shop.tell(shop.order(1, placed_at=moment))
    known = stored.context(shop.conn)

    def found(day: str, zone: str) -> bool:
        on_day = [
            {"type": "property", "property": "last_order_date", "operator": "between", "value": [day, day]},
            {"type": "property", "property": "email", "operator": "is", "value": shop.email()},
        ]
        where = replace(known, zone=ZoneInfo(zone))
        definition = {"version": 1, "root": {"type": "group", "match": "all", "children": on_day}}
        return stored.count(shop.conn, language.from_json(definition, where), where, shop.now).count == 1

    assert found("2026-03-29", "Europe/Berlin")
    assert not found("2026-03-28", "Europe/Berlin")
    assert found("2026-03-28", "Europe/London")
    last_moment = datetime(2026, 3, 29, 21, 59, tzinfo=UTC)  # 23:59 in Berlin, an hour earlier than the day before
    shop.tell(shop.order(2, placed_at=last_moment))
    assert found("2026-03-29", "Europe/Berlin")
