"""Orders and refunds as the JSON objects of the REST API wc/v3; people and goods are in `catalog.py`.

Money is text with two decimals; the one exception is the `price` of a line, a JSON number. Dates come
twice, shop-local and UTC, both without a zone. An order's total includes tax and shipping; refunds are
not taken off it.
"""

from __future__ import annotations

import hashlib
from typing import Any

from ..clock import Clock, utc_text
from ..records import COUNTED, UNPAID, Address, Charge, Line, Order, Refund, RefundLine, Subscription, UsedCoupon
from ..truth import amount_text as money
from ..world import World
from .words import PAYMENTS, STATUS, SUBSCRIPTION, SYMBOLS, VERSION

Json = dict[str, Any]


def dates(clock: Clock, **moments: int | None) -> Json:
    """`name` and `name_gmt` for each, null where there is no time."""
    fields: Json = {}
    for name, moment in moments.items():
        fields[name] = None if moment is None else clock.local(moment)
        fields[f"{name}_gmt"] = None if moment is None else clock.gmt(moment)
    return fields


def links(base: str, path: str, collection: str, up: str | None = None) -> Json:
    found: Json = {
        "self": [{"href": f"{base}/wp-json/wc/v3/{path}"}],
        "collection": [{"href": f"{base}/wp-json/wc/v3/{collection}"}],
    }
    if up is not None:
        found["up"] = [{"href": f"{base}/wp-json/wc/v3/{up}"}]
    return found


def address(record: Address, with_contact: bool = True) -> Json:
    fields: Json = {
        "first_name": record.first_name,
        "last_name": record.last_name,
        "company": record.company,
        "address_1": record.address_1,
        "address_2": record.address_2,
        "city": record.city,
        "state": record.state,
        "postcode": record.postcode,
        "country": record.country,
    }
    if with_contact:
        fields["email"] = record.email
    fields["phone"] = record.phone
    return fields


def order(world: World, base: str, record: Order) -> Json:
    """An order with lines, fees, shipping, coupons and the stubs of its refunds."""
    method, title = PAYMENTS.get(record.payment, (record.payment, record.payment))
    discount = sum(line.subtotal - line.total for line in record.lines)
    discount_tax = sum(line.subtotal_tax - line.total_tax for line in record.lines)
    shipping = sum(charge.total for charge in record.shipping)
    shipping_tax = sum(charge.tax for charge in record.shipping)
    return {
        "id": record.id,
        "parent_id": 0,
        "status": STATUS[record.state],
        "currency": record.currency,
        "version": VERSION,
        "prices_include_tax": True,
        **dates(world.clock, date_created=record.created, date_modified=record.modified),
        "discount_total": money(discount),
        "discount_tax": money(discount_tax),
        "shipping_total": money(shipping),
        "shipping_tax": money(shipping_tax),
        "cart_tax": money(record.total_tax - shipping_tax),
        "total": money(record.total),
        "total_tax": money(record.total_tax),
        "customer_id": record.customer_id,
        "order_key": f"wc_order_{hashlib.sha256(str(record.id).encode()).hexdigest()[:13]}",
        "billing": address(record.billing),
        "shipping": address(record.billing, with_contact=False),
        "payment_method": method,
        "payment_method_title": title,
        "transaction_id": f"tx_{record.id}" if record.paid_at else "",
        "customer_ip_address": "203.0.113.7",
        "customer_user_agent": "Mozilla/5.0",
        "created_via": record.via,
        "customer_note": record.note,
        **dates(world.clock, date_completed=record.completed_at, date_paid=record.paid_at),
        "cart_hash": "",
        "number": record.number,
        "meta_data": _numbered(record.id, _order_meta(record)),
        "line_items": [_line(line, record.tax_percent) for line in record.lines],
        "tax_lines": _tax_lines(record, shipping_tax),
        "shipping_lines": [_shipping(charge) for charge in record.shipping],
        "fee_lines": [_fee(charge) for charge in record.fees],
        "coupon_lines": [_coupon_line(coupon) for coupon in record.coupons],
        "refunds": [
            {"id": each.id, "reason": each.reason, "total": money(-each.amount)} for each in reversed(record.refunds)
        ],
        "payment_url": f"{base}/checkout/order-pay/{record.id}/?pay_for_order=true",
        "is_editable": record.state in (UNPAID,),
        "needs_payment": record.state == UNPAID and record.total > 0,
        "needs_processing": record.state in COUNTED,
        "currency_symbol": SYMBOLS.get(record.currency, record.currency),
        "_links": links(base, f"orders/{record.id}", "orders"),
    }


def subscription(world: World, base: str, record: Subscription) -> Json:
    """What the plugin makes of an order: a schedule on top, unset times as empty texts."""
    schedule = {
        "start_date": record.order.created,
        "trial_end_date": record.trial_end,
        "next_payment_date": record.next_payment,
        "end_date": record.end,
    }
    return order(world, base, record.order) | {
        "parent_id": record.parent,
        "status": SUBSCRIPTION[record.state],
        "billing_period": record.period,
        "billing_interval": str(record.interval),
        **{f"{name}_gmt": "" if at is None else world.clock.gmt(at) for name, at in schedule.items()},
        "_links": links(base, f"subscriptions/{record.order.id}", "subscriptions"),
    }


def refund(world: World, base: str, record: Refund, storewide: bool) -> Json:
    """A refund: `amount` positive, its lines negative. The storewide list adds the order's id."""
    own = f"orders/{record.order_id}"
    found: Json = {"id": record.id}
    if storewide:
        found["parent_id"] = record.order_id
    return found | {
        **dates(world.clock, date_created=record.created),
        "amount": money(record.amount),
        "reason": record.reason,
        "refunded_by": 1,
        "refunded_payment": False,
        "meta_data": [],
        "line_items": [_refund_line(line) for line in record.lines],
        "shipping_lines": [],
        "tax_lines": [],
        "fee_lines": [],
        "_links": links(base, f"{own}/refunds/{record.id}", f"{own}/refunds", own),
    }


def _numbered(owner: int, pairs: list[tuple[str, str]]) -> list[Json]:
    return [{"id": owner * 20 + place, "key": key, "value": value} for place, (key, value) in enumerate(pairs)]


def _order_meta(record: Order) -> list[tuple[str, str]]:
    pairs = []
    visit = record.visit
    if visit is not None:
        prefix = "_wc_order_attribution_"
        pairs = [
            (f"{prefix}source_type", visit.source_type),
            (f"{prefix}utm_source", visit.source),
            (f"{prefix}utm_medium", visit.medium),
            (f"{prefix}utm_campaign", visit.campaign),
            (f"{prefix}referrer", visit.referrer),
            (f"{prefix}session_entry", f"https://shop.example.com{visit.entry}"),
            (f"{prefix}session_pages", str(visit.pages)),
            (f"{prefix}session_count", str(visit.count)),
            (f"{prefix}device_type", visit.device),
        ]
        pairs = [(key, value) for key, value in pairs if value]
    if record.rate is not None:
        pairs.append(("_woocs_order_rate", record.rate))
    if record.consent is not None:
        pairs.append(("_newsletter_optin", "yes" if record.consent.given else "no"))
        pairs.append(("_newsletter_optin_date", utc_text(record.consent.at)))
    if record.renewal_of is not None:
        pairs.append(("_subscription_renewal", str(record.renewal_of)))
    if record.cart is not None:
        pairs.append(("_cartfolk_cart", record.cart))
    return pairs


def _line(line: Line, percent: int) -> Json:
    # WooCommerce leaves this one as a PHP float: net, after discount, for one piece.
    price: float | int = line.total / 100 / line.quantity if line.quantity else 0
    return {
        "id": line.id,
        "name": line.name,
        "product_id": line.product_id,
        "variation_id": line.variation_id,
        "quantity": line.quantity,
        "tax_class": "" if percent == 19 else "reduced-rate",
        "subtotal": money(line.subtotal),
        "subtotal_tax": money(line.subtotal_tax),
        "total": money(line.total),
        "total_tax": money(line.total_tax),
        "taxes": [{"id": 1, "total": money(line.total_tax), "subtotal": money(line.subtotal_tax)}]
        if line.total_tax or line.subtotal_tax
        else [],
        "meta_data": [
            {
                "id": line.id * 4 + place,
                "key": key,
                "value": value,
                "display_key": key,
                "display_value": value,
            }
            for place, (key, value) in enumerate(line.options)
        ],
        "sku": line.sku,
        "price": int(price) if price == int(price) else round(price, 6),
        "image": {"id": "", "src": ""},
        "parent_name": line.name.rsplit(" - ", 1)[0] if line.variation_id else None,
    }


def _refund_line(part: RefundLine) -> Json:
    line = part.line
    return {
        "id": part.id,
        "name": line.name,
        "product_id": line.product_id,
        "variation_id": line.variation_id,
        "quantity": -part.quantity,
        "tax_class": "",
        "subtotal": money(-part.total),
        "subtotal_tax": money(-part.tax),
        "total": money(-part.total),
        "total_tax": money(-part.tax),
        "taxes": [],
        "meta_data": [{"id": part.id, "key": "_refunded_item_id", "value": str(line.id)}],
        "sku": line.sku,
        "price": -round(part.total / 100 / part.quantity, 6) if part.quantity else 0,
    }


def _tax_lines(record: Order, shipping_tax: int) -> list[Json]:
    if not record.total_tax:
        return []
    return [
        {
            "id": record.id * 20 + 19,
            "rate_code": "DE-MWST-1",
            "rate_id": 1,
            "label": "MwSt.",
            "compound": False,
            "tax_total": money(record.total_tax - shipping_tax),
            "shipping_tax_total": money(shipping_tax),
            "rate_percent": record.tax_percent,
            "meta_data": [],
        }
    ]


def _shipping(charge: Charge) -> Json:
    return {
        "id": charge.id,
        "method_title": charge.name,
        "method_id": charge.code,
        "instance_id": "1",
        "total": money(charge.total),
        "total_tax": money(charge.tax),
        "taxes": [{"id": 1, "total": money(charge.tax), "subtotal": ""}] if charge.tax else [],
        "meta_data": [],
    }


def _fee(charge: Charge) -> Json:
    return {
        "id": charge.id,
        "name": charge.name,
        "tax_class": "",
        "tax_status": "taxable",
        "amount": money(charge.total),
        "total": money(charge.total),
        "total_tax": money(charge.tax),
        "taxes": [],
        "meta_data": [],
    }


def _coupon_line(coupon: UsedCoupon) -> Json:
    return {
        "id": coupon.id,
        "code": coupon.code,
        "discount": money(coupon.discount),
        "discount_tax": money(coupon.discount_tax),
        "meta_data": [],
        "discount_type": "percent" if coupon.kind == "percent" else "fixed_cart",
        "nominal_amount": coupon.nominal / 100,
        "free_shipping": coupon.kind == "free_shipping",
    }
