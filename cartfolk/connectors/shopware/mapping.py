"""Raw Shopware objects -> canonical records. Pure: no network, no clock of its own.

Decisions. The *payment* says whether an order counts; the order's own state only where there is no payment, or
where it is cancelled and no money came. All amounts are gross: of orders with net prices the tax is added. A
promotion is a line of the order: it becomes the order's discount, and is taken off the lines it was given for.
An order's version is the newest time of its parts, because payments, refunds and parcels leave its own alone.
Shopware keeps no time of payment except that of a capture. Of refunds only completed ones count; a payment set to
"refunded" by hand gives back what is left. Consent needs a time: that of the confirmation, or for a form without
one (direct) that of the registration, because later changes of any kind share one time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Context, Decimal
from typing import Any

from ..base import StoreConfig, kind
from ..canonical import (
    ZERO,
    Address,
    Attribution,
    Category,
    Consent,
    ConsentStatus,
    Coupon,
    Customer,
    Mapped,
    Order,
    OrderStatus,
    Product,
    Record,
    Refund,
)
from ..reading import FieldError, identifier, mapping, moment, money, objects, reference, text
from ..rows import read_rows, statuses
from .client import HOME_CURRENCY, base_address
from .info import INFO
from .lines import Prices, amount

Raw = Mapping[str, Any]
PAID = ("paid", "paid_partially", "refunded_partially", "refunded", "chargeback")  # money came, whatever became of it
_LOST = ("cancelled", "failed")
_DIVIDE = Context(prec=12)


class Reader:
    """Reads one store's objects: its address and its map of order states."""

    def __init__(self, config: StoreConfig) -> None:
        self.base = base_address(config.url)
        self.statuses = statuses(INFO, config)
        self._readers: dict[str, Callable[[Raw, datetime], list[Record]]] = {
            "customers": self._customer,
            "guests": self._customer,
            "subscribers": self._subscriber,
            "orders": self._order,
            "products": self._product,
            "categories": self._category,
            "coupons": self._coupon,
        }

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        """One delivery: a list of objects."""
        reader = self._readers[stream]
        return read_rows(kind(stream), body, received_at, reader, own_text=True)

    # -- people

    def _customer(self, raw: Raw, received_at: datetime) -> list[Record]:
        billing = _address(raw.get("defaultBillingAddress"))
        group = _name(raw.get("group"))
        return [
            Customer(
                external_id=identifier(raw.get("id"), "id"),
                email=text(raw.get("email")),
                updated_at=_version(raw, received_at),
                created_at=moment(raw.get("createdAt"), "createdAt"),
                first_name=text(raw.get("firstName")),
                last_name=text(raw.get("lastName")),
                company=text(raw.get("company")) or (billing.company if billing else None),
                phone=billing.phone if billing else None,
                groups=(group,) if group else (),
                registered=raw.get("guest") is not True,
                language=text(mapping(mapping(raw.get("language")).get("locale")).get("code")),
                billing=billing,
                shipping=_address(raw.get("defaultShippingAddress")),
            )
        ]

    def _subscriber(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = identifier(raw.get("id"), "id")
        email, status = text(raw.get("email")), text(raw.get("status"))
        created = moment(raw.get("createdAt"), "createdAt")
        confirmed = moment(raw.get("confirmedAt"), "confirmedAt")
        at = {
            "optIn": confirmed,  # without it nobody has clicked the link
            "direct": confirmed or created,
            "optOut": moment(raw.get("updatedAt"), "updatedAt") or created,
        }.get(status or "")
        if email is None or at is None:
            return []  # notSet: asked, not answered
        evidence = {"recipient": key, "status": status}
        if confirmed:
            evidence["confirmed_at"] = confirmed.isoformat()
        if channel := reference(raw.get("salesChannelId")):
            evidence["sales_channel"] = channel
        granted = ConsentStatus.WITHDRAWN if status == "optOut" else ConsentStatus.GRANTED
        return [Consent(granted, at, "newsletter form", email=email, evidence=evidence)]

    # -- orders

    def _order(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = identifier(raw.get("id"), "id")
        placed = moment(raw.get("orderDateTime"), "orderDateTime") or moment(raw.get("createdAt"), "createdAt")
        if placed is None:
            raise FieldError("orderDateTime", "orderDateTime is missing: nobody knows when it was placed.")
        currency = text(mapping(raw.get("currency")).get("isoCode"))
        if currency is None:
            raise FieldError("currency", "currency is missing: nobody knows what the amounts are.")
        if raw.get("amountTotal") is None:
            raise FieldError("amountTotal", "amountTotal is missing: the order has no value.")
        total = amount(raw["amountTotal"], "amountTotal")
        payments = sorted(objects(raw.get("transactions"), "transactions"), key=_created)
        payment = _payment(raw, payments)
        status_raw = _status(raw, payment)
        parcels = sorted(objects(raw.get("deliveries"), "deliveries"), key=_created)
        parcel = _primary(raw, "primaryOrderDeliveryId", parcels) or _dearest(parcels)
        tracking, tracking_url, carrier = _tracking(parcel)
        buyer = mapping(raw.get("orderCustomer"))
        account = mapping(buyer.get("customer"))
        billing = _address(raw.get("billingAddress"))
        prices = Prices(raw)
        refunds = _refunds(payments, total if _state(payment) == "refunded" else ZERO, payment)
        return [
            Order(
                external_id=key,
                number=text(raw.get("orderNumber")) or key,
                status=self.statuses.get(status_raw, OrderStatus.PENDING),
                status_raw=status_raw,
                currency=currency.upper(),
                total=total,
                placed_at=placed,
                updated_at=max(_version(each, placed) for each in _parts(raw, payments, parcels)),
                tax=prices.tax,
                shipping=prices.shipping,
                discount=prices.discount,
                rate=_rate(raw, currency),
                paid_at=_captured_at(payments),
                customer_id=reference(account.get("id")) if account.get("guest") is False else None,
                email=text(buyer.get("email")),
                phone=billing.phone if billing else None,
                billing=billing,
                shipping_address=_address(parcel.get("shippingOrderAddress")),
                lines=prices.lines(),
                refunds=refunds,
                coupons=prices.coupons,
                payment_method=_name(payment.get("paymentMethod")),
                cart_id=text(mapping(raw.get("customFields")).get("cartfolk_cart")),
                fulfilment_status=_state(parcel) or None,
                tracking_number=tracking,
                tracking_url=tracking_url,
                tracking_carrier=carrier,
                attribution=_attribution(raw),
            )
        ]

    # -- goods

    def _product(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = identifier(raw.get("id"), "id")
        parent = reference(raw.get("parentId"))
        prices = {each.get("currencyId"): each.get("gross") for each in objects(raw.get("price"), "price")}
        price = prices.get(HOME_CURRENCY)
        return [
            Product(
                external_id=key,
                name=_name(raw) or f"#{key}",
                updated_at=_version(raw, received_at),
                sku=text(raw.get("productNumber")),
                type="variant" if parent else "variable" if raw.get("childCount") else "simple",
                categories=tuple(_slug(each) for each in objects(raw.get("categories"), "categories")),
                brand=_name(mapping(raw.get("manufacturer"))),
                tags=tuple(name for each in objects(raw.get("tags"), "tags") if (name := text(each.get("name")))),
                url=f"{self.base}/detail/{key}",  # works in every storefront, whatever its pretty addresses are
                image_url=text(mapping(mapping(raw.get("cover")).get("media")).get("url")),
                price=None if price is None else amount(price, "price"),
                parent_id=parent,
            )
        ]

    def _category(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = identifier(raw.get("id"), "id")
        return [Category(key, _name(raw) or key, _slug(raw), reference(raw.get("parentId")))]

    def _coupon(self, raw: Raw, received_at: datetime) -> list[Record]:
        code = text(raw.get("code"))
        if code is None:
            return []  # it applies by itself, or its codes are for one person each
        discounts = objects(raw.get("discounts"), "discounts")
        first = discounts[0] if discounts else {}
        value = first.get("value")
        return [
            Coupon(
                external_id=identifier(raw.get("id"), "id"),
                code=code,
                updated_at=_version(raw, received_at),
                kind=text(first.get("type")),
                amount=None if value is None else amount(value, "discounts.value"),
            )
        ]


def _version(raw: Raw, otherwise: datetime) -> datetime:
    """updatedAt, which is null until the first change."""
    return moment(raw.get("updatedAt"), "updatedAt") or moment(raw.get("createdAt"), "createdAt") or otherwise


def _created(raw: Raw) -> str:
    return str(raw.get("createdAt") or "")


def _name(raw: Any) -> str | None:
    """In the shop's language; ``name`` alone is empty where it is inherited from the default language."""
    found = mapping(raw)
    return text(mapping(found.get("translated")).get("name")) or text(found.get("name"))


def _slug(raw: Raw) -> str:
    """Categories have no short name of their own and share names: made of the path to it, without its root."""
    path = mapping(raw.get("translated")).get("breadcrumb") or raw.get("breadcrumb") or []
    path = list(path.values()) if isinstance(path, dict) else path
    words = [str(each) for each in path[1:] or path] or [_name(raw) or ""]
    letters = "".join(letter if letter.isalnum() else " " for letter in " ".join(words).lower())
    return "-".join(letters.split()) or identifier(raw.get("id"), "id")


def _address(raw: Any) -> Address | None:
    if not isinstance(raw, dict):
        return None
    country = text(mapping(raw.get("country")).get("iso"))
    state = text(mapping(raw.get("countryState")).get("shortCode"))
    return Address(
        first_name=text(raw.get("firstName")),
        last_name=text(raw.get("lastName")),
        company=text(raw.get("company")),
        line1=text(raw.get("street")),
        line2=text(raw.get("additionalAddressLine1")),
        city=text(raw.get("city")),
        state=state.rpartition("-")[2] if state else None,  # US-CA
        postal_code=text(raw.get("zipcode")),
        country=country.upper() if country and len(country) == 2 else None,
        phone=text(raw.get("phoneNumber")),
    )


# -- payment, refunds, parcels


def _state(raw: Raw) -> str:
    return text(mapping(raw.get("stateMachineState")).get("technicalName")) or ""


def _primary(raw: Raw, field: str, parts: list[Raw]) -> Raw:
    """The part newer versions name as the one that counts."""
    key = raw.get(field)
    return next((each for each in parts if key and each.get("id") == key), {})


def _payment(raw: Raw, payments: list[Raw]) -> Raw:
    """Of several attempts the one that counts: the last with money, else the last that is not lost."""
    if named := _primary(raw, "primaryOrderTransactionId", payments):
        return named
    money_came = [each for each in payments if _state(each) in PAID]
    not_lost = [each for each in payments if _state(each) not in _LOST]
    return next((found[-1] for found in (money_came, not_lost, payments) if found), {})


def _status(raw: Raw, payment: Raw) -> str:
    order, paid = _state(raw), _state(payment)
    if not (order or paid):
        raise FieldError("stateMachineState", "stateMachineState is missing: the order cannot be judged.")
    return order if not paid or (order == "cancelled" and paid not in PAID) else paid


def _captures(payments: list[Raw]) -> list[Raw]:
    return [capture for each in payments for capture in objects(each.get("captures"), "captures")]


def _captured_at(payments: list[Raw]) -> datetime | None:
    times = [moment(each.get("createdAt"), "createdAt") for each in _captures(payments) if _state(each) == "completed"]
    return min(filter(None, times), default=None)


def _refunds(payments: list[Raw], whole: Decimal, payment: Raw) -> tuple[Refund, ...]:
    """Completed refunds; ``whole`` is what must have been given back altogether."""
    found = []
    for capture in _captures(payments):
        for each in objects(capture.get("refunds"), "refunds"):
            if _state(each) != "completed":
                continue
            value = abs(amount(mapping(each.get("amount")).get("totalPrice"), "refunds.amount"))
            made = moment(each.get("createdAt"), "createdAt")
            found.append(Refund(identifier(each.get("id"), "refunds.id"), value, made, text(each.get("reason"))))
    rest = whole - sum((each.amount for each in found), ZERO)
    if rest > 0:
        # Set to "refunded" by hand: no refund was written, and the change of the payment is its time.
        key = identifier(payment.get("id"), "transactions.id")
        found.append(Refund(key, rest, moment(payment.get("updatedAt") or payment.get("createdAt"), "updatedAt")))
    return tuple(found)


def _parts(raw: Raw, payments: list[Raw], parcels: list[Raw]) -> list[Raw]:
    captures = _captures(payments)
    refunds = [each for capture in captures for each in objects(capture.get("refunds"), "refunds")]
    return [raw, *payments, *captures, *refunds, *parcels]


def _dearest(parcels: list[Raw]) -> Raw:
    """A discount on shipping is a delivery of its own with negative costs: never the parcel."""
    costs = [(money(mapping(each.get("shippingCosts")).get("totalPrice"), "shippingCosts"), each) for each in parcels]
    return max(costs, key=lambda each: each[0], default=(ZERO, {}))[1]


def _tracking(parcel: Raw) -> tuple[str | None, str | None, str | None]:
    codes = parcel.get("trackingCodes")
    code = text(codes[-1]) if isinstance(codes, list) and codes else None
    method = mapping(parcel.get("shippingMethod"))
    pattern = text(mapping(method.get("translated")).get("trackingUrl")) or text(method.get("trackingUrl"))
    url = pattern.replace("%s", code) if code and pattern else None
    return code, url, _name(method)


def _rate(raw: Raw, currency: str) -> Decimal | None:
    """The factor is units of the order's currency for one of the shop's."""
    if raw.get("currencyId") == HOME_CURRENCY:
        return Decimal(1)
    factor = money(raw.get("currencyFactor"), "currencyFactor")
    return _DIVIDE.divide(Decimal(1), factor) if factor > 0 else None


def _attribution(raw: Raw) -> Attribution | None:
    partner, campaign = text(raw.get("affiliateCode")), text(raw.get("campaignCode"))
    return Attribution(source=partner, campaign=campaign) if partner or campaign else None
