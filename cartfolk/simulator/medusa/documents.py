"""Records as the JSON objects of Medusa's Admin API.

Money is a JSON number in major units. A refund or a cancellation makes a *credit line*: the order's total is
less by it. Times are UTC with milliseconds.
"""

from __future__ import annotations

from typing import Any

from ..records import AWAITING, CANCELLED, COUNTED, Address, Category, Coupon, Customer, Line, Order, Product
from ..world import World
from .words import guest_id, milliseconds, named, order_status, payment_status, time_text

Json = dict[str, Any]


def at(moment: int | None, number: int) -> str | None:
    return None if moment is None else time_text(milliseconds(moment, number))


def amount(hundredths: int) -> int | float:
    """As JavaScript writes numbers: 12, 12.5."""
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100


def raw(hundredths: int) -> Json:
    return {"value": f"{amount(hundredths)}", "precision": 20}


def address(record: Address, key: str) -> Json:
    return {
        "id": key,
        "company": record.company or None,
        "first_name": record.first_name,
        "last_name": record.last_name,
        "address_1": record.address_1,
        "address_2": record.address_2 or None,
        "city": record.city,
        "country_code": record.country.lower() or None,
        "province": record.state or None,
        "postal_code": record.postcode,
        "phone": record.phone or None,
        "metadata": None,
    }


def order(record: Order, updated: int, first_guest_order: int) -> Json:
    """``updated`` is what Medusa believes; ``first_guest_order`` made the guest's customer, 0 for accounts."""
    credited = record.total if record.state == CANCELLED else record.refunded
    charges = record.shipping + record.fees
    shipped = record.completed_at
    fulfilled = "not_fulfilled" if shipped is None else "delivered" if record.id % 2 else "fulfilled"
    customer = named("cus", record.customer_id) if record.customer_id else guest_id(first_guest_order)
    return {
        "id": named("order", record.id),
        "display_id": record.id,
        "custom_display_id": None,
        "status": order_status(record),
        "version": 1 + len(record.refunds),
        "is_draft_order": False,
        "email": record.billing.email.strip() or None,
        "customer_id": customer if record.customer_id or first_guest_order else None,
        "customer": {"id": customer, "has_account": bool(record.customer_id)}
        if record.customer_id or first_guest_order
        else None,
        "currency_code": record.currency.lower(),
        "created_at": at(record.created, record.id),
        "updated_at": at(updated, record.id),
        "canceled_at": at(updated, record.id) if record.state == CANCELLED else None,
        "total": amount(record.total - credited),
        "credit_line_total": amount(credited),
        "original_total": amount(sum(line.subtotal + line.subtotal_tax for line in record.lines)),
        "tax_total": amount(record.total_tax),
        "discount_total": amount(
            sum(each.subtotal + each.subtotal_tax - each.total - each.total_tax for each in record.lines)
        ),
        "shipping_total": amount(sum(each.total + each.tax for each in charges)),
        "payment_status": payment_status(record),
        "fulfillment_status": "canceled" if record.state == CANCELLED else fulfilled,
        "summary": {
            "paid_total": amount(record.total if record.state in COUNTED else 0),
            "refunded_total": amount(record.refunded),
            "current_order_total": amount(record.total - credited),
        },
        "metadata": {"note": record.note} if record.note else None,
        "items": [_item(line, record) for line in record.lines],
        "billing_address": address(record.billing, named("ordaddr", record.id * 2)),
        "shipping_address": address(record.billing, named("ordaddr", record.id * 2 + 1)),
        "payment_collections": [_payment_collection(record)],
        "fulfillments": [] if shipped is None else [_fulfillment(record, shipped)],
        "promotions": [{"id": named("promo", used.id), "code": used.code} for used in record.coupons],
        "cart": {"id": record.cart or named("cart", record.id)},
    }


def _item(line: Line, record: Order) -> Json:
    gross = line.total + line.total_tax
    full = line.subtotal + line.subtotal_tax
    return {
        "id": named("ordli", line.id),
        "title": line.name.rsplit(" - ", 1)[0] if line.variation_id else line.name,
        "subtitle": None,
        "thumbnail": None,
        "product_id": named("prod", line.product_id) if line.product_id else None,
        "product_title": line.name,
        "variant_id": named("variant", line.variation_id or line.product_id) if line.product_id else None,
        "variant_sku": line.sku or None,
        "variant_title": line.name.rsplit(" - ", 1)[-1] if line.variation_id else "Default variant",
        "quantity": line.quantity,
        "raw_quantity": {"value": str(line.quantity), "precision": 20},
        "is_tax_inclusive": True,
        "unit_price": amount(full // line.quantity if line.quantity else 0),
        "tax_total": amount(line.total_tax),
        "discount_total": amount(full - gross),
        "total": amount(gross),
        "raw_total": raw(gross),
        "created_at": at(record.created, record.id),
        "updated_at": at(record.created, record.id),
    }


def payment(record: Order) -> Json:
    """Its time of change moves on capture, not on refund; its collection's moves on both."""
    refunded = max((each.created for each in record.refunds), default=None)
    captured = record.paid_at
    changed = max(record.created, captured or 0)
    return {
        "id": named("pay", record.id),
        "amount": amount(record.total),
        "raw_amount": raw(record.total),
        "currency_code": record.currency.lower(),
        "provider_id": "pp_system_default" if record.payment == "bank_transfer" else "pp_stripe_stripe",
        "captured_at": at(captured, record.id),
        "canceled_at": None,
        "created_at": at(record.created, record.id),
        "updated_at": at(changed, record.id),
        "payment_collection_id": named("pay_col", record.id),
        "payment_collection": {
            "id": named("pay_col", record.id),
            "updated_at": at(max(changed, refunded or 0), record.id),
            "order": {"id": named("order", record.id)},
        },
        "captures": [
            {"id": named("capt", record.id), "amount": amount(record.total), "created_at": at(captured, record.id)}
        ]
        if captured
        else [],
        "refunds": [
            {
                "id": named("ref", each.id),
                "amount": amount(each.amount),
                "raw_amount": raw(each.amount),
                "note": each.reason or None,
                "refund_reason": None,
                "created_at": at(each.created, each.id),
            }
            for each in record.refunds
        ],
    }


def _payment_collection(record: Order) -> Json:
    own = payment(record)
    collection = own.pop("payment_collection")
    known = record.state in COUNTED or record.state == AWAITING
    return {
        "id": collection["id"],
        "currency_code": record.currency.lower(),
        "status": "completed" if record.state in COUNTED else "authorized" if known else "not_paid",
        "amount": amount(record.total),
        "refunded_amount": amount(record.refunded),
        "created_at": at(record.created, record.id),
        "updated_at": collection["updated_at"],
        "completed_at": None,
        "payments": [own] if known or record.refunds else [],
    }


def _fulfillment(record: Order, shipped: int) -> Json:
    return {
        "id": named("ful", record.id),
        "provider_id": "manual_manual",
        "shipped_at": at(shipped, record.id),
        "delivered_at": None,
        "canceled_at": None,
        "created_at": at(shipped, record.id),
        "updated_at": at(shipped, record.id),
        "labels": [
            {
                "id": named("fulla", record.id),
                "tracking_number": f"JD{record.id:010d}",
                "tracking_url": f"https://track.example.com/JD{record.id:010d}",
            }
        ],
    }


def customer(record: Customer, updated: int) -> Json:
    key = named("cus", record.id)
    flags = {"customer_id": key, "is_default_billing": True, "is_default_shipping": False}
    return {
        "id": key,
        "email": record.email,
        "first_name": record.first_name,
        "last_name": record.last_name,
        "company_name": record.address.company or None,
        "phone": record.address.phone or None,
        "has_account": True,
        "created_at": at(record.created, record.id),
        "updated_at": at(updated, record.id),
        "groups": [{"id": named("cusgroup", 1), "name": record.role}] if record.role != "customer" else [],
        "addresses": [address(record.address, named("cuaddr", record.id)) | flags],
        "metadata": None,
    }


def guest(first: Order) -> Json:
    """The customer a guest order made: one for each address, nothing but the address is known of it."""
    stamp = at(first.created, first.id)
    return {
        "id": guest_id(first.id),
        "email": first.billing.email.strip(),
        "first_name": None,
        "last_name": None,
        "company_name": None,
        "phone": None,
        "has_account": False,
        "created_at": stamp,
        "updated_at": stamp,
        "groups": [],
        "addresses": [],
        "metadata": None,
    }


def product(world: World, record: Product) -> Json:
    own = [(one.id, one.sku, one.price) for one in record.variations] or [(record.id, record.sku, record.price)]
    return {
        "id": named("prod", record.id),
        "title": record.name,
        "handle": record.slug,
        "status": "published" if record.status == "publish" else "draft",
        "thumbnail": record.image or None,
        "is_giftcard": False,
        "metadata": {"brand": record.brand},
        "type": None,
        "tags": [{"id": named("ptag", each), "value": world.tags[each].name} for each in record.tags],
        "created_at": at(record.created, record.id),
        "updated_at": at(record.modified, record.id),
        "categories": [
            {"id": named("pcat", each), "handle": world.categories[each].slug} for each in record.categories
        ],
        "variants": [
            {
                "id": named("variant", key),
                "sku": sku or None,
                "prices": [{"amount": amount(price), "currency_code": world.home.lower()}],
            }
            for key, sku, price in own
        ],
    }


def category(record: Category, created: int) -> Json:
    return {
        "id": named("pcat", record.id),
        "name": record.name,
        "handle": record.slug,
        "parent_category_id": named("pcat", record.parent) if record.parent else None,
        "created_at": at(created, record.id),
        "updated_at": at(created, record.id),
    }


def promotion(record: Coupon) -> Json:
    kind = "percentage" if record.kind == "percent" else "fixed"
    stamp = at(record.created, record.id)
    return {
        "id": named("promo", record.id),
        "code": record.code,
        "type": "standard",
        "is_automatic": False,
        "created_at": stamp,
        "updated_at": stamp,
        "application_method": {"type": kind, "value": amount(record.amount), "currency_code": "eur"},
    }


def store(world: World) -> Json:
    currencies = [world.home, *(each for each in ("USD", "GBP") if each != world.home)]
    return {
        "id": named("store", 1),
        "name": world.name,
        # The default one is not the first one.
        "supported_currencies": [
            {"currency_code": code.lower(), "is_default": code == world.home} for code in reversed(currencies)
        ],
        "default_sales_channel_id": named("sc", 1),
        "metadata": None,
    }
