"""Are address, keys and permissions right? One sentence a step, in the owner's words."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..base import CheckReport, CheckStep
from ..errors import ConnectorError, CredentialsInvalid, PageUnreadable
from ..reading import mapping, text
from .client import HOME_CURRENCY, STOREFRONT, ShopwareClient, by_ids
from .streams import SOURCES

_STEPS = ("orders", "customers", "products", "categories", "coupons", "subscribers")


async def check(client: ShopwareClient) -> CheckReport:
    """Stops at the first step nothing after it can work without."""
    try:
        await client.probe()
    except ConnectorError as error:
        return CheckReport((CheckStep("address", False, str(error)),))
    answers = "The shop answers."
    if client.transport.upgraded:
        answers = "The shop answers, and moves to https: connect it with https://."
    steps = [CheckStep("address", True, answers)]
    if not client.has_keys:
        return CheckReport(tuple(steps))  # they come with the app, once it is installed
    app = client.is_app
    name = currency = address = ""
    for number, stream in enumerate(_STEPS):
        source = SOURCES[stream]
        try:
            # With everything that comes along: each of it needs a right of its own.
            found = await client.search(source.entity, source.headers, limit=1, total_count_mode=1, **source.shown)
        except ConnectorError as error:
            if number == 0 and isinstance(error, CredentialsInvalid):
                return CheckReport((*steps, CheckStep("keys", False, str(error))))
            found = None
            refused = str(error)
        if number == 0:
            accepted = "The app is let in." if app else "Access key ID and secret access key are accepted."
            steps.append(CheckStep("keys", True, accepted))
        told = refused if found is None else f"The key may read {stream}: {found.total}."
        steps.append(CheckStep(stream, found is not None, told))
    try:
        name, address = await _shop(client)
        (home,) = (await client.search("currency", **by_ids([HOME_CURRENCY]))).rows or [{}]
        currency = text(home.get("isoCode")) or ""
    except ConnectorError as error:
        steps.append(CheckStep("shop", False, str(error)))
    steps.append(await _webhooks(client))
    return CheckReport(
        tuple(steps),
        shop_name=name or urlsplit(client.base).netloc,
        home_currency=currency,
        timezone="UTC",  # every time it sends is UTC
        fingerprint=address,
    )


async def fingerprint(client: ShopwareClient) -> str:
    """The address of the shop's oldest storefront, as it is written in the shop; a copy keeps the ids but is given
    an address of its own. Empty when it has none."""
    return (await _shop(client))[1]


async def _shop(client: ShopwareClient) -> tuple[str, str]:
    """Name and address of the oldest storefront; without one, the address asked is all there is."""
    found = await client.search(
        "sales-channel",
        limit=1,
        filter=[{"type": "equals", "field": "typeId", "value": STOREFRONT}],
        sort=[{"field": "createdAt", "order": "ASC"}, {"field": "id", "order": "ASC"}],
        associations={"domains": {"sort": [{"field": "createdAt", "order": "ASC"}]}},
    )
    for row in found.rows:
        name = text(mapping(row.get("translated")).get("name")) or text(row.get("name")) or ""
        for domain in row.get("domains") or []:
            parts = urlsplit(str(mapping(domain).get("url") or ""))
            if parts.netloc:
                return name, f"{parts.netloc.lower()}{parts.path.rstrip('/')}"
        return name, ""
    return "", ""


async def _webhooks(client: ShopwareClient) -> CheckStep:
    """Asks for a webhook without anything in it: refused for that by who may write, for the right otherwise."""
    try:
        await client.write("POST", "webhook", {})
    except PageUnreadable:
        pass  # 400, the empty fields: we may
    except ConnectorError as error:
        return CheckStep("webhooks", False, str(error))
    return CheckStep("webhooks", True, "The key may create webhooks: changes arrive within seconds.")
