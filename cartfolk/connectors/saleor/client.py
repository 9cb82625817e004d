"""The API of one Saleor: lists, who we are there, and its errors in the owner's words."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..base import StoreConfig
from ..errors import AddressRefused, ConnectorError, CredentialsInvalid, PageUnreadable, PermissionMissing
from ..graphql import GraphQL, Problem
from ..http import Answer, Overwhelmed, Transport
from ..reading import mapping, objects, text
from .queries import APP, CHANNELS, LISTINGS, Narrow, some_checkouts

Row = dict[str, Any]
TOGETHER = 20  # checkouts asked for by their ids in one query
_TOKEN = frozenset(
    ("InvalidTokenError", "ExpiredSignatureError", "DecodeError", "InvalidSignatureError", "JSONWebTokenError")
)


class _Denied(ConnectorError):
    """Nobody, or an app without this permission: Saleor says the same to both."""


class Unanswered(Overwhelmed):
    """The server is well and says that it cannot answer this: too much at once, or an object no query can show."""


@dataclass(frozen=True, slots=True)
class Rows:
    rows: list[Row]
    total: int  # rows of the whole list
    after: str | None  # Saleor's own cursor behind the last row: its sort value and id, so it may be kept; None = end


def base_address(url: str) -> str:
    """The address /graphql/ hangs on: people paste the dashboard's or the API's."""
    parts = urlsplit(url.strip())
    path = parts.path
    for tail in ("/graphql", "/dashboard"):
        path = path.partition(tail)[0]
    return f"{parts.scheme.lower()}://{parts.netloc}{path.rstrip('/')}"


def global_id(type_name: str, key: str) -> str:
    return base64.b64encode(f"{type_name}:{key}".encode()).decode()


def split_id(value: Any) -> tuple[str, str]:
    """Type and key of a global id; two empty texts if it is none."""
    try:
        name, colon, key = base64.b64decode(str(value), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return (name, key) if colon and key else ("", "")


class SaleorClient:
    def __init__(self, config: StoreConfig, transport: Transport) -> None:
        given = {name: str(value or "").strip() for name, value in config.credentials.items()}
        self.base = base_address(config.url)
        self.slug = given.get("channel", "")
        self.storefront = given.get("storefront", "").rstrip("/")
        self._channel = ""  # id of the channel, once asked for
        self._transport = transport
        token = given.get("token", "").removeprefix("Bearer ").strip()
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._graphql = GraphQL(transport, f"{self.base}/graphql/", refusal, headers)

    async def ask(self, query: str, stream: str = "", **variables: Any) -> dict[str, Any]:
        """The data of a query, about a stream if any. Raises ConnectorError."""
        try:
            return await self._graphql.ask(query, **variables)
        except _Denied:
            pass
        raise await self._who_may_not(stream)

    async def change(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of a mutation. Raises ConnectorError."""
        try:
            return await self._graphql.change(query, **variables)
        except _Denied:
            pass
        raise await self._who_may_not("")

    async def app(self) -> Mapping[str, Any]:
        """Who we are there. Raises CredentialsInvalid if nobody."""
        try:
            found = (await self._graphql.ask(APP)).get("app")
        except _Denied:
            found = None
        if not isinstance(found, dict):
            raise CredentialsInvalid(
                "Saleor does not accept the token. Make a new one in the app's page in the dashboard, and see that the "
                "app is switched on."
            )
        return found

    async def _who_may_not(self, stream: str) -> ConnectorError:
        try:
            await self.app()
        except CredentialsInvalid as error:
            return error
        return forbidden(stream or "orders")

    async def channels(self) -> list[Mapping[str, Any]]:
        return objects((await self.ask(CHANNELS)).get("channels"), "channels")

    async def channel(self) -> str:
        """The global id of the one channel this store is; empty = all of them. Raises AddressRefused."""
        if self.slug and not self._channel:
            found = [each for each in await self.channels() if each.get("slug") == self.slug]
            if not found:
                raise no_channel(self.slug)
            self._channel = str(found[0].get("id"))
        return self._channel

    async def public_keys(self) -> Any:
        """What the shop signs its webhooks with: {"keys": [...]}. Raises ConnectorError."""
        answer = await self._transport.get(f"{self.base}/.well-known/jwks.json", auth=False)
        return answer.json() if answer.status == 200 and answer.body and not answer.is_html else {}

    # -- lists

    async def read(
        self, stream: str, narrow: Narrow, *, sort: str, first: int, after: str | None = None, fields: str = ""
    ) -> Rows:
        """One page of a stream's list, narrowed and in the order of ``sort``. Raises ConnectorError."""
        listing = LISTINGS[stream]
        query = listing.query(fields or listing.fields, sort)
        narrowed = await self._of_channel(stream, narrow) or None
        data = await self.ask(query, stream, first=first, after=after, narrow=narrowed)
        found = data.get(listing.name)
        edges = found.get("edges") if isinstance(found, dict) else None
        if not isinstance(found, dict) or not isinstance(edges, list):
            raise PageUnreadable("The shop answered with something else than a list.")
        info = mapping(found.get("pageInfo"))
        nodes = [dict(mapping(mapping(each).get("node"))) for each in edges]
        going = text(info.get("endCursor")) if info.get("hasNextPage") else None
        return Rows(nodes, int(found.get("totalCount") or 0), going)

    async def total(self, stream: str) -> int:
        listing = LISTINGS[stream]
        narrowed = await self._of_channel(stream, {}) or None
        found = mapping((await self.ask(listing.count(), stream, narrow=narrowed)).get(listing.name)).get("totalCount")
        if not isinstance(found, int):
            raise PageUnreadable("The shop answered with something else than a list.")
        return found

    async def _of_channel(self, stream: str, narrow: Narrow) -> dict[str, Any]:
        """Orders and checkouts belong to a channel, people and goods to all of them."""
        if not self.slug or stream not in ("orders", "checkouts"):
            return dict(narrow)
        channel = await self.channel()
        mine = {"channelId": {"eq": channel}} if stream == "orders" else {"channels": [channel]}
        return {**narrow, **mine}

    async def by_ids(self, stream: str, keys: Sequence[str], most: int) -> list[Row]:
        """The objects of these keys that are there."""
        listing = LISTINGS[stream]
        wanted = [global_id(listing.type, key) for key in dict.fromkeys(keys)]
        rows: list[Row] = []
        step = most if listing.by_id else min(most, TOGETHER)
        for start in range(0, len(wanted), step):
            some = wanted[start : start + step]
            if listing.by_id:
                rows += (await self.read(stream, {"ids": some}, sort=listing.oldest, first=len(some))).rows
            else:
                asked = {f"i{place}": key for place, key in enumerate(some)}
                data = await self.ask(some_checkouts(len(some)), stream, **asked)
                rows += [each for each in data.values() if isinstance(each, dict) and self._ours(each)]
        return rows

    def _ours(self, checkout: Row) -> bool:
        return not self.slug or mapping(checkout.get("channel")).get("slug") == self.slug


def forbidden(stream: str) -> PermissionMissing:
    label = LISTINGS[stream].label
    return PermissionMissing(f"The app may not read {stream}: give it the permission {label} in Saleor's dashboard.")


def no_channel(slug: str) -> AddressRefused:
    return AddressRefused(f"No channel has the slug {slug}. Saleor's dashboard shows it under Configuration, Channels.")


def _code(problem: Problem) -> str:
    return str(mapping(problem.extensions.get("exception")).get("code") or problem.code)


def refusal(answer: Answer, problems: Sequence[Problem]) -> ConnectorError | None:
    """What the server's errors mean; see `GraphQL`."""
    codes = [_code(problem) for problem in problems]
    if "PermissionDenied" in codes:
        return _Denied("Saleor does not let us.")
    if answer.status == 401 or _TOKEN.intersection(codes):
        return CredentialsInvalid(
            "Saleor does not accept the token. Make a new one in the app's page in the dashboard, and see that the app "
            "is switched on."
        )
    if "GraphQLError" in codes and answer.status == 400:
        return PageUnreadable(
            "This Saleor does not understand what we ask. Cartfolk speaks with Saleor 3.22 and newer."
        )
    if problems:
        # Too costly a question, a busy database, or one record no query can show: perhaps a smaller page can be had.
        return Unanswered(f"Saleor could not answer ({next(filter(None, codes), 'no code')}).")
    return AddressRefused(
        "No Saleor answers at this address: give the address of the API, the one /graphql/ hangs on, not the "
        "storefront's."
    )
