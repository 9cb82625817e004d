"""Are API path, token and scopes right? One sentence a step; and who the store is."""

from __future__ import annotations

from ..base import CheckReport, CheckStep
from ..errors import ConnectorError, CredentialsInvalid, PageUnreadable, PermissionMissing
from ..reading import mapping, text
from .client import BigClient, Raw

NO_CART = "00000000-0000-0000-0000-000000000000"
_PROBES = (
    ("customers", "v3/customers"),
    ("orders", "v2/orders"),
    ("products", "v3/catalog/products"),
    ("coupons", "v2/coupons"),
    ("subscribers", "v3/customers/subscribers"),
)


async def check(client: BigClient) -> CheckReport:
    """Stops at the first step nothing after it can work without."""
    store: Raw = {}
    information = CheckStep("store", True, "The API account may read the store's settings.")
    try:
        store = await client.one("store", "v2/store") or {}
    except CredentialsInvalid as error:
        return CheckReport((CheckStep("address", True, "The shop answers."), CheckStep("keys", False, str(error))))
    except PermissionMissing as error:
        information = CheckStep("store", False, str(error))
    except ConnectorError as error:
        return CheckReport((CheckStep("address", False, str(error)),))
    if not store and information.ok:
        message = "There is no BigCommerce store under this API path. Copy it again from the API account."
        return CheckReport((CheckStep("address", False, message),))
    steps = [
        CheckStep("address", True, "The shop answers."),
        CheckStep("keys", True, "The access token is accepted."),
        information,
    ]
    for what, path in _PROBES:
        steps.append(await _probe(client, what, path))
    steps += [await _carts(client), await _webhooks(client)]
    return CheckReport(
        tuple(steps),
        shop_name=text(store.get("name")) or "",
        home_currency=text(store.get("currency")) or "",
        timezone=text(mapping(store.get("timezone")).get("name")) or "",
        fingerprint=_named(store),
        learned={"storefront": home} if (home := text(store.get("secure_url"))) else {},
    )


async def fingerprint(client: BigClient) -> str:
    """The store's permanent id: its domain may change, and a copy has another id. Empty when it does not say."""
    try:
        return _named(await client.one("store", "v2/store") or {})
    except PermissionMissing:
        return ""


def _named(store: Raw) -> str:
    key = text(store.get("id"))
    return f"bigcommerce:{key}" if key else ""


async def _probe(client: BigClient, what: str, path: str) -> CheckStep:
    try:
        if what == "orders":
            total = await client.orders()
        else:
            total = (await client.read(what, path, {"limit": 1})).total
    except ConnectorError as error:
        return CheckStep(what, False, str(error))
    if what == "coupons":  # nobody counts them
        return CheckStep(what, True, "The API account may list coupons.")
    return CheckStep(what, True, f"The key may read {what}: {'?' if total is None else total}.")


async def _carts(client: BigClient) -> CheckStep:
    """Carts are in no list: one that cannot exist is missed by who may look."""
    try:
        await client.one("carts", f"v3/carts/{NO_CART}")
    except ConnectorError as error:
        return CheckStep("carts", False, str(error))
    return CheckStep("carts", True, "The API account may look at carts.")


async def _webhooks(client: BigClient) -> CheckStep:
    """Asks for a webhook that cannot exist: refused for what it is by who may write, for the account otherwise."""
    try:
        await client.write("POST", "v3/hooks", {"scope": ""})
    except PageUnreadable:
        pass  # 400 or 422, the scope: we may
    except ConnectorError as error:
        return CheckStep("webhooks", False, str(error))
    return CheckStep("webhooks", True, "The key may create webhooks: changes arrive within seconds.")
