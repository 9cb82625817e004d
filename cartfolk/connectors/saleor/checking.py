"""Are address, token and permissions right? One sentence a step, in the owner's words."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..base import CheckReport, CheckStep
from ..errors import AddressRefused, ConnectorError, CredentialsInvalid, RetryLater
from ..reading import mapping, objects, text
from .client import SaleorClient, forbidden, no_channel
from .info import INFO
from .queries import LISTINGS, SHOP
from .webhooks import keys_of


async def check(client: SaleorClient) -> CheckReport:
    """Stops at the first step nothing after it can work without."""
    try:
        shop = mapping((await client.ask(SHOP)).get("shop"))
    except (RetryLater, AddressRefused) as error:
        return CheckReport((CheckStep("address", False, str(error)),))
    except CredentialsInvalid as error:
        answers = CheckStep("address", True, "Saleor's API answers.")
        return CheckReport((answers, CheckStep("keys", False, str(error))))
    except ConnectorError as error:
        return CheckReport((CheckStep("api", False, str(error)),))
    steps = [CheckStep("address", True, "Saleor's API answers.")]
    try:
        app = await client.app()
        channels = await client.channels()
    except ConnectorError as error:
        return CheckReport((*steps, CheckStep("keys", False, str(error))))
    steps.append(CheckStep("keys", True, f"Saleor accepts the app {text(app.get('name')) or 'Cartfolk'}."))
    active = [each for each in channels if each.get("isActive")] or channels
    if client.slug:
        active = [each for each in channels if each.get("slug") == client.slug]
        if not active:
            return CheckReport((*steps, CheckStep("channel", False, str(no_channel(client.slug)))))
        name, currency = text(active[0].get("name")) or "", text(active[0].get("currencyCode")) or ""
        steps.append(CheckStep("channel", True, f"The channel is {name}; its currency is {currency}."))
    else:
        names = ", ".join(f"{each.get('slug')} ({each.get('currencyCode')})" for each in active)
        steps.append(CheckStep("channel", True, f"All channels are read: {names}."))
    given = {str(each.get("code")) for each in objects(app.get("permissions"), "permissions")}
    steps += [await _stream(client, stream, given) for stream in INFO.streams if stream != "categories"]
    try:
        learned = {"jwks": keys_of(await client.public_keys())}
    except ConnectorError:
        learned = {}
    return CheckReport(
        tuple(steps),
        shop_name=text(shop.get("name")) or urlsplit(client.base).netloc,
        home_currency=text(active[0].get("currencyCode")) or "" if active else "",
        fingerprint=_fingerprint(shop),
        learned={**learned, "storefront": client.storefront},
    )


async def _stream(client: SaleorClient, stream: str, given: set[str]) -> CheckStep:
    # Without the permission products are an empty list, not an error: so the app's own list of them is looked at.
    if LISTINGS[stream].permission not in given:
        return CheckStep(stream, False, str(forbidden(stream)))
    try:
        total = await client.total(stream)
    except ConnectorError as error:
        return CheckStep(stream, False, str(error))
    return CheckStep(stream, True, f"The app may read {stream}: {total}.")


async def fingerprint(client: SaleorClient) -> str:
    return _fingerprint(mapping((await client.ask(SHOP)).get("shop")))


def _fingerprint(shop: object) -> str:
    """The shop's own domain, as its database has it."""
    return (text(mapping(mapping(shop).get("domain")).get("host")) or "").lower()
