"""The Admin API of one Medusa server: addresses, lists, and the server's refusals in the owner's words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..errors import AddressRefused, ConnectorError, CredentialsInvalid, PageUnreadable, PermissionMissing
from ..http import Answer, Transport
from ..reading import JsonBroken, load, mapping, pieces
from .info import FIELDS, ROUTES, SCOPE

_COUNT = re.compile(r'"count"\s*:\s*(\d+)')
_FETCHED = 50  # ids in one question: an address of more than 8 KB is refused by many a proxy


@dataclass(frozen=True, slots=True)
class Row:
    """One raw object: its own text, untouched, and parsed."""

    text: str
    value: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.value.get("id", ""))


@dataclass(frozen=True, slots=True)
class Rows:
    rows: list[Row]
    total: int | None  # rows of the whole list


def base_address(url: str) -> str:
    """The server's own address: what people paste often ends in the admin's /app or in a slash."""
    parts = urlsplit(url.strip())
    path = parts.path
    for tail in ("/app", "/admin", "/store", "/health"):
        if path == tail or path.startswith(f"{tail}/"):
            path = ""
    return f"{parts.scheme.lower()}://{parts.netloc}{path.rstrip('/')}"


def body_of(rows: Sequence[Row]) -> bytes:
    return ("[" + ",".join(row.text for row in rows) + "]").encode()


class MedusaClient:
    def __init__(self, url: str, transport: Transport) -> None:
        self.base = base_address(url)
        self.transport = transport

    async def ask(self, path: str, params: dict[str, str | int] | None = None, *, auth: bool = True) -> Answer:
        return await self.transport.get(f"{self.base}/admin/{path}", params, auth=auth)

    async def read(self, stream: str, fields: str | None = None, **asked: str | int) -> Rows:
        """A page of a stream's list; ``asked`` are query parameters. Raises what `refusal` says."""
        route = ROUTES[stream]
        params: dict[str, str | int] = {"fields": fields or FIELDS[stream], **asked}
        if "id[0]" not in asked:
            # Who asks for ids wants them whatever they are: a guest's customer is no missing account.
            params |= SCOPE.get(stream, {})
        answer = await self.ask(route, params)
        if answer.status >= 300:
            raise refusal(answer, route)
        return _rows(answer, route.replace("-", "_"))

    async def total(self, stream: str) -> int | None:
        return (await self.read(stream, "id", limit=0)).total

    async def by_ids(self, stream: str, ids: Sequence[str]) -> list[Row]:
        """The rows of these ids that are there."""
        wanted = list(dict.fromkeys(key for key in ids if key))
        found: list[Row] = []
        for start in range(0, len(wanted), _FETCHED):
            some = wanted[start : start + _FETCHED]
            named = {f"id[{place}]": key for place, key in enumerate(some)}
            rows = (await self.read(stream, None, limit=len(some), **named)).rows
            found += [row for row in rows if row.id in set(some)]
        return found


def _rows(answer: Answer, name: str) -> Rows:
    try:
        text = answer.text()
    except JsonBroken:
        raise PageUnreadable("The shop answered with something that is not JSON.") from None
    start = text.find(f'"{name}"')
    if start < 0 or not text.startswith("{"):
        raise PageUnreadable("The shop answered with something else than a list.")
    found = [Row(piece, value if isinstance(value, dict) else {}) for piece, value in pieces(text[start:])]
    counted = _COUNT.search(text.rpartition("]")[2])
    total = int(counted[1]) if counted else load(text).get("count")
    return Rows(found, total if isinstance(total, int) else None)


def refusal(answer: Answer, route: str) -> ConnectorError:
    """What the server's answer means for the owner."""
    what = route.split("/")[0].replace("-", " ")
    if answer.status == 401:
        return CredentialsInvalid(
            "The shop does not accept the secret key. It may have been revoked: make a new one under Settings → "
            "Developer → Secret API Keys and copy all of it."
        )
    if answer.status == 403:
        return PermissionMissing(
            f"The key may not see {what}. Give its role the right to read them in Medusa, or make another key."
        )
    if answer.status in (404, 410):
        return AddressRefused(f"The Medusa server has no list of {what}. Connect a server of Medusa 2.")
    try:
        kind = str(mapping(answer.json()).get("type") or "")
    except JsonBroken:
        kind = ""
    return PageUnreadable(f"The shop refused to list {what} ({answer.status}{', ' + kind if kind else ''}).")
