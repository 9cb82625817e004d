"""Connecting a shop: check the keys in the owner's words, then keep the store, its secrets encrypted."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from psycopg.types.json import Jsonb

from cartfolk.connectors import registry
from cartfolk.connectors.base import CheckReport, CheckStep, StoreConfig
from cartfolk.connectors.errors import ConnectorError
from cartfolk.core import secrets
from cartfolk.core.sql import Connection

from . import credentials
from .handshake import INSTALL
from .lookup import UnknownStore, by_name, read
from .models import Store
from .shop import opened

_NAME = re.compile(r"^[a-z0-9][a-z0-9_-]{0,79}$")


class ConnectRefused(Exception):
    """The shop was not connected; its text says why, ``report`` what was checked."""

    def __init__(self, message: str, report: CheckReport | None = None) -> None:
        super().__init__(message)
        self.report = report


@dataclass(frozen=True, slots=True)
class Application:
    """What the connect form or the command line collected. ``values`` are the connector's own fields."""

    platform: str
    name: str
    values: Mapping[str, str]
    allow_private_address: bool = False
    idle_minutes: int = 60  # 5 .. 600: a cart idle for longer is abandoned
    max_concurrency: int = 6
    settings: Mapping[str, Any] = field(default_factory=dict)


def tidy_url(text: str) -> str:
    """The shop's address with scheme and without query, fragment and trailing slash. Raises ConnectRefused."""
    text = text.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if not host or parts.scheme not in {"http", "https"} or " " in host:
        raise ConnectRefused(f"url: {text!r} is no address of a shop; write it like https://shop.example.")
    if parts.username or parts.password:
        raise ConnectRefused("url: leave user name and password out of the address; keys have their own fields.")
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path.rstrip("/"), "", ""))


def validated(application: Application) -> StoreConfig:
    """The application as a connector's configuration (it needs no network). Raises ConnectRefused naming the field."""
    if not _NAME.match(application.name):
        raise ConnectRefused("name: use 1 to 80 lower-case letters, digits, - and _, beginning with a letter or digit.")
    if not 5 <= application.idle_minutes <= 600:
        raise ConnectRefused("idle_minutes: choose between 5 and 600 minutes.")
    if not 1 <= application.max_concurrency <= 50:
        raise ConnectRefused("max_concurrency: choose between 1 and 50 requests at a time.")
    info = registry.get(application.platform).info
    missing = [item.name for item in info.fields if item.required and not application.values.get(item.name)]
    keys = [item.name for item in info.fields if item.name != "url"]
    if registry.get(application.platform).app and not by_app(application):  # its keys: all of them, or none
        missing += [name for name in keys if not application.values.get(name)]
    if missing:
        raise ConnectRefused(f"{', '.join(missing)}: missing. {info.guide}".strip())
    values = {name: str(value).strip() for name, value in application.values.items() if value is not None}
    return StoreConfig(
        url=tidy_url(values.pop("url", "")),
        credentials=values,
        settings=dict(application.settings),
        allow_private_address=application.allow_private_address,
    )


def by_app(application: Application) -> bool:
    """Whether the shop is to hand over its keys itself, by installing our app: it offers one, and none were entered."""
    connector = registry.get(application.platform)
    given = [item.name for item in connector.info.fields if item.name != "url" and application.values.get(item.name)]
    return connector.app is not None and not given


async def check(application: Application) -> CheckReport:
    """Asks the shop whether address, keys and permissions are right. Raises ConnectRefused for wrong input only:
    what the shop refuses is a step of the report that is not ok."""
    wanted = validated(application)
    try:
        async with opened(application.platform, wanted, application.max_concurrency) as connector:
            return await connector.check()
    except ConnectorError as error:
        return CheckReport((CheckStep("connection", False, str(error)),))


def save(conn: Connection, application: Application, report: CheckReport, at: datetime) -> Store:
    """Creates or updates the store of that name from an ok report; a new one is live from ``at``.

    Without keys, where the platform has an app, it waits for the shop to install that (`handshake`). Raises
    ConnectRefused when the report is not ok, or when the name belongs to another shop already (its
    order and customer numbers would mix): disconnect that one or choose another name.
    """
    if not report.ok:
        raise ConnectRefused(next(step.message for step in report.steps if not step.ok), report)
    wanted = validated(application)
    try:
        known = by_name(conn, application.name)
    except UnknownStore:
        known = None
    if known and (
        known.platform != application.platform
        or (known.fingerprint and report.fingerprint and known.fingerprint != report.fingerprint)
    ):
        raise ConnectRefused(
            f"name: {application.name} is already the store {known.shop_name or known.url}, another shop. "
            "Choose another name or disconnect that store first.",
            report,
        )
    currency = report.home_currency or wanted.home_currency
    learned = dict(report.learned)
    if by_app(application) and known and "settled" in known.learned.get("app", {}):
        learned["app"] = {"settled": known.learned["app"]["settled"]}  # so a shop that moved is known by its number
    with conn.transaction():
        (store,) = read(conn, "save_store", _row(application, wanted, report, currency, learned, at))
        return read(conn, "invite_store", {"id": store.pk, "reason": INSTALL})[0] if by_app(application) else store


def _row(
    application: Application,
    wanted: StoreConfig,
    report: CheckReport,
    currency: str,
    learned: Mapping[str, Any],
    at: datetime,
) -> dict[str, Any]:
    return {
        "name": application.name,
        "platform": application.platform,
        "url": wanted.url,
        "shop_name": report.shop_name[:200],
        "credentials": credentials.seal(dict(wanted.credentials)),
        "webhook_secret": credentials.seal(secrets.random_key(32)),
        "ingest_secret": credentials.seal(secrets.new_webhook_secret()),
        "key": secrets.random_key(),
        "home_currency": currency[:3].upper(),
        "timezone": report.timezone or wanted.timezone,
        "fingerprint": report.fingerprint[:300],
        "allow_private_address": application.allow_private_address,
        "settings": Jsonb(dict(application.settings)),
        "learned": Jsonb(dict(learned)),
        "idle_minutes": application.idle_minutes,
        "max_concurrency": application.max_concurrency,
        "at": at,
    }


def connect(conn: Connection, application: Application, at: datetime) -> tuple[Store, CheckReport]:
    """Check, then save: the whole step for forms and commands. Raises ConnectRefused.

    The caller writes the store's rule next: ``commerce.rules.save`` with :func:`rule_of`.
    """
    report = asyncio.run(check(application))
    return save(conn, application, report, at), report


def rule_of(store: Store) -> dict[str, Any]:
    """What commerce must know of the store: the columns of ``store_rule`` it decides, by name."""
    return {
        "home_currency": store.home_currency,
        "live_from": store.live_from,
        "idle": timedelta(minutes=store.idle_minutes),
        "statuses": dict(store.settings.get("statuses", {})),
        "label": registry.get(store.platform).info.label,
        "name": store.name,
        "url": store.url,
    }


def change(
    conn: Connection,
    store: Store,
    *,
    idle_minutes: int | None = None,
    max_concurrency: int | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Store:
    """Changes what needs no new connection; afterwards save the rule again. Raises ConnectRefused."""
    idle = store.idle_minutes if idle_minutes is None else idle_minutes
    at_once = store.max_concurrency if max_concurrency is None else max_concurrency
    if not 5 <= idle <= 600:
        raise ConnectRefused("idle_minutes: choose between 5 and 600 minutes.")
    if not 1 <= at_once <= 50:
        raise ConnectRefused("max_concurrency: choose between 1 and 50 requests at a time.")
    return read(
        conn,
        "set_options",
        {
            "id": store.pk,
            "idle_minutes": idle,
            "max_concurrency": at_once,
            "settings": Jsonb(dict(settings or {})),
        },
    )[0]
