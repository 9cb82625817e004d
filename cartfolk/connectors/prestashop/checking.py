"""Are address, key and permissions right? One sentence a step, in the owner's words."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..base import CheckReport, CheckStep
from ..errors import ConnectorError, CredentialsInvalid, PermissionMissing
from ..reading import mapping, text
from ..together import together
from .client import NotAllowed, PrestaClient, ResourceMissing, SwitchedOff
from .companions import settings
from .info import RESOURCES


async def check(client: PrestaClient) -> CheckReport:
    """Stops at the first step nothing after it can work without."""
    try:
        lacking = not await _may_view(client, "configurations")
    except SwitchedOff as error:
        return CheckReport((_address(client), CheckStep("api", False, str(error))))
    except (CredentialsInvalid, PermissionMissing) as error:
        return CheckReport((_address(client), CheckStep("keys", False, str(error))))
    except ConnectorError as error:
        return CheckReport((CheckStep("address", False, str(error)),))
    steps = [_address(client), CheckStep("keys", True, "The webservice key is accepted.")]
    others = RESOURCES[1:]
    try:
        allowed = await together(*(_may_view(client, resource) for resource in others))
    except ConnectorError as error:
        return CheckReport((*steps, CheckStep("permissions", False, str(error))))
    missing = ["configurations"] * lacking + [name for name, may in zip(others, allowed, strict=True) if not may]
    if missing:
        message = (
            f"The key may not view {', '.join(missing)}: open it in PrestaShop under Advanced Parameters → Webservice "
            "and tick View (GET) there."
        )
        return CheckReport((*steps, CheckStep("permissions", False, message)))
    steps.append(CheckStep("permissions", True, "The key may view everything that is needed."))
    try:
        found = await settings(client, ("PS_SHOP_NAME", "PS_TIMEZONE", "PS_CURRENCY_DEFAULT", "PS_LANG_DEFAULT"))
        money = await client.read("currencies", {"id": f"[{found.get('PS_CURRENCY_DEFAULT') or 0}]"})
        own = await fingerprint(client)
    except ConnectorError as error:
        return CheckReport((*steps, CheckStep("settings", False, str(error))))
    zone = found.get("PS_TIMEZONE", "")
    if not zone:
        # Every time the shop tells is on its own clock: without the zone none of them could be placed.
        message = "The shop does not say its time zone: choose one under International → Localization."
        return CheckReport((*steps, CheckStep("settings", False, message)))
    steps.append(CheckStep("settings", True, f"The shop's time zone is {zone}."))
    return CheckReport(
        tuple(steps),
        shop_name=found.get("PS_SHOP_NAME") or urlsplit(client.base).netloc,
        home_currency=text(mapping(money[0] if money else None).get("iso_code")) or "",
        timezone=zone,
        fingerprint=own or _named(client.base),
        learned={"language": found.get("PS_LANG_DEFAULT", "")},
    )


async def fingerprint(client: PrestaClient) -> str:
    """The host the shop calls its own, and its number where several share one; empty when it does not say."""
    found = await settings(client, ("PS_SHOP_DOMAIN_SSL", "PS_SHOP_DOMAIN"))
    host = (found.get("PS_SHOP_DOMAIN_SSL") or found.get("PS_SHOP_DOMAIN") or "").lower()
    return f"{host}#{client.shop}" if host and client.shop else host


async def _may_view(client: PrestaClient, resource: str) -> bool:
    """Raises ConnectorError for anything but a missing permission."""
    try:
        await client.read(resource, display="", limit="1")
    except ResourceMissing:
        return True  # nobody may: this version of PrestaShop has none
    except NotAllowed:
        return False
    return True


def _address(client: PrestaClient) -> CheckStep:
    if client.transport.upgraded:
        return CheckStep("address", True, "The shop answers, and moves to https: connect it with https://.")
    if client.base.startswith("http://"):
        return CheckStep(
            "address",
            True,
            "The shop answers over plain http, where anybody on the way can read the key. Switch https on for the "
            "whole shop and connect it with https://.",
        )
    return CheckStep("address", True, "The shop answers.")


def _named(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.netloc.lower()}{parts.path.rstrip('/')}"
