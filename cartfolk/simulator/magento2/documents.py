"""The world as Magento's objects. Amounts are JSON numbers, whole ones without a point; sums are made of PHP
floats and look like it. Times are UTC without a zone. What is null is left out."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from ..checkout import price_in
from ..names import BRANDS
from ..records import Address, Cart, CartLine, Category, Customer, Line, Order, Product, Refund
from ..world import World
from .words import GROUP_OF_ROLE, METHODS, STATE, STATUS

Json = dict[str, Any]
INVOICE, SHIPMENT = 1_000_000, 2_000_000  # added to an order's number to number its papers
FIRST_OPTION = 70_001  # of the attribute that says who made a product
CHILD = 10_000_000  # added to a configurable's row to number the row of its variant


@lru_cache(maxsize=100_000)  # every row is asked for its time with every request
def stamp(moment: int | None) -> str | None:
    return None if moment is None else f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S}"


def number(hundredths: int) -> int | float:
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100


def total(*hundredths: int) -> int | float:
    """A sum as PHP adds it up: floats, with what they leave behind."""
    found = sum(each / 100 for each in hundredths)
    return int(found) if found == int(found) else found


def omitted(fields: Json) -> Json:
    """Without nulls, as Magento's serializer writes data objects."""

    def each(value: Any) -> Any:
        if isinstance(value, list):
            return [each(one) for one in value]
        return omitted(value) if isinstance(value, dict) else value

    return {name: each(value) for name, value in fields.items() if value is not None}


def address(raw: Address, kind: str, owner: int, with_email: bool = True) -> Json:
    return {
        "address_type": kind,
        "city": raw.city or None,
        "company": raw.company or None,
        "country_id": raw.country or None,
        "email": (raw.email or None) if with_email else None,
        "entity_id": owner * 2 + (kind == "shipping"),
        "firstname": raw.first_name,
        "lastname": raw.last_name,
        "parent_id": owner,
        "postcode": raw.postcode or None,
        "region_code": raw.state or None,
        "street": [each for each in (raw.address_1, raw.address_2) if each] or [""],
        "telephone": raw.phone or None,
    }


def group_of(role: str) -> int:
    return GROUP_OF_ROLE.get(role, 2)


def customer(record: Customer) -> Json:
    own = address(record.address, "billing", record.id, False)
    del own["address_type"], own["entity_id"], own["parent_id"], own["region_code"]
    region = {"region_code": record.address.state or None, "region": record.address.state or None, "region_id": 0}
    place = {"id": record.id, "customer_id": record.id, **own, "region": region}
    return omitted(
        {
            "id": record.id,
            "group_id": group_of(record.role),
            "default_billing": str(record.id),
            "default_shipping": str(record.id),
            "created_at": stamp(record.created),
            "updated_at": stamp(record.modified),
            "created_in": "Default Store View",
            "email": record.email,
            "firstname": record.first_name,
            "lastname": record.last_name,
            "store_id": 1,
            "website_id": 1,
            "addresses": [place | {"default_shipping": True, "default_billing": True}] if record.address.city else [],
            "disable_auto_group_change": 0,
            "extension_attributes": {"is_subscribed": bool(record.consent and record.consent.given)},
        }
    )


def order(world: World, record: Order, quote_id: int) -> Json:
    state = STATE[record.state]
    rate = None if record.currency == world.home else float(record.rate or 0)
    method, title = METHODS[record.payment]
    shipping = sum(each.total for each in record.shipping)
    shipping_tax = sum(each.tax for each in record.shipping)
    rows = [row for line in record.lines for row in _rows(record, line)]
    billing = record.billing
    discount = sum(_discount(line) for line in record.lines)
    return omitted(
        {
            "entity_id": record.id,
            "increment_id": f"{record.id:09d}",
            "quote_id": quote_id,
            "state": state,
            "status": STATUS.get(state, state),
            "store_id": 1,
            "store_name": f"{world.name}\n{world.name}\nDefault Store View",
            "created_at": stamp(record.created),
            "updated_at": stamp(record.modified),
            "base_currency_code": world.home,
            "global_currency_code": world.home,
            "order_currency_code": record.currency,
            "base_to_order_rate": 1 if rate is None else rate,
            "store_to_base_rate": 0,
            "customer_email": billing.email or None,
            "customer_firstname": billing.first_name,
            "customer_lastname": billing.last_name,
            "customer_group_id": 1 if record.customer_id else 0,
            "customer_id": record.customer_id or None,
            "customer_is_guest": 0 if record.customer_id else 1,
            "discount_amount": -number(discount) if discount else 0,
            "coupon_code": record.coupons[0].code if record.coupons else None,
            "shipping_amount": number(shipping),
            "shipping_tax_amount": number(shipping_tax),
            "shipping_incl_tax": number(shipping + shipping_tax),
            "tax_amount": total(
                *(line.total_tax for line in record.lines), shipping_tax, *(f.tax for f in record.fees)
            ),
            "grand_total": total(
                *(line.total + line.total_tax for line in record.lines),
                *(each.total + each.tax for each in record.shipping + record.fees),
            ),
            "base_grand_total": None if rate == 0 else number(round(record.total / (rate or 1))),
            "total_paid": number(record.total) if record.paid_at else None,
            "total_refunded": number(record.refunded) if record.refunds else None,
            "items": rows,
            "billing_address": address(billing, "billing", record.id),
            "payment": {"method": method, "entity_id": record.id, "additional_information": [title]},
            "status_histories": [],
            "extension_attributes": {
                "shipping_assignments": [
                    {
                        "shipping": {
                            "address": address(billing, "shipping", record.id),
                            "method": "flatrate_flatrate",
                        },
                        "items": rows,
                    }
                ],
                "payment_additional_info": [{"key": "method_title", "value": title}],
            },
        }
    )


def _discount(line: Line) -> int:
    return line.subtotal + line.subtotal_tax - line.total - line.total_tax


def _rows(record: Order, line: Line) -> list[Json]:
    """A line as its row, a configured product as parent and child."""
    row: Json = {
        "item_id": line.id,
        "order_id": record.id,
        "product_id": line.product_id or None,
        "product_type": "configurable" if line.variation_id else "simple",
        "name": line.name,
        "sku": line.sku,
        "qty_ordered": line.quantity,
        "qty_shipped": line.quantity if record.completed_at else 0,
        "price": number(line.subtotal // line.quantity) if line.quantity else 0,
        "row_total": number(line.subtotal),
        "row_total_incl_tax": number(line.subtotal + line.subtotal_tax),
        "tax_amount": number(line.total_tax),
        "discount_amount": number(_discount(line)),
        "discount_tax_compensation_amount": number(line.subtotal_tax - line.total_tax),
    }
    if not line.variation_id:
        return [row]
    nothing = ("price", "row_total", "row_total_incl_tax", "tax_amount", "discount_amount")
    child = row | dict.fromkeys((*nothing, "discount_tax_compensation_amount"), 0)
    child |= {"item_id": line.id + CHILD, "parent_item_id": line.id, "product_type": "simple"}
    return [row, child | {"product_id": line.variation_id, "parent_item": row}]


def invoice(record: Order) -> Json:
    """State 2 = paid."""
    return {
        "entity_id": INVOICE + record.id,
        "order_id": record.id,
        "state": 2,
        "grand_total": number(record.total),
        "created_at": stamp(record.paid_at),
        "items": [],
    }


def shipment(record: Order) -> Json:
    return {
        "entity_id": SHIPMENT + record.id,
        "order_id": record.id,
        "created_at": stamp(record.completed_at),
        "tracks": [
            {"track_number": f"JJD{record.id:09d}", "title": "DHL Paket", "carrier_code": "custom", "parent_id": 1}
        ],
        "items": [],
    }


def creditmemo(world: World, record: Refund, state: int) -> Json:
    """State 2 = given back, 3 = cancelled."""
    return {
        "entity_id": record.id,
        "increment_id": f"{record.id:09d}",
        "order_id": record.order_id,
        "state": state,
        "store_id": 1,
        "grand_total": number(record.amount),
        "order_currency_code": world.orders[record.order_id].currency,
        "base_currency_code": world.home,
        "created_at": stamp(record.created),
        "updated_at": stamp(record.created),
        "items": [],
        "comments": [{"entity_id": record.id, "comment": record.reason}] if record.reason else [],
    }


def cart(world: World, record: Cart, quote_id: int) -> Json:
    account = world.customers.get(record.customer_id or 0)
    # A guest's address reaches the quote with the last step of the checkout only.
    email = account.email if account else record.email if record.checkout else None
    person = {"id": account.id, "group_id": 1, "store_id": 1, "website_id": 1} if account else {}
    return {
        "id": quote_id,
        "created_at": stamp(record.updated),
        "updated_at": stamp(record.updated),
        "is_active": record.order_id is None,
        "is_virtual": False,
        "items": [
            {
                "item_id": quote_id * 100 + place,
                "sku": (item.variation.sku if item.variation else item.product.sku) or f"P{item.product.id}",
                "qty": item.quantity,
                "name": item.product.name,
                "price": number(_net(_price(world, item, world.home), item)),
                "product_type": "configurable" if item.variation else "simple",
                "quote_id": str(quote_id),
            }
            for place, item in enumerate(record.lines)
        ],
        "items_count": len(record.lines),
        "items_qty": sum(item.quantity for item in record.lines),
        "customer": person
        | {
            "email": email,
            "firstname": account.first_name if account else None,
            "lastname": account.last_name if account else None,
        },
        "billing_address": {"email": email, "street": [""], "city": None, "country_id": None},
        "orig_order_id": 0,
        "reserved_order_id": f"{record.order_id:09d}" if record.order_id else None,
        "currency": {"base_currency_code": world.home, "quote_currency_code": record.currency, "store_to_base_rate": 0},
        "customer_is_guest": account is None or quote_id % 3 > 0,  # not to be relied on
        "store_id": 1,
        "extension_attributes": {
            "shipping_assignments": [{"shipping": {"method": "flatrate_flatrate"}}] if record.checkout else []
        },
    }


def _price(world: World, item: CartLine, currency: str) -> int:
    return price_in(item.variation.price if item.variation else item.product.price, currency, world.home)


def _net(gross: int, item: CartLine) -> int:
    return round(gross * 100 / (100 + item.product.tax_percent))


def totals(world: World, record: Cart, quote_id: int) -> Json:
    """``grand_total`` is without tax here, as in the original; the segment of that name is with it."""
    gross = [_price(world, item, record.currency) * item.quantity for item in record.lines]
    net = [_net(amount, item) for amount, item in zip(gross, record.lines, strict=True)]
    items = [
        {
            "item_id": quote_id * 100 + place,
            "qty": record.lines[place].quantity,
            "row_total": number(net[place]),
            "row_total_incl_tax": number(amount),
            "tax_amount": number(amount - net[place]),
            "discount_amount": 0,
        }
        for place, amount in enumerate(gross)
    ]
    return {
        "grand_total": total(*net),
        "base_grand_total": total(*gross),
        "subtotal": total(*net),
        "subtotal_incl_tax": total(*gross),
        "tax_amount": number(sum(gross) - sum(net)),
        "discount_amount": 0,
        "quote_currency_code": record.currency,
        "base_currency_code": world.home,
        "items_qty": sum(item.quantity for item in record.lines),
        "items": items,
        "total_segments": [
            {"code": "subtotal", "title": "Subtotal", "value": total(*gross)},
            {"code": "grand_total", "title": "Grand Total", "value": total(*gross), "area": "footer"},
        ],
    }


def product(record: Product) -> Json:
    kinds = {"variable": "configurable", "external": "simple"}
    links = [{"position": 0, "category_id": str(each)} for each in record.categories]
    return {
        "id": record.id,
        "sku": record.sku or f"P{record.id}",
        "name": record.name,
        "price": number(record.price),
        "status": 1 if record.status == "publish" else 2,
        "type_id": kinds.get(record.kind, record.kind),
        "created_at": stamp(record.created),
        "updated_at": stamp(record.modified),
        "extension_attributes": {"website_ids": [1], "category_links": links},
        "custom_attributes": [
            {"attribute_code": "url_key", "value": record.slug},
            {"attribute_code": "manufacturer", "value": str(FIRST_OPTION + BRANDS.index(record.brand))},
            {"attribute_code": "image", "value": f"/{record.slug[:1]}/{record.slug}.jpg"},
            {"attribute_code": "category_ids", "value": [str(each) for each in record.categories]},
        ],
    }


def manufacturers() -> list[Json]:
    """The first option is the empty one."""
    found = [{"label": name, "value": str(FIRST_OPTION + place)} for place, name in enumerate(BRANDS)]
    return [{"label": " ", "value": ""}, *found]


def category(record: Category) -> Json:
    return {
        "id": record.id,
        "parent_id": record.parent or 2,
        "name": record.name,
        "is_active": True,
        "level": 3 if record.parent else 2,
        "custom_attributes": [{"attribute_code": "url_key", "value": record.slug}],
    }
