"""Are address, keys and permissions right? One sentence a step, in the owner's words."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ..base import CheckReport, CheckStep
from ..errors import ConnectorError, PageUnreadable, PermissionMissing
from ..reading import JsonBroken, mapping, text
from .client import API, WooClient, refusal


async def check(client: WooClient) -> CheckReport:
    """Stops at the first step nothing after it can work without."""
    steps: list[CheckStep] = []
    try:
        index = await _index(client)
    except ConnectorError as error:
        return CheckReport((CheckStep("address", False, str(error)),))
    if client.transport.upgraded:
        steps.append(CheckStep("address", True, "The shop answers, and moves to https: connect it with https://."))
    else:
        steps.append(CheckStep("address", True, "The shop answers."))
    namespaces = index.get("namespaces")
    if isinstance(namespaces, list) and API not in namespaces:
        message = "WordPress answers, but WooCommerce does not: activate the WooCommerce plugin."
        return CheckReport((*steps, CheckStep("api", False, message)))
    how = " (by plain permalinks)" if client.plain else ""
    steps.append(CheckStep("api", True, f"WooCommerce's REST API answers{how}."))
    for number, what in enumerate(("customers", "orders", "products")):
        try:
            total = await client.total(what, **({"role": "all"} if what == "customers" else {}))
        except ConnectorError as error:
            if number == 0 and not isinstance(error, PermissionMissing):
                return CheckReport((*steps, CheckStep("keys", False, str(error))))
            steps.append(CheckStep(what, False, str(error)))
        else:
            if number == 0:
                steps.append(CheckStep("keys", True, "Consumer key and secret are accepted."))
            steps.append(CheckStep(what, True, f"The key may read {what}: {total if total is not None else '?'}."))
    steps.append(await _webhooks(client))
    currency = await _currency(client)
    return CheckReport(
        tuple(steps),
        shop_name=text(index.get("name")) or urlsplit(_home(index) or client.base).netloc,
        home_currency=currency,
        timezone=_timezone(index),
        fingerprint=_named(_home(index) or client.base),
    )


async def fingerprint(client: WooClient) -> str:
    """The address the shop calls its own; empty when it does not say."""
    return _named(_home(await _index(client)))


def _home(index: dict[str, Any]) -> str:
    return text(index.get("home")) or text(index.get("url")) or ""


def _named(home: str) -> str:
    parts = urlsplit(home)
    return f"{parts.netloc.lower()}{parts.path.rstrip('/')}"


async def _index(client: WooClient) -> dict[str, Any]:
    """What WordPress says of itself; without credentials, which are for the shop's own routes only."""
    answer = await client.ask("", auth=False)
    if answer.is_html:
        raise refusal(answer, "the shop")
    try:
        return dict(mapping(answer.json())) if answer.status < 300 else {}
    except JsonBroken:
        return {}


async def _webhooks(client: WooClient) -> CheckStep:
    """Asks for a webhook that cannot exist: refused for its topic by who may write, for the key otherwise."""
    try:
        await client.write("POST", "webhooks", {"topic": "cartfolk.check"})
    except PageUnreadable:
        pass  # 400, the topic: we may
    except ConnectorError as error:
        return CheckStep("webhooks", False, str(error))
    return CheckStep("webhooks", True, "The key may create webhooks: changes arrive within seconds.")


async def _currency(client: WooClient) -> str:
    try:
        answer = await client.ask(f"{API}/settings/general/woocommerce_currency")
        if answer.status < 300:
            return str(mapping(answer.json()).get("value") or "")
        answer = await client.ask(f"{API}/system_status")
        if answer.status < 300:
            return str(mapping(mapping(answer.json()).get("settings")).get("currency") or "")
    except (ConnectorError, JsonBroken):
        pass
    return ""


def _timezone(index: dict[str, Any]) -> str:
    named = text(index.get("timezone_string"))
    if named:
        return named
    try:
        offset = float(index.get("gmt_offset") or 0)
    except (TypeError, ValueError):
        return "UTC"
    if offset == 0 or offset != int(offset):
        return "UTC"
    return f"Etc/GMT{-int(offset):+d}"  # POSIX counts westwards: GMT-1 is one hour ahead
