"""The Admin API of one shop: its token, its search, and its errors in the owner's words."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2

from ..errors import (
    AddressRefused,
    ConnectorError,
    CredentialsInvalid,
    PageUnreadable,
    PermissionMissing,
    RetryLater,
)
from ..http import Answer, Overwhelmed, Transport
from ..reading import JsonBroken, load, mapping

LIVE = "0fa91ce3e96a4bc2be4bd9ce752c3425"  # the version of an order that is not the draft of an edit
HOME_CURRENCY = "b7d2554b0ce847cd82f3ac9bd1c0dfca"  # the same in every installation
STOREFRONT = "8a243080f92e4c719546314b577cf82b"  # the type of a sales channel that has pages
_KEYS = ("SWIA", "SWUA")  # how the IDs of integrations and of users' own keys begin
_EARLY = 30.0  # seconds before its end at which a token is no longer used
_RESCUE = 10  # rows asked for at once when a whole page cannot be had
Json = dict[str, Any]
# What an owner calls them, where that is another word.
_WORDS = {
    "order": "orders",
    "customer": "customers",
    "product": "products",
    "category": "categories",
    "promotion": "coupons",
    "newsletter-recipient": "subscribers",
    "webhook": "webhooks",
}


class AccessToken(httpx2.Auth):
    """The bearer token of an integration; it lives ten minutes and is shared by all who use the transport. ``app``:
    the keys came with an app, which may be switched off in the shop."""

    def __init__(self, key: str, secret: str, app: bool = False) -> None:
        self.key = key.strip()
        self.secret = secret.strip()
        self.app = app
        self.renewing = asyncio.Lock()
        self._token = ""
        self._until = 0.0

    @property
    def token(self) -> str:
        """Empty when there is none or it is about to end."""
        return self._token if time.monotonic() < self._until else ""

    def keep(self, token: str, seconds: float) -> None:
        self._token, self._until = token, time.monotonic() + max(seconds - _EARLY, 1.0)

    def forget(self, token: str) -> None:
        """The shop refused it, e.g. because the integration's rights changed."""
        if token == self._token:
            self._until = 0.0

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a search. ``size`` counts the rows of the page as sent, ``total`` the whole list, where that was
    asked for."""

    rows: list[Json]
    size: int
    total: int


def base_address(url: str) -> str:
    """The shop's own address: what people paste often ends in /admin, /api, a query or a slash."""
    parts = urlsplit(url.strip())
    path = parts.path
    for tail in ("/admin", "/api", "/index.php"):
        head, found, rest = path.partition(tail)
        if found and rest[:1] in ("", "/"):
            path = head
    return f"{parts.scheme.lower()}://{parts.netloc}{path.rstrip('/')}"


class ShopwareClient:
    """``open_http``: the shop is on a private network, where keys may travel without TLS."""

    def __init__(self, url: str, transport: Transport, open_http: bool = False) -> None:
        self.base = base_address(url)
        self.transport = transport
        self._open_http = open_http

    # -- one request

    async def probe(self) -> None:
        """Is there a Shopware at all? Asked without keys, so it must refuse in its own words. Raises ConnectorError."""
        answer = await self.transport.get(f"{self.base}/api/_info/version", auth=False)
        if answer.status not in (200, 401, 403) or not _is_json(answer):
            raise _nothing_there()
        if self.base.startswith("http://") and not self.transport.upgraded and not self._open_http:
            raise AddressRefused(
                "The keys would travel in clear over plain http. Connect the shop by its https:// address."
            )

    @property
    def has_keys(self) -> bool:
        return bool(self._signer.key)

    @property
    def is_app(self) -> bool:
        """The keys came with the app."""
        return self._signer.app

    @property
    def _signer(self) -> AccessToken:
        """The transport's own, so that all who use it share one token."""
        signer = self.transport.auth
        assert isinstance(signer, AccessToken), "Shopware.auth made it"
        return signer

    async def _authorise(self) -> str:
        """A token that is good now."""
        signer = self._signer
        async with signer.renewing:  # one renewal, however many wait for it
            if signer.token:
                return signer.token
            if not signer.key:
                raise _not_installed()
            if signer.key[:4] not in _KEYS:
                raise _wrong_keys(signer.app)  # the shop would break on it (500) instead of refusing it
            if self.base.startswith("http://") and not self.transport.upgraded:
                await self.probe()  # does it move to https before the secret is sent?
            asked = {"grant_type": "client_credentials", "client_id": signer.key, "client_secret": signer.secret}
            answer = await self.transport.read("POST", f"{self.base}/api/oauth/token", body=asked, auth=False)
            told = _object(answer)
            # Of a secret of another form the shop says 400 instead of 401.
            if answer.status in (400, 401, 403) and _is_json(answer):
                raise _wrong_keys(signer.app)
            if answer.status >= 300 or not told.get("access_token"):
                raise _nothing_there()
            lifetime = told.get("expires_in")
            signer.keep(str(told["access_token"]), float(lifetime if isinstance(lifetime, int) else 600))
            return signer.token

    async def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """A request with a token; a refused one is renewed once. GET and searches are repeated like reads."""
        signer = self._signer
        url = f"{self.base}/api/{path}"
        reading = method == "GET" or path.startswith("search/")
        for last in (False, True):
            token = await self._authorise()
            if reading:
                answer = await self.transport.read(method, url, body=body, headers=headers)
            else:
                answer = await self.transport.send(method, url, body=body, headers=headers)
            if answer.status != 401 or last:
                break
            signer.forget(token)
        return answer

    async def write(self, method: str, path: str, body: Any = None) -> None:
        """Raises what :func:`refusal` says."""
        answer = await self.ask(method, path, body)
        if answer.status >= 300:
            raise refusal(answer, path, self._signer.app)

    # -- lists

    async def search(self, entity: str, headers: Mapping[str, str] | None = None, **criteria: Any) -> Found:
        """``POST /api/search/<entity>``; of versioned entities the live version. Raises what :func:`refusal` says."""
        asked = {name.replace("_", "-"): value for name, value in criteria.items()}
        answer = await self.ask("POST", f"search/{entity}", asked, headers)
        if answer.status >= 300:
            raise refusal(answer, entity, self._signer.app)
        told = _object(answer)
        rows, total = told.get("data"), told.get("total")
        if not isinstance(rows, list):
            raise PageUnreadable("The shop answered with something else than a list.")
        kept = [row for row in rows if isinstance(row, dict) and row.get("versionId") in (None, LIVE)]
        return Found(kept, len(rows), total if isinstance(total, int) else len(rows))

    async def page(self, entity: str, headers: Mapping[str, str] | None = None, **criteria: Any) -> Found:
        """As `search`; a page the shop cannot produce as a whole is fetched in smaller pieces, and a single
        object it cannot produce becomes a stub with ``_unreadable``, for the quarantine."""
        try:
            return await self.search(entity, headers, **criteria)
        except (PageUnreadable, Overwhelmed):
            bare = {name: value for name, value in criteria.items() if name not in ("associations", "includes")}
            fields = {entity.replace("-", "_"): ["id", "createdAt", "updatedAt"]}
            try:
                # Ids and times first: what a page is made of must not change while it is put together.
                listed = await self.search(entity, headers, **bare, includes=fields)
            except PageUnreadable as error:
                raise RetryLater(str(error)) from None
        keys = [str(row["id"]) for row in listed.rows]
        shown: Json = {name: criteria[name] for name in criteria if name in ("associations", "includes")}
        found: dict[str, Json] = {}
        for start in range(0, len(keys), _RESCUE):
            for row in await self._some(entity, headers, keys[start : start + _RESCUE], shown):
                found[str(row["id"])] = row
        rows = [found.get(str(row["id"]), row | {"_unreadable": True}) for row in listed.rows]
        return Found(rows, listed.size, listed.total)

    async def _some(
        self, entity: str, headers: Mapping[str, str] | None, keys: Sequence[str], shown: Mapping[str, Any]
    ) -> list[Json]:
        try:
            return (await self.search(entity, headers, **by_ids(keys), **shown)).rows
        except (PageUnreadable, Overwhelmed):
            if len(keys) == 1:
                return []
            singly = [await self._some(entity, headers, [key], shown) for key in keys]
            return [row for rows in singly for row in rows]


def by_ids(keys: Sequence[str]) -> Json:
    """The criteria of these objects."""
    return {"limit": len(keys), "filter": [{"type": "equalsAny", "field": "id", "value": "|".join(keys)}]}


def refusal(answer: Answer, path: str, app: bool = False) -> ConnectorError:
    """What the shop's answer means for the owner, whose shop has the app or not."""
    errors = _object(answer).get("errors")
    first = mapping(errors[0]) if isinstance(errors, list) and errors else {}
    entity = path.removeprefix("search/").split("/")[0]
    what = _WORDS.get(entity, entity.replace("-", " "))
    if answer.status == 401:
        return _wrong_keys(app)
    if answer.status == 403:
        lacking = _lacking(first)
        if app:
            return PermissionMissing(
                f"The app may not do this ({', '.join(lacking) or what}). Agree to its permissions under Extensions → "
                "My extensions; if it asks for none, download the app again and upload it in the shop."
            )
        if lacking:
            return PermissionMissing(
                f"The integration may not do this: its role lacks {', '.join(lacking)}. Add them to the role under "
                "Settings → System → Users & permissions, or switch “Administrator” on for the integration."
            )
        return PermissionMissing(
            f"The integration may not do this ({what}). Switch “Administrator” on for it, or give it a role that may."
        )
    if answer.status in (404, 405, 410):
        return _nothing_there()
    return PageUnreadable(f"The shop refused to show {what} ({first.get('code') or answer.status}).")


def _lacking(error: Mapping[str, Any]) -> list[str]:
    """The privileges a 403 names: they stand as JSON inside the text of the error."""
    try:
        named = mapping(load(str(error.get("detail") or ""))).get("missingPrivileges")
    except ValueError:
        return []
    named = list(named.values()) if isinstance(named, dict) else named
    return [str(each) for each in named] if isinstance(named, list) else []


def _is_json(answer: Answer) -> bool:
    return not answer.is_html and bool(_object(answer))


def _object(answer: Answer) -> Mapping[str, Any]:
    try:
        return mapping(load(answer.text())) if answer.body else {}
    except JsonBroken:
        return {}


def _not_installed() -> CredentialsInvalid:
    return CredentialsInvalid(
        "The app is not installed in the shop yet. Download it from the store's page and install it; then Cartfolk "
        "gets its keys by itself."
    )


def _wrong_keys(app: bool = False) -> CredentialsInvalid:
    if app:
        return CredentialsInvalid(
            "The shop does not let the app in. Switch it on under Extensions → My extensions; if it is not there, "
            "install it again."
        )
    return CredentialsInvalid(
        "The shop does not accept the access key ID and secret access key. Copy both again, or make a new integration "
        "under Settings → System → Integrations."
    )


def _nothing_there() -> AddressRefused:
    return AddressRefused(
        "There is no Shopware Admin API at this address. Check the address: it is that of the shop, without /admin."
    )
