"""The resources of the API: list, info, tree, by the rules of Mage_Api: rights, filters, arguments.

Lists have neither limit nor order. A condition is `from` and `to` together, or the first other one it knows. The
arguments are a list; a bare object is spread over the parameters by name, which fails when it is a filter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..records import HIDDEN, Order
from . import documents
from .documents import Json
from .words import DENIED, FAULTS, GROUPS, INTERNAL, PATH_UNKNOWN

if TYPE_CHECKING:
    from .shop import MagentoShop

SCOPES = {"all": frozenset({"sales", "customer", "catalog", "core"}), "no_orders": frozenset({"customer", "catalog",
          "core", "creditmemo"}), "no_refunds": frozenset({"sales", "customer", "catalog", "core"}),
          "none": frozenset()}  # fmt: skip


class ApiFault(Exception):
    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(message or FAULTS[code])
        self.code = code


class Crash(Exception):
    """PHP dies of an error that is no exception: the whole request with it."""


def call(shop: MagentoShop, scope: str, path: str, arguments: Any) -> Any:
    """One call by a user of that scope. Raises ApiFault, Crash."""
    found = METHODS.get(path)
    if found is None or (path.startswith("sales_order_creditmemo") and shop.without_memos):
        raise ApiFault(PATH_UNKNOWN)
    right, method = found
    if right not in SCOPES[scope] and not (right == "creditmemo" and scope == "all"):
        raise ApiFault(DENIED)
    if isinstance(arguments, Mapping):
        if arguments:
            raise ApiFault(INTERNAL, f"Unknown named parameter ${next(iter(arguments))}")
        arguments = []
    elif not isinstance(arguments, list):
        arguments = [arguments]
    try:
        return method(shop, *arguments)
    except TypeError as error:
        raise ApiFault(INTERNAL, "Too few arguments to function") from error


def filtered(rows: Iterable[Json], filters: Any) -> list[Json]:
    """The rows that meet every condition, in no order anybody could rely on."""
    asked = filters if isinstance(filters, Mapping) else {}
    found = []
    for row in rows:
        if any(field not in row for field in asked):
            raise ApiFault(101, "Invalid filters given. Details in error message.")
        if all(_meets(row[field], condition) for field, condition in asked.items()):
            found.append(row)
    return found[1::2] + found[::2]


def _meets(value: Any, condition: Any) -> bool:
    if not isinstance(condition, Mapping):
        return _compare(value, condition) == 0
    if "from" in condition or "to" in condition:
        if value is None:
            return False
        low, high = condition.get("from"), condition.get("to")
        return (low is None or _compare(value, low) >= 0) and (high is None or _compare(value, high) <= 0)
    for name, test in _CONDITIONS.items():
        if name in condition:
            return value is not None and test(value, condition[name])
    raise ApiFault(101, "Invalid filters given. Details in error message.")


def _compare(value: Any, other: Any) -> int:
    """As the database does: a number with a number, text with text."""
    one, two = str(value), str(other)
    if one.isdecimal() and two.isdecimal():
        return (int(one) > int(two)) - (int(one) < int(two))
    return (one > two) - (one < two)


_CONDITIONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, other: _compare(value, other) == 0,
    "in": lambda value, other: str(value) in {str(each) for each in (other if isinstance(other, list) else [other])},
    "gt": lambda value, other: _compare(value, other) > 0,
    "gteq": lambda value, other: _compare(value, other) >= 0,
    "lt": lambda value, other: _compare(value, other) < 0,
    "lteq": lambda value, other: _compare(value, other) <= 0,
}


def visible(shop: MagentoShop) -> list[Order]:
    return [order for order in shop.world.orders.values() if order.state not in HIDDEN]


def orders(shop: MagentoShop, filters: Any = None) -> list[Json]:
    return filtered(
        shop.kept("orders", lambda: [documents.order_row(shop.world, each) for each in visible(shop)]), filters
    )


def order(shop: MagentoShop, number: Any) -> Json:
    each = shop.world.orders.get(int(number) - documents.INCREMENT)
    if each is not None and each.state not in HIDDEN:
        if shop.faults.poisoned({each.id}, {each.id}, "sales_order.info"):
            raise Crash
        return documents.order_info(shop.world, each)
    raise ApiFault(100, "Requested order not exists.")


def memos(shop: MagentoShop, filters: Any = None) -> list[Json]:
    return filtered([documents.memo_row(each, memo) for each in visible(shop) for memo in each.refunds], filters)


def memo(shop: MagentoShop, number: Any) -> Json:
    found = shop.world.refunds.get(int(number) - documents.MEMO_INCREMENT)
    if found is not None:
        return documents.memo_info(shop.world.orders[found.order_id], found)
    raise ApiFault(100, "Requested credit memo not exists.")


def customers(shop: MagentoShop, filters: Any) -> list[Json]:
    return filtered([documents.customer_row(each) for each in shop.world.customers.values()], filters)


def addresses(shop: MagentoShop, number: Any) -> list[Json]:
    found = shop.world.customers.get(int(number))
    if found is None:
        raise ApiFault(101, "Customer not exists.")
    return documents.customer_addresses(found)


def groups(shop: MagentoShop) -> list[Json]:
    return [{"customer_group_id": str(number), "customer_group_code": name} for number, name in GROUPS]


def products(shop: MagentoShop, filters: Any = None, store: Any = None) -> list[Json]:
    times = {
        str(each.id): {"created_at": documents.stamp(each.created), "updated_at": documents.stamp(each.modified)}
        for each in shop.world.products.values()
    }
    rows = [documents.product_row(each) for each in shop.world.products.values()]
    kept = filtered([row | times[row["product_id"]] for row in rows], filters)
    wanted = {row["product_id"] for row in kept}
    return [row for row in rows if row["product_id"] in wanted]  # which tells no times


def product(shop: MagentoShop, number: Any, store: Any = None, attributes: Any = None, kind: Any = None) -> Json:
    """Without `kind`, a number may as well be the SKU of another product, and that comes first."""
    by_sku = {each.sku: each for each in shop.world.products.values()}
    found = by_sku.get(str(number)) if kind != "id" else None
    found = found or shop.world.products.get(int(number) if str(number).isdecimal() else 0)
    if found is None:
        raise ApiFault(101, "Product not exists.")
    whole = documents.product_info(shop.world, found)
    always = ("product_id", "sku", "set", "type", "categories", "websites")
    return {name: value for name, value in whole.items() if not attributes or name in attributes or name in always}


def options(shop: MagentoShop, attribute: Any, store: Any = None) -> list[Json]:
    if attribute != "manufacturer":
        raise ApiFault(101, "Requested attribute not found.")
    return documents.manufacturers()


def tree(shop: MagentoShop) -> Json:
    return documents.category_tree(shop.world)


def category(shop: MagentoShop, number: Any) -> Json:
    if str(number) != "1":
        raise ApiFault(102, "Category not exists.")
    return {"category_id": "1", "is_active": "1", "level": "0", "created_at": shop.installed, "parent_id": "0"}


def level(shop: MagentoShop) -> list[Json]:
    return [{"category_id": "2", "parent_id": "1", "name": "Default Category", "is_active": "1", "level": "1"}]


def stores(shop: MagentoShop) -> list[Json]:
    return [{"store_id": "1", "code": "default", "website_id": "1", "group_id": "1", "name": shop.world.name,
             "sort_order": "0", "is_active": "1"}]  # fmt: skip


METHODS: dict[str, tuple[str, Callable[..., Any]]] = {
    "sales_order.list": ("sales", orders),
    "sales_order.info": ("sales", order),
    "sales_order_creditmemo.list": ("creditmemo", memos),
    "sales_order_creditmemo.info": ("creditmemo", memo),
    "customer.list": ("customer", customers),
    "customer_address.list": ("customer", addresses),
    "customer_group.list": ("customer", groups),
    "catalog_product.list": ("catalog", products),
    "catalog_product.info": ("catalog", product),
    "catalog_product_attribute.options": ("catalog", options),
    "catalog_category.tree": ("catalog", tree),
    "catalog_category.info": ("catalog", category),
    "catalog_category.level": ("catalog", level),
    "store.list": ("core", stores),
}
