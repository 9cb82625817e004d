"""The search of the Admin API: filter, sort, page, and show only what was asked to come along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .documents import Json

MOST = 500  # rows of a page
# Entities of each document that are only there when asked for, and what each may bring along itself.
ASSOCIATIONS: dict[str, Any] = {
    "order": {
        "orderCustomer": {"customer": {}},
        "currency": {},
        "stateMachineState": {},
        "billingAddress": {"country": {}, "countryState": {}},
        "lineItems": {},
        "tags": {},
        "transactions": {
            "stateMachineState": {},
            "paymentMethod": {},
            "captures": {"stateMachineState": {}, "refunds": {"stateMachineState": {}}},
        },
        "deliveries": {
            "stateMachineState": {},
            "shippingMethod": {},
            "shippingOrderAddress": {"country": {}, "countryState": {}},
        },
    },
    "order-transaction": {"stateMachineState": {}, "paymentMethod": {}, "captures": {}},
    "order-transaction-capture-refund": {"stateMachineState": {}, "transactionCapture": {"transaction": {}}},
    "order-delivery": {"stateMachineState": {}, "shippingMethod": {}, "shippingOrderAddress": {}},
    "customer": {
        "group": {},
        "language": {"locale": {}},
        "defaultBillingAddress": {"country": {}, "countryState": {}},
        "defaultShippingAddress": {"country": {}, "countryState": {}},
    },
    "customer-address": {"country": {}, "countryState": {}},
    "product": {"cover": {"media": {}}, "categories": {}, "manufacturer": {}, "tags": {}},
    "promotion": {"discounts": {}},
    "sales-channel": {"domains": {}},
}
# The privilege each association needs of its own.
PRIVILEGES = {
    "orderCustomer": "order_customer", "customer": "customer", "currency": "currency", "lineItems": "order_line_item",
    "stateMachineState": "state_machine_state", "billingAddress": "order_address", "country": "country",
    "countryState": "country_state", "transactions": "order_transaction", "paymentMethod": "payment_method",
    "captures": "order_transaction_capture", "refunds": "order_transaction_capture_refund",
    "deliveries": "order_delivery", "shippingMethod": "shipping_method", "shippingOrderAddress": "order_address",
    "group": "customer_group", "language": "language", "locale": "locale", "cover": "product_media", "media": "media",
    "defaultBillingAddress": "customer_address", "defaultShippingAddress": "customer_address",
    "categories": "category", "discounts": "promotion_discount", "domains": "sales_channel_domain", "tags": "tag",
    "manufacturer": "product_manufacturer",
    "transactionCapture": "order_transaction_capture", "transaction": "order_transaction",
}  # fmt: skip


class SearchError(Exception):
    """The criteria cannot be understood: code and text of the answer."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


def privileges(entity: str, criteria: Json) -> list[str]:
    """What whoever asks this must be allowed."""
    found = [entity.replace("-", "_")]

    def collect(asked: Any, known: Mapping[str, Any]) -> None:
        for name, nested in (asked or {}).items():
            if name not in known:
                raise SearchError("FRAMEWORK__ASSOCIATION_NOT_FOUND", f"Can not find association by name {name}")
            found.append(PRIVILEGES[name])
            collect((nested or {}).get("associations"), known[name])

    collect(criteria.get("associations"), ASSOCIATIONS.get(entity, {}))
    return [f"{each}:read" for each in dict.fromkeys(found)]


def search(entity: str, rows: Sequence[Json], criteria: Json) -> tuple[list[Json], int]:
    """The rows of the page, in full, and the total as the mode gives it. Raises SearchError."""
    limit, page = criteria.get("limit", 100), criteria.get("page", 1)
    if not isinstance(limit, int) or not 0 < limit <= MOST:
        raise SearchError("FRAMEWORK__QUERY_LIMIT_EXCEEDED", f"The limit must not be greater than {MOST}.")
    if not isinstance(page, int) or page < 1:
        raise SearchError("FRAMEWORK__INVALID_PAGE_QUERY", "The page parameter must be a positive integer.")
    kept = [row for row in rows if all(_fits(row, each) for each in criteria.get("filter", []))]
    for each in reversed(criteria.get("sort", [])):
        name = each["field"]
        backwards = str(each.get("order", "ASC")).upper() == "DESC"
        kept.sort(key=lambda row: (row.get(name) is not None, row.get(name)), reverse=backwards)
    found = kept[(page - 1) * limit : page * limit]
    return found, len(kept) if criteria.get("total-count-mode") == 1 else len(found)


def show(entity: str, row: Json, criteria: Json) -> Json:
    """The row with the associations that were asked for, and of its fields those that were."""
    shown = _strip(row, criteria.get("associations") or {}, ASSOCIATIONS.get(entity, {}))
    fields = (criteria.get("includes") or {}).get(entity.replace("-", "_"))
    if fields is not None:
        shown = {name: value for name, value in shown.items() if name in fields}
    return shown | {"apiAlias": entity.replace("-", "_")}


def _strip(row: Json, asked: Json, known: Mapping[str, Any]) -> Json:
    found = {}
    for name, value in row.items():
        if name not in known:
            found[name] = value
        elif name not in asked:
            found[name] = None
        else:
            inside = (asked[name] or {}).get("associations") or {}
            if isinstance(value, list):
                found[name] = [_strip(each, inside, known[name]) for each in value]
            else:
                found[name] = _strip(value, inside, known[name]) if isinstance(value, dict) else value
    return found


def _fits(row: Json, wanted: Json) -> bool:
    kind, field = wanted.get("type"), wanted.get("field")
    if kind in ("multi", "and", "or"):
        either = kind == "or" or str(wanted.get("operator", "and")).lower() == "or"
        return (any if either else all)(_fits(row, each) for each in wanted["queries"])
    if not field:
        raise SearchError("FRAMEWORK__INVALID_FILTER_QUERY", f'Parameter "field" for {kind} filter is missing.')
    value = row.get(field)
    if kind == "equals":
        return bool(value == wanted.get("value"))
    if kind == "prefix":
        return str(value or "").startswith(wanted["value"])
    if kind == "equalsAny":
        keys = wanted["value"].split("|") if isinstance(wanted["value"], str) else wanted["value"]
        if field == "id" and any(len(key) != 32 for key in keys):
            raise SearchError("FRAMEWORK__INVALID_UUID", "Value is not a valid UUID")
        return value in keys
    if kind == "range":
        bounds = wanted["parameters"].items()
        return value is not None and all(_within(_sql(value), how, _sql(at)) for how, at in bounds)
    raise SearchError("FRAMEWORK__INVALID_FILTER_QUERY", f"Unsupported filter type: {kind}")


def _within(value: str, how: str, bound: str) -> bool:
    return {"gte": value >= bound, "gt": value > bound, "lte": value <= bound, "lt": value < bound}[how]


def _sql(at: str) -> str:
    """As the database compares: UTC with milliseconds, whatever the bound was written like."""
    text = at.replace("T", " ").removesuffix("Z").removesuffix("+00:00")
    return text if "." in text else f"{text}.000"
