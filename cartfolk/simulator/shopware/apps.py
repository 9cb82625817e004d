"""Apps as Shopware installs them: the uploaded zip is read, both steps of its registration are done over HTTP, and then
its webhooks are sent signed.

What the original does, in its order: the integration and its rights are there before the registration, the webhooks
only after it; the app is not let in before it is switched on; a shop that knows a secret signs a new registration with
it, too; an app whose registration fails is gone again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import io
import json
import secrets
import time
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import httpx2

from ..world import ShopError
from .documents import Json
from .words import VERSION, uuid

if TYPE_CHECKING:
    from .shop import Integration, ShopwareShop

TIMEOUT = 5.0  # seconds the shop waits for the app's server
FAULTS = ("", "signature", "old", "twice", "foreign_url", "confirm_signature", "confirm_id", "confirm_old", "halt")


class RegistrationFailed(Exception):
    """What the administration shows to who installs the app."""


@dataclass(slots=True)
class App:
    """An installed app. ``halted``: the second step that is still to be sent."""

    name: str
    manifest: ET.Element
    integration: Integration
    secret: str = ""
    active: bool = False
    halted: tuple[str, bytes, dict[str, str]] | None = None
    sent: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)


class Apps:
    """The apps of one shop, by name."""

    def __init__(self, shop: ShopwareShop) -> None:
        self._shop = shop
        self.shop_id = secrets.token_hex(8)
        self.address = ""  # where the shop says it is, if not at its own
        self.installed: dict[str, App] = {}

    async def do(self, asked: Json) -> Json:
        """``do``: install (``zip`` in base64, ``fault``), confirm (what a fault ``halt`` left), repeat (the second
        step as it was), rotate (register again), activate, deactivate, uninstall, move (``url``), clone (a new shop
        id), break (one of its webhooks is switched off), drop (uninstall without a word), list.

        Raises ShopError; what the app's server refuses is answered as ``error``."""
        what, name = str(asked.get("do")), str(asked.get("app", "Cartfolk"))
        try:
            if what == "install":
                return await self._install(str(asked.get("zip", "")), str(asked.get("fault", "")))
            if what == "move":
                self.address = str(asked.get("url", ""))
                return {"ok": True}
            if what == "clone":
                self.shop_id = secrets.token_hex(8)
                return {"ok": True}
            if what == "list":
                return {"apps": list(self.installed)}
            app = self.installed.get(name)
            if app is None:
                raise ShopError(f"app: there is no app {name!r}")
            return await self._with(app, what, str(asked.get("fault", "")))
        except RegistrationFailed as error:
            return {"ok": False, "error": str(error)}

    async def _with(self, app: App, what: str, fault: str) -> Json:
        if what == "confirm" and app.halted:
            await self._send(*app.halted)
            app.halted = None
            self._hook(app)
        elif what == "repeat" and app.sent:
            await self._send(*app.sent[-1])
        elif what == "rotate":
            await self._register(app, fault)
        elif what == "activate":
            app.active = app.integration.let_in = True
            self._tell("app.activated", [])
        elif what == "deactivate":
            self._tell("app.deactivated", [])
            app.active = app.integration.let_in = False
        elif what == "break":  # ten deliveries failed
            self._shop.webhooks[self._of(app)[0]]["active"] = False
        elif what == "drop":  # gone without a word
            self._remove(app)
        elif what == "uninstall":
            self._tell("app.deleted", {"keepUserData": False})
            self._remove(app)
        else:
            raise ShopError(f"app: do {what!r} is not known, or there is nothing of the kind to do")
        return {"ok": True}

    async def _install(self, packed: str, fault: str) -> Json:
        if fault not in FAULTS:
            raise ShopError(f"app: fault {fault!r} is not one of {', '.join(FAULTS)}")
        manifest = _manifest(packed)
        name = manifest.findtext("meta/name", "")
        if old := self.installed.get(name):
            self._remove(old)
        app = App(name, manifest, self._shop.add_integration(_privileges(manifest)))
        self.installed[name] = app
        try:
            await self._register(app, fault)
        except RegistrationFailed:
            self._remove(app)
            raise
        if not app.halted:
            self._hook(app)
        return {"ok": True, "webhooks": len(self._of(app)), "privileges": sorted(app.integration.privileges or ())}

    def _remove(self, app: App) -> None:
        for key in self._of(app):
            del self._shop.webhooks[key]
        self._shop.integrations.pop(app.integration.key, None)
        self.installed.pop(app.name, None)

    # -- the two steps

    async def _register(self, app: App, fault: str) -> None:
        manifest, address = app.manifest, self.address or self._shop.url
        address = "http://10.0.0.9" if fault == "foreign_url" else address
        signing = manifest.findtext("setup/secret", "")
        moment = int(time.time()) - (4000 if fault == "old" else 0)
        query = f"shop-id={self.shop_id}&shop-url={address}&timestamp={moment}"
        headers = {"shopware-app-signature": _hmac(query, "wrong" if fault == "signature" else signing)}
        headers["sw-version"] = VERSION
        if app.secret:
            headers["shopware-shop-signature"] = _hmac(query, app.secret)
        url = f"{manifest.findtext('setup/registrationUrl', '')}?{query}"
        told = await self._ask("GET", url, b"", headers)
        if fault == "twice":
            told = await self._ask("GET", url, b"", headers)
        proof = _hmac(f"{self.shop_id}{address}{app.name}", signing)
        if not hmac.compare_digest(proof, str(told.get("proof", "")).strip()):
            raise RegistrationFailed("The app provided an invalid response")
        before, app.secret = app.secret, str(told["secret"])
        if app.sent:
            self._shop.renew(app.integration)
        payload = {
            "apiKey": app.integration.key,
            "secretKey": app.integration.secret,
            "timestamp": str(int(time.time()) - (4000 if fault == "confirm_old" else 0)),
            "shopUrl": address,
            "shopId": "another" if fault == "confirm_id" else self.shop_id,
        }
        body = json.dumps(payload).replace("/", "\\/").encode()
        headers = {"shopware-shop-signature": _hmac(body, "x" if fault == "confirm_signature" else app.secret)}
        headers |= {"sw-version": VERSION, "Content-Type": "application/json"}
        if before:
            headers["shopware-shop-signature-previous"] = _hmac(body, before)
        step = (str(told["confirmation_url"]), body, headers)
        if fault == "halt":
            app.halted = step
            app.sent.append(step)
            return
        await self._send(*step)
        app.sent.append(step)
        for key in self._of(app):
            self._shop.webhooks[key]["secret"] = app.secret

    async def _send(self, url: str, body: bytes, headers: dict[str, str]) -> None:
        await self._ask("POST", url, body, headers)

    async def _ask(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> Json:
        async with httpx2.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
            try:
                answer = await client.request(method, url, content=body, headers=headers)
            except httpx2.HTTPError as error:
                raise RegistrationFailed(str(error) or type(error).__name__) from None
        try:
            told = answer.json()
        except ValueError:
            told = {}
        if not isinstance(told, dict):
            told = {}
        if answer.status_code >= 300 or "error" in told:
            raise RegistrationFailed(str(told.get("error") or f"{answer.status_code}"))
        return told

    # -- webhooks

    def _of(self, app: App) -> list[str]:
        return [key for key, each in self._shop.webhooks.items() if each.get("appId") == app.integration.key]

    def _hook(self, app: App) -> None:
        for number, wanted in enumerate(app.manifest.iterfind("webhooks/webhook")):
            key = uuid("webhook", secrets.randbelow(1 << 60) + number)
            self._shop.webhooks[key] = {
                "id": key, "name": wanted.get("name"), "eventName": wanted.get("event"), "url": wanted.get("url"),
                "active": True, "onlyLiveVersion": False, "errorCount": 0, "appId": app.integration.key,
                "createdAt": "2026-01-01T00:00:00.000+00:00", "updatedAt": None, "secret": app.secret,
                "source": {"shopId": self.shop_id, "appVersion": app.manifest.findtext("meta/version")},
            }  # fmt: skip

    def _tell(self, event: str, payload: Any) -> None:
        self._shop.delivery.tell(event, payload, self._shop.url, int(time.time()))


def _manifest(packed: str) -> ET.Element:
    """Of a zip as the administration takes it: one folder named like the app, its manifest in it."""
    try:
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(packed, validate=True))) as archive:
            folder = archive.namelist()[0].partition("/")[0]
            found = ET.fromstring(archive.read(f"{folder}/manifest.xml"))  # noqa: S314 - ours
    except (binascii.Error, zipfile.BadZipFile, KeyError, IndexError, ET.ParseError) as error:
        raise ShopError(f"app: this is no app in a zip ({error})") from None
    for path in ("name", "label", "author", "copyright", "version", "license"):
        if not found.findtext(f"meta/{path}"):
            raise ShopError(f"app: the manifest lacks {path}")
    if found.findtext("meta/name") != folder:
        raise ShopError("app: the folder must have the app's name")
    return found


def _privileges(manifest: ET.Element) -> frozenset[str]:
    return frozenset(f"{each.text}:{each.tag}" for each in manifest.iterfind("permissions/*"))


def _hmac(text: str | bytes, secret: str) -> str:
    raw = text.encode() if isinstance(text, str) else text
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
