"""Are address, keys and permissions right? One sentence a step, in the owner's words."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..base import CheckReport, CheckStep
from ..errors import ConnectorError, CredentialsInvalid, PageUnreadable, PermissionMissing
from ..http import Overwhelmed
from ..reading import text
from .auth import Integration
from .client import MagentoClient
from .lists import LISTS, Raw

# Step of the report -> the list it asks for.
PERMISSIONS = {
    "customers": "customers",
    "groups": "groups",
    "orders": "orders",
    "refunds": "creditmemos",
    "invoices": "invoices",
    "shipments": "shipments",
    "carts": "carts",
    "products": "products",
    "categories": "categories",
}
DEFAULT_NAME = "Main Website"  # what Magento calls a website nobody named


async def check(client: MagentoClient) -> CheckReport:
    """Stops at the first step nothing after it can work without."""
    try:
        await client.configs()
    except (CredentialsInvalid, PermissionMissing) as error:
        step = "keys" if isinstance(error, CredentialsInvalid) else "stores"
        return CheckReport((_answers(client), CheckStep(step, False, str(error))))
    except ConnectorError as error:
        return CheckReport((CheckStep("address", False, str(error)),))
    signer = client.transport.auth
    signs = isinstance(signer, Integration) and signer.signs
    accepted = "Consumer keys and access token are accepted." if signs else "The access token is accepted."
    steps = [_answers(client), CheckStep("keys", True, accepted)]
    try:
        views = await client.views()
        name = await _name(client, views)
    except ConnectorError as error:
        return CheckReport((*steps, CheckStep("website", False, str(error))))
    for step, name_of_list in PERMISSIONS.items():
        what = LISTS[name_of_list].what
        try:
            total = str(await client.total(name_of_list))
        except (PageUnreadable, Overwhelmed):
            total = "?"  # allowed, though the first and the last of them cannot be shown
        except ConnectorError as error:
            steps.append(CheckStep(step, False, str(error)))
            continue
        steps.append(CheckStep(step, True, f"The key may read {what}: {total}."))
    first: Raw = views[0] if views else {}
    return CheckReport(
        tuple(steps),
        shop_name=name or urlsplit(client.base).netloc,
        home_currency=text(first.get("base_currency_code")) or "",
        timezone=text(first.get("timezone")) or "UTC",
        fingerprint=_named(first, client),
    )


def _answers(client: MagentoClient) -> CheckStep:
    if client.transport.upgraded:
        return CheckStep("address", True, "The shop answers, and moves to https: connect it with https://.")
    return CheckStep("address", True, "The shop answers.")


async def fingerprint(client: MagentoClient) -> str:
    """The address the shop calls its own; empty when it does not say."""
    views = await client.views()
    return _named(views[0], client) if views else ""


def _named(view: Raw, client: MagentoClient) -> str:
    parts = urlsplit(text(view.get("secure_base_url")) or text(view.get("base_url")) or "")
    return f"{parts.netloc.lower()}{parts.path.rstrip('/')}" + (f"#{client.website}" if client.website else "")


async def _name(client: MagentoClient, views: list[Raw]) -> str:
    """The name of the website the store views belong to; empty when nobody gave it one."""
    mine = {view.get("website_id") for view in views[:1]}
    names = [text(each.get("name")) for each in await client.websites() if each.get("id") in mine]
    return "" if not names or names[0] in (None, DEFAULT_NAME) else str(names[0])
