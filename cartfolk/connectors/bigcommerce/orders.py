"""Raw orders, carts and checkouts -> canonical records. Pure.

Decisions: an order is in the currency the shopper paid in, which v2 calls ``default_currency_code``;
``currency_code`` is only how prices were shown. A line's total is after all discounts. A state of "Refunded" set by
hand, and a refund BigCommerce only knows the sum of, become one refund of what is not told, without a time. An
incomplete order is no order: its shopper reached the payment page, so it is a moment of the cart it came from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Context, Decimal
from typing import Any

from ..canonical import ZERO, Address, Cart, Consent, ConsentStatus, Line, Order, OrderStatus, Record, Refund
from ..reading import FieldError, identifier, mapping, money, objects, reference, text
from .client import lines_of
from .info import ARCHIVED, INCOMPLETE, REFUNDED, STATES
from .times import instant

Raw = Mapping[str, Any]
_DIVIDE = Context(prec=12)
_SIX = Decimal("0.000001")
_FULFILMENT = {2: "fulfilled", 3: "partial", 8: "unfulfilled", 9: "unfulfilled", 10: "fulfilled", 11: "unfulfilled"}


def order(raw: Raw, statuses: Mapping[str, OrderStatus], home: str) -> list[Record]:
    """The order, a consent given with it, and of an incomplete one the cart. Raises FieldError."""
    key = identifier(raw.get("id"), "id")
    state = raw.get("status_id")
    if isinstance(state, bool) or not isinstance(state, int):
        raise FieldError("status_id", "status_id is missing: the order cannot be judged.")
    status_raw = ARCHIVED if raw.get("is_deleted") is True else STATES.get(state, str(state))
    updated = _time(raw, "date_modified")
    placed = _time(raw, "date_created") or updated
    if placed is None:
        raise FieldError("date_created", "date_created is missing: nobody knows when it was placed.")
    if "total_inc_tax" not in raw:
        raise FieldError("total_inc_tax", "total_inc_tax is missing: the order has no value.")
    total = money(raw["total_inc_tax"], "total_inc_tax")
    currency = _currency(raw)
    billing_raw = mapping(raw.get("billing_address"))
    billing = _address(billing_raw)
    shipped = _time(raw, "date_shipped")
    lines = lines_of(raw)
    found = Order(
        external_id=key,
        number=key,
        status=statuses.get(status_raw, OrderStatus.PENDING),
        status_raw=status_raw,
        currency=currency,
        total=total,
        placed_at=placed,
        updated_at=updated or placed,
        tax=money(raw.get("total_tax"), "total_tax"),
        shipping=money(raw.get("shipping_cost_inc_tax"), "shipping_cost_inc_tax")
        + money(raw.get("handling_cost_inc_tax"), "handling_cost_inc_tax"),
        discount=money(raw.get("discount_amount"), "discount_amount")
        + money(raw.get("coupon_discount"), "coupon_discount"),
        rate=_rate(raw, currency, home),
        completed_at=shipped if _FULFILMENT.get(state) == "fulfilled" else None,
        customer_id=reference(raw.get("customer_id")),
        email=text(billing_raw.get("email")),
        phone=billing.phone if billing else None,
        billing=billing,
        shipping_address=_delivery(raw),
        lines=tuple([_line(each) for each in lines]),
        refunds=_refunds(raw, key, state, total),
        coupons=tuple(dict.fromkeys(_codes(raw, lines))),
        payment_method=text(raw.get("payment_method")),
        cart_id=text(raw.get("cart_id")),
        fulfilment_status=_FULFILMENT.get(state),
        shipped_at=shipped,
    )
    if status_raw == STATES[INCOMPLETE] and found.cart_id:
        return [found, _reached_payment(found)]
    if found.status is not OrderStatus.IGNORED and raw.get("is_email_opt_in") is True and found.email:
        # Ticked at the checkout; not ticked says nothing.
        granted = ConsentStatus.GRANTED
        return [found, Consent(granted, placed, "checkout", found.email, found.customer_id, evidence={"order": key})]
    return [found]


def cart(raw: Raw, received_at: datetime) -> Cart:
    """A cart, or the checkout it is in; totals include tax where BigCommerce has worked it out. Raises FieldError."""
    checkout = raw if isinstance(raw.get("cart"), dict) else {}
    inner: Raw = raw["cart"] if checkout else raw
    billing = mapping(checkout.get("billing_address"))
    total = _first(checkout, "grand_total", "subtotal_inc_tax") or _first(
        inner, "cart_amount_inc_tax", "cart_amount", "base_amount"
    )
    tax = money(checkout.get("tax_total"), "tax_total")
    email = text(inner.get("email")) or text(billing.get("email"))
    customer = reference(inner.get("customer_id"))
    created = _time(inner, "created_time")
    return Cart(
        external_id=identifier(inner.get("id"), "id"),
        updated_at=_time(inner, "updated_time") or created or received_at,
        currency=(text(mapping(inner.get("currency")).get("code")) or "").upper() or None,
        total=total,
        subtotal=_first(inner, "cart_amount_ex_tax", "base_amount") or total - tax,
        tax=tax,
        created_at=created,
        customer_id=customer,
        email=email,
        phone=text(billing.get("phone")),
        first_name=text(billing.get("first_name")),
        last_name=text(billing.get("last_name")),
        lines=tuple(_cart_lines(mapping(inner.get("line_items")))),
        # A shopper who is not signed in is asked for the e-mail in the checkout only.
        checkout=bool(billing.get("email") or objects(checkout.get("consignments"), "consignments"))
        or bool(email and customer is None),
        order_id=reference(checkout.get("order_id")),
    )


def _reached_payment(found: Order) -> Cart:
    assert found.cart_id
    billing = found.billing or Address()
    return Cart(
        found.cart_id, found.updated_at, found.currency, found.total, found.total - found.tax, found.tax,
        created_at=found.placed_at, customer_id=found.customer_id, email=found.email, phone=found.phone,
        first_name=billing.first_name, last_name=billing.last_name, lines=found.lines, checkout=True,
    )  # fmt: skip


def _time(raw: Raw, field: str) -> datetime | None:
    return instant(raw.get(field), field)


def _currency(raw: Raw) -> str:
    found = text(raw.get("default_currency_code")) or text(raw.get("currency_code"))
    if found is None or len(found) != 3:
        raise FieldError("default_currency_code", f"currency is not a code of three letters but {found!r}.")
    return found.upper()


def _rate(raw: Raw, currency: str, home: str) -> Decimal | None:
    """Home currency for one unit paid. BigCommerce tells units paid for one of the store's own currency."""
    if currency == home:
        return Decimal(1)
    field = "store_default_to_transactional_exchange_rate"
    rate = money(raw.get(field), field)
    if rate <= 0 or (text(raw.get("store_default_currency_code")) or "").upper() != home:
        return None
    return _DIVIDE.divide(Decimal(1), rate)


def _line(raw: Raw) -> Line:
    before = money(raw.get("total_inc_tax"), "line_items.total_inc_tax")
    if raw.get("discounted_total_inc_tax") not in (None, ""):
        total = money(raw["discounted_total_inc_tax"], "line_items.discounted_total_inc_tax")
    else:
        discounts = objects(raw.get("applied_discounts"), "line_items.applied_discounts")
        total = before - sum((money(each.get("amount"), "applied_discounts.amount") for each in discounts), ZERO)
    quantity = money(raw.get("quantity"), "line_items.quantity")
    return Line(
        name=text(raw.get("name")) or "",
        quantity=quantity,
        total=total,
        external_id=reference(raw.get("id")),
        product_id=reference(raw.get("product_id")),
        variant_id=reference(raw.get("variant_id")),
        sku=text(raw.get("sku")),
        price=_each(total, quantity),
        tax=money(raw.get("total_tax"), "line_items.total_tax"),
        discount=before - total,
    )


def _cart_lines(items: Raw) -> Iterator[Line]:
    for group in ("physical_items", "digital_items", "custom_items", "gift_certificates"):
        for raw in objects(items.get(group), f"line_items.{group}"):
            quantity = money(raw.get("quantity", 1), "line_items.quantity")
            total = _first(raw, "extended_sale_price", "extended_list_price", "amount")
            yield Line(
                name=text(raw.get("name")) or "",
                quantity=quantity,
                total=total,
                external_id=reference(raw.get("id")),
                product_id=reference(raw.get("product_id")),
                variant_id=reference(raw.get("variant_id")),
                sku=text(raw.get("sku")),
                price=_each(total, quantity),
                discount=money(raw.get("discount_amount"), "line_items.discount_amount"),
                url=text(raw.get("url")),
                image_url=text(raw.get("image_url")),
            )


def _refunds(raw: Raw, key: str, state: int, total: Decimal) -> tuple[Refund, ...]:
    found = []
    for each in objects(raw.get("_refunds"), "_refunds"):
        amount = abs(money(each.get("total_amount"), "refunds.total_amount"))
        for payment in objects(each.get("payments"), "refunds.payments"):
            if payment.get("is_declined") is True:  # the money stayed in the shop
                amount -= abs(money(payment.get("amount"), "refunds.payments.amount"))
        if amount > 0:
            reason = text(each.get("reason"))
            found.append(Refund(identifier(each.get("id"), "refunds.id"), amount, _time(each, "created"), reason))
    known = sum((each.amount for each in found), ZERO)
    whole = money(raw.get("refunded_amount"), "refunded_amount")
    if state == REFUNDED and not found and not whole:
        whole = total
    if whole > known:
        found.append(Refund(f"{key}-rest", whole - known))
    return tuple(found)


def _codes(raw: Raw, lines: list[dict[str, Any]]) -> Iterator[str]:
    for line in lines:
        for each in objects(line.get("applied_discounts"), "line_items.applied_discounts"):
            if code := text(each.get("code")):
                yield code
    for each in objects(raw.get("_coupons"), "_coupons"):
        if code := text(each.get("code")):
            yield code


def _delivery(raw: Raw) -> Address | None:
    for each in objects(mapping(raw.get("consignments")).get("shipping"), "consignments.shipping"):
        return _address(each)
    return None


def _address(raw: Raw) -> Address | None:
    country = text(raw.get("country_iso2"))
    found = Address(
        text(raw.get("first_name")),
        text(raw.get("last_name")),
        text(raw.get("company")),
        text(raw.get("street_1")),
        text(raw.get("street_2")),
        text(raw.get("city")),
        text(raw.get("state")),
        text(raw.get("zip")),
        country.upper() if country and len(country) == 2 else None,
        text(raw.get("phone")),
    )
    return None if found == Address() else found


def _first(raw: Raw, *fields: str) -> Decimal:
    """The first of these amounts that is there; none is zero."""
    for field in fields:
        if raw.get(field) not in (None, ""):
            return money(raw[field], field)
    return ZERO


def _each(total: Decimal, quantity: Decimal) -> Decimal | None:
    if not quantity:
        return None
    price = total if quantity == 1 else total / quantity
    exponent = price.as_tuple().exponent
    return price.quantize(_SIX) if isinstance(exponent, int) and exponent < -6 else price
