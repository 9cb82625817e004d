"""What is asked of Vendure's admin API: one list a stream, its fields, and what always narrows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_ADDRESS = "fullName company streetLine1 streetLine2 city province postalCode phoneNumber"
_WHEN = "id createdAt updatedAt"

CATEGORY = f"{_WHEN} name slug parentId"
# One variant stands for the price: a product may have thousands of them.
PRODUCT = f"""{_WHEN} name slug enabled featuredAsset {{ preview }} collections {{ slug }}
facetValues {{ name facet {{ code }} }}
variantList(options: {{take: 1, sort: {{id: ASC}}}}) {{ items {{ sku priceWithTax }} }}"""
COUPON = f"{_WHEN} couponCode enabled actions {{ code args {{ name value }} }}"
CUSTOMER = f"""{_WHEN} firstName lastName emailAddress phoneNumber user {{ id }} groups {{ name }}
addresses {{ updatedAt {_ADDRESS} country {{ code }} defaultShippingAddress defaultBillingAddress }}"""
# Only what says when an order last changed: its own updatedAt stands still when it is paid, shipped or refunded.
ORDER_VERSION = f"""{_WHEN} orderPlacedAt payments {{ updatedAt refunds {{ updatedAt }} }} fulfillments {{ updatedAt }}
history(options: {{take: 1, sort: {{createdAt: DESC}}}}) {{ items {{ createdAt }} }}"""
# A variant may be deleted by now, and its product's fields with it: productId is a column of its own.
ORDER = f"""{_WHEN} code state active type orderPlacedAt currencyCode couponCodes
total totalWithTax subTotal subTotalWithTax shipping shippingWithTax
discounts {{ amountWithTax }}
customer {{ id firstName lastName emailAddress phoneNumber user {{ id }} }}
billingAddress {{ {_ADDRESS} countryCode }} shippingAddress {{ {_ADDRESS} countryCode }}
lines {{ id quantity orderPlacedQuantity unitPriceWithTax proratedUnitPriceWithTax
  proratedLinePriceWithTax lineTax
  featuredAsset {{ preview }} productVariant {{ id sku name productId }} }}
payments {{ id state method amount createdAt updatedAt
  refunds {{ id total state reason createdAt updatedAt }} }}
fulfillments {{ state method trackingCode createdAt updatedAt }}
history(options: {{take: 1, sort: {{createdAt: DESC}}}}) {{ items {{ createdAt }} }}"""

Filter = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of the admin API. ``scope`` is always part of its filter."""

    name: str
    options: str  # name of its input type
    fields: str
    permission: str  # what a role needs for it, as the dashboard calls it
    scope: Filter

    def query(self, fields: str | None = None) -> str:
        asked = self.fields if fields is None else fields
        items = f"items {{ {asked} }}" if asked else ""
        return f"query($options: {self.options}) {{ {self.name}(options: $options) {{ totalItems {items} }} }}"


# In a marketplace each order exists once for the shopper and once more for every seller: only the first is a purchase.
_BOUGHT: Filter = {"type": {"notEq": "Seller"}}

LISTINGS: Mapping[str, Listing] = {
    "categories": Listing("collections", "CollectionListOptions", CATEGORY, "ReadCollection", {}),
    "products": Listing("products", "ProductListOptions", PRODUCT, "ReadProduct", {}),
    "coupons": Listing(
        "promotions", "PromotionListOptions", COUPON, "ReadPromotion", {"couponCode": {"isNull": False}}
    ),
    "customers": Listing("customers", "CustomerListOptions", CUSTOMER, "ReadCustomer", {}),
    "orders": Listing(
        "orders", "OrderListOptions", ORDER, "ReadOrder", {**_BOUGHT, "orderPlacedAt": {"isNull": False}}
    ),
    # A cart is an order nobody placed yet.
    "carts": Listing("orders", "OrderListOptions", ORDER, "ReadOrder", {**_BOUGHT, "active": {"eq": True}}),
}

LOGIN = """mutation($username: String!, $password: String!) {
  login(username: $username, password: $password, rememberMe: true) { __typename ... on ErrorResult { errorCode } }
}"""
SHOP = """{
  activeChannel { code token defaultCurrencyCode seller { name } }
  globalSettings { serverConfig { moneyStrategyPrecision } }
}"""
# Every administrator and every API key may ask this, nobody else. (`me` does not know API keys.)
CHANNEL = "{ activeChannel { token } }"
