"""The routes of wc/v3 and wc-analytics: from a request that may pass to the object that answers it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from ..records import HIDDEN, Customer, Order, Product
from . import catalog, documents, lists
from .errors import RestError, invalid_param, no_route
from .query import Args
from .words import STATUS, SYMBOLS, VERSION, WORDPRESS

if TYPE_CHECKING:
    from .shop import WooShop

T = TypeVar("T")


@dataclass(slots=True)
class Call:
    """One request that was let in."""

    shop: WooShop
    method: str
    route: str
    args: Args
    body: dict[str, Any]
    ids: tuple[int, ...]


@dataclass(slots=True)
class Answer:
    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Call], Answer]


def paged(call: Call, items: Sequence[T], render: Callable[[T], Any]) -> Answer:
    """One page of a list, with the totals in the headers; past the end it is empty and the totals stay."""
    per_page = call.args.number("per_page", 10, 1, 100)
    page = call.args.number("page", 1, 1)
    start = call.args.number("offset", (page - 1) * per_page, 0)
    total = len(items)
    pages = -(-total // per_page)
    answer = Answer([render(item) for item in items[start : start + per_page]])
    answer.headers = {"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)}
    neighbours = []
    base = f"{call.shop.url}/wp-json{call.route}"
    if page > 1:
        neighbours.append(f'<{base}?page={min(page - 1, max(pages, 1))}&per_page={per_page}>; rel="prev"')
    if page < pages:
        neighbours.append(f'<{base}?page={page + 1}&per_page={per_page}>; rel="next"')
    if neighbours:
        answer.headers["Link"] = ", ".join(neighbours)
    return answer


def _order(call: Call) -> Order:
    order = call.shop.world.orders.get(call.ids[0])
    if order is None:
        raise RestError(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
    return order


def _customer(call: Call) -> Customer:
    customer = call.shop.world.customers.get(call.ids[0])
    if customer is None:
        raise RestError(404, "woocommerce_rest_invalid_id", "Invalid resource ID.")
    return customer


def _product(call: Call) -> Product:
    product = call.shop.world.products.get(call.ids[0])
    if product is None:
        raise RestError(404, "woocommerce_rest_product_invalid_id", "Invalid ID.")
    return product


def list_orders(call: Call) -> Answer:
    world, url = call.shop.world, call.shop.url
    if "checkout-draft" in call.args.words("status") and call.shop.faults.strike("old_version", call.route):
        raise invalid_param("status", "status[0] is not one of any, trash, pending.", "rest_not_in_enum")
    ids = lists.orders(world, call.args)
    if fault := call.shop.faults.strike("shift", call.route):
        answer = paged(call, ids, lambda each: documents.order(world, url, world.orders[each]))
        _shift(call, fault.rows)
        return answer
    return paged(call, ids, lambda each: documents.order(world, url, world.orders[each]))


def _shift(call: Call, rows: int) -> None:
    """Edit some orders behind the reader's back: they move to the end of any list by time of change."""
    world = call.shop.world
    ids = [each for each in world.orders if world.orders[each].state not in HIDDEN]
    for _ in range(min(rows, len(ids))):
        world.touch_order(world.orders[ids[call.shop.faults.pick(len(ids))]], quietly=True)


def one_order(call: Call) -> Answer:
    return Answer(documents.order(call.shop.world, call.shop.url, _order(call)))


def list_subscriptions(call: Call) -> Answer:
    world, url = call.shop.world, call.shop.url
    if not world.subscriptions:
        raise no_route()  # the plugin is not installed
    ids = lists.subscriptions(world, call.args)
    return paged(call, ids, lambda each: documents.subscription(world, url, world.subscriptions[each]))


def order_refunds(call: Call) -> Answer:
    found = _order(call).refunds[::-1]
    return paged(call, found, lambda each: documents.refund(call.shop.world, call.shop.url, each, False))


def one_refund(call: Call) -> Answer:
    for each in _order(call).refunds:
        if each.id == call.ids[1]:
            return Answer(documents.refund(call.shop.world, call.shop.url, each, False))
    raise RestError(404, "woocommerce_rest_invalid_order_refund_id", "Invalid order refund ID.")


def list_refunds(call: Call) -> Answer:
    if call.shop.faults.strike("old_version", call.route):
        raise no_route()
    world, url = call.shop.world, call.shop.url
    ids = lists.refunds(world, call.args)
    return paged(call, ids, lambda each: documents.refund(world, url, world.refunds[each], True))


def list_customers(call: Call) -> Answer:
    world, url = call.shop.world, call.shop.url
    ids = lists.customers(world, call.args)
    return paged(call, ids, lambda each: catalog.customer(world, url, world.customers[each]))


def one_customer(call: Call) -> Answer:
    return Answer(catalog.customer(call.shop.world, call.shop.url, _customer(call)))


def list_products(call: Call) -> Answer:
    world, url = call.shop.world, call.shop.url
    ids = lists.products(world, call.args)
    return paged(call, ids, lambda each: catalog.product(world, url, world.products[each]))


def one_product(call: Call) -> Answer:
    return Answer(catalog.product(call.shop.world, call.shop.url, _product(call)))


def list_variations(call: Call) -> Answer:
    owner = _product(call)
    by_id = {each.id: each for each in owner.variations}
    ids = lists.simple(by_id, call.args)
    return paged(call, ids, lambda each: catalog.variation(call.shop.world, call.shop.url, owner, by_id[each]))


def one_variation(call: Call) -> Answer:
    owner = _product(call)
    for each in owner.variations:
        if each.id == call.ids[1]:
            return Answer(catalog.variation(call.shop.world, call.shop.url, owner, each))
    raise RestError(404, "woocommerce_rest_product_variation_invalid_id", "Invalid ID.")


def list_terms(call: Call) -> Answer:
    kind = "categories" if "categories" in call.route else "tags"
    found = call.shop.world.categories if kind == "categories" else call.shop.world.tags
    ids = lists.simple(found, call.args)
    return paged(call, ids, lambda each: catalog.term(call.shop.world, call.shop.url, found[each], kind))


def one_term(call: Call) -> Answer:
    kind = "categories" if "categories" in call.route else "tags"
    found = call.shop.world.categories if kind == "categories" else call.shop.world.tags
    if call.ids[0] not in found:
        raise RestError(404, "woocommerce_rest_term_invalid", "Resource does not exist.")
    return Answer(catalog.term(call.shop.world, call.shop.url, found[call.ids[0]], kind))


def list_coupons(call: Call) -> Answer:
    found = call.shop.world.coupons
    ids = lists.simple(found, call.args)
    return paged(call, ids, lambda each: catalog.coupon(call.shop.world, call.shop.url, found[each]))


def one_coupon(call: Call) -> Answer:
    if call.ids[0] not in call.shop.world.coupons:
        raise RestError(404, "woocommerce_rest_shop_coupon_invalid_id", "Invalid ID.")
    return Answer(catalog.coupon(call.shop.world, call.shop.url, call.shop.world.coupons[call.ids[0]]))


def analytics_customers(call: Call) -> Answer:
    if call.shop.faults.strike("analytics_off", call.route):
        raise no_route()
    world = call.shop.world
    rows = lists.analytics_customers(world.clock, call.args, call.shop.lookup())
    return paged(call, rows, lambda row: catalog.lookup(world, row))


def system_status(call: Call) -> Answer:
    world = call.shop.world
    return Answer(
        {
            "environment": {
                "home_url": call.shop.url,
                "site_url": call.shop.url,
                "version": VERSION,
                "wp_version": WORDPRESS,
                "wp_multisite": False,
                "wp_cron": True,
                "language": "de_DE",
                "server_info": "nginx/1.28",
                "php_version": "8.4.12",
                "default_timezone": "UTC",
            },
            "settings": {
                "api_enabled": True,
                "force_ssl": False,
                "currency": world.home,
                "currency_symbol": SYMBOLS.get(world.home, world.home),
                "currency_position": "right_space",
                "thousand_separator": ".",
                "decimal_separator": ",",
                "number_of_decimals": 2,
                "HPOS_enabled": True,
            },
            "security": {"secure_connection": call.shop.tls, "hide_errors": True},
        }
    )


def _settings(call: Call) -> list[dict[str, Any]]:
    world = call.shop.world
    values = (
        ("woocommerce_default_country", "Country / State", world.country),
        ("woocommerce_currency", "Currency", world.home),
        ("woocommerce_currency_pos", "Currency position", "right_space"),
        ("woocommerce_price_num_decimals", "Number of decimals", "2"),
        ("woocommerce_calc_taxes", "Enable taxes", "yes"),
    )
    return [
        {
            "id": name,
            "label": label,
            "description": "",
            "type": "text",
            "default": value,
            "value": value,
            "group_id": "general",
        }
        for name, label, value in values
    ]


def general_settings(call: Call) -> Answer:
    return Answer(_settings(call))


def one_setting(call: Call) -> Answer:
    wanted = call.route.rsplit("/", 1)[-1]
    for setting in _settings(call):
        if setting["id"] == wanted:
            return Answer(setting)
    raise RestError(404, "rest_setting_setting_invalid", "Invalid setting.")


def order_totals(call: Call) -> Answer:
    states = [order.state for order in call.shop.world.orders.values()]
    return Answer(
        [
            {"slug": word, "name": word.replace("-", " ").title(), "total": states.count(state)}
            for state, word in STATUS.items()
            if word not in ("trash", "checkout-draft")
        ]
    )


# method, route after /wp-json, what answers
READS: tuple[tuple[str, Handler], ...] = (
    (r"/wc/v3/orders", list_orders),
    (r"/wc/v3/orders/(\d+)", one_order),
    (r"/wc/v3/orders/(\d+)/refunds", order_refunds),
    (r"/wc/v3/orders/(\d+)/refunds/(\d+)", one_refund),
    (r"/wc/v3/refunds", list_refunds),
    (r"/wc/v3/subscriptions", list_subscriptions),
    (r"/wc/v3/customers", list_customers),
    (r"/wc/v3/customers/(\d+)", one_customer),
    (r"/wc/v3/products", list_products),
    (r"/wc/v3/products/(\d+)", one_product),
    (r"/wc/v3/products/(\d+)/variations", list_variations),
    (r"/wc/v3/products/(\d+)/variations/(\d+)", one_variation),
    (r"/wc/v3/products/(?:categories|tags)", list_terms),
    (r"/wc/v3/products/(?:categories|tags)/(\d+)", one_term),
    (r"/wc/v3/coupons", list_coupons),
    (r"/wc/v3/coupons/(\d+)", one_coupon),
    (r"/wc/v3/system_status", system_status),
    (r"/wc/v3/settings/general", general_settings),
    (r"/wc/v3/settings/general/\w+", one_setting),
    (r"/wc/v3/reports/orders/totals", order_totals),
    (r"/wc-analytics/customers", analytics_customers),
)
COMPILED = tuple((re.compile(pattern + "/?"), handler) for pattern, handler in READS)
