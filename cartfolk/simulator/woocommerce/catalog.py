"""People and goods as the JSON objects of the REST API wc/v3 and of wc-analytics."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from ..clock import utc_text
from ..records import AWAITING, COUNTED, PICKUP, Category, Coupon, Customer, Product, Variation
from ..truth import amount_text as money
from ..world import World, normalise_email
from .documents import Json, address, dates, links


def customer(world: World, base: str, record: Customer) -> Json:
    """An account of any role; `wc/v3` tells neither the number of orders nor their value."""
    meta = []
    if record.consent is not None:
        meta = [
            {
                "id": record.id * 20,
                "key": "_newsletter_optin",
                "value": "yes" if record.consent.given else "no",
            },
            {"id": record.id * 20 + 1, "key": "_newsletter_optin_date", "value": utc_text(record.consent.at)},
        ]
    paying = any(world.orders[each].state in COUNTED for each in world.orders_of.get(record.id, ()))
    digest = hashlib.sha256(normalise_email(record.email).encode()).hexdigest()
    return {
        "id": record.id,
        **dates(world.clock, date_created=record.created, date_modified=record.modified),
        "email": record.email,
        "first_name": record.first_name,
        "last_name": record.last_name,
        "role": record.role,
        "username": record.username,
        "billing": address(record.address),
        "shipping": address(record.address, with_contact=False),
        "is_paying_customer": paying,
        "avatar_url": f"https://secure.gravatar.com/avatar/{digest}?s=96&d=mm&r=g",
        "meta_data": meta,
        "_links": links(base, f"customers/{record.id}", "customers"),
    }


def product(world: World, base: str, record: Product) -> Json:
    """A product; a variable one lists the ids of its variations and shows their lowest price."""
    price = min((each.price for each in record.variations), default=record.price)
    return {
        "id": record.id,
        "name": record.name,
        "slug": record.slug,
        "permalink": f"{base}/product/{record.slug}/",
        **dates(world.clock, date_created=record.created, date_modified=record.modified),
        "type": record.kind,
        "status": record.status,
        "featured": False,
        "catalog_visibility": "visible",
        "description": record.description,
        "short_description": "",
        "sku": record.sku,
        "price": money(price),
        "regular_price": "" if record.variations else money(record.price),
        "sale_price": "",
        "on_sale": False,
        "purchasable": record.status == "publish",
        "total_sales": 0,
        "virtual": record.virtual,
        "downloadable": False,
        "tax_status": "taxable" if record.tax_percent else "none",
        "tax_class": "" if record.tax_percent == 19 else "reduced-rate",
        "manage_stock": False,
        "stock_quantity": None,
        "stock_status": "instock",
        "weight": "",
        "dimensions": {"length": "", "width": "", "height": ""},
        "shipping_required": not record.virtual,
        "parent_id": 0,
        "categories": [_term(world.categories[each]) for each in record.categories],
        "tags": [_term(world.tags[each]) for each in record.tags],
        "brands": [{"id": 900, "name": record.brand, "slug": record.brand.lower()}],
        "images": [_image(world, record.id, record.image, record.created)] if record.image else [],
        "attributes": _attributes(record),
        "default_attributes": [],
        "variations": [each.id for each in record.variations],
        "grouped_products": [],
        "menu_order": 0,
        "meta_data": [],
        "_links": links(base, f"products/{record.id}", "products"),
    }


def variation(world: World, base: str, owner: Product, record: Variation) -> Json:
    """One variation of a variable product."""
    path = f"products/{owner.id}"
    return {
        "id": record.id,
        "type": "variation",
        **dates(world.clock, date_created=record.created, date_modified=owner.modified),
        "description": "",
        "permalink": f"{base}/product/{owner.slug}/?attribute_{record.options[0][0]}={record.options[0][1]}",
        "sku": record.sku,
        "price": money(record.price),
        "regular_price": money(record.price),
        "sale_price": "",
        "on_sale": False,
        "status": "publish",
        "purchasable": True,
        "virtual": owner.virtual,
        "stock_status": "instock",
        "image": _image(world, record.id, record.image, record.created),
        "attributes": [
            {"id": place, "name": name.removeprefix("pa_").title(), "slug": name, "option": value}
            for place, (name, value) in enumerate(record.options, 1)
        ],
        "menu_order": 0,
        "meta_data": [],
        "name": ", ".join(value for _name, value in record.options),
        "parent_id": owner.id,
        "_links": links(base, f"{path}/variations/{record.id}", f"{path}/variations", path),
    }


def term(world: World, base: str, record: Category, kind: str) -> Json:
    """A category (`kind` = categories) or a tag (tags)."""
    field = "categories" if kind == "categories" else "tags"
    found: Json = {"id": record.id, "name": record.name, "slug": record.slug}
    if kind == "categories":
        found |= {"parent": record.parent, "display": "default", "image": None, "menu_order": 0}
    found["description"] = ""
    found["count"] = sum(1 for each in world.products.values() if record.id in getattr(each, field))
    found["_links"] = links(base, f"products/{kind}/{record.id}", f"products/{kind}")
    return found


def coupon(world: World, base: str, record: Coupon) -> Json:
    return {
        "id": record.id,
        "code": record.code,
        "amount": money(record.amount),
        "status": "publish",
        **dates(world.clock, date_created=record.created, date_modified=record.created),
        "discount_type": "percent" if record.kind == "percent" else "fixed_cart",
        "description": "",
        **dates(world.clock, date_expires=record.expires),
        "usage_count": 0,
        "individual_use": False,
        "product_ids": [],
        "free_shipping": record.kind == "free_shipping",
        "minimum_amount": "0.00",
        "maximum_amount": "0.00",
        "email_restrictions": [],
        "used_by": [],
        "meta_data": [],
        "_links": links(base, f"coupons/{record.id}", "coupons"),
    }


@dataclass(slots=True)
class LookupRow:
    """A row of WooCommerce's customer table for analytics: an account or the guests of one address."""

    id: int
    account: Customer | None
    orders: list[int]
    registered: int | None
    active: int
    last_order: int | None


# Analytics counts what is neither unpaid nor undone; money waiting on a bank transfer is in.
_ANALYTICS = COUNTED | {AWAITING, PICKUP}


def lookup_rows(world: World) -> list[LookupRow]:
    """All rows. An account appears once it is a customer or has ordered; a guest address appears beside
    an account of the same address, as in the real table. Amounts of all currencies are
    added up there: a trap.
    """
    rows = []
    for each in world.customers.values():
        orders = [o for o in world.orders_of.get(each.id, ()) if world.orders[o].state in _ANALYTICS]
        if each.role == "customer" or orders:
            rows.append(_lookup_row(world, each.id, each, orders))
    # Ids of guests lie behind those of accounts and follow the first order, which never changes.
    for all_orders in world.guest_orders.values():
        orders = [o for o in all_orders if world.orders[o].state in _ANALYTICS]
        if orders:
            rows.append(_lookup_row(world, 1_000_000 + min(orders), None, orders))
    return rows


def _lookup_row(world: World, row_id: int, account: Customer | None, orders: list[int]) -> LookupRow:
    last = max((world.orders[o].created for o in orders), default=None)
    registered = account.created if account else None
    return LookupRow(row_id, account, orders, registered, max(last or 0, registered or 0), last)


def lookup(world: World, row: LookupRow) -> Json:
    """The row as wc-analytics answers it: amounts are floats, `user_id` null marks a guest, and the two
    forms of `date_last_active` are swapped (a flaw of the original)."""
    orders = [world.orders[o] for o in row.orders]
    latest = max(orders, key=lambda o: (o.created, o.id)).billing if orders else None
    account = row.account
    where = latest or (account.address if account else None)
    spent = sum(o.total - o.refunded for o in orders) / 100
    first = account.first_name if account else where.first_name if where else ""
    last = account.last_name if account else where.last_name if where else ""
    found: Json = {
        "id": row.id,
        "user_id": account.id if account else None,
        "username": account.username if account else None,
        "name": f"{first} {last}".strip(),
        "first_name": first,
        "last_name": last,
        "email": account.email if account else where.email if where else "",
        "country": where.country if where else "",
        "city": where.city if where else "",
        "state": where.state if where else "",
        "postcode": where.postcode if where else "",
        **dates(world.clock, date_registered=row.registered),
        "date_last_active": world.clock.gmt(row.active),
        "date_last_active_gmt": world.clock.local(row.active),
        **dates(world.clock, date_last_order=row.last_order),
        "orders_count": len(orders),
        "total_spend": spent,
        "avg_order_value": round(spent / len(orders), 6) if orders else 0,
        "_links": {},
    }
    return found


def _term(record: Category) -> Json:
    return {"id": record.id, "name": record.name, "slug": record.slug}


def _image(world: World, owner: int, src: str, created: int) -> Json:
    return {
        "id": owner * 2 + 1,
        **dates(world.clock, date_created=created, date_modified=created),
        "src": src,
        "name": "",
        "alt": "",
    }


def _attributes(record: Product) -> list[dict[str, Any]]:
    names = [name for name, _value in record.variations[0].options] if record.variations else []
    return [
        {
            "id": place,
            "name": name.removeprefix("pa_").title(),
            "slug": name,
            "position": place,
            "visible": True,
            "variation": True,
            "options": sorted({dict(each.options)[name] for each in record.variations}),
        }
        for place, name in enumerate(names, 1)
    ]
