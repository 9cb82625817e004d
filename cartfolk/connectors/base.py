"""The connector contract: what a platform folder provides, and nothing about the database.

A connector is one class in ``cartfolk/connectors/<platform>/__init__.py`` named ``CONNECTOR``; the registry
finds the folder, nothing else is edited. It speaks to one shop through :class:`~.http.Transport`,
hands out *pages of raw JSON as received* and turns raw pages into canonical records by pure functions.

    check     are address, keys and permissions right? one sentence a step, in the owner's words
    counts    how many rows each stream has, for the progress bar
    windows   cuts a stream's history into independent windows, fetched side by side
    page      one page of a window, from a cursor; the cursor is the checkpoint
    changes   one page of what changed since a cursor (the poll behind every webhook)
    fetch     the present state of named objects (a webhook is only a hint)
    ids       which objects there are at all (the nightly comparison)
    read      raw page -> canonical records + bad records (pure; no network)
    webhook   raw request -> hint (verified on the raw bytes)
    ensure_webhooks   creates, checks and re-enables the shop's webhooks
    app         optional: what the shop installs, and the two steps by which it then hands over its keys
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from .apps import ShopApp
from .canonical import Cart, Category, Consent, Coupon, Customer, Deleted, Mapped, Order, OrderStatus, Product, Record

STREAMS: Mapping[str, type[Record]] = {
    "categories": Category,
    "products": Product,
    "variants": Product,
    "coupons": Coupon,
    "customers": Customer,
    "guests": Customer,
    "subscribers": Consent,
    "orders": Order,
    "carts": Cart,
    "checkouts": Cart,
    "subscriptions": Order,
}
"""Every stream a connector may have, and the record its rows are mainly about. What orders refer to comes first."""
CATALOGUE = ("categories", "products", "variants", "coupons")  # streams fetched before the others


def kind(stream: str) -> str:
    """The kind of record a stream is about: orders → order, checkouts → cart, subscribers → consent."""
    return STREAMS[stream].__name__.lower()


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of the connect form; the web page and ``cartfolk connect`` are generated from these."""

    name: str
    label: str  # English; translated through gettext
    help: str = ""
    secret: bool = False
    required: bool = True
    kind: Literal["text", "url", "password", "select", "bool"] = "text"
    options: tuple[tuple[str, str], ...] = ()
    flag: str = ""  # the command line's option, e.g. "--key"; default is "--" + name


@dataclass(frozen=True, slots=True)
class ConnectorInfo:
    platform: str  # folder name, used in commands and addresses
    label: str  # as merchants write it; also the name of the shop's property group
    fields: tuple[FormField, ...]
    order_statuses: Mapping[str, OrderStatus]  # the shop's word -> ours; editable per store
    streams: tuple[str, ...]  # names of STREAMS, backfilled in this order, e.g. products before orders
    webhooks: bool = False
    name: str = ""  # where several platforms share a label: which one this is, in the list of platforms
    guide: str = ""  # one paragraph: where the owner finds the keys
    sentences: tuple[str, ...] = ()
    """What this connector may say to an owner, with %(name)s where it puts something in. These, the fields and the
    guide are translated in the folder's own locale/ (scripts/translations.py writes the files)."""

    @property
    def title(self) -> str:
        """What the platform is called where shops are connected."""
        return self.name or self.label


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """Everything a connector may know about its store."""

    url: str
    credentials: Mapping[str, str]
    home_currency: str = "EUR"
    timezone: str = "UTC"
    settings: Mapping[str, Any] = field(default_factory=dict)  # the owner's: status map, consent meta keys ...
    learned: Mapping[str, Any] = field(default_factory=dict)  # what a check or ensure_webhooks asked to be kept
    webhook_secret: str = ""  # given to the shop when its webhooks are made
    ingest_secret: str = ""  # whsec_...; shown to the owner: modules of ours in the shop sign their hints with it
    allow_private_address: bool = False


@dataclass(frozen=True, slots=True)
class CheckStep:
    name: str
    ok: bool
    message: str  # what was found; when not ok: what to do


@dataclass(frozen=True, slots=True)
class CheckReport:
    steps: tuple[CheckStep, ...]
    shop_name: str = ""
    home_currency: str = ""
    timezone: str = ""
    fingerprint: str = ""  # identity of the shop (its own address as it tells it), for the clone guard
    learned: Mapping[str, Any] = field(default_factory=dict)
    """No secrets; comes back as StoreConfig.learned. ``storefront``: where shoppers are, if not at StoreConfig.url."""

    @property
    def ok(self) -> bool:
        return all(step.ok for step in self.steps)


@dataclass(frozen=True, slots=True)
class Window:
    """An independent piece of a stream's history. ``start``/``end`` mean something to the connector only."""

    stream: str
    key: str  # unique within run and stream
    start: str | None = None
    end: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page as received. ``cursor`` is where to go on; None = the window (or poll) is finished."""

    body: bytes  # the JSON text of a list of raw objects, untouched numbers
    rows: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Hint:
    """What a verified webhook tells: these objects of this stream changed, or are gone."""

    stream: str
    ids: tuple[str, ...]
    deleted: bool = False
    ignore: str = ""  # a reason to do nothing at all (a ping, a topic we do not use)
    site: str = ""  # the address its shop is configured to have (hints of our modules), for the clone guard
    privacy: Literal["", "access", "erase"] = ""  # the customers of ``ids`` want to be told what is held, or erased
    app: Literal["", "on", "off", "removed"] = ""  # what became of our app in the shop (`Connector.app`)


@dataclass(frozen=True, slots=True)
class WebhookHealth:
    ok: bool
    active: int
    expected: int
    message: str
    repaired: tuple[str, ...] = ()
    learned: Mapping[str, Any] = field(default_factory=dict)  # e.g. public keys; comes back as StoreConfig.learned


@dataclass(frozen=True, slots=True)
class Ids:
    """One page of the nightly ids-only sweep: every id with its source version (None = not told)."""

    versions: Mapping[str, datetime | None]
    cursor: str | None  # None = the window is finished


class Connector(ABC):
    """One shop's API. Instances are cheap; the transport carries the connection pool and the limiter."""

    info: ClassVar[ConnectorInfo]
    app: ClassVar[ShopApp | None] = None  # where the shop can install us instead of handing over keys
    page_size: ClassVar[int] = 100
    overlap: ClassVar[timedelta] = timedelta(seconds=60)

    def __init__(self, config: StoreConfig, transport: Any) -> None:  # transport: http.Transport
        self.config = config
        self.transport = transport

    @classmethod
    def auth(cls, config: StoreConfig) -> Any:  # httpx2.Auth | None
        """What signs the transport's requests; ``registry.opened`` hands it to the transport."""
        return None

    @abstractmethod
    async def check(self) -> CheckReport: ...

    @abstractmethod
    async def counts(self) -> Mapping[str, int | None]:
        """Expected rows per stream; None where the platform cannot say."""

    @abstractmethod
    async def windows(self, stream: str, until: datetime) -> Sequence[Window]:
        """Cuts everything of ``stream`` that existed at ``until`` (the high-water mark) into windows."""

    @abstractmethod
    async def page(self, window: Window, cursor: str | None) -> Page: ...

    def step_over(self, window: Window, cursor: str | None) -> str | None:
        """The cursor behind the one row at ``cursor``, which the shop cannot give even alone; None where
        this platform's cursors cannot step over a row."""
        return None

    async def fingerprint(self) -> str:
        """Who the shop says it is, for the clone guard before every sync: as in :class:`CheckReport`, asked
        as cheaply as the platform allows; empty = it does not say. Raises ConnectorError."""
        return (await self.check()).fingerprint

    @abstractmethod
    async def changes(self, stream: str, cursor: str | None, since: datetime) -> Page:
        """What changed after ``cursor`` (``since`` when there is none). ``Page.cursor`` is never None here:
        it is the place to go on from; a page with fewer rows than ``page_size``, or one that leaves the cursor where
        it was (all of it was the overlap), ends this poll."""

    async def ids(self, window: Window, cursor: str | None) -> Ids:
        """The ids of one page of a window, for the nightly comparison. Override it where the shop can list ids
        and change dates alone; this one reads whole pages."""
        page = await self.page(window, cursor)
        mapped = self.read(window.stream, page.body, datetime.now(UTC))
        wanted = STREAMS[window.stream]
        found: dict[str, datetime | None] = {bad.external_id: None for bad in mapped.bad if bad.external_id}
        for record in mapped.records:
            if isinstance(record, wanted) and not isinstance(record, Consent | Category | Deleted):
                found[record.external_id] = record.updated_at
        return Ids(found, page.cursor)

    @abstractmethod
    async def fetch(self, stream: str, ids: Sequence[str]) -> Page:
        """The present state of these objects; ids the shop no longer has are simply absent."""

    @abstractmethod
    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped: ...

    def webhook(self, headers: Mapping[str, str], body: bytes) -> Hint:
        """Verifies the raw request (header names lower case) and says what changed.

        Raises :class:`~.errors.SignatureInvalid`; platforms without webhooks refuse everything.
        """
        from .errors import SignatureInvalid

        raise SignatureInvalid(f"{self.info.label} sends no webhooks.")

    async def ensure_webhooks(self, delivery_url: str) -> WebhookHealth:
        return WebhookHealth(True, 0, 0, f"{self.info.label} sends no webhooks; it is polled.")

    async def remove_webhooks(self, delivery_url: str) -> None:
        """Takes our webhooks out of the shop when the store is disconnected."""
        return None
