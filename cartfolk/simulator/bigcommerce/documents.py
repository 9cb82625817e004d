"""Records as BigCommerce shows them: v2 with text amounts of four decimals and times as in mails, v3 with numbers
and ISO times. All amounts with tax are gross; an order's total is before refunds."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from ..checkout import is_taxed, price_in
from ..clock import utc_text
from ..names import BRANDS
from ..records import (
    FULFILLED,
    TRASHED,
    Address,
    Cart,
    CartLine,
    Category,
    Consent,
    Coupon,
    Customer,
    Line,
    Order,
    Product,
    Refund,
)
from ..world import World
from .words import GROUPS, PAYMENTS, RENAMED, STATUS, STATUS_ID

Json = dict[str, Any]
FIRST_BRAND = 70_001


def money(hundredths: int) -> str:
    """v2: ``-12.0500``."""
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d}00"


def mail_time(moment: int | None) -> str:
    """v2: ``Tue, 05 Mar 2019 21:40:11 +0000``, nothing is empty."""
    return format_datetime(datetime.fromtimestamp(moment, UTC)) if moment is not None else ""


def iso(moment: int) -> str:
    """The other way v3 writes UTC."""
    return utc_text(moment).replace("Z", "+00:00")


def _number(hundredths: int) -> float | int:
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100


def order(world: World, base: str, record: Order, with_lines: bool) -> Json:
    gross = [line.total + line.total_tax for line in record.lines]
    before = [line.subtotal + line.subtotal_tax for line in record.lines]
    shipping = sum(charge.total + charge.tax for charge in record.shipping)
    foreign = record.currency != world.home
    resource = f"/orders/{record.id}"
    found: Json = {
        "id": record.id,
        "customer_id": record.customer_id,
        "date_created": mail_time(record.created),
        "date_modified": mail_time(record.modified),
        "date_shipped": mail_time(record.completed_at),
        "status_id": STATUS_ID[record.state],
        "status": STATUS[record.state] if record.state != TRASHED else "Awaiting Fulfillment",
        "custom_status": RENAMED.get(record.state, STATUS[record.state]),
        "is_deleted": record.state == TRASHED,
        "subtotal_ex_tax": money(sum(line.subtotal for line in record.lines)),
        "subtotal_inc_tax": money(sum(before)),
        "shipping_cost_ex_tax": money(sum(charge.total for charge in record.shipping)),
        "shipping_cost_inc_tax": money(shipping),
        "handling_cost_inc_tax": money(0),
        "total_ex_tax": money(record.total - record.total_tax),
        "total_inc_tax": money(record.total),
        "total_tax": money(record.total_tax),
        "items_total": sum(line.quantity for line in record.lines),
        "items_shipped": sum(line.quantity for line in record.lines) if record.state == FULFILLED else 0,
        "payment_method": PAYMENTS.get(record.payment, record.payment),
        "payment_status": "",
        "refunded_amount": money(record.refunded),
        # How prices were shown; paid was in the default currency.
        "currency_code": "USD" if not foreign and record.id % 7 == 0 else record.currency,
        "currency_exchange_rate": "1.1000000000" if not foreign and record.id % 7 == 0 else "1.0000000000",
        "default_currency_code": record.currency,
        "store_default_currency_code": world.home if foreign else "",
        "store_default_to_transactional_exchange_rate": record.rate if foreign else "1.0000000000",
        "discount_amount": money(0),
        "coupon_discount": money(sum(before) - sum(gross)),
        "cart_id": record.cart,
        "billing_address": {**_street(record.billing), "email": record.billing.email},
        "is_email_opt_in": bool(record.consent and record.consent.given),
        "order_source": "manual" if record.via == "admin" else "www",
        "products": {"url": f"{base}/v2{resource}/products", "resource": f"{resource}/products"},
        "shipping_addresses": {"url": f"{base}/v2{resource}/shippingaddresses", "resource": f"{resource}/shipping"},
        "coupons": {"url": f"{base}/v2{resource}/coupons", "resource": f"{resource}/coupons"},
        "fees": [{"id": fee.id, "cost_inc_tax": money(fee.total + fee.tax)} for fee in record.fees],
    }
    if with_lines:
        lines = [line_item(record, line) for line in record.lines]
        shipped = {**_street(record.billing), "line_items": lines}
        found["consignments"] = {
            "shipping": [shipped] if record.shipping else [],
            "downloads": [] if record.shipping else [{"recipient_email": record.billing.email, "line_items": lines}],
            "pickups": [],
            "email": {"gift_certificates": []},
        }
    return found


def line_item(record: Order, line: Line) -> Json:
    before, after = line.subtotal + line.subtotal_tax, line.total + line.total_tax
    discounts = []
    if after < before:
        code = record.coupons[0].code if record.coupons else None
        discounts = [{"id": "coupon", "amount": money(before - after), "name": "Coupon", "code": code}]
    return {
        "id": line.id,
        "order_id": record.id,
        "product_id": line.product_id,
        "variant_id": line.variation_id,
        "name": line.name,
        "sku": line.sku,
        "type": "physical",
        "quantity": line.quantity,
        "total_ex_tax": money(line.subtotal),
        "total_inc_tax": money(before),
        "total_tax": money(line.total_tax),
        "applied_discounts": discounts,
        "discounted_total_inc_tax": money(after),
    }


def order_coupon(record: Order, place: int) -> Json:
    used = record.coupons[place]
    return {"id": used.id, "order_id": record.id, "code": used.code, "amount": _number(used.nominal)}


def refund(record: Refund) -> Json:
    amount = _number(record.amount)
    return {
        "id": record.id,
        "order_id": record.order_id,
        "user_id": 1,
        "created": iso(record.created),
        "reason": record.reason,
        "total_amount": amount,
        "items": [{"item_type": "ORDER", "item_id": record.order_id, "requested_amount": amount}],
        "payments": [{"id": record.id, "provider_id": "stripe", "amount": amount, "is_declined": False}],
    }


def _street(record: Address) -> Json:
    return {
        "first_name": record.first_name,
        "last_name": record.last_name,
        "company": record.company,
        "street_1": record.address_1,
        "street_2": record.address_2,
        "city": record.city,
        "state": record.state,
        "zip": record.postcode,
        "country": record.country,
        "country_iso2": record.country,
        "phone": record.phone,
    }


def customer(record: Customer, with_addresses: bool) -> Json:
    found: Json = {
        "id": record.id,
        "email": record.email,
        "first_name": record.first_name,
        "last_name": record.last_name,
        "company": record.address.company,
        "phone": record.address.phone,
        "customer_group_id": GROUPS.get(record.role, 0),
        "date_created": utc_text(record.created),
        "date_modified": utc_text(record.modified),
        "accepts_product_review_abandoned_cart_emails": record.id % 2 == 0,
        "channel_ids": None,
    }
    if with_addresses:
        at = record.address
        found["addresses"] = [
            {
                "id": record.id * 10,
                "customer_id": record.id,
                "first_name": at.first_name,
                "last_name": at.last_name,
                "company": at.company,
                "address1": at.address_1,
                "address2": at.address_2,
                "city": at.city,
                "state_or_province": at.state,
                "postal_code": at.postcode,
                "country_code": at.country,
                "phone": at.phone,
            }
        ]
    return found


def subscriber(record: Customer, consent: Consent) -> Json:
    """What the newsletter knows of an account; one who unsubscribed or never ticked the box has no consents."""
    given, at = consent.given, consent.at
    return {
        "id": record.id,
        "email": record.email,
        "first_name": record.first_name,
        "last_name": record.last_name,
        "source": "storefront",
        "order_id": None,
        "channel_id": 1,
        "consents": ["marketing_newsletter"] if given else [],
        "date_created": utc_text(at if given else record.created),
        "date_modified": utc_text(max(at, record.created)),
    }


def product(record: Product, with_image: bool) -> Json:
    found: Json = {
        "id": record.id,
        "name": record.name,
        "type": "digital" if record.virtual else "physical",
        "sku": record.sku,
        "price": _number(record.price),
        "categories": list(record.categories),
        "brand_id": FIRST_BRAND + BRANDS.index(record.brand),
        "custom_url": {"url": f"/{record.slug}/", "is_customized": False},
        "is_visible": record.status == "publish",
        "date_created": iso(record.created),
        "date_modified": iso(record.modified),
    }
    if with_image:
        found["primary_image"] = {"id": record.id, "product_id": record.id, "url_standard": record.image}
    return found


def brands() -> list[Json]:
    return [{"id": FIRST_BRAND + place, "name": name} for place, name in enumerate(BRANDS)]


def category(world: World, record: Category) -> Json:
    parent = world.categories.get(record.parent)
    path = f"/{parent.slug}/{record.slug}/" if parent else f"/{record.slug}/"
    return {
        "category_id": record.id,
        "parent_id": record.parent,
        "tree_id": 1,
        "name": record.name,
        "url": {"path": path, "is_customized": False},
        "is_visible": True,
    }


def coupon(record: Coupon) -> Json:
    kind = {"percent": "percentage_discount", "fixed_cart": "per_total_discount"}.get(record.kind, "free_shipping")
    return {
        "id": record.id,
        "name": record.code,
        "code": record.code,
        "type": kind,
        "amount": money(record.amount),
        "enabled": True,
        "expires": "",
        "date_created": mail_time(record.created),
    }


def group(name: str, number: int) -> Json:
    return {"id": number, "name": name, "is_default": False, "date_created": "2023-07-17 06:30:41"}


def cart(world: World, record: Cart) -> Json:
    gross = sum(_price(world, item, record.currency) * item.quantity for item in record.lines)
    return {
        "id": record.token,
        "customer_id": record.customer_id or 0,
        "channel_id": 1,
        "email": record.email or "",
        "currency": {"code": record.currency},
        "tax_included": is_taxed(world, world.country),
        "base_amount": _number(gross),
        "discount_amount": 0,
        "cart_amount": _number(gross),
        "line_items": {
            "physical_items": [_cart_item(world, record, item) for item in record.lines],
            "digital_items": [],
            "gift_certificates": [],
            "custom_items": [],
        },
        "created_time": iso(record.updated),
        "updated_time": iso(record.updated),
        "locale": "en",
    }


def checkout(world: World, record: Cart) -> Json:
    inside = cart(world, record)
    billing: Json = {"first_name": "", "last_name": "", "email": "", "phone": ""}
    if record.checkout:
        billing |= {"first_name": record.first_name or "", "last_name": record.last_name or ""}
        billing["email"] = record.email or ""
    return {
        "id": record.token,
        "cart": inside,
        "billing_address": {"id": hashlib.sha256(record.token.encode()).hexdigest()[:13], **billing},
        "consignments": [],
        "tax_total": 0,
        "subtotal_inc_tax": inside["cart_amount"],
        "grand_total": inside["cart_amount"],
        "order_id": None,
    }


def _price(world: World, item: CartLine, currency: str) -> int:
    return price_in(item.variation.price if item.variation else item.product.price, currency, world.home)


def _cart_item(world: World, record: Cart, item: CartLine) -> Json:
    price = _price(world, item, record.currency)
    key = f"{record.token}/{item.product.id}/{item.variation.id if item.variation else 0}"
    return {
        "id": hashlib.sha256(key.encode()).hexdigest()[:32],
        "product_id": item.product.id,
        "variant_id": item.variation.id if item.variation else item.product.id,
        "sku": item.variation.sku if item.variation else item.product.sku,
        "name": item.product.name,
        "url": f"https://shop.example.com/{item.product.slug}/",
        "quantity": item.quantity,
        "image_url": item.product.image,
        "list_price": _number(price),
        "sale_price": _number(price),
        "extended_list_price": _number(price * item.quantity),
        "extended_sale_price": _number(price * item.quantity),
        "discount_amount": 0,
    }
