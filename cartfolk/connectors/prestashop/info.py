"""What PrestaShop is to the connect form, and how its order states translate into ours (STORES.md §6, §16).

A shop's owner may add, rename and renumber order states, so neither their numbers nor their names mean anything;
what a state *does* is told by its flags, and three roles by the configuration. `order_word` makes one of nine
words of that; an owner's own word for one state, by its name, goes before it (`settings["statuses"]`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import ConnectorInfo, FormField
from ..canonical import OrderStatus

ROLES = {
    "PS_OS_CANCELED": "canceled",
    "PS_OS_ERROR": "payment error",
    "PS_OS_REFUND": "refunded",
}
"""Settings that hold the number of the state with that meaning."""

STREAM_RESOURCES = {
    "categories": "categories",
    "products": "products",
    "coupons": "cart_rules",
    "customers": "customers",
    "guests": "customers",
    "orders": "orders",
    "carts": "carts",
}
RESOURCES = (
    "configurations",
    "customers",
    "addresses",
    "groups",
    "orders",
    "order_states",
    "order_histories",
    "order_slip",
    "order_carriers",
    "order_cart_rules",
    "cart_rules",
    "carts",
    "products",
    "combinations",
    "categories",
    "countries",
    "states",
    "currencies",
    "languages",
)
"""What the key must be allowed to view."""

INFO = ConnectorInfo(
    platform="prestashop",
    label="PrestaShop",
    fields=(
        FormField("url", "Address of your shop", "For example https://shop.example.com", kind="url"),
        FormField("key", "Webservice key", "32 letters and digits", secret=True, kind="password", flag="--key"),
        FormField(
            "shop",
            "Number of the shop",
            "Only if one PrestaShop runs several shops: the number of the one to connect",
            required=False,
            flag="--shop",
        ),
    ),
    order_statuses={
        "not paid": OrderStatus.PENDING,
        "paid": OrderStatus.COMPLETED,
        "shipped": OrderStatus.COMPLETED,
        "accepted": OrderStatus.COMPLETED,
        "canceled": OrderStatus.CANCELLED,
        "payment error": OrderStatus.FAILED,
        "refunded": OrderStatus.REFUNDED,
    },
    streams=("categories", "products", "coupons", "customers", "guests", "orders", "carts"),
    guide=(
        "In PrestaShop open Advanced Parameters → Webservice, switch the webservice on and add a key. Generate it, "
        "and in the column View (GET) tick: " + ", ".join(RESOURCES) + ". Nothing else is needed: Cartfolk writes "
        "nothing into the shop."
    ),
    sentences=(
        "The shop answers.",
        "The shop answers, and moves to https: connect it with https://.",
        "The shop answers over plain http, where anybody on the way can read the key. Switch https on for the whole "
        "shop and connect it with https://.",
        "The webservice key is accepted.",
        "The shop does not accept the webservice key. Copy all 32 characters again, and check under Advanced "
        "Parameters → Webservice that the key is enabled.",
        "The webservice is switched off: switch it on in PrestaShop under Advanced Parameters → Webservice.",
        "The key may view everything that is needed.",
        "The key may not view %(what)s: open it in PrestaShop under Advanced Parameters → Webservice and tick View "
        "(GET) there.",
        "The key is not for this shop: open it under Advanced Parameters → Webservice and choose the shop there.",
        "There is no shop with this number in this PrestaShop. Leave the number away, or take it from Advanced "
        "Parameters → Multistore.",
        "No PrestaShop webservice answers at this address. Check the address, switch the webservice on under "
        "Advanced Parameters → Webservice, and friendly URLs on under Shop Parameters → Traffic & SEO.",
        "The shop refused to list %(what)s (%(status)s).",
        "The shop listed %(what)s in a form we do not know.",
        "The shop's time zone is %(zone)s.",
        "The shop does not say its time zone: choose one under International → Localization.",
        "date_add is missing: nobody knows when it was placed.",
        "current_state is missing: the order cannot be judged.",
        "total_paid_tax_incl is missing: the order has no value.",
        "The currency of this order is not known: its number is %(number)s, and the shop lists none like it.",
        "The shop cannot show this object: open and save it there, then retry.",
    ),
)


def order_word(state: Mapping[str, Any], role: str) -> str:
    """One of the words of ``INFO.order_statuses`` for an order state as PrestaShop shows it."""
    if role:
        return role
    flags = {name for name in ("paid", "shipped", "delivery", "logable") if str(state.get(name) or "0") == "1"}
    if "paid" in flags:
        return "shipped" if "shipped" in flags else "paid"
    # "logable" is PrestaShop's "consider the order as validated": it counts in the shop's own sales.
    return "accepted" if "logable" in flags else "not paid"
