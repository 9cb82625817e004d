"""The shop's records in Vendure's words. Amounts are integers with two decimals, whatever the currency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..checkout import price_in
from ..records import COUNTED, FULFILLED, Address, Cart, Category, Coupon, Customer, Line, Order, Product
from .lists import Row, shown, stamp
from .words import PAYMENT, SHOWN

if TYPE_CHECKING:
    from .shop import Guest, VendureShop

Json = dict[str, Any]


def when(row: Row) -> Json:
    return {"id": str(row["id"]), "createdAt": shown(row["createdAt"]), "updatedAt": shown(row["updatedAt"])}


def _time(seconds: int) -> str | None:
    return shown(stamp(seconds))


def _name(address: Address) -> str:
    return f"{address.first_name} {address.last_name}".strip()


def order_address(address: Address) -> Json:
    return {
        "fullName": _name(address),
        "company": address.company,
        "streetLine1": address.address_1,
        "streetLine2": address.address_2,
        "city": address.city,
        "province": address.state,
        "postalCode": address.postcode,
        "countryCode": address.country,
        "phoneNumber": address.phone,
    }


def customer(found: Customer) -> Json:
    address = order_address(found.address) | {
        "id": str(found.id),
        "createdAt": _time(found.created),
        "updatedAt": _time(found.created),
        "country": {"code": found.address.country, "name": found.address.country},
        "defaultShippingAddress": True,
        "defaultBillingAddress": True,
    }
    return {
        "id": str(found.id),
        "firstName": found.first_name,
        "lastName": found.last_name,
        "emailAddress": found.email,
        "phoneNumber": found.address.phone,
        "user": {"id": str(found.id), "identifier": found.email, "verified": True},
        "groups": [] if found.role == "customer" else [{"id": "1", "name": found.role}],
        "addresses": [address],
    }


def guest(found: Guest) -> Json:
    address = found.address
    return {
        "id": str(found.id),
        "firstName": address.first_name,
        "lastName": address.last_name,
        "emailAddress": address.email,
        "phoneNumber": address.phone,
        "user": None,
        "groups": [],
        "addresses": [],
    }


def order(shop: VendureShop, found: Order) -> Json:
    with_tax = sum(line.total + line.total_tax for line in found.lines)
    shipping = sum(charge.total for charge in found.shipping)
    return {
        "code": f"NV{found.id:014d}",
        "state": SHOWN[found.state],
        "active": False,
        "type": "Regular",
        "currencyCode": found.currency,
        "couponCodes": [used.code for used in found.coupons],
        "customer": shop.person_of(found),
        "billingAddress": order_address(found.billing),
        "shippingAddress": order_address(found.billing),
        "lines": [_line(line) for line in found.lines],
        "discounts": [
            {"description": used.code, "amountWithTax": -used.discount - used.discount_tax} for used in found.coupons
        ],
        "subTotal": sum(line.total for line in found.lines),
        "subTotalWithTax": with_tax,
        "shipping": shipping,
        "shippingWithTax": shipping + sum(charge.tax for charge in found.shipping),
        "total": found.total - found.total_tax,
        "totalWithTax": found.total,
        "payments": payments(found),
        "fulfillments": _parcels(found),
        "history": lambda _info, options=None: history(found),
    }


def history(found: Order) -> Json:
    """The last entry only; whoever pays, refunds or ships leaves one."""
    entry = {"id": str(found.id), "createdAt": _time(found.modified), "updatedAt": _time(found.modified)}
    return {"items": [entry | {"type": "ORDER_STATE_TRANSITION"}], "totalItems": 1}


def payments(found: Order) -> list[Json]:
    state = "Settled" if found.state in COUNTED else PAYMENT.get(found.state)
    if state is None:
        return []
    paid = _time(found.paid_at or found.created)
    refunds = [
        {
            "id": str(refund.id),
            "createdAt": _time(refund.created),
            "updatedAt": _time(refund.created),
            "total": refund.amount,
            "state": "Settled",
            "reason": refund.reason,
        }
        for refund in found.refunds
    ]
    payment = {"id": str(found.id), "createdAt": paid, "updatedAt": paid, "method": found.payment, "state": state}
    return [payment | {"amount": found.total, "refunds": refunds}]


def _parcels(found: Order) -> list[Json]:
    if found.state != FULFILLED:
        return []
    at = _time(found.completed_at or found.modified)
    parcel = {"id": str(found.id), "createdAt": at, "updatedAt": at, "state": "Delivered", "method": "Parcel"}
    return [parcel | {"trackingCode": f"NV{found.id}"}]


def _line(line: Line) -> Json:
    before, total = line.subtotal + line.subtotal_tax, line.total + line.total_tax
    return {
        "id": str(line.id),
        "quantity": line.quantity,
        "orderPlacedQuantity": line.quantity,
        "unitPriceWithTax": round(before / line.quantity),
        "proratedUnitPriceWithTax": round(total / line.quantity),
        "proratedLinePriceWithTax": total,
        "lineTax": line.total_tax,
        "featuredAsset": None,
        "productVariant": {
            "id": str(line.variation_id or line.product_id),
            "productId": str(line.product_id),
            "sku": line.sku,
            "name": line.name,
        },
    }


def cart(shop: VendureShop, found: Cart) -> Json:
    lines: list[Json] = []
    for place, item in enumerate(found.lines, 1):
        price = price_in(
            item.variation.price if item.variation else item.product.price, found.currency, shop.world.home
        )
        gross = price * item.quantity
        variant = item.variation or item.product
        lines.append(
            {
                "id": f"{shop.cart_id(found.token)}{place:02d}",
                "quantity": item.quantity,
                "orderPlacedQuantity": 0,
                "unitPriceWithTax": price,
                "proratedUnitPriceWithTax": price,
                "proratedLinePriceWithTax": gross,
                "lineTax": gross - round(gross * 100 / (100 + item.product.tax_percent)),
                "featuredAsset": {"id": "1", "preview": item.product.image},
                "productVariant": {
                    "id": str(variant.id), "productId": str(item.product.id), "sku": variant.sku,
                    "name": item.product.name,
                },
            }
        )  # fmt: skip
    total, tax = sum(line["proratedLinePriceWithTax"] for line in lines), sum(line["lineTax"] for line in lines)
    return {
        "code": found.token[:16].upper(),
        "state": "ArrangingPayment" if found.checkout else "AddingItems",
        "active": True,
        "type": "Regular",
        "currencyCode": found.currency,
        "couponCodes": [],
        "customer": shop.person_of_cart(found),
        "billingAddress": None,
        "shippingAddress": None,
        "lines": lines,
        "discounts": [],
        "subTotal": total - tax,
        "subTotalWithTax": total,
        "shipping": 0,
        "shippingWithTax": 0,
        "total": total - tax,
        "totalWithTax": total,
        "payments": [],
        "fulfillments": [],
        "history": {"items": [], "totalItems": 0},
    }


def product(shop: VendureShop, found: Product) -> Json:
    first = {"id": str(found.id), "productId": str(found.id), "sku": found.sku, "name": found.name}
    values = [("brand", found.brand)] + [("label", shop.world.tags[key].name) for key in found.tags]
    return {
        "name": found.name,
        "slug": found.slug,
        "facetValues": [
            {"id": str(place), "name": name, "code": name.lower(), "facet": {"id": "1", "name": facet, "code": facet}}
            for place, (facet, name) in enumerate(values, 1)
        ],
        "enabled": found.status == "publish",
        "featuredAsset": {"id": "1", "preview": found.image} if found.image else None,
        "collections": [{"slug": shop.world.categories[key].slug} for key in found.categories],
        "variantList": {"items": [first | {"priceWithTax": found.price}], "totalItems": 1},
    }


def collection(found: Category) -> Json:
    return {"name": found.name, "slug": found.slug, "parentId": str(found.parent or 1)}


def promotion(found: Coupon) -> Json:
    code = "order_percentage_discount" if found.kind == "percent" else "order_fixed_discount"
    worth = found.amount // 100 if found.kind == "percent" else found.amount
    return {
        "name": found.code,
        "couponCode": found.code,
        "enabled": True,
        "actions": [{"code": code, "args": [{"name": "discount", "value": str(worth)}]}],
    }
