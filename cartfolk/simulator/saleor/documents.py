"""The shop's records in Saleor's words. Every currency has two decimals here, as everywhere in this world."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..checkout import price_in
from ..records import COUNTED, FULFILLED, Address, Cart, Category, Customer, Line, Order, Product
from .lists import Row, gid, stamp
from .words import CHANNEL, STATE

if TYPE_CHECKING:
    from .shop import SaleorShop

Json = dict[str, Any]


def order_key(number: int) -> str:
    """Orders have a UUID."""
    return str(uuid.UUID(int=number))


def cart_key(token: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, token))


def money(hundredths: int, currency: str) -> Json:
    return {
        "currency": currency,
        "amount": hundredths / 100,
        "fractionalAmount": hundredths,
        "fractionDigits": 2,
    }


def taxed(gross: int, tax: int, currency: str) -> Json:
    return {
        "currency": currency,
        "gross": money(gross, currency),
        "net": money(gross - tax, currency),
        "tax": money(tax, currency),
    }


def _time(moment: datetime) -> str:
    return moment.isoformat()


def channel(shop: SaleorShop, currency: str = "") -> Json:
    return CHANNEL | {"currencyCode": currency or shop.world.home, "isActive": True}


def address(found: Address) -> Json:
    return {
        "id": gid("Address", 1),
        "firstName": found.first_name,
        "lastName": found.last_name,
        "companyName": found.company,
        "streetAddress1": found.address_1,
        "streetAddress2": found.address_2,
        "city": found.city,
        "countryArea": found.state,
        "postalCode": found.postcode,
        "country": {"code": found.country, "country": found.country},
        "phone": found.phone,
    }


def user(found: Customer) -> Json:
    metadata = []
    if found.consent:
        told = {"newsletter": str(found.consent.given).lower(), "newsletter_date": _time(stamp(found.consent.at))}
        metadata = [{"key": key, "value": value} for key, value in told.items()]
    return {
        "id": gid("User", found.id),
        "email": found.email,
        "firstName": found.first_name,
        "lastName": found.last_name,
        "isActive": True,
        "languageCode": "DE",
        "dateJoined": _time(stamp(found.created, found.id)),
        "updatedAt": _time(stamp(found.modified, found.id)),
        "metadata": metadata,
        "defaultShippingAddress": address(found.address),
        "defaultBillingAddress": address(found.address),
    }


def charge_status(found: Order) -> str:
    """What was given back is not charged any more, unless the refund was granted: then less was due as well."""
    if found.state not in COUNTED:
        return "NONE"
    granted = sum(refund.amount for refund in found.refunds if _granted(refund.id))
    charged, due = found.total - found.refunded, found.total - granted
    if charged >= due:
        return "FULL"  # also where nothing was due
    return "PARTIAL" if charged else "NONE"


def _granted(refund: int) -> bool:
    return refund % 2 == 0


def order(shop: SaleorShop, found: Order) -> Json:
    currency, paid = found.currency, found.state in COUNTED
    shipping = sum(each.total + each.tax for each in found.shipping)
    discount = sum(each.discount + each.discount_tax for each in found.coupons)
    person = shop.world.customers.get(found.customer_id)
    events, old = _payments(found)
    return {
        "id": gid("Order", order_key(found.id)),
        "number": found.number,
        "status": STATE.get(found.state, "UNFULFILLED"),
        "chargeStatus": charge_status(found),
        "created": _time(stamp(found.created, found.id)),
        "updatedAt": _time(stamp(found.modified, found.id)),
        "user": user(person) if person else None,
        "userEmail": found.billing.email or None,
        "checkoutId": gid("Checkout", cart_key(found.cart)) if found.cart else None,
        "voucherCode": found.coupons[0].code if found.coupons else None,
        "channel": channel(shop, currency),
        "billingAddress": address(found.billing),
        "shippingAddress": address(found.billing),
        "lines": [_line(line, currency) for line in found.lines],
        "total": taxed(found.total, found.total_tax, currency),
        "undiscountedTotal": taxed(found.total + discount, found.total_tax, currency),
        "shippingPrice": taxed(shipping, sum(each.tax for each in found.shipping), currency),
        "totalCharged": money(found.total - found.refunded if paid else 0, currency),
        "totalRefunded": money(found.refunded, currency),
        "transactions": events,
        "payments": old,
        "grantedRefunds": [
            {
                "id": gid("OrderGrantedRefund", each.id),
                "reason": each.reason,
                "amount": money(each.amount, currency),
                "transactionEvents": [_refund_event(each.id, each.created, each.amount, currency)],
            }
            for each in found.refunds
            if _granted(each.id) and events
        ],
        "fulfillments": _parcels(found),
    }


def _payments(found: Order) -> tuple[list[Json], list[Json]]:
    """What happened to the money: every third order was paid by one of the older plugins."""
    currency = found.currency
    if found.state not in COUNTED:
        return [], []
    paid = _time(stamp(found.paid_at or found.created))
    if found.id % 3:
        events = [
            {
                "id": gid("TransactionEvent", found.id),
                "type": "CHARGE_SUCCESS",
                "createdAt": paid,
                "message": "",
                "amount": money(found.total, currency),
            }
        ]
        events += [_refund_event(each.id, each.created, each.amount, currency) for each in found.refunds]
        return [{"id": gid("TransactionItem", found.id), "name": found.payment, "events": events}], []
    kinds = [("CAPTURE", found.id, paid, found.total)]
    kinds += [("REFUND", each.id, _time(stamp(each.created)), each.amount) for each in found.refunds]
    moves = [
        {
            "id": gid("Transaction", key),
            "kind": kind,
            "isSuccess": True,
            "created": at,
            "amount": money(amount, currency),
        }
        for kind, key, at, amount in kinds
    ]
    return [], [{"id": gid("Payment", found.id), "gateway": found.payment, "transactions": moves}]


def _refund_event(key: int, created: int, amount: int, currency: str) -> Json:
    return {
        "id": gid("TransactionEvent", key),
        "type": "REFUND_SUCCESS",
        "createdAt": _time(stamp(created)),
        "message": "",
        "amount": money(amount, currency),
    }


def _parcels(found: Order) -> list[Json]:
    if found.state != FULFILLED:
        return []
    at = _time(stamp(found.completed_at or found.modified))
    return [{"id": gid("Fulfillment", found.id), "status": "FULFILLED", "created": at, "trackingNumber": "NV1"}]


def _line(line: Line, currency: str) -> Json:
    before, total = line.subtotal + line.subtotal_tax, line.total + line.total_tax
    variant = {"id": gid("ProductVariant", line.variation_id or line.product_id), "name": "", "sku": line.sku}
    return {
        "id": gid("OrderLine", line.id),
        "productName": line.name,
        "variantName": "",
        "productSku": line.sku,
        "quantity": line.quantity,
        "thumbnail": None,
        "unitPrice": taxed(round(total / line.quantity), 0, currency),
        "undiscountedUnitPrice": taxed(round(before / line.quantity), 0, currency),
        "totalPrice": taxed(total, line.total_tax, currency),
        "variant": variant | {"product": {"id": gid("Product", line.product_id)}},
    }


def checkout(shop: SaleorShop, row: Row) -> Json:
    found: Cart = row["_"]
    currency = found.currency
    lines: list[Json] = []
    for place, item in enumerate(found.lines, 1):
        kind = item.variation or item.product
        price = price_in(kind.price, currency, shop.world.home)
        variant = {"id": gid("ProductVariant", kind.id), "name": "", "sku": kind.sku}
        product = {
            "id": gid("Product", item.product.id),
            "name": item.product.name,
            "thumbnail": {"url": item.product.image},
        }
        lines.append(
            {
                "id": gid("CheckoutLine", place),
                "quantity": item.quantity,
                "undiscountedUnitPrice": money(price, currency),
                "undiscountedTotalPrice": money(price * item.quantity, currency),
                "variant": variant | {"product": product},
            }
        )
    person = shop.world.customers.get(found.customer_id or 0)

    def total(_info: Any) -> Json:
        """Calculated anew when asked for, by the shop's tax service."""
        shop.stats.life["taxes_calculated"] += 1
        return taxed(sum(round(line["undiscountedTotalPrice"]["amount"] * 100) for line in lines), 0, currency)

    return {
        "id": row["id"],
        "created": _time(row["created"]),
        "updatedAt": _time(row["modified"]),
        "email": found.email,
        "quantity": sum(item.quantity for item in found.lines),
        "user": user(person) if person else None,
        "channel": channel(shop, currency),
        "billingAddress": None,
        "shippingAddress": address(Address(found.first_name or "", found.last_name or "")) if found.checkout else None,
        "discount": money(0, currency),
        "lines": lines,
        "totalPrice": total,
    }


def category(shop: SaleorShop, found: Category, opened: int) -> Json:
    above = shop.world.categories.get(found.parent)
    return {
        "id": gid("Category", found.id),
        "name": found.name,
        "slug": found.slug,
        "updatedAt": _time(stamp(opened)),
        "parent": category(shop, above, opened) if above else None,
    }


def product(shop: SaleorShop, found: Product) -> Json:
    home = shop.world.home
    listing = {"id": gid("ProductChannelListing", found.id), "channel": channel(shop)}
    first = shop.world.categories.get(found.categories[0]) if found.categories else None

    def attribute(_info: Any, slug: str) -> Json | None:
        value = {"id": gid("AttributeValue", found.id), "name": found.brand}
        return {"values": [value]} if slug == "brand" else None

    return {
        "attribute": attribute,
        "id": gid("Product", found.id),
        "name": found.name,
        "slug": found.slug,
        "updatedAt": _time(stamp(found.modified, found.id)),
        "productType": {"id": gid("ProductType", 1), "name": found.kind},
        "category": category(shop, first, found.created) if first else None,
        "defaultVariant": {"id": gid("ProductVariant", found.id), "name": "", "sku": found.sku},
        "thumbnail": {"url": found.image} if found.image else None,
        "channelListings": [listing | {"discountedPrice": money(found.price, home)}],
    }
