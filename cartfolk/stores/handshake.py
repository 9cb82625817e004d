"""A store whose shop installs our app: the file for it, the two steps by which the shop hands over its keys, and what
becomes of the app later.

    waiting for the shop ── register, confirm ──> confirmed ── the shop lets us in ──> connected
            ^                                          ^  again: new keys                 │
            └──────── removed in the shop ─────────────┴──────── switched off ────────────┘

Keys come while the shop still installs, and many shops let an app in only once it is switched on: so `confirm` keeps
them and answers at once, and `settle` tries the connection afterwards, again and again until it stands.
``learned["app"]`` is what the owner may know of it: shop_id, at, told (a sentence), waiting, and settled, the shop_id
whose connection stood last.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any, Literal

from django.conf import settings
from psycopg.types.json import Jsonb

from cartfolk.audit import log
from cartfolk.connectors import registry
from cartfolk.connectors.apps import AppFile, Doors, ForeignShop, HandshakeRefused, Knock, ShopApp
from cartfolk.connectors.base import CheckReport, CheckStep
from cartfolk.connectors.errors import ConnectorError, ShopChanged
from cartfolk.core.sql import Connection
from cartfolk.core.time import iso

from . import health, senders
from .credentials import config, seal
from .lookup import Q, by_id, read
from .models import Store
from .shop import open_store

INSTALL = "The shop has to install the app: download it on this page. Everything else happens by itself."
SWITCH_ON = "The app is installed. Switch it on in the shop if it is not yet: Cartfolk looks every minute."
REMOVED = "The app was removed in the shop, and its keys with it. To go on, install it again: it is on this page."
OFF = "The app was switched off in the shop. Switch it on there, and Cartfolk goes on."
FIRST = "The shop installed the app."
AGAIN = "The shop installed the app again: keys and secret are new."
ANOTHER = "The app was installed again, and the shop has a new number: keys and secret are new."

_ACTS = {"on": "store.app_on", "off": "store.app_off", "removed": "store.app_removed"}


class NoApp(LookupError):
    """This platform has no app."""


def app_of(store: Store) -> ShopApp | None:
    """The app the store's platform offers, if any."""
    try:
        return registry.get(store.platform).app
    except registry.PlatformUnknown:
        return None


def doors(store: Store) -> Doors:
    """The public addresses of the store."""
    base, key = settings.PUBLIC_URL, store.key
    return Doors(f"{base}/apps/{key}/register", f"{base}/apps/{key}/confirm", f"{base}/hooks/{key}")


def file(store: Store) -> AppFile:
    """What the shop installs; it carries a secret. Raises NoApp."""
    return _app(store).file(config(store), doors(store))


def steps(store: Store) -> tuple[str, ...]:
    """How it is installed: getting the file first. Raises NoApp."""
    return _app(store).steps


def _app(store: Store) -> ShopApp:
    found = app_of(store)
    if found is None:
        raise NoApp(f"{store.platform} is connected with keys: there is no app for it.")
    return found


def register(conn: Connection, store: Store, knock: Knock, at: datetime) -> dict[str, str]:
    """The first step; the answer for the shop. It changes nothing, so it may come any number of times.

    A shop at another address is refused, and the owner told: it had this store's app. Raises NoApp and what
    `ShopApp.register` raises.
    """
    try:
        return dict(_app(store).register(config(store), doors(store), knock))
    except ForeignShop as foreign:
        _tell(conn, store, at, told=str(foreign))
        raise


def confirm(conn: Connection, store_id: int, knock: Knock, at: datetime) -> Store:
    """The second step: the keys are kept, the connection is tried by `settle` afterwards. Of several installations
    the one registered last stands, whatever the order in which they confirm. Raises NoApp and what `ShopApp.confirm`
    raises."""
    with conn.transaction():
        held = read(conn, "lock_store", {"id": store_id})
        if not held:
            raise HandshakeRefused("This store was disconnected in Cartfolk meanwhile. Delete the app in the shop.")
        store = held[0]
        found = _app(store).confirm(config(store), knock)
        before = store.learned.get("app", {})
        another = found.again and before.get("shop_id") not in (None, found.shop_id)
        told = ANOTHER if another else AGAIN if found.again else FIRST
        app = before | {"shop_id": found.shop_id, "at": iso(at), "told": told, "waiting": True}
        stored = read(
            conn,
            "keep_keys",
            {
                "id": store.pk,
                "credentials": seal(dict(found.credentials)),
                "app": Jsonb({"app": app}),
                "reason": SWITCH_ON,
            },
        )[0]
        log.note(conn, log.SYSTEM, "store.app_installed", f"store:{store.name}", again=found.again)
    return stored


async def settle(conn: Connection, store: Store, at: datetime) -> CheckReport:
    """Tries the keys an app brought; when they work the store is connected and the report's last step ok. What does
    not work yet stands as the store's reason; another shop under the same address stops it for good."""
    try:
        async with open_store(store) as connector:
            report = await connector.check()
    except ConnectorError as error:
        report = CheckReport((CheckStep("connection", False, str(error)),))
    app = dict(store.learned.get("app", {}))
    if report.ok and app.get("settled") != app.get("shop_id"):  # a shop we do not know by its number yet
        try:
            health.compare(store, report.fingerprint)
        except ShopChanged as changed:
            _tell(conn, store, at, waiting=False)
            health.stop(conn, store.pk, str(changed))
            return dataclasses.replace(report, steps=(*report.steps, CheckStep("shop", False, str(changed))))
    if not report.ok:
        failed = next(step.message for step in report.steps if not step.ok)
        if store.state == Store.State.STOPPED:
            health.stop(conn, store.pk, failed)
        return report
    app |= {"waiting": False, "settled": app.get("shop_id")}
    settled = read(
        conn,
        "settle_store",
        {
            "id": store.pk,
            "read": bytes(store.credentials),
            "shop_name": report.shop_name[:200],
            "home_currency": report.home_currency[:3].upper(),
            "timezone": report.timezone,
            "fingerprint": report.fingerprint[:300],
            # Where the shop says it is, in what it signs: another place with its secret is a copy (`senders`).
            "learned": Jsonb(dict(report.learned) | {"app": app, "site": senders.place(store.url)}),
            "at": at,
        },
    )
    if settled:
        log.note(conn, log.SYSTEM, "store.connected", f"store:{store.name}")
        return report
    # Installed once more while we asked: the newer keys have their own turn.
    return dataclasses.replace(report, steps=(*report.steps, CheckStep("keys", False, SWITCH_ON)))


def waiting(conn: Connection) -> list[Store]:
    """The stores whose app brought keys that were not seen to work yet."""
    return read(conn, "stores_waiting", {})


def changed(conn: Connection, store_id: int, what: Literal["on", "off", "removed"], at: datetime) -> None:
    """What the shop says of the app: switched on (or updated), off, or removed with its keys."""
    store = by_id(conn, store_id)
    with conn.transaction():
        match what:
            case "on":
                _tell(conn, store, at, waiting=True)
            case "off":
                _tell(conn, store, at, waiting=False)
                health.stop(conn, store_id, OFF)
            case "removed":
                _tell(conn, store, at, waiting=False, told=REMOVED)
                conn.execute(Q["forget_keys"], {"id": store_id, "credentials": seal({}), "reason": REMOVED})
        log.note(conn, log.SYSTEM, _ACTS[what], f"store:{store.name}")


def _tell(conn: Connection, store: Store, at: datetime, **said: Any) -> None:
    conn.execute(Q["tell_app"], {"id": store.pk, "app": Jsonb(said | {"at": iso(at)})})
