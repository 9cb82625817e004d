# ruff: noqa: E501 - a row a preset
"""Segments every shop starts from, one step to create. Thresholds of the ratings are published in docs/properties.md.

The classic lists of shopping-cart integrations are here with their definitions set right: *New customers* bought once
and lately (recency 5, not 1), *Four orders or more* means four or more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cartfolk.segments.problems import gettext_noop as _n

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Preset:
    """``name`` and ``about`` are texts to be translated (gettext)."""

    key: str
    name: str
    about: str
    root: Json

    @property
    def definition(self) -> Json:
        return {"version": 1, "root": self.root}


def _is(name: str, *values: str) -> Json:
    return {"type": "property", "property": name, "operator": "is_any_of", "value": list(values)}


def _ask(name: str, operator: str, value: object = None) -> Json:
    return {"type": "property", "property": name, "operator": operator, "value": value}


def _all(*children: Json) -> Json:
    return {"type": "group", "match": "all", "children": list(children)}


def _rated(monetary: str = "", frequency: str = "", recency: str = "") -> Json:
    """Ratings as digits, e.g. "12" for 1 or 2; nothing asked where empty."""
    names = ("monetary_rating", "order_frequency_rating", "order_recency_rating")
    return _all(*(_is(n, *digits) for n, digits in zip(names, (monetary, frequency, recency), strict=True) if digits))


def _days(operator: str, name: str, days: int) -> Json:
    return _ask(name, operator, {"amount": days, "unit": "day"})


def _cart_for(hours: int) -> Json:
    lately = _ask("abandoned_cart_date", "more_than_ago", {"amount": hours, "unit": "hour"})
    return _all(_is("current_abandoned_cart", "yes"), lately)


def _quiet(days: int) -> Json:
    return _days("more_than_ago", "last_order_date", days)


def _fifths(recency: str = "", frequency: str = "", monetary: str = "") -> Json:
    """Fifths among all customers as digits, 5 the latest, most, highest; nothing asked where empty."""
    names = ("last_order_date", "total_number_of_orders", "total_value_of_orders")
    asked = zip(names, (recency, frequency, monetary), strict=True)
    return _all(*(_ask(name, "in_fifth", [int(digit) for digit in digits]) for name, digits in asked if digits))


_ORDERS = "total_number_of_orders"
_REFUNDED: Json = {
    "type": "event",
    "event": "refund",
    "measure": "count",
    "operator": "at_least",
    "value": 1,
}

_PRESETS = (
    Preset("customers", _n("Customers"), _n("Everybody with a counted order."), _is("lifecyclestage", "customer", "evangelist")),
    Preset("leads", _n("Leads"), _n("An account or a cart, but no order yet."), _is("lifecyclestage", "lead")),
    Preset("mql", _n("Marketing qualified leads"), _n("Reached a checkout, but placed no order."),
           _is("lifecyclestage", "marketingqualifiedlead")),
    Preset("abandoned", _n("Abandoned cart"), _n("Left a cart and bought nothing since."), _is("current_abandoned_cart", "yes")),
    Preset("best", _n("Best customers"), _n("Spend most, often and lately: all three ratings at 5."), _rated("5", "5", "5")),
    Preset("big", _n("Big spenders"), _n("The highest rating for what they spent."), _rated("5")),
    Preset("mid", _n("Mid spenders"), _n("The middle rating for what they spent."), _rated("3")),
    Preset("low", _n("Low spenders"), _n("The lowest rating for what they spent."), _rated("1")),
    Preset("loyal", _n("Loyal customers"), _n("Order often and ordered lately."), _rated("", "5", "5")),
    Preset("churning", _n("Churning customers"), _n("Spent much and often, but not for a year."), _rated("5", "5", "1")),
    Preset("lost", _n("Lost customers of low value"), _n("Bought once for little, more than a year ago."), _rated("1", "1", "1")),
    Preset("new", _n("New customers"), _n("Bought once, within the last 30 days."), _rated("", "1", "5")),
    Preset("attention", _n("Customers needing attention"), _n("Middling customers who have not bought for half a year."),
           _rated("3", "3", "12")),
    Preset("sleep", _n("About to sleep"), _n("Low in all three ratings."), _rated("12", "12", "12")),
    Preset("newsletter", _n("Newsletter subscribers"), _n("Valid consent to e-mail marketing."),
           _is("newsletter_subscription", "yes")),
    Preset("once", _n("Bought once"), _n("Exactly one counted order."), _ask(_ORDERS, "is", 1)),
    Preset("twice", _n("Bought twice"), _n("Exactly two counted orders."), _ask(_ORDERS, "is", 2)),
    Preset("thrice", _n("Bought three times"), _n("Exactly three counted orders."), _ask(_ORDERS, "is", 3)),
    Preset("four", _n("Four orders or more"), _n("At least four counted orders."), _ask(_ORDERS, "greater_equal", 4)),
    Preset("engaged", _n("Engaged customers"), _n("Ordered within the last 60 days."), _days("in_last", "last_order_date", 60)),
    Preset("disengaged", _n("Disengaged customers"), _n("Last ordered more than 60 and up to 180 days ago."),
           _all(_quiet(60), _days("in_last", "last_order_date", 180))),
    Preset("repeat", _n("Repeat buyers"), _n("At least five orders, on average 30 days apart or less."),
           _all(_ask(_ORDERS, "greater_equal", 5), _ask("average_days_between_orders", "less_equal", 30))),
    Preset("champions", _n("Champions"), _n("The two highest ratings in all three: spend, frequency, recency."),
           _rated("45", "45", "45")),
    Preset("promising", _n("Promising"), _n("Bought lately, but seldom so far."), _rated("", "12", "45")),
    Preset("at-risk", _n("At risk"), _n("Good customers who have not bought for half a year."), _rated("45", "345", "12")),
    Preset("hibernating", _n("Lost"), _n("Bought seldom and not for half a year."), _rated("", "12", "12")),
    Preset("vip", _n("VIP"), _n("At least five orders and the highest spend, whenever they bought."), _rated("5", "345")),
    Preset("cart-1h", _n("Cart left for an hour"), _n("First step of the abandoned-cart ladder."), _cart_for(1)),
    Preset("cart-24h", _n("Cart left for a day"), _n("Second step of the abandoned-cart ladder."), _cart_for(24)),
    Preset("cart-72h", _n("Cart left for three days"), _n("Third step of the abandoned-cart ladder."), _cart_for(72)),
    Preset("win-back-90", _n("Win back: 90 days"), _n("Customers whose last order is more than 90 days ago."), _quiet(90)),
    Preset("win-back-180", _n("Win back: 180 days"), _n("Customers whose last order is more than 180 days ago."), _quiet(180)),
    Preset("win-back-365", _n("Win back: a year"), _n("Customers whose last order is more than 365 days ago."), _quiet(365)),
    Preset("second-order", _n("Ready for a second order"), _n("One order, 14 to 60 days ago."),
           _all(_ask(_ORDERS, "is", 1), _quiet(14), _days("in_last", "last_order_date", 60))),
    Preset("subscribers-without-order", _n("Subscribers without an order"), _n("May be written to, but never bought."),
           _all(_is("newsletter_subscription", "yes"), _ask(_ORDERS, "is", 0))),
    Preset("refunded", _n("Had a refund"), _n("At least one refund, in part or in full."), _REFUNDED),
    Preset("anniversary", _n("Anniversary as a customer"), _n("The day of the first order returns within a week."),
           _ask("first_order_date", "anniversary_in_next", {"amount": 7, "unit": "day"})),
    Preset("rank-champions", _n("Champions by rank"), _n("Among all customers: bought lately, often and for much."), _fifths("45", "45", "45")),
    Preset("rank-loyal", _n("Loyal by rank"), _n("Among all customers: buy most often, and not long ago."), _fifths("345", "45")),
    Preset("rank-potential", _n("Potential loyalists by rank"), _n("Among all customers: bought lately, and more than seldom."), _fifths("45", "23")),
    Preset("rank-new", _n("New by rank"), _n("Among all customers: the latest, with few orders."), _fifths("5", "1")),
    Preset("rank-promising", _n("Promising by rank"), _n("Among all customers: bought quite lately, with few orders."), _fifths("4", "1")),
    Preset("rank-attention", _n("Needing attention by rank"), _n("Among all customers: the middle in recency and frequency."), _fifths("3", "3")),
    Preset("rank-sleep", _n("About to sleep by rank"), _n("Among all customers: seldom, and not lately."), _fifths("3", "12")),
    Preset("rank-at-risk", _n("At risk by rank"), _n("Among all customers: bought often, but long ago."), _fifths("12", "345")),
    Preset("rank-keep", _n("Not to be lost by rank"), _n("Among all customers: the best in orders and spend, but gone longest."), _fifths("1", "5", "5")),
    Preset("rank-hibernating", _n("Hibernating by rank"), _n("Among all customers: seldom and long ago."), _fifths("2", "12")),
    Preset("rank-lost", _n("Lost by rank"), _n("Among all customers: seldom, and longest ago."), _fifths("1", "12")),
)  # fmt: skip

PRESETS: Mapping[str, Preset] = {preset.key: preset for preset in _PRESETS}
"""By key, in the order pages offer them."""
