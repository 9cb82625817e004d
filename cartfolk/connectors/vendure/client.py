"""The admin API of one server: who we are there, lists, and its errors in the owner's words."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..base import StoreConfig
from ..errors import AddressRefused, ConnectorError, CredentialsInvalid, PageUnreadable, PermissionMissing
from ..graphql import GraphQL, Problem
from ..http import Answer, Overwhelmed, Transport
from ..reading import JsonBroken, load, mapping
from .queries import CHANNEL, LISTINGS, LOGIN, Filter, Listing

Row = dict[str, Any]


# Who -> token, as long as the process lives: every sign-in leaves a session in the shop's database.
_SESSIONS: dict[bytes, str] = {}
_MOST_SESSIONS = 1000


class _Forbidden(ConnectorError):
    """Nobody, or somebody without this permission: Vendure says the same to both."""


@dataclass(frozen=True, slots=True)
class Rows:
    rows: list[Row]
    total: int  # rows of the whole list


def base_address(url: str) -> str:
    """The server's own address: people paste the dashboard's or the API's."""
    parts = urlsplit(url.strip())
    path = parts.path
    for tail in ("/admin-api", "/shop-api", "/dashboard", "/admin"):
        path = path.partition(tail)[0]
    return f"{parts.scheme.lower()}://{parts.netloc}{path.rstrip('/')}"


class VendureClient:
    """Signs in when there is no API key, and again when the session is over."""

    def __init__(self, config: StoreConfig, transport: Transport) -> None:
        given = {name: str(value or "").strip() for name, value in config.credentials.items()}
        self.key, self.channel = given.get("key", ""), given.get("channel", "")
        self.storefront = given.get("storefront", "").rstrip("/")
        self._username, self._password = given.get("username", ""), given.get("password", "")
        self.base = base_address(config.url)
        headers = {"vendure-token": self.channel} if self.channel else {}
        if self.key:
            headers["vendure-api-key"] = self.key
        self._graphql = GraphQL(transport, f"{self.base}/admin-api", refusal, headers)
        self._transport = transport
        whole = "\n".join((self.base, self._username, self._password))
        self._me = hashlib.sha256(whole.encode()).digest()
        self._token = ""
        self._carry("" if self.key else _SESSIONS.get(self._me, ""))
        self._signing_in = asyncio.Lock()

    async def answers(self) -> None:
        """Is there an admin API at all? Raises ConnectorError."""
        await self._graphql.ask("{ __typename }")

    async def ask(self, query: str, stream: str = "", **variables: Any) -> dict[str, Any]:
        """The data of a query, about a stream if any. Raises ConnectorError."""
        if not self.key and not self._token:
            await self.sign_in("")
        token = self._token
        try:
            return await self._graphql.ask(query, **variables)
        except _Forbidden:
            pass
        if not self.key and (await self._stranger() or self._token != token):
            await self.sign_in(token)  # the session is over; perhaps another request noticed first
            try:
                return await self._graphql.ask(query, **variables)
            except _Forbidden:
                pass
        if await self._stranger():
            raise self.unknown() from None
        what, permission = stream or "the channel", LISTINGS[stream].permission if stream else "Authenticated"
        raise PermissionMissing(f"The administrator may not read {what}: add {permission} to the role.") from None

    async def sign_in(self, stale: str) -> None:
        """A session instead of the ``stale`` one, unless another request has opened it already."""
        async with self._signing_in:
            if self._token != stale:
                return
            if not (self._username and self._password):
                raise CredentialsInvalid("Enter an API key, or an administrator's e-mail address and password.")
            body = {"query": LOGIN, "variables": {"username": self._username, "password": self._password}}
            answer = await self._transport.send("POST", self._graphql.url, body=body, headers=self._without_token())
            try:
                told = mapping(mapping(mapping(load(answer.text())).get("data")).get("login"))
            except JsonBroken:
                told = {}
            if answer.status >= 400 and not told:
                raise refusal(answer, ()) or self.unknown()
            if told.get("__typename") != "CurrentUser":
                raise self.unknown()
            token = answer.headers.get("vendure-auth-token", "")
            if not token:
                raise CredentialsInvalid(
                    "Vendure accepts the password but hands out no token: let tokenMethod contain bearer in the "
                    "server's authOptions."
                )
            if len(_SESSIONS) >= _MOST_SESSIONS:
                _SESSIONS.clear()
            _SESSIONS[self._me] = token
            self._carry(token)

    def _carry(self, token: str) -> None:
        """Every request goes with this session from now on."""
        self._token = token
        if token:
            self._graphql.headers["authorization"] = f"Bearer {token}"

    def _without_token(self) -> dict[str, str]:
        return {name: value for name, value in self._graphql.headers.items() if name != "authorization"}

    async def _stranger(self) -> bool:
        """Whether the server does not know us."""
        try:
            await self._graphql.ask(CHANNEL)
        except _Forbidden:
            return True
        return False

    def unknown(self) -> CredentialsInvalid:
        if self.key:
            return CredentialsInvalid(
                "Vendure does not accept the API key. Make a new one, and see that tokenMethod contains api-key in the "
                "server's authOptions."
            )
        return CredentialsInvalid(
            "Vendure does not accept e-mail address and password. Enter those of an administrator, not of a customer."
        )

    # -- lists

    async def read(
        self,
        stream: str,
        *,
        where: Sequence[Filter] = (),
        sort: str = "id",
        take: int = 100,
        skip: int = 0,
        fields: str | None = None,
    ) -> Rows:
        """Rows of a stream's list that fulfil every filter of ``where``, ascending by ``sort``: one field, because of
        several GraphQL keeps the schema's order, and id comes first there. ``fields`` are other ones than the
        stream's own. Raises ConnectorError."""
        listing = LISTINGS[stream]
        conditions = [dict(each) for each in (listing.scope, *where) if each]
        options: dict[str, Any] = {"take": take, "skip": skip, "sort": {sort: "ASC"}}
        if conditions:
            options["filter"] = {"_and": conditions}
        return _rows(await self.ask(listing.query(fields), stream, options=options), listing)

    async def total(self, stream: str) -> int:
        return (await self.read(stream, take=1, fields="")).total


def _rows(data: Mapping[str, Any], listing: Listing) -> Rows:
    found = data.get(listing.name)
    items = found.get("items", []) if isinstance(found, dict) else None
    total = found.get("totalItems") if isinstance(found, dict) else None
    if not isinstance(items, list) or not isinstance(total, int):
        raise PageUnreadable("The shop answered with something else than a list.")
    return Rows([item if isinstance(item, dict) else {} for item in items], total)


def refusal(answer: Answer, problems: Sequence[Problem]) -> ConnectorError | None:
    """What the server's errors mean; see `GraphQL`."""
    code = next((problem.code for problem in problems if problem.code), "")
    if code == "FORBIDDEN":
        return _Forbidden("Vendure does not let us.")
    if code == "CHANNEL_NOT_FOUND":
        return AddressRefused(
            "No channel has this token. Copy it again from Settings → Channels, or leave the field empty."
        )
    if code in ("GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"):
        return PageUnreadable(f"This Vendure does not understand what we ask ({code}). Cartfolk speaks with Vendure 3.")
    if code == "USER_INPUT_ERROR":
        return PageUnreadable(f"Vendure could not answer ({code}).")
    if problems:
        # A database that is busy, or one record no query can show: perhaps a smaller page can be had.
        return Overwhelmed(f"Vendure could not answer ({code or 'no code'}).")
    return AddressRefused(
        "No Vendure answers at this address: give the server's own address, the one /admin-api hangs on, not the "
        "storefront's."
    )
