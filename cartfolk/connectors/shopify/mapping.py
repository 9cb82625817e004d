"""Objects of the GraphQL Admin API -> canonical records. Pure: no network, no clock of its own.

Decisions: ids are the numbers at the end of Shopify's global ids, which webhooks use too. Amounts are those the
customer saw (presentment), at the rate at which the shop booked them. A line is what it cost after every
discount, with tax. A refund of nothing (goods put back on the shelf) is none. A checkout that was completed is an
emptied cart: the order tells the rest. SUBSCRIBED and UNSUBSCRIBED are evidence with their date and nothing
without; what waits for a confirmation (PENDING) is no consent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from ..base import StoreConfig, kind
from ..canonical import (
    ZERO,
    Address,
    Attribution,
    Cart,
    Category,
    Consent,
    ConsentStatus,
    Customer,
    Line,
    Mapped,
    Order,
    OrderStatus,
    Product,
    Record,
    Refund,
)
from ..reading import FieldError, identifier, mapping, moment, money, objects, text
from ..rows import read_rows, statuses
from .contracts import subscription
from .ids import SUBSCRIPTION, number
from .info import INFO

Raw = Mapping[str, Any]
_TEN, _SIX = Decimal("0.0000000001"), Decimal("0.000001")
_CONSENT = {"SUBSCRIBED": ConsentStatus.GRANTED, "UNSUBSCRIBED": ConsentStatus.WITHDRAWN}
_PAYMENTS = ("SALE", "CAPTURE")


def _number_of(raw: Mapping[str, Any]) -> str | None:
    return number(raw.get("id"))


def _contract_of(raw: Mapping[str, Any]) -> str | None:
    found = number(raw.get("id"))
    return SUBSCRIPTION + found if found else None


class Reader:
    """Reads one store's objects: its home currency, its map of order states."""

    def __init__(self, config: StoreConfig) -> None:
        self.home = config.home_currency
        self.statuses = statuses(INFO, config)
        self._readers: dict[str, Callable[[Raw, datetime], Iterable[Record]]] = {
            "categories": self._collection,
            "products": self._product,
            "customers": self._customer,
            "orders": self._order,
            "checkouts": self._checkout,
            "subscriptions": subscription,
        }

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        """One page: a list of objects."""
        key = _contract_of if stream == "subscriptions" else _number_of
        return read_rows(kind(stream), body, received_at, self._readers[stream], key=key, own_text=True)

    # -- people

    def _customer(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = _key(raw)
        mail, phone = mapping(raw.get("defaultEmailAddress")), mapping(raw.get("defaultPhoneNumber"))
        address = _address(raw.get("defaultAddress"))
        created = moment(raw.get("createdAt"), "createdAt")
        customer = Customer(
            external_id=key,
            email=text(mail.get("emailAddress")),
            updated_at=moment(raw.get("updatedAt"), "updatedAt") or created or received_at,
            created_at=created,
            first_name=text(raw.get("firstName")),
            last_name=text(raw.get("lastName")),
            company=address.company if address else None,
            phone=text(phone.get("phoneNumber")) or (address.phone if address else None),
            groups=_words(raw.get("tags")),
            registered=raw.get("state") == "ENABLED",  # guests are customers too: DISABLED, or INVITED to register
            language=text(raw.get("locale")),
            billing=address,
        )
        return [customer, *_consents(key, mail, phone)]

    # -- orders

    def _order(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = _key(raw)
        total, currency = _bag(raw, "totalPriceSet")
        if currency is None:
            raise FieldError("totalPriceSet", "totalPriceSet is missing: the order has no value.")
        updated = moment(raw.get("updatedAt"), "updatedAt")
        created = moment(raw.get("createdAt"), "createdAt")
        placed = moment(raw.get("processedAt"), "processedAt") or created or updated
        if placed is None:
            raise FieldError("processedAt", "processedAt is missing: nobody knows when it was placed.")
        status_raw = text(raw.get("displayFinancialStatus")) or "PENDING"
        if raw.get("test"):
            status_raw = "TEST"
        elif raw.get("cancelledAt"):
            status_raw = "CANCELLED"
        inclusive = bool(raw.get("taxesIncluded"))
        billing = _address(raw.get("billingAddress"))
        sent, track = _parcel(raw)
        return [
            Order(
                external_id=key,
                number=text(raw.get("name")) or key,
                status=self.statuses.get(status_raw, OrderStatus.PENDING),
                status_raw=status_raw,
                currency=currency,
                total=total,
                placed_at=placed,
                updated_at=updated or placed,
                tax=_bag(raw, "totalTaxSet")[0],
                shipping=_bag(raw, "totalShippingPriceSet")[0],
                discount=_bag(raw, "totalDiscountsSet")[0],
                rate=self._rate(raw, total, currency),
                paid_at=_paid(raw),
                completed_at=moment(raw.get("closedAt"), "closedAt"),
                customer_id=number(mapping(raw.get("customer")).get("id")),
                email=text(raw.get("email")),
                phone=text(raw.get("phone")) or (billing.phone if billing else None),
                billing=billing,
                shipping_address=_address(raw.get("shippingAddress")),
                lines=tuple([_order_line(each, inclusive) for each in _children(raw, "lineItems")]),
                refunds=_refunds(raw),
                coupons=tuple(code for each in _list(raw, "discountCodes") if (code := text(each))),
                payment_method=next((text(each) for each in _list(raw, "paymentGatewayNames")), None),
                cart_id=text(raw.get("cartToken")),
                fulfilment_status=(text(raw.get("displayFulfillmentStatus")) or "").lower() or None,
                tracking_number=text(track.get("number")),
                tracking_url=text(track.get("url")),
                tracking_carrier=text(track.get("company")),
                shipped_at=sent,
                attribution=_attribution(raw),
            )
        ]

    def _rate(self, raw: Raw, total: Decimal, currency: str) -> Decimal | None:
        """Home currency for one unit of the customer's: what the shop booked for what he paid."""
        if currency == self.home:
            return Decimal(1)
        booked, booked_currency = _bag(raw, "totalPriceSet", "shopMoney")
        if booked_currency != self.home or not total or not booked:
            return None
        return (booked / total).quantize(_TEN)

    # -- checkouts

    def _checkout(self, raw: Raw, received_at: datetime) -> list[Record]:
        customer = mapping(raw.get("customer"))
        created = moment(raw.get("createdAt"), "createdAt")
        total, currency = _bag(raw, "totalPriceSet")
        done = moment(raw.get("completedAt"), "completedAt")
        lines = () if done else tuple([_checkout_line(each) for each in _children(raw, "lineItems")])
        return [
            Cart(
                external_id=_key(raw),
                updated_at=moment(raw.get("updatedAt"), "updatedAt") or created or received_at,
                currency=currency,
                total=total,
                subtotal=_bag(raw, "subtotalPriceSet")[0],
                tax=_bag(raw, "totalTaxSet")[0],
                created_at=created,
                customer_id=number(customer.get("id")),
                # A checkout has no address of its own, and those of drafts and apps have no customer either.
                email=text(mapping(customer.get("defaultEmailAddress")).get("emailAddress")),
                phone=text(mapping(customer.get("defaultPhoneNumber")).get("phoneNumber")),
                first_name=text(customer.get("firstName")),
                last_name=text(customer.get("lastName")),
                url=text(raw.get("abandonedCheckoutUrl")),
                lines=lines,
                checkout=True,
            )
        ]

    # -- goods

    def _product(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = _key(raw)
        price = mapping(mapping(raw.get("priceRangeV2")).get("minVariantPrice")).get("amount")
        image = mapping(mapping(mapping(raw.get("featuredMedia")).get("preview")).get("image"))
        return [
            Product(
                external_id=key,
                name=text(raw.get("title")) or f"#{key}",
                updated_at=moment(raw.get("updatedAt"), "updatedAt") or received_at,
                slug=text(raw.get("handle")),
                sku=next((text(each.get("sku")) for each in _children(raw, "variants")), None),
                type=text(raw.get("productType")),
                categories=tuple(slug for each in _children(raw, "collections") if (slug := text(each.get("handle")))),
                brand=text(raw.get("vendor")),
                tags=_words(raw.get("tags")),
                url=text(raw.get("onlineStoreUrl")),
                image_url=text(image.get("url")),
                price=None if price is None else money(price, "priceRangeV2"),
            )
        ]

    def _collection(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = _key(raw)
        slug = text(raw.get("handle")) or key
        return [Category(key, text(raw.get("title")) or slug, slug)]


def _key(raw: Raw) -> str:
    return identifier(number(raw.get("id")), "id")


def _bag(raw: Raw, name: str, side: str = "presentmentMoney") -> tuple[Decimal, str | None]:
    """Amount and currency of a MoneyBag; nothing is zero of no currency."""
    bag = raw.get(name)
    if bag is None:
        return ZERO, None
    held = bag.get(side) if isinstance(bag, dict) else None
    if not isinstance(held, dict):
        raise FieldError(name, f"{name} is not an amount but {str(bag)[:40]!r}.")
    currency = text(held.get("currencyCode"))
    return money(held.get("amount"), name), currency.upper() if currency else None


def _words(value: Any) -> tuple[str, ...]:
    """Tags: a list of words."""
    return tuple(word for each in value if (word := text(each))) if isinstance(value, list) else ()


def _children(raw: Raw, name: str) -> list[Any]:
    """In the order of their ids: an export has them in none, and a record must read the same however it came."""
    found = objects(mapping(raw.get(name)).get("nodes"), name)
    return sorted(found, key=lambda each: (len(str(each.get("id"))), str(each.get("id"))))


def _list(raw: Raw, name: str) -> list[Any]:
    found = raw.get(name)
    return found if isinstance(found, list) else []


def _consents(key: str, mail: Raw, phone: Raw) -> list[Record]:
    found: list[Record] = []
    for channel, told in (("email", mail), ("sms", phone)):
        status = _CONSENT.get(str(told.get("marketingState")))
        at = moment(told.get("marketingUpdatedAt"), "marketingUpdatedAt")
        if status is None or at is None:
            continue
        evidence = {
            name: word
            for name, field in (("opt_in", "marketingOptInLevel"), ("collected", "marketingCollectedFrom"))
            if (word := text(told.get(field)))
        }
        found.append(
            Consent(
                status,
                at,
                "account",
                email=text(mail.get("emailAddress")),
                customer_id=key,
                phone=text(phone.get("phoneNumber")),
                channel=channel,
                evidence={"customer": key, "state": str(told["marketingState"]), **evidence},
            )
        )
    return found


def _address(raw: Any) -> Address | None:
    if not isinstance(raw, dict):
        return None
    address = Address(
        text(raw.get("firstName")),
        text(raw.get("lastName")),
        text(raw.get("company")),
        text(raw.get("address1")),
        text(raw.get("address2")),
        text(raw.get("city")),
        text(raw.get("provinceCode")),
        text(raw.get("zip")),
        text(raw.get("countryCodeV2")),
        text(raw.get("phone")),
    )
    return None if address == Address() else address


def _line(raw: Raw, name: str | None, total: Decimal, tax: Decimal, discount: Decimal) -> Line:
    quantity = money(raw.get("quantity"), "lineItems.quantity")
    return Line(
        name=name or "",
        quantity=quantity,
        total=total,
        external_id=number(raw.get("id")),
        product_id=number(mapping(raw.get("product")).get("id")),
        variant_id=number(mapping(raw.get("variant")).get("id")),
        sku=text(raw.get("sku")),
        price=(total / quantity).quantize(_SIX) if quantity else None,
        tax=tax,
        discount=discount,
        image_url=text(mapping(raw.get("image")).get("url")),
    )


def _order_line(raw: Raw, inclusive: bool) -> Line:
    """``inclusive``: Shopify's prices have the tax in them."""
    off = sum((_bag(each, "allocatedAmountSet")[0] for each in _list(raw, "discountAllocations")), ZERO)
    tax = sum((_bag(each, "priceSet")[0] for each in _list(raw, "taxLines")), ZERO)
    total = _bag(raw, "originalTotalSet")[0] - off + (ZERO if inclusive else tax)
    return _line(raw, text(raw.get("name")) or text(raw.get("title")), total, tax, off)


def _checkout_line(raw: Raw) -> Line:
    before = _bag(raw, "originalTotalPriceSet")[0]
    after = (
        _bag(raw, "discountedTotalPriceWithCodeDiscount")[0]
        if "discountedTotalPriceWithCodeDiscount" in raw
        else before
    )
    name = " - ".join(part for each in ("title", "variantTitle") if (part := text(raw.get(each))))
    return _line(raw, name, after, ZERO, before - after)


def _refunds(raw: Raw) -> tuple[Refund, ...]:
    found = []
    for each in objects(raw.get("refunds"), "refunds"):
        amount = _bag(each, "totalRefundedSet")[0]
        if amount > 0:
            at = moment(each.get("createdAt"), "refunds.createdAt")
            found.append(Refund(_key(each), amount, at, text(each.get("note"))))
    return tuple(found)


def _paid(raw: Raw) -> datetime | None:
    """When money first came."""
    times = [
        at
        for each in objects(raw.get("transactions"), "transactions")
        if each.get("kind") in _PAYMENTS and each.get("status") == "SUCCESS"
        if (at := moment(each.get("processedAt"), "transactions.processedAt"))
    ]
    return min(times, default=None)


def _parcel(raw: Raw) -> tuple[datetime | None, Raw]:
    """When the first parcel left, and its tracking."""
    for each in objects(raw.get("fulfillments"), "fulfillments"):
        infos = objects(each.get("trackingInfo"), "fulfillments.trackingInfo")
        return moment(each.get("createdAt"), "fulfillments.createdAt"), infos[0] if infos else {}
    return None, {}


def _attribution(raw: Raw) -> Attribution | None:
    visit = mapping(mapping(raw.get("customerJourneySummary")).get("lastVisit"))
    if not visit:
        return None
    tags = mapping(visit.get("utmParameters"))
    return Attribution(
        source_type="utm" if tags else (text(visit.get("sourceType")) or "").lower() or None,
        source=text(tags.get("source")) or text(visit.get("source")),
        medium=text(tags.get("medium")),
        campaign=text(tags.get("campaign")),
        referrer=text(visit.get("referrerUrl")),
        entry_url=text(visit.get("landingPage")),
    )
