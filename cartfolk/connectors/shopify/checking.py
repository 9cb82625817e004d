"""Are address, app and permissions right? One sentence a step, in the owner's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..base import CheckReport, CheckStep
from ..errors import AddressRefused, ConnectorError, CredentialsInvalid, PermissionMissing, RetryLater
from ..reading import mapping, objects, text
from .client import PERMIT, ShopifyClient
from .queries import API, HOOKS, IDENTITY, PERSON, SHOP

NEEDED = (("customers", "read_customers"), ("orders", "read_orders"), ("products", "read_products"))


async def check(client: ShopifyClient) -> CheckReport:
    """Stops at the first step nothing after it can work without."""
    try:
        data = await client.ask(SHOP)
    except (RetryLater, AddressRefused) as error:
        return CheckReport((CheckStep("address", False, str(error)),))
    except CredentialsInvalid as error:
        answers = CheckStep("address", True, "The shop answers.")
        return CheckReport((answers, CheckStep("keys", False, str(error))))
    except ConnectorError as error:
        return CheckReport((CheckStep("api", False, str(error)),))
    shop = mapping(data.get("shop"))
    steps = [
        CheckStep("address", True, "The shop answers."),
        _version(client),
        CheckStep("keys", True, "Shopify accepts the app."),
        *await _permissions(client, data),
        await _webhooks(client),
    ]
    domain = text(shop.get("myshopifyDomain")) or ""
    return CheckReport(
        tuple(steps),
        shop_name=text(shop.get("name")) or domain,
        home_currency=text(shop.get("currencyCode")) or "",
        timezone=text(shop.get("ianaTimezone")) or "UTC",
        fingerprint=domain.lower(),
        learned={"domain": domain.lower()} if domain else {},
    )


async def fingerprint(client: ShopifyClient) -> str:
    """The name that stays with a shop whatever domain it moves to."""
    shop = mapping((await client.ask(IDENTITY)).get("shop"))
    return (text(shop.get("myshopifyDomain")) or "").lower()


def _version(client: ShopifyClient) -> CheckStep:
    found = client.graphql.version or API
    if found != API:
        return CheckStep("api", True, f"Shopify answers with API {found} instead of {API}: update Cartfolk.")
    return CheckStep("api", True, f"Shopify's API {API} answers.")


async def _permissions(client: ShopifyClient, data: Mapping[str, Any]) -> list[CheckStep]:
    scopes = objects(mapping(data.get("currentAppInstallation")).get("accessScopes"), "accessScopes")
    given = {str(each.get("handle")) for each in scopes}
    given |= {f"read_{scope.removeprefix('write_')}" for scope in given if scope.startswith("write_")}
    steps = []
    for what, scope in NEEDED:
        if scope not in given:
            steps.append(CheckStep(what, False, f"The permission {scope} is missing. {PERMIT}"))
        elif what == "customers" and (problem := await _hidden(client)):
            steps.append(CheckStep(what, False, problem))
        else:
            steps.append(CheckStep(what, True, f"The app may read {what}."))
    if "read_orders" in given and "read_all_orders" not in given:
        message = (
            "Without the permission read_all_orders Shopify shows the orders of the last 60 days only. Add it to "
            "the app's version in the Dev Dashboard, release it and approve the update in the shop."
        )
        steps.append(CheckStep("history", False, message))
    elif "read_orders" in given:
        steps.append(CheckStep("history", True, "The app may read orders of any age."))
    return steps


async def _hidden(client: ShopifyClient) -> str:
    """Why names and addresses of customers are hidden though their scope is given; empty if they are not."""
    try:
        await client.ask(PERSON)
    except PermissionMissing:
        return (
            "The app may read read_customers, but this shop's plan hides who its customers are. Make the app in the "
            "Dev Dashboard of the shop's own organisation, or change the plan."
        )
    except ConnectorError as error:
        return str(error)
    return ""


async def _webhooks(client: ShopifyClient) -> CheckStep:
    try:
        await client.ask(HOOKS, after=None)
    except ConnectorError as error:
        return CheckStep("webhooks", False, str(error))
    return CheckStep("webhooks", True, "The app may create webhooks: changes arrive within seconds.")
