"""Orders and their parts as the Admin API shows them, with everything that may be asked to come along.

Money is a JSON float in major units. `updatedAt` is null until the first change; payments, refunds and
deliveries are rows of their own, and what happens to them leaves the order's own time alone. A list of orders
holds the live version only.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ..records import CANCELLED, COUNTED, FULFILLED, REFUNDED, Address, Line, Order
from ..world import World
from .words import HOME_CURRENCY, LIVE, PAYMENTS, STATUS, uuid

Json = dict[str, Any]


def stamp(world: World, moment: int | None, salt: int = 0) -> str | None:
    """Milliseconds and `+00:00`; of what happens while the shop runs the milliseconds are zero."""
    if moment is None:
        return None
    thousandths = salt * 37 % 1000 if moment < world.clock.start - 60 else 0
    return datetime.fromtimestamp(moment, UTC).strftime(f"%Y-%m-%dT%H:%M:%S.{thousandths:03d}+00:00")


def state(name: str) -> Json:
    return {"id": uuid("state", sum(name.encode())), "technicalName": name, "name": name.title(), "translated": {}}


def named(kind: str, key: int, name: str) -> Json:
    return {"id": uuid(kind, key), "name": name, "translated": {"name": name}}


def address(record: Address, key: int) -> Json:
    return {
        "id": uuid("address", key),
        "firstName": record.first_name,
        "lastName": record.last_name,
        "company": record.company or None,
        "street": record.address_1,
        "additionalAddressLine1": record.address_2 or None,
        "zipcode": record.postcode,
        "city": record.city,
        "phoneNumber": record.phone or None,
        "country": {"id": uuid("country", sum(record.country.encode())), "iso": record.country},
        "countryState": {"shortCode": f"{record.country}-{record.state}"} if record.state else None,
    }


def float_of(hundredths: int) -> float | int:
    """As PHP writes it: whole amounts without a point."""
    return hundredths // 100 if hundredths % 100 == 0 else hundredths / 100


def is_net(record: Order) -> bool:
    return bool(record.total_tax) and record.id % 6 == 0


def payment_word(record: Order) -> str:
    """The state of the payment: a refund in part moves it too."""
    if record.state == REFUNDED:
        return "refunded"
    if record.state in COUNTED:
        return "refunded_partially" if record.refunds else "paid"
    return STATUS[record.state]


def order_edit(record: Order) -> int | None:
    """When the order itself was changed: not by its payment, its refunds or its parcel."""
    others = {record.created, record.paid_at, record.completed_at, *(each.created for each in record.refunds)}
    return None if record.modified in others else record.modified


def order(world: World, record: Order) -> Json:
    """The whole order."""
    total, tax = record.total, record.total_tax
    net = total - tax
    found = versioned(world, uuid("order", record.id), record.created, order_edit(record), record.id)
    transactions = [transaction(world, record)]
    if record.state in COUNTED and record.id % 5 == 0:
        transactions.append(_attempt(world, record))  # the failed one before: nobody says in which order they come
    deliveries = [delivery(world, record)] if record.shipping else []
    own = record.currency == world.home
    return found | {
        "orderNumber": record.number,
        "orderDateTime": stamp(world, record.created),
        "currencyId": HOME_CURRENCY if own else uuid("currency", sum(record.currency.encode())),
        "currency": {"isoCode": record.currency, "name": record.currency},
        "currencyFactor": 1 if own else float(record.rate) if record.rate else 0,
        "amountTotal": float_of(total),
        "amountNet": net / 100 + (1e-14 * net if record.id % 7 == 0 else 0),
        "taxStatus": "tax-free" if not tax else "net" if is_net(record) else "gross",
        "totalRounding": {"decimals": 2, "interval": 0.01, "roundForNet": True},
        "shippingTotal": float_of(sum(each.total + (0 if is_net(record) else each.tax) for each in record.shipping)),
        "shippingCosts": _price(record, [(each.total, each.tax) for each in record.shipping]),
        "affiliateCode": record.visit.source if record.visit else None,
        "campaignCode": record.visit.campaign or None if record.visit else None,
        "customFields": {"cartfolk_cart": record.cart} if record.cart else None,
        "stateMachineState": state(_order_word(record)),
        "orderCustomer": _buyer(record),
        "billingAddress": address(record.billing, record.id),
        "lineItems": _items(world, record),
        "transactions": transactions,
        "deliveries": deliveries,
        "primaryOrderTransactionId": transactions[0]["id"] if record.id % 2 else None,
        "tags": [],
    }


def versioned(world: World, key: str, created: int, updated: int | None, salt: int) -> Json:
    return {
        "id": key,
        "versionId": LIVE,
        "createdAt": stamp(world, created, salt),
        "updatedAt": stamp(world, updated, salt),
    }


def _order_word(record: Order) -> str:
    return {FULFILLED: "completed", CANCELLED: "cancelled"}.get(record.state, "open")


def _buyer(record: Order) -> Json | None:
    if not record.billing.email:
        return None
    guest = not record.customer_id
    key = uuid("guest", record.id) if guest else uuid("customer", record.customer_id)
    return {
        "id": uuid("order_customer", record.id),
        "customerId": key,
        "email": record.billing.email,
        "firstName": record.billing.first_name,
        "lastName": record.billing.last_name,
        "customer": {"id": key, "guest": guest, "email": record.billing.email},
    }


def transaction(world: World, record: Order) -> Json:
    """The payment, with what was captured and given back."""
    # The first refund moves the payment to another state, and the one that gives back the rest; others leave it alone.
    moving = record.refunds if record.state == REFUNDED else record.refunds[:1]
    changes = [record.paid_at, *(each.created for each in moving)]
    if record.state not in COUNTED and record.modified != record.created:
        changes.append(record.modified)
    updated = max((each for each in changes if each is not None and each > record.created), default=None)
    key = uuid("transaction", record.id)
    found = versioned(world, key, record.created, updated, record.id)
    return found | {
        "orderId": uuid("order", record.id),
        "amount": {"totalPrice": float_of(record.total)},
        "stateMachineState": state(payment_word(record)),
        "paymentMethod": named("method", len(record.payment), PAYMENTS.get(record.payment, record.payment)),
        "captures": _captures(world, record) if record.refunds and not by_hand(record) else [],
    }


def by_hand(record: Order) -> bool:
    """Whether the owner only set the payment to "refunded": then no refund is written anywhere."""
    return record.state == REFUNDED and len(record.refunds) == 1 and record.id % 3 == 0


def _captures(world: World, record: Order) -> list[Json]:
    refused = {**_refund(world, record, record.refunds[0].id, record.refunds[0].created, record.total, "refused")}
    refused |= {"id": uuid("refund", record.id), "stateMachineState": state("failed")}
    refunds = [_refund(world, record, e.id, e.created, e.amount, e.reason) for e in record.refunds]
    made = versioned(world, uuid("capture", record.id), record.paid_at or record.created, None, record.id)
    return [made | {"stateMachineState": state("completed"), "refunds": [*refunds, refused]}]


def _refund(world: World, record: Order, key: int, at: int, amount: int, reason: str) -> Json:
    found = versioned(world, uuid("refund", key), at, None, key)
    return found | {
        "captureId": uuid("capture", record.id),
        "reason": reason or None,
        "amount": {"totalPrice": float_of(amount)},
        "stateMachineState": state("completed"),
    }


def refunds(world: World, record: Order) -> list[Json]:
    """Rows of the list of refunds; each knows its payment only through its capture."""
    of = {"id": uuid("capture", record.id), "transaction": {"orderId": uuid("order", record.id)}}
    captures = transaction(world, record)["captures"]
    return [each | {"transactionCapture": of} for capture in captures for each in capture["refunds"]]


def _attempt(world: World, record: Order) -> Json:
    found = versioned(world, uuid("attempt", record.id), record.created - 30, record.created - 5, record.id)
    return found | {"stateMachineState": state("failed"), "paymentMethod": named("method", 1, "Kreditkarte")}


def delivery(world: World, record: Order) -> Json:
    shipped = record.state in (FULFILLED, REFUNDED) and record.completed_at is not None
    charge = record.shipping[0]
    key = uuid("delivery", record.id)
    found = versioned(world, key, record.created, record.completed_at if shipped else None, record.id)
    return found | {
        "orderId": uuid("order", record.id),
        "shippingCosts": _price(record, [(charge.total, charge.tax)]),
        "trackingCodes": [f"JJD{record.id:012d}"] if shipped else [],
        "stateMachineState": state("shipped" if shipped else "open"),
        "shippingMethod": named("method", len(charge.name), charge.name)
        | {"trackingUrl": "https://parcels.example.com/%s"},
        "shippingOrderAddress": address(record.billing, record.id),
    }


def _price(record: Order, parts: list[tuple[int, int]]) -> Json:
    net, tax = sum(part[0] for part in parts), sum(part[1] for part in parts)
    total = net if is_net(record) else net + tax
    taxes = [{"tax": float_of(tax), "taxRate": record.tax_percent, "price": float_of(total)}] if tax else []
    return {"unitPrice": float_of(total), "totalPrice": float_of(total), "quantity": 1, "calculatedTaxes": taxes}


def _items(world: World, record: Order) -> list[Json]:
    items = [_item(record, line, place) for place, line in enumerate(record.lines, 1)]
    for fee in record.fees:
        items.append(_extra(record, fee.id, len(items) + 1, "custom", fee.name, [(fee.total, fee.tax)], {}))
    for coupon in record.coupons:
        off = [(line.total - line.subtotal, line.total_tax - line.subtotal_tax) for line in record.lines]
        shares = [
            {"id": str(line.id), "quantity": line.quantity, "discount": float_of(-_sum(record, *part))}
            for line, part in zip(record.lines, off, strict=True)
        ]
        payload = {"code": coupon.code, "composition": shares}
        items.append(_extra(record, coupon.id, len(items) + 1, "promotion", coupon.code, off, payload))
    return items[::-1]  # no order is promised, position says it


def _sum(record: Order, net: int, tax: int) -> int:
    return net if is_net(record) else net + tax


def _item(record: Order, line: Line, place: int) -> Json:
    price = _price(record, [(line.subtotal, line.subtotal_tax)])
    product = uuid("product", line.product_id) if line.product_id else None
    variant = uuid("variation", line.variation_id) if line.variation_id else None
    return {
        "id": uuid("line", line.id),
        "identifier": str(line.id),
        "type": "product",
        "position": place,
        "parentId": None,
        "productId": variant or product,
        "label": line.name,
        "quantity": line.quantity,
        "totalPrice": price["totalPrice"],
        "price": price,
        "payload": {"productNumber": line.sku or None, "parentId": product if variant else None},
    }


def _extra(
    record: Order, key: int, place: int, kind: str, name: str, parts: list[tuple[int, int]], payload: Json
) -> Json:
    price = _price(record, parts)
    return {
        "id": uuid("line", key),
        "identifier": str(key),
        "type": kind,
        "position": place,
        "parentId": None,
        "productId": None,
        "label": name,
        "quantity": 1,
        "totalPrice": price["totalPrice"],
        "price": price,
        "payload": payload,
    }
