"""Are address, keys and permissions right? One sentence a step, in the owner's words."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import urlsplit

from ..base import CheckReport, CheckStep
from ..errors import ConnectorError
from ..reading import mapping, text
from .client import VendureClient
from .info import INFO
from .queries import CHANNEL, SHOP

DEFAULT_CHANNEL = "__default_channel__"
DEFAULT_SELLER = "Default Seller"
PRECISION = 2  # decimals of every amount, whatever its currency, unless the server was given another money strategy
_WHAT = {"categories": "collections", "coupons": "promotions"}


async def check(client: VendureClient) -> CheckReport:
    """Stops at the first step nothing after it can work without."""
    steps: list[CheckStep] = []
    try:
        await client.answers()
    except ConnectorError as error:
        return CheckReport((CheckStep("address", False, str(error)),))
    steps.append(CheckStep("address", True, "Vendure's admin API answers."))
    try:
        shop = await client.ask(SHOP)
    except ConnectorError as error:
        return CheckReport((*steps, CheckStep("keys", False, str(error))))
    accepted = "The API key is accepted." if client.key else "E-mail address and password are accepted."
    steps.append(CheckStep("keys", True, accepted))
    channel = mapping(shop.get("activeChannel"))
    code, currency = text(channel.get("code")) or "", text(channel.get("defaultCurrencyCode")) or ""
    if client.channel and channel.get("token") != client.channel:
        # A server with one channel answers with that one whatever token it is given.
        message = "No channel has this token. Copy it again from Settings → Channels, or leave the field empty."
        return CheckReport((*steps, CheckStep("channel", False, message)))
    steps.append(CheckStep("channel", True, f"The channel is {code}; its currency is {currency}."))
    for stream in INFO.streams:
        if stream == "carts":
            continue  # of the same list as orders
        what = _WHAT.get(stream, stream)
        try:
            total = await client.total(stream)
        except ConnectorError as error:
            steps.append(CheckStep(stream, False, str(error)))
        else:
            steps.append(CheckStep(stream, True, f"The key may read {what}: {total}."))
    settings = mapping(mapping(shop.get("globalSettings")).get("serverConfig"))
    precision = settings.get("moneyStrategyPrecision")
    return CheckReport(
        tuple(steps),
        shop_name=_name(channel) or urlsplit(client.base).netloc,
        home_currency=currency,
        fingerprint=_fingerprint(channel),
        learned={"precision": precision if isinstance(precision, int) else PRECISION, "storefront": client.storefront},
    )


async def fingerprint(client: VendureClient) -> str:
    return _fingerprint(mapping((await client.ask(CHANNEL)).get("activeChannel")))


def _name(channel: Any) -> str:
    """A channel is called by its code, a shop with one channel by its seller, if anybody gave it a name."""
    code, seller = text(channel.get("code")), text(mapping(channel.get("seller")).get("name"))
    if code and code != DEFAULT_CHANNEL:
        return code
    return seller if seller and seller != DEFAULT_SELLER else ""


def _fingerprint(channel: Any) -> str:
    """Vendure knows no address of its own; the channel's token is drawn when the database is made."""
    token = str(channel.get("token") or "")
    return hashlib.sha256(f"vendure/{token}".encode()).hexdigest()[:32] if token else ""
