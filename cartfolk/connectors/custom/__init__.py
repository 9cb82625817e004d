"""A shop without a connector of its own: nothing is asked, everything is handed in.

Its data comes from files (``cartfolk import``), through the ingest door and from the tracking script.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..base import CheckReport, CheckStep, Connector, ConnectorInfo, FormField, Page, WebhookHealth, Window
from ..canonical import Mapped, OrderStatus
from ..errors import PageUnreadable

_NOTHING = "Nothing is asked of this shop: hand its data in by files, the ingest door or the tracking script."
INFO = ConnectorInfo(
    platform="custom",
    label="Shop",
    name="Another shop system",
    fields=(
        FormField("url", "Address of your shop", "For example https://shop.example.com", kind="url"),
        FormField("currency", "Home currency", "Three letters of ISO 4217, for example EUR"),
        FormField(
            "timezone", "Time zone", "Of times in files that name none, for example Europe/Berlin", required=False
        ),
    ),
    order_statuses={status.value: status for status in OrderStatus},
    streams=(),
    guide=(
        "For a shop system without a connector: hand its customers, orders and carts in by files, by the ingest "
        "door or by the tracking script. The shop itself is not asked anything."
    ),
    sentences=(
        _NOTHING,
        "%(code)s is no currency: use three letters of ISO 4217, for example EUR.",
        "%(zone)s is no time zone: write it like Europe/Berlin.",
    ),
)


class Custom(Connector):
    """Answers what can be answered without a shop; has no streams."""

    info = INFO

    async def check(self) -> CheckReport:
        code = self.config.credentials.get("currency", "").upper()
        zone = self.config.credentials.get("timezone") or "UTC"
        if not (len(code) == 3 and code.isascii() and code.isalpha()):
            told = f"{code or '?'} is no currency: use three letters of ISO 4217, for example EUR."
            return CheckReport((CheckStep("currency", False, told),))
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return CheckReport((CheckStep("timezone", False, f"{zone} is no time zone: write it like Europe/Berlin."),))
        return CheckReport((CheckStep("check", True, _NOTHING),), home_currency=code, timezone=zone)

    async def counts(self) -> Mapping[str, int | None]:
        return {}

    async def windows(self, stream: str, until: datetime) -> Sequence[Window]:
        return ()

    async def page(self, window: Window, cursor: str | None) -> Page:
        raise PageUnreadable("This shop is not asked anything.")

    async def changes(self, stream: str, cursor: str | None, since: datetime) -> Page:
        raise PageUnreadable("This shop is not asked anything.")

    async def fetch(self, stream: str, ids: Sequence[str]) -> Page:
        raise PageUnreadable("This shop is not asked anything.")

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        return Mapped()

    async def ensure_webhooks(self, delivery_url: str) -> WebhookHealth:
        return WebhookHealth(True, 0, 0, _NOTHING)


CONNECTOR = Custom
