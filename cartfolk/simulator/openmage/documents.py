"""Orders, credit memos, people and goods as the API of Magento 1 tells them.

Everything is text as the database keeps it: ids, amounts with four decimals, times in UTC without a zone. Lines
are net; tax, the tax of a discount ("hidden") and the discount stand beside them. A configurable product is two
lines, the second without a price.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from ..clock import Clock
from ..names import BRANDS
from ..records import COUNTED, FULFILLED, REFUNDED, Address, Category, Customer, Line, Order, Product, Refund
from ..world import World
from .words import PAYMENTS, STATE, STATUS

Json = dict[str, Any]
FIRST_OPTION = 70_001  # of the attribute that says who made a product
INCREMENT, MEMO_INCREMENT = 100_000_000, 200_000_000  # numbers begin behind these
FIRST_CATEGORY = 100  # the shop's own begin behind the root (1) and the default category (2)


def money(hundredths: int) -> str:
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d}00"


def stamp(moment: int) -> str:
    """UTC as the database writes it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")


def local_stamp(clock: Clock, moment: int) -> str:
    """Single objects of the catalogue tell the shop's own time, with its distance from UTC."""
    return datetime.fromtimestamp(moment, clock.zone).isoformat()


def in_base(order: Order, hundredths: int) -> str:
    """The amount in the shop's base currency; where no rate was kept, the same number."""
    return money(round(hundredths / float(order.rate)) if order.rate else hundredths)


def increment(order: Order) -> str:
    return str(INCREMENT + order.id)


def order_row(world: World, record: Order) -> Json:
    """An order as in the list: everything of the order's own table, nothing of its lines."""
    address = record.billing
    discount = sum(line.subtotal + line.subtotal_tax - line.total - line.total_tax for line in record.lines)
    shipping, shipping_tax = sum(c.total for c in record.shipping), sum(c.tax for c in record.shipping)
    rate = "1.0000" if record.currency == world.home else record.rate
    row: Json = {
        "state": STATE[record.state],
        "status": STATUS[record.state],
        "coupon_code": record.coupons[0].code if record.coupons else None,
        "store_id": "1",
        "store_name": f"Main Website\n{world.name}\n{world.name}",
        "customer_id": str(record.customer_id) if record.customer_id else None,
        "customer_is_guest": "0" if record.customer_id else "1",
        "customer_email": address.email or None,
        "customer_firstname": address.first_name,
        "customer_lastname": address.last_name,
        "customer_group_id": "1" if record.customer_id else "0",
        "increment_id": increment(record),
        "quote_id": record.cart or str(record.id + 5000),
        "created_at": stamp(record.created),
        "updated_at": stamp(record.modified),
        "grand_total": money(record.total),
        "subtotal": money(sum(line.subtotal for line in record.lines)),
        "tax_amount": money(record.total_tax),
        "discount_amount": money(-discount),
        "shipping_amount": money(shipping),
        "shipping_tax_amount": money(shipping_tax),
        "shipping_incl_tax": money(shipping + shipping_tax),
        "total_paid": money(record.total) if record.state in COUNTED else None,
        "total_refunded": money(record.refunded) if record.refunds else None,
        "order_currency_code": record.currency,
        "base_currency_code": world.home,
        "global_currency_code": world.home,
        "base_to_order_rate": rate,
        "base_to_global_rate": "1.0000",
        "base_grand_total": in_base(record, record.total),
        "base_total_refunded": in_base(record, record.refunded) if record.refunds else None,
        "remote_ip": "203.0.113.7",
    }
    return row | {"order_id": str(record.id)}


def order_info(world: World, record: Order) -> Json:
    """The whole order."""
    address = _address(record.billing) | {"email": record.billing.email or None, "parent_id": str(record.id)}
    return order_row(world, record) | {
        "billing_address": address | {"address_type": "billing"},
        "shipping_address": address | {"address_type": "shipping"},
        "items": [item for line in record.lines for item in _items(record, line)],
        "payment": {
            "parent_id": str(record.id),
            "method": PAYMENTS.get(record.payment, record.payment),
            "cc_number_enc": "0:2:enciphered",
            "cc_owner": f"{record.billing.first_name} {record.billing.last_name}",
        },
        "status_history": _history(record),
    }


def _history(record: Order) -> list[Json]:
    """Newest first; a comment in between tells the status of then once more."""
    told = [(record.created, "pending")]
    if record.paid_at is not None:
        told += [(record.paid_at, "processing"), (record.paid_at + 1, "processing")]
    if record.completed_at is not None and record.state in (FULFILLED, REFUNDED):
        told.append((record.completed_at, "complete"))
    if record.state not in (FULFILLED, REFUNDED):
        told.append((record.modified, STATUS[record.state]))
    return [
        {"parent_id": str(record.id), "comment": None, "status": status, "created_at": stamp(at)}
        for at, status in sorted(told, reverse=True)
    ]


def _items(order: Order, line: Line) -> list[Json]:
    before, after = line.subtotal + line.subtotal_tax, line.total + line.total_tax
    variant = bool(line.variation_id)
    item: Json = {
        "item_id": str(line.id * 2),
        "order_id": str(order.id),
        "parent_item_id": None,
        "product_id": str(line.product_id) if line.product_id else None,
        "product_type": "configurable" if variant else "simple",
        "sku": line.sku,
        "name": line.name,
        "qty_ordered": f"{line.quantity}.0000",
        "price": money(line.subtotal // line.quantity if line.quantity else 0),
        "row_total": money(line.subtotal),
        "row_total_incl_tax": money(before),
        "tax_amount": money(line.total_tax),
        "hidden_tax_amount": money(line.subtotal_tax - line.total_tax),
        "discount_amount": money(before - after),
    }
    if not variant:
        return [item]
    none = dict.fromkeys(
        ("price", "row_total", "row_total_incl_tax", "tax_amount", "hidden_tax_amount", "discount_amount"), "0.0000"
    )
    child = {
        "item_id": str(line.id * 2 + 1),
        "parent_item_id": item["item_id"],
        "product_id": str(line.variation_id),
        "product_type": "simple",
    }
    return [item, item | none | child]


def memo_row(order: Order, record: Refund) -> Json:
    return {
        "increment_id": str(MEMO_INCREMENT + record.id),
        "order_id": str(order.id),
        "state": "2",
        "store_id": "1",
        "grand_total": money(record.amount),
        "order_currency_code": order.currency,
        "created_at": stamp(record.created),
        "updated_at": stamp(record.created),
        "creditmemo_id": str(record.id),
    }


def memo_info(order: Order, record: Refund) -> Json:
    comments = [{"comment_id": str(record.id), "comment": record.reason, "created_at": stamp(record.created)}]
    return memo_row(order, record) | {
        "order_increment_id": increment(order),
        "items": [],
        "comments": comments if record.reason else [],
    }


def _address(record: Address) -> Json:
    return {
        "firstname": record.first_name,
        "lastname": record.last_name,
        "company": record.company or None,
        "street": "\n".join(line for line in (record.address_1, record.address_2) if line),
        "city": record.city,
        "region": record.state or None,
        "postcode": record.postcode or None,
        "country_id": record.country,
        "telephone": record.phone or None,
    }


def customer_row(record: Customer) -> Json:
    """An account; its row tells even the password's hash."""
    return {
        "customer_id": str(record.id),
        "created_at": stamp(record.created),
        "updated_at": stamp(record.modified),
        "created_in": "Default Store View",
        "default_billing": str(record.id),
        "default_shipping": str(record.id),
        "email": record.email,
        "firstname": record.first_name,
        "lastname": record.last_name,
        "group_id": "1" if record.role == "customer" else "2",
        "password_hash": hashlib.sha256(record.username.encode()).hexdigest() + ":salt",
        "store_id": "1",
        "website_id": "1",
    }


def customer_addresses(record: Customer) -> list[Json]:
    own = {"customer_address_id": str(record.id), "is_default_billing": True, "is_default_shipping": True}
    return [own | {name: value for name, value in _address(record.address).items() if value is not None}]


def product_row(record: Product) -> Json:
    return {
        "product_id": str(record.id),
        "sku": record.sku or None,
        "name": record.name,
        "set": "4",
        "type": "configurable" if record.variations else "simple",
        "category_ids": [str(each + FIRST_CATEGORY) for each in record.categories],
        "website_ids": ["1"],
    }


def product_info(world: World, record: Product) -> Json:
    row = product_row(record)
    categories, websites = row.pop("category_ids"), row.pop("website_ids")
    price = min((each.price for each in record.variations), default=record.price)
    return row | {
        "categories": categories,
        "websites": websites,
        "price": money(price),
        "status": "1" if record.status == "publish" else "2",
        "url_key": record.slug,
        "manufacturer": str(FIRST_OPTION + BRANDS.index(record.brand)),
        "url_path": f"{record.slug}.html",
        "created_at": local_stamp(world.clock, record.created),
        "updated_at": local_stamp(world.clock, record.modified),
    }


def manufacturers() -> list[Json]:
    """The first option is the empty one."""
    found = [{"value": str(FIRST_OPTION + place), "label": name} for place, name in enumerate(BRANDS)]
    return [{"value": "", "label": ""}, *found]


def category_tree(world: World) -> Json:
    children: dict[int, list[Category]] = {}
    for each in world.categories.values():
        children.setdefault(each.parent, []).append(each)

    def node(each: Category, parent: int, level: int) -> Json:
        number = each.id + FIRST_CATEGORY
        below = [node(child, number, level + 1) for child in children.get(each.id, ())]
        return _node(number, parent, each.name, level, below)

    shelves = [node(each, 2, 2) for each in children.get(0, ())]
    return _node(1, 0, "Root", 0, [_node(2, 1, "Default Category", 1, shelves)])


def _node(number: int, parent: int, name: str, level: int, children: list[Json]) -> Json:
    return {
        "category_id": str(number),
        "parent_id": str(parent),
        "name": name,
        "is_active": "1",
        "position": "1",
        "level": str(level),
        "children": children,
    }
