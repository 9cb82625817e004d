"""Are address, API user and permissions right? One sentence a step, in the owner's words."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ..base import CheckReport, CheckStep
from ..errors import AddressRefused, ConnectorError, CredentialsInvalid, PermissionMissing
from ..reading import FieldError, mapping, moment, objects, text
from .client import MagentoClient
from .rest import RestShopfront, store_name
from .shopfront import RpcShopfront

_LOOKS = (
    ("customers", "customer.list", ({"customer_id": {"from": "1", "to": "1"}},)),
    ("orders", "sales_order.list", ({"order_id": {"from": "1", "to": "1"}},)),
    ("refunds", "sales_order_creditmemo.list", ({"creditmemo_id": {"from": "1", "to": "1"}},)),
    ("products", "catalog_product.list", ({"product_id": {"from": "1", "to": "1"}},)),
    ("categories", "catalog_category.level", ()),
)


async def check(shop: RpcShopfront) -> CheckReport:
    """Stops at the first step nothing after it can work without."""
    client = shop.client
    steps: list[CheckStep] = []
    found: dict[str, Any] = {}
    for name, path, arguments in _LOOKS:
        try:
            found[name] = await client.call(path, *arguments)
        except CredentialsInvalid as error:
            return CheckReport((*_door(client), CheckStep("keys", False, str(error))))
        except PermissionMissing as error:
            steps.append(CheckStep(name, False, str(error)))
        except AddressRefused as error:
            if client.user.session is None:
                return CheckReport((CheckStep("address", False, str(error)),))
            # An old Magento without credit memos: refunds then come as the order's sum of them.
            steps.append(CheckStep(name, name == "refunds", str(error)))
        except ConnectorError as error:
            if client.user.session is None:
                return CheckReport((CheckStep("address", False, str(error)),))
            steps.append(CheckStep(name, False, str(error)))
        else:
            steps.append(CheckStep(name, True, f"The API user may read {name}."))
    steps = [*_door(client), CheckStep("keys", True, "API user and key are accepted."), *steps]
    return CheckReport(
        tuple(steps),
        shop_name=await _name(client) or urlsplit(client.base).netloc,
        home_currency=await _currency(shop) if "orders" in found else "",
        timezone="UTC",
        fingerprint=await fingerprint(client) if "categories" in found else "",
    )


async def check_rest(shop: RestShopfront) -> CheckReport:
    """The same by REST; that it tells less is said, and is no failure."""
    steps: list[CheckStep] = []
    newest: dict[str, list[Any]] = {}
    for stream in ("customers", "orders"):
        try:
            newest[stream] = await shop.newest(stream)
        except PermissionMissing as error:
            steps.append(CheckStep(stream, False, str(error)))
        except ConnectorError as error:
            name = "keys" if isinstance(error, CredentialsInvalid) else "address"
            return CheckReport((CheckStep(name, False, str(error)),))
        else:
            steps.append(CheckStep(stream, True, f"The API user may read {stream}."))
    orders = newest.get("orders", [])
    return CheckReport(
        (
            CheckStep("address", True, "The shop's REST interface answers."),
            CheckStep("keys", True, "OAuth keys and token are accepted."),
            *steps,
            CheckStep(
                "products",
                True,
                "REST tells neither products, categories nor refunds one by one. An API user (XML-RPC) tells more.",
            ),
        ),
        shop_name=store_name(orders) or urlsplit(shop.base).netloc,
        home_currency=text(orders[-1].get("base_currency_code")) or "" if orders else "",
        timezone="UTC",
        fingerprint=here(shop.base),
    )


async def fingerprint(client: MagentoClient) -> str:
    """Which installation answers where. Magento does not tell its own address; but its root category, which nobody
    can delete, was made when the shop was installed. Empty where the user may not see it."""
    try:
        root = mapping(await client.call("catalog_category.info", "1"))
    except PermissionMissing:
        return ""
    try:
        made = moment(root.get("created_at"), "created_at")
    except FieldError:
        made = None  # zeros, where a sample shop was installed
    return f"{here(client.base)} ({made:%Y-%m-%d %H:%M:%S})" if made else here(client.base)


def here(base: str) -> str:
    parts = urlsplit(base)
    return f"{parts.netloc.lower()}{parts.path}"


def _door(client: MagentoClient) -> tuple[CheckStep, ...]:
    spoken = client.user.wire.name if client.user.wire else "XML-RPC"
    return (CheckStep("address", True, f"The shop's {spoken} interface answers."),)


async def _name(client: MagentoClient) -> str:
    """The first store view's name, unless it is the one every installation begins with; empty if not to be seen."""
    try:
        views = objects(await client.call("store.list"), "stores")
    except (ConnectorError, FieldError):
        return ""
    names = [text(each.get("name")) for each in views if str(each.get("is_active", "1")) == "1"]
    return next((name for name in names if name and name != "Default Store View"), "")


async def _currency(shop: RpcShopfront) -> str:
    """The currency the newest order was kept in: no interface tells the shop's own."""
    try:
        newest = await shop.newest("orders")
    except ConnectorError:
        return ""
    told = text(newest[-1].get("base_currency_code")) if newest else None
    return told or ""
