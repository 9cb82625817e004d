"""The Admin API of one Medusa server: addresses, lists, and the server's refusals in the owner's words."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..errors import AddressRefused, ConnectorError, CredentialsInvalid, PageUnreadable, PermissionMissing
from ..http import Answer, Overwhelmed, Transport
from ..reading import JsonBroken, load, mapping, pieces
from .info import FIELDS, ROUTES, SCOPE

_COUNT = re.compile(r'"count"\s*:\s*(\d+)')
_ADMIN = re.compile(r"/(app|admin)(/.*)?$")
_RESCUE = 10  # rows asked for at once when a whole page cannot be had
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
    path = _ADMIN.sub("", parts.path)
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

    async def page(self, stream: str, fields: str | None = None, **asked: str | int) -> Rows:
        """As `read`; of a page the server cannot write as a whole the rows are asked for by themselves, and one it
        cannot write at all becomes a stub with ``_unreadable``, for the quarantine."""
        try:
            return await self.read(stream, fields, **asked)
        except (PageUnreadable, Overwhelmed):
            listed = await self.read(stream, "id,created_at,updated_at", **asked)
        found: dict[str, Row] = {}
        for start in range(0, len(listed.rows), _RESCUE):
            keys = [row.id for row in listed.rows[start : start + _RESCUE]]
            with suppress(PageUnreadable, Overwhelmed):
                rows = await self._some(stream, keys, fields)
                found |= {row.id: row for row in rows if "_unreadable" not in row.value}
        return Rows([found.get(row.id) or _stub(row.value) for row in listed.rows], listed.total)

    async def by_ids(self, stream: str, ids: Sequence[str]) -> list[Row]:
        """The rows of these ids that are there; stubs as in `page`."""
        wanted = list(dict.fromkeys(key for key in ids if key))
        found: list[Row] = []
        for start in range(0, len(wanted), _FETCHED):
            found += await self._some(stream, wanted[start : start + _FETCHED])
        return found

    async def _some(self, stream: str, keys: Sequence[str], fields: str | None = None) -> list[Row]:
        """A shop that cannot give a single one of them is ill: what it said is raised."""
        named = {f"id[{place}]": key for place, key in enumerate(keys)}
        try:
            rows = (await self.read(stream, fields, limit=len(keys), **named)).rows
            return [row for row in rows if row.id in set(keys)]
        except (PageUnreadable, Overwhelmed):
            if len(keys) == 1:
                raise
            found: list[Row] = []
            failed: list[str] = []
            for key in keys:
                try:
                    found += await self._some(stream, [key], fields)
                except (PageUnreadable, Overwhelmed):
                    failed.append(key)
            if not found:
                raise
            return found + [_stub({"id": key}) for key in failed]


def _stub(known: dict[str, Any]) -> Row:
    value = {name: known[name] for name in ("id", "created_at", "updated_at") if name in known} | {"_unreadable": True}
    return Row(json.dumps(value, default=str), value)


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
