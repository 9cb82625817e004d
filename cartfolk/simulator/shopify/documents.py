"""Records as objects of the Admin API. Money is text in two currencies: what the shop books, what the customer saw.

Prices include tax. Connections are functions, so that a page of them can be asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ..checkout import price_in
from ..clock import utc_text
from ..records import (
    CANCELLED,
    COUNTED,
    FULFILLED,
    PICKUP,
    REFUNDED,
    STATES,
    Address,
    Cart,
    Line,
    Order,
    Product,
    Subscription,
)
from ..truth import amount_text
from ..world import World
from .paging import connection
from .words import STATUS

Json = dict[str, Any]


def gid(kind: str, number: int | str) -> str:
    return f"gid://shopify/{kind}/{number}"


def when(moment: int | None) -> str | None:
    return None if moment is None else utc_text(moment)


def bag(world: World, hundredths: int, currency: str, rate: str | None = None) -> Json:
    """A MoneyBag; ``rate``: units of ``currency`` for one of the shop's."""
    booked = amount_text(hundredths)
    if currency != world.home and rate:
        booked = f"{Decimal(hundredths) / 100 / Decimal(rate):.2f}"
    seen = {"amount": amount_text(hundredths), "currencyCode": currency}
    return {"shopMoney": {"amount": booked, "currencyCode": world.home}, "presentmentMoney": seen}


def address(record: Address) -> Json:
    return {
        "firstName": record.first_name or None,
        "lastName": record.last_name or None,
        "company": record.company or None,
        "address1": record.address_1 or None,
        "address2": record.address_2 or None,
        "city": record.city or None,
        "provinceCode": record.state or None,
        "zip": record.postcode or None,
        "countryCodeV2": record.country or None,
        "phone": record.phone or None,
    }


def financial(record: Order) -> str:
    """displayFinancialStatus."""
    if record.state == CANCELLED:
        return "PAID" if record.paid_at else "PENDING"
    if record.state in COUNTED and record.state != REFUNDED:
        return "PARTIALLY_REFUNDED" if record.refunded else "PAID"
    return STATUS[record.state]


def order(world: World, record: Order, customer: Any) -> Json:
    def money(hundredths: int) -> Json:
        return bag(world, hundredths, record.currency, record.rate)

    lines = [_line(world, each, money) for each in record.lines]
    lines += [
        {"__typename": "LineItem", "id": gid("LineItem", fee.id), "name": fee.name, "quantity": 1, "sku": None}
        | {"product": None, "variant": None, "image": None, "originalTotalSet": money(fee.total + fee.tax)}
        | {"discountAllocations": [], "taxLines": [{"priceSet": money(fee.tax)}]}
        for fee in record.fees
    ]
    shipped = record.state == FULFILLED
    return {
        "__typename": "Order",
        "id": gid("Order", record.id),
        "name": f"#{record.number}",
        "createdAt": when(record.created),
        "processedAt": when(record.created),
        "updatedAt": when(record.modified),
        "cancelledAt": when(record.modified) if record.state in (CANCELLED, PICKUP) else None,
        "closedAt": when(record.completed_at),
        "test": record.via == "test",
        "email": record.billing.email.strip() or None,
        "phone": None,
        "cartToken": record.cart,
        "displayFinancialStatus": financial(record),
        "displayFulfillmentStatus": "FULFILLED" if shipped else "UNFULFILLED",
        "taxesIncluded": True,
        "discountCodes": [coupon.code for coupon in record.coupons],
        "paymentGatewayNames": [record.payment],
        "customer": customer,
        "billingAddress": address(record.billing),
        "shippingAddress": address(record.billing),
        "totalPriceSet": money(record.total),
        "totalTaxSet": money(record.total_tax),
        "totalShippingPriceSet": money(sum(charge.total + charge.tax for charge in record.shipping)),
        "totalDiscountsSet": money(sum(_gross(line)[0] - _gross(line)[1] for line in record.lines)),
        "refunds": [
            {"id": gid("Refund", each.id), "createdAt": when(each.created), "note": each.reason or None}
            | {"totalRefundedSet": money(each.amount)}
            for each in record.refunds
        ],
        "transactions": [{"kind": "SALE", "status": "SUCCESS", "processedAt": when(record.paid_at)}]
        if record.paid_at
        else [],
        "fulfillments": [
            {"createdAt": when(record.completed_at), "trackingInfo": [{"company": "DHL", "number": f"JJD{record.id}"}]}
        ]
        if shipped
        else [],
        "customerJourneySummary": {"lastVisit": _visit(record)},
        "lineItems": connection(lines),
        "_created": record.created,
        "_updated": record.modified,
        "_id": record.id,
    }


def _gross(line: Line) -> tuple[int, int]:
    return line.subtotal + line.subtotal_tax, line.total + line.total_tax


def _line(world: World, line: Line, money: Any) -> Json:
    before, after = _gross(line)
    return {
        "__typename": "LineItem",
        "id": gid("LineItem", line.id),
        "name": line.name,
        "quantity": line.quantity,
        "sku": line.sku or None,
        "product": {"id": gid("Product", line.product_id)} if line.product_id in world.products else None,
        "variant": {"id": gid("ProductVariant", line.variation_id or line.product_id)},
        "image": None,
        "originalTotalSet": money(before),
        "discountAllocations": [{"allocatedAmountSet": money(before - after)}] if before != after else [],
        "taxLines": [{"priceSet": money(line.total_tax)}] if line.total_tax else [],
    }


def _visit(record: Order) -> Json | None:
    visit = record.visit
    if visit is None:
        return None
    tags = {"source": visit.source, "medium": visit.medium or None, "campaign": visit.campaign or None}
    return {
        "source": visit.source or "direct",
        "sourceType": None,
        "referrerUrl": visit.referrer or None,
        "landingPage": f"https://shop.example.com{visit.entry}",
        "utmParameters": tags if visit.source_type == "utm" else None,
    }


def checkout_id(token: str) -> int:
    return int(hashlib.sha256(token.encode()).hexdigest()[:12], 16)


def checkout(world: World, record: Cart, customer: Any) -> Json:
    lines = []
    total = 0
    for place, item in enumerate(record.lines):
        owner = item.variation or item.product
        price = price_in(owner.price, record.currency, world.home) * item.quantity
        total += price
        money = bag(world, price, record.currency)
        lines.append(
            {
                "__typename": "AbandonedCheckoutLineItem",
                "id": gid("AbandonedCheckoutLineItem", f"{checkout_id(record.token)}{place}"),
                "title": item.product.name,
                "variantTitle": item.variation.options[0][1] if item.variation else None,
                "quantity": item.quantity,
                "sku": owner.sku or None,
                "product": {"id": gid("Product", item.product.id)},
                "variant": {"id": gid("ProductVariant", owner.id)},
                "originalTotalPriceSet": money,
                "discountedTotalPriceWithCodeDiscount": money,
            }
        )
    ordered = world.orders.get(record.order_id) if record.order_id else None
    return {
        "__typename": "AbandonedCheckout",
        "id": gid("AbandonedCheckout", checkout_id(record.token)),
        "createdAt": when(record.updated),
        "updatedAt": when(record.updated),
        "completedAt": when(ordered.created) if ordered else None,
        "abandonedCheckoutUrl": f"https://shop.example.com/checkouts/ac/{record.token}/recover?key=1",
        "customer": customer,
        "totalPriceSet": bag(world, total, record.currency),
        "subtotalPriceSet": bag(world, total, record.currency),
        "totalTaxSet": None,
        "lineItems": connection(lines),
        "_created": record.updated,
        "_updated": record.updated,
        "_id": checkout_id(record.token),
    }


def product(world: World, record: Product) -> Json:
    variants: Sequence[Any] = record.variations or [record]
    lowest = min(each.price for each in variants)
    return {
        "__typename": "Product",
        "id": gid("Product", record.id),
        "title": record.name,
        "handle": record.slug,
        "createdAt": when(record.created),
        "updatedAt": when(record.modified),
        "productType": record.kind,
        "vendor": record.brand,
        "tags": [world.tags[each].name for each in record.tags],
        "onlineStoreUrl": f"https://shop.example.com/products/{record.slug}",
        "featuredMedia": {"preview": {"image": {"url": record.image}}} if record.image else None,
        "priceRangeV2": {"minVariantPrice": {"amount": amount_text(lowest), "currencyCode": world.home}},
        "collections": connection([collection(world, each) for each in record.categories]),
        "variants": connection(
            [
                {"__typename": "ProductVariant", "id": gid("ProductVariant", each.id), "sku": each.sku or None}
                for each in variants
            ]
        ),
        "_created": record.created,
        "_updated": record.modified,
        "_id": record.id,
    }


def contract(world: World, record: Subscription, customer: Any) -> Json:
    order = record.order

    def money(hundredths: int) -> Json:
        return {"amount": amount_text(hundredths), "currencyCode": order.currency}

    lines = [
        {
            "__typename": "SubscriptionLine",
            "id": gid("SubscriptionLine", line.id),
            "title": line.name,
            "variantTitle": None,
            "quantity": line.quantity,
            "sku": line.sku or None,
            "productId": gid("Product", line.product_id),
            "variantId": gid("ProductVariant", line.variation_id or line.product_id),
            "currentPrice": money(_gross(line)[1] // line.quantity),
        }
        for line in order.lines
    ]
    return {
        "__typename": "SubscriptionContract",
        "id": gid("SubscriptionContract", order.id),
        "status": record.state.upper(),
        "createdAt": when(order.created),
        "updatedAt": when(order.modified),
        "nextBillingDate": when(record.next_payment),
        "currencyCode": order.currency,
        "originOrder": {"id": gid("Order", record.parent)},
        "customer": customer,
        "billingPolicy": {"interval": record.period.upper(), "intervalCount": record.interval},
        "deliveryPrice": money(sum(charge.total + charge.tax for charge in order.shipping)),
        "lines": connection(lines),
        "_created": order.created,
        "_updated": order.modified,
        "_id": order.id,
    }


def collection(world: World, number: int) -> Json:
    record = world.categories[number]
    began = world.clock.start - 90 * 86400
    return {
        "__typename": "Collection",
        "id": gid("Collection", record.id),
        "title": record.name,
        "handle": record.slug,
        "updatedAt": when(began),
        "_created": began,
        "_updated": began,
        "_id": record.id,
    }


assert set(STATUS) == set(STATES)
