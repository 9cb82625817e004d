"""REST of Magento 1: customers and orders behind OAuth 1.0a. The consumer is an API user's name and key; its token
is the name with ``_token``, the token's secret the key with ``_token``.

Lists hold 10 rows unless told otherwise and 100 at most, are objects keyed by id, and repeat their last page for
ever. An order has neither state nor e-mail, and its lines no number of a product.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote

from starlette.requests import Request
from starlette.responses import Response

from . import api, documents
from .documents import Json

if TYPE_CHECKING:
    from ..records import Customer, Order
    from .shop import MagentoShop

SKEW = 600  # seconds a request's time may differ
MOST = 100
_FILTER = re.compile(r"filter\[(\w+)\]\[(\w+)\](?:\[(\w*)\])?")


class _Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def answer(shop: MagentoShop, request: Request, route: str) -> Response:
    try:
        scope = _signed_by(shop, request)
        found = _list(shop, scope, route, parse_qsl(request.url.query, keep_blank_values=True))
    except _Refused as error:
        told = {"messages": {"error": [{"code": error.status, "message": str(error)}]}}
        return Response(json.dumps(told), error.status, media_type="application/json; charset=utf-8")
    if "json" not in request.headers.get("accept", ""):
        return Response("<?xml version='1.0'?><magento_api/>", 200, media_type="text/xml")
    return Response(json.dumps(found), 200, media_type="application/json; charset=utf-8")


def _signed_by(shop: MagentoShop, request: Request) -> str:
    """The scope of whoever signed (RFC 5849 §3.4, HMAC-SHA1)."""
    header = request.headers.get("authorization", "")
    pieces = (piece.strip().partition("=") for piece in header.removeprefix("OAuth ").split(","))
    told = {name: unquote(value.strip('"')) for name, _equals, value in pieces if name != "realm"}
    user = shop.users.get(told.get("oauth_consumer_key", ""))
    if user is None or not user.active:
        raise _Refused(401, "oauth_problem=consumer_key_rejected")
    if told.get("oauth_token") != f"{told['oauth_consumer_key']}_token":
        raise _Refused(401, "oauth_problem=token_rejected")
    if told.get("oauth_signature_method") != "HMAC-SHA1":
        raise _Refused(400, "oauth_problem=signature_method_rejected")
    given = told.pop("oauth_signature", "")
    pairs = [*told.items(), *parse_qsl(request.url.query, keep_blank_values=True)]
    joined = "&".join(f"{name}={value}" for name, value in sorted((_escaped(a), _escaped(b)) for a, b in pairs))
    text = "&".join((request.method, _escaped(shop.url + request.url.path), _escaped(joined)))
    key = f"{_escaped(user.key)}&{_escaped(user.key + '_token')}"
    digest = base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()).decode()
    if not hmac.compare_digest(digest, given):
        raise _Refused(401, "oauth_problem=signature_invalid")
    if abs(int(told["oauth_timestamp"]) - time.time()) > SKEW:
        raise _Refused(400, "oauth_problem=timestamp_refused")
    if told["oauth_nonce"] in shop.nonces:
        raise _Refused(401, "oauth_problem=nonce_used")
    shop.nonces.add(told["oauth_nonce"])
    return user.scope


def _escaped(text: str) -> str:
    return quote(text, safe="~")


def _list(shop: MagentoShop, scope: str, route: str, params: list[tuple[str, str]]) -> Any:
    right = {"customers": "customer", "orders": "sales"}.get(route)
    if right is None:
        raise _Refused(404, "Request does not match any route.")
    if right not in api.SCOPES[scope]:
        raise _Refused(403, "Access denied")
    asked = dict(params)
    if route == "customers":
        rows = shop.kept("rest customers", lambda: [_customer(c) for c in shop.world.customers.values()])
    else:
        rows = shop.kept("rest orders", lambda: [_order(shop, each) for each in api.visible(shop)])
    rows = _filtered(rows, params)
    rows = sorted(rows, key=lambda row: int(row["entity_id"]), reverse=asked.get("dir") == "desc")
    limit, page = int(asked.get("limit", 10)), int(asked.get("page", 1))
    if limit > MOST:
        raise _Refused(400, "The paging limit exceeds the allowed number.")
    last = max(1, -(-len(rows) // limit))
    start = (min(page, last) - 1) * limit
    return {row["entity_id"]: row for row in rows[start : start + limit]} or []


def _filtered(rows: list[Json], params: list[tuple[str, str]]) -> list[Json]:
    conditions: dict[str, dict[str, Any]] = {}
    for name, value in params:
        if match := _FILTER.fullmatch(name):
            place, word, many = match.groups()
            mine = conditions.setdefault(place, {})
            if many is None:
                mine[word] = value
            else:
                mine.setdefault(word, []).append(value)
    for condition in conditions.values():
        field = str(condition.pop("attribute", ""))
        if rows and field not in rows[0]:
            raise _Refused(400, "Resource collection filtering error.")
        rows = api.filtered(rows, {field: condition})
    return rows


def _customer(record: Customer) -> Json:
    row = documents.customer_row(record)
    hidden = ("customer_id", "password_hash", "default_billing", "default_shipping", "store_id")
    return {"entity_id": row["customer_id"], **{name: value for name, value in row.items() if name not in hidden}}


def _order(shop: MagentoShop, record: Order) -> Json:
    whole = documents.order_info(shop.world, record)
    shipping, shipping_tax = sum(c.total for c in record.shipping), sum(c.tax for c in record.shipping)
    same = ("increment_id", "status", "created_at", "updated_at", "customer_id", "grand_total", "tax_amount",
            "coupon_code", "base_currency_code", "base_grand_total", "base_total_refunded", "store_name")  # fmt: skip
    items = [
        {name: value for name, value in item.items() if not name.startswith(("product", "hidden", "order"))}
        | {f"base_{name}": documents.in_base(record, _hundredths(item[name]))
           for name in ("row_total", "row_total_incl_tax", "tax_amount", "discount_amount")}
        for item in whole["items"]
    ]  # fmt: skip
    return {
        "entity_id": str(record.id),
        **{name: whole[name] for name in same},
        "store_currency_code": shop.world.home,
        "base_tax_amount": documents.in_base(record, record.total_tax),
        "base_shipping_amount": documents.in_base(record, shipping),
        "base_shipping_tax_amount": documents.in_base(record, shipping_tax),
        "base_discount_amount": documents.in_base(record, _hundredths(whole["discount_amount"])),
        "payment_method": whole["payment"]["method"],
        "addresses": [whole["billing_address"], whole["shipping_address"]],
        "order_items": items,
        "order_comments": whole["status_history"],
    }


def _hundredths(text: str) -> int:
    return round(float(text) * 100)
