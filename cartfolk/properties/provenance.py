"""Where a computed value comes from: the orders, lines, carts, consents or steps that went into it.

The facts are asked again when a person wants to know; nothing is kept beside the value. ``RECIPES`` says for each
property which facts it is made of and what is done with them (docs/decisions/0017).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal, LiteralString

from psycopg.rows import dict_row

from cartfolk.core.sql import Connection, Statements

Q = Statements.beside(__file__, "provenance.sql")
MOST = 50  # facts a page lists; the sums go over all of them

Measure = Literal["sum", "average", "count", "gap", "units", "single", "list"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A statement of provenance.sql, which of its facts count, and what is made of them.

    sum, average: of the orders' values · count · gap: mean days between the facts · units: sum of quantities ·
    single: the one fact's part · list: the facts tell, nothing is calculated.
    """

    statement: str
    measure: Measure = "list"
    which: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened. ``ref``: its order or cart, 0 for none. ``amount`` is in its own ``currency``;
    ``part`` is what it adds: home currency for orders (``None`` without a known rate), units for lines."""

    kind: Literal["order", "line", "cart", "cart_line", "consent", "step", "account", "stage"]
    ref: int
    at: datetime
    title: str
    state: str
    store_id: int
    amount: Decimal | None
    currency: str | None
    part: Decimal | None


@dataclass(frozen=True, slots=True)
class Origin:
    """The facts behind a value, newest first, at most ``MOST`` of ``count``; ``result`` over all of them."""

    measure: Measure
    facts: tuple[Fact, ...]
    count: int
    result: Decimal | None

    def like(self, value: Decimal | int | None) -> Decimal | None:
        """The result with as many decimals as ``value`` has, rounded as values are."""
        if self.result is None or not isinstance(value, Decimal):
            return self.result
        return self.result.quantize(value, ROUND_HALF_UP)


def _recipes() -> Mapping[str, Recipe]:
    found: dict[str, Recipe] = {
        "total_value_of_orders": Recipe("orders", "sum", "counted"),
        "hs_analytics_revenue": Recipe("orders", "sum", "counted"),
        "total_revenue": Recipe("orders", "sum", "counted"),
        "monetary_rating": Recipe("orders", "sum", "counted"),
        "average_order_value": Recipe("orders", "average", "counted"),
        "total_number_of_orders": Recipe("orders", "count", "counted"),
        "order_frequency_rating": Recipe("orders", "count", "counted"),
        "average_days_between_orders": Recipe("orders", "gap", "counted"),
        "total_number_of_current_orders": Recipe("orders", "count", "pending"),
        "first_order_value": Recipe("orders", "single", "first"),
        "last_order_value": Recipe("orders", "single", "last"),
        "recent_deal_amount": Recipe("orders", "single", "last"),
        "num_associated_deals": Recipe("orders", "count", "placed"),
        "total_number_of_products_bought": Recipe("lines", "units", "counted"),
        "last_total_number_of_products_bought": Recipe("lines", "units", "last"),
        "abandoned_cart_counter": Recipe("cart_lines", "units"),
        "abandoned_cart_tax_value": Recipe("carts", "single", "tax"),
        "abandoned_cart_subtotal": Recipe("carts", "single", "subtotal"),
        "abandoned_cart_total_value": Recipe("carts", "single", "total"),
        "num_conversion_events": Recipe("steps", "count"),
    }
    lists: dict[Recipe, str] = {
        Recipe("orders", which="first"): "first_order_date closedate days_to_close",
        Recipe("orders", which="last"): "last_order_date last_order_currency order_recency_rating"
        " recent_deal_close_date",
        Recipe("orders", which="placed"): "first_deal_created_date",
        Recipe("orders", which="newest"): "last_order_status last_order_fulfillment_status last_order_tracking_number"
        " last_order_tracking_url last_order_shipment_carrier last_order_shipment_date last_order_order_number",
        Recipe("lines", which="last"): "last_product_bought last_products_bought last_product_types_bought"
        " last_products_bought_html last_categories_bought last_skus_bought",
        Recipe("lines", which="counted"): "products_bought product_types_bought categories_bought skus_bought",
        Recipe("lines", which="recent"): " ".join(
            f"last_products_bought_product_{n}_{key}"
            for n in (1, 2, 3)
            for key in ("image_url", "name", "price", "url")
        ),
        Recipe("carts"): "current_abandoned_cart abandoned_cart_date abandoned_cart_url abandoned_cart_currency",
        Recipe("cart_lines"): "abandoned_cart_products_skus abandoned_cart_products_categories"
        " abandoned_cart_products abandoned_cart_products_html",
        Recipe("consents"): "newsletter_subscription marketing_newsletter hs_marketable_status hs_email_optout"
        " hs_emailconfirmationstatus",
        Recipe("steps"): "first_conversion_event_name first_conversion_date recent_conversion_event_name"
        " recent_conversion_date num_unique_conversion_events",
        Recipe("accounts"): "account_creation_date shopping_cart_customer_id customer_group",
        Recipe("stages"): "lifecyclestage hs_lifecyclestage_subscriber_date hs_lifecyclestage_lead_date"
        " hs_lifecyclestage_marketingqualifiedlead_date hs_lifecyclestage_salesqualifiedlead_date"
        " hs_lifecyclestage_opportunity_date hs_lifecyclestage_customer_date hs_lifecyclestage_evangelist_date"
        " hs_lifecyclestage_other_date createdate",
    }
    return found | {name: recipe for recipe, names in lists.items() for name in names.split()}


RECIPES = _recipes()
"""Property name -> how its value is made of facts."""


def trace(conn: Connection, contact_id: int, name: str) -> Origin | None:
    """The facts behind the contact's property, or ``None`` for one that is not made of listed facts."""
    recipe = RECIPES.get(name)
    if recipe is None:
        return None
    text: LiteralString = Q[recipe.statement].replace("__ORDERS__", Q["order_facts"])
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(text, {"contact": contact_id, "which": recipe.which, "limit": MOST}).fetchall()
    facts = tuple(Fact(**{field: row[field] for field in Fact.__slots__}) for row in rows)
    return Origin(recipe.measure, facts, rows[0]["n"] if rows else 0, _result(recipe.measure, rows))


def _result(measure: Measure, rows: list[dict[str, Any]]) -> Decimal | None:
    if not rows:
        return Decimal(0) if measure == "count" else None
    sums = rows[0]
    total: Decimal | None = sums["total"]
    match measure:
        case "sum" | "units":
            return total
        case "average":
            return None if total is None else total / sums["n_parts"]
        case "count":
            return Decimal(sums["n"])
        case "gap" if sums["n"] > 1:
            apart = sums["last_at"] - sums["first_at"]
            seconds = Decimal(apart.days * 86_400 + apart.seconds) + Decimal(apart.microseconds) / 1_000_000
            return seconds / int(sums["n"] - 1) / 86_400
        case "single":
            return total
    return None
