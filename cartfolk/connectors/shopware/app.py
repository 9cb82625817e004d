"""Cartfolk as a Shopware app: its manifest, and the two steps of its registration.

The secret in the manifest signs the first step and is derived from the store's own; the shop secret, which signs all
that comes later, is derived from it, the shop and the moment of the registration. So the first step writes nothing, a
repeated one gives the same answer, and every new registration (installed again, moved, rotated) has a secret of its
own. Shopware 6.7 also signs a new registration with the secret it had before; a shop that once did must do so again.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET  # it only writes here

from ..apps import AppFile, Doors, ForeignShop, Handover, HandshakeRefused, Knock, ShopApp
from ..base import StoreConfig
from ..errors import SignatureInvalid
from ..reading import mapping
from .client import base_address
from .rights import RIGHTS
from .webhooks import EVENTS, LIFE, NAME, signature

APP = "Cartfolk"  # its technical name: the shop proves and files it by it
VERSION = "1.0.0"  # raise it with every change of rights or events, or shops will not update
WINDOW = 300  # seconds a request's time may be away from ours
PATIENCE = 600  # seconds between the two steps of one registration
_SCHEMA = (
    "https://raw.githubusercontent.com/shopware/shopware/trunk/src/Core/Framework/App/Manifest/Schema/manifest-2.0.xsd"
)
_META = (
    ("label", "", "Cartfolk"),
    ("label", "de-DE", "Cartfolk"),
    ("description", "", "Brings customers, orders and newsletter consents to your Cartfolk, live."),
    ("description", "de-DE", "Bringt Kunden, Bestellungen und Newsletter-Einwilligungen in Ihr Cartfolk, live."),
)


def app_secret(config: StoreConfig) -> str:
    """What stands in the manifest of this store's app, and nowhere else."""
    return _hmac(config.webhook_secret, "shopware app")


def shop_secret(config: StoreConfig, shop_id: str, moment: int) -> str:
    """What the shop of that registration signs with."""
    return _hmac(config.webhook_secret, f"shopware shop {moment} {shop_id}")


def proof(config: StoreConfig, shop_id: str, shop_url: str) -> str:
    """That we are the place the app came from."""
    return _hmac(app_secret(config), f"{shop_id}{shop_url}{APP}")


def _hmac(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class ShopwareApp(ShopApp):
    steps = (
        "Download the app. It belongs to this shop alone and carries a secret: give it to nobody.",
        "In the Shopware administration open Extensions → My extensions, choose “Upload extension” and the file.",
        "Install the app, agree to its permissions, and switch it on. Cartfolk notices by itself.",
    )

    def file(self, config: StoreConfig, doors: Doors) -> AppFile:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{APP}/manifest.xml", manifest(config, doors))
        return AppFile(f"{APP}.zip", packed.getvalue())

    def register(self, config: StoreConfig, doors: Doors, knock: Knock) -> Mapping[str, str]:
        # The query is signed as it was sent; made anew from its parts it could be another text.
        _signed(
            knock.headers.get("shopware-app-signature", ""),
            knock.query.encode(),
            app_secret(config),
            "This registration is not signed with this store's app. Download the app again from the store's page in "
            "Cartfolk and install that one.",
        )
        asked = parse_qs(knock.query)
        shop_id, shop_url = _one(asked, "shop-id"), _one(asked, "shop-url")
        moment = _moment(_one(asked, "timestamp"), knock.at, WINDOW)
        _same_place(shop_url, config)
        _known_before(config, knock.headers.get("shopware-shop-signature", ""), knock.query.encode())
        return {
            "proof": proof(config, shop_id, shop_url),
            "secret": shop_secret(config, shop_id, moment),
            "confirmation_url": f"{doors.confirm}?registered={moment}",
        }

    def confirm(self, config: StoreConfig, knock: Knock) -> Handover:
        moment = _moment(_one(parse_qs(knock.query), "registered"), knock.at, PATIENCE)
        try:
            told: Mapping[str, Any] = mapping(json.loads(knock.body))
        except ValueError:
            raise HandshakeRefused("This confirmation is not JSON. Install the app again.") from None
        shop_id = _text(told, "shopId")
        secret = shop_secret(config, shop_id, moment)
        _signed(
            knock.headers.get("shopware-shop-signature", ""),
            knock.body,
            secret,
            "This confirmation is not signed with the secret of its registration. Install the app again.",
        )
        _moment(_text(told, "timestamp"), knock.at, WINDOW)
        _same_place(_text(told, "shopUrl"), config)
        before = config.credentials
        if moment < int(before.get("registered") or 0):
            raise HandshakeRefused("A newer registration of this shop is confirmed already. Install the app again.")
        previous = knock.headers.get("shopware-shop-signature-previous", "")
        repeated = secret == before.get("shop_secret")  # our answer was lost on its way
        if not repeated:
            _known_before(config, previous, knock.body)
        kept = {
            "key": _text(told, "apiKey"),
            "secret": _text(told, "secretKey"),
            "shop_id": shop_id,
            "shop_secret": secret,
            "registered": str(moment),
            "signs_twice": "1" if previous else before.get("signs_twice", ""),
        }
        if repeated:
            kept |= {name: before[name] for name in ("previous", "rotated") if name in before}
        elif before.get("shop_secret"):
            kept |= {"previous": before["shop_secret"], "rotated": str(int(knock.at))}
        return Handover(kept, shop_id, again=bool(before.get("shop_secret")) and not repeated)


def manifest(config: StoreConfig, doors: Doors) -> bytes:
    """The app's description: who it is, where it registers, what it may and what it wants to hear."""
    root = ET.Element("manifest")
    root.set("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
    root.set("xsi:noNamespaceSchemaLocation", _SCHEMA)
    meta = ET.SubElement(root, "meta")
    ET.SubElement(meta, "name").text = APP
    for tag, language, text in _META:
        ET.SubElement(meta, tag, {"lang": language} if language else {}).text = text
    for tag, text in (("author", "Cartfolk"), ("copyright", "(c) Cartfolk"), ("version", VERSION), ("license", "MIT")):
        ET.SubElement(meta, tag).text = text
    setup = ET.SubElement(root, "setup")
    ET.SubElement(setup, "registrationUrl").text = doors.register
    ET.SubElement(setup, "secret").text = app_secret(config)
    permissions = ET.SubElement(root, "permissions")
    for entity, what in RIGHTS:
        ET.SubElement(permissions, what).text = entity
    hooks = ET.SubElement(root, "webhooks")
    for event in (*EVENTS, *LIFE):
        ET.SubElement(hooks, "webhook", {"name": f"{NAME}{event}", "url": doors.hooks, "event": event})
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _signed(given: str, text: bytes, secret: str, otherwise: str) -> None:
    if not hmac.compare_digest(given.encode(), signature(text, secret).encode()):
        raise SignatureInvalid(otherwise)


def _known_before(config: StoreConfig, given: str, text: bytes) -> None:
    """A shop that is confirmed signs with the secret it has, too, if its Shopware can."""
    secret = config.credentials.get("shop_secret", "")
    if secret and (given or config.credentials.get("signs_twice")):
        _signed(
            given,
            text,
            secret,
            "This shop does not know the secret it was given before. Delete the app in the shop; then, in Cartfolk, "
            "enter the store's address again without keys, and install the app anew.",
        )


def _same_place(told: str, config: StoreConfig) -> None:
    if _place(told) != _place(config.url):
        raise ForeignShop(told[:300], config.url)


def _place(url: str) -> tuple[str, int | None, str] | None:
    """Server, port if it is an unusual one, and path; without www. None for what is no address."""
    try:
        parts = urlsplit(base_address(url))
        port = None if parts.port in (80, 443) else parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        return None
    return parts.hostname.removeprefix("www."), port, parts.path


def _moment(text: str, at: float, window: int) -> int:
    """The time of a request in Unix seconds, which must be near ``at``."""
    moment = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
    if abs(at - moment) > window:
        raise SignatureInvalid(
            "This request is too old, or the clocks of shop and Cartfolk differ by more than five minutes. Set them "
            "right and install the app again."
        )
    return moment


def _one(asked: Mapping[str, list[str]], name: str) -> str:
    values = asked.get(name, [])
    if len(values) != 1:
        raise HandshakeRefused(f"{name} is missing in this request. Install the app again.")
    return values[0]


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value or len(value) > 1000:
        raise HandshakeRefused(f"{name} is missing in this request. Install the app again.")
    return value
