"""The first look at a shop: does Medusa answer, is the key good, what may it read, who is the shop?"""

from __future__ import annotations

from typing import Any

from ..base import CheckReport, CheckStep
from ..errors import AddressRefused, ConnectorError
from ..reading import JsonBroken, mapping, objects, text
from .client import MedusaClient, refusal


async def check(client: MedusaClient, key: str) -> CheckReport:
    """Stops at the first step nothing after it can work without."""
    try:
        await _knock(client)
    except ConnectorError as error:
        return CheckReport((CheckStep("address", False, str(error)),))
    answers = "Medusa answers."
    if client.transport.upgraded:
        answers = "Medusa answers, and moves to https: connect it with https://."
    steps = [CheckStep("address", True, answers)]
    if key.startswith("pk_"):
        message = (
            "This is a publishable key, which is for storefronts. Make a secret key (it begins with sk_) under "
            "Settings → Developer → Secret API Keys."
        )
        return CheckReport((*steps, CheckStep("keys", False, message)))
    try:
        shop = await store(client)
    except ConnectorError as error:
        return CheckReport((*steps, CheckStep("keys", False, str(error))))
    steps.append(CheckStep("keys", True, "The secret key is accepted."))
    for what in ("customers", "orders", "products"):
        try:
            total = await client.total(what)
        except ConnectorError as error:
            steps.append(CheckStep(what, False, str(error)))
        else:
            steps.append(CheckStep(what, True, f"The key may read {what}: {total if total is not None else '?'}."))
    return CheckReport(
        tuple(steps),
        shop_name=text(shop.get("name")) or "Medusa",
        home_currency=_home_currency(shop),
        timezone="UTC",  # all its times are UTC; it knows no zone of its own
        fingerprint=str(shop.get("id") or ""),
    )


async def _knock(client: MedusaClient) -> None:
    """Without credentials Medusa refuses its admin in JSON; a storefront shows a page. Raises ConnectorError."""
    answer = await client.ask("stores", auth=False)
    try:
        told = mapping(answer.json())
    except JsonBroken:
        told = {}
    if answer.is_html or not told:
        raise AddressRefused(
            "There is no Medusa server at this address: enter the one where the admin is under /app. It is often "
            "another one than the storefront's."
        )


async def store(client: MedusaClient) -> dict[str, Any]:
    """What Medusa says of itself: the server has one store. Raises ConnectorError."""
    answer = await client.ask("stores", {"limit": 1})
    if answer.status >= 300:
        raise refusal(answer, "stores")
    try:
        found = objects(mapping(answer.json()).get("stores"), "stores")
    except (JsonBroken, ValueError):
        found = []
    return dict(found[0]) if found else {}


def _home_currency(shop: dict[str, Any]) -> str:
    """The default one of the currencies the shop sells in."""
    offered = [each for each in shop.get("supported_currencies") or [] if isinstance(each, dict)]
    offered.sort(key=lambda each: not each.get("is_default"))
    return str(offered[0].get("currency_code") or "").upper() if offered else ""
