"""One shop's API: finding its door, keeping a session, calls in batches, and refusals in the owner's words."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
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
from . import wire
from .wire import Fault, Wire

BATCH = 25  # calls in one multiCall: a few seconds' work for a slow shop
_OTHER = -32000  # JSON-RPC's code for every fault there is
_DOORS: tuple[tuple[type[wire.JsonRpc] | type[wire.XmlRpc], str], ...] = (
    (wire.JsonRpc, ""),
    (wire.XmlRpc, ""),
    (wire.JsonRpc, "index.php/"),  # where web server rewrites are off
    (wire.XmlRpc, "index.php/"),
)
_WORDS = {
    "sales_order": "orders",
    "sales_order_creditmemo": "refunds",
    "customer": "customers",
    "customer_address": "customers",
    "customer_group": "customers",
    "catalog_product": "products",
    "catalog_category": "categories",
}
_NO_DOOR = (
    "The shop has neither JSON-RPC nor XML-RPC at this address. Check the address, and that nobody has "
    "blocked /api in the shop or its web server."
)


class ApiUser(httpx2.Auth):
    """The API user, and what the transport's connections share of him: the door that opened and the session.

    It signs nothing, a session travels in the body; it is here because a session outlives a connector.
    """

    def __init__(self, name: str, key: str) -> None:
        self.name, self.key = name.strip(), key.strip()
        self.wire: Wire | None = None
        self.url = ""
        self.session: str | None = None
        self.entering = asyncio.Lock()

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        yield request


def base_address(url: str) -> str:
    """The shop's own address: what people paste often ends in the administration or the API itself."""
    parts = urlsplit(url.strip())
    path = parts.path
    for tail in ("/index.php", "/api/", "/admin", "/customer/account"):
        path = path.partition(tail)[0]
    return f"{parts.scheme.lower()}://{parts.netloc}{path.removesuffix('/api').rstrip('/')}"


class MagentoClient:
    """Calls of one shop's API."""

    def __init__(self, url: str, transport: Transport, user: ApiUser) -> None:
        self.base = base_address(url)
        self.transport = transport
        self.user = user

    # -- what others ask

    async def call(self, path: str, *arguments: Any) -> Any:
        """The result of one call. Raises what `refusal` says, CredentialsInvalid, RetryLater, PageUnreadable."""
        (found,) = await self._multi([(path, arguments)])
        if isinstance(found, Fault):
            raise refusal(found, path)
        return found

    async def many(self, path: str, arguments: Sequence[Sequence[Any]]) -> list[Any]:
        """The results of many calls of one kind, each a value, a Fault, or None where the shop breaks down over
        it alone. Raises RetryLater when it breaks down over all of them: then it is the shop that is ill."""
        calls = [(path, each) for each in arguments]
        batches = [calls[at : at + BATCH] for at in range(0, len(calls), BATCH)]
        found = [each for batch in await asyncio.gather(*map(self._rescued, batches)) for each in batch]
        if len(found) > 1 and all(each is None for each in found):
            raise RetryLater(f"{self.transport.host} breaks down over everything it is asked for; we come back.")
        return found

    async def _rescued(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """A batch; one the shop breaks down over is halved until the culprit stands alone."""
        try:
            return await self._multi(calls)
        except (PageUnreadable, Overwhelmed):
            if len(calls) == 1:
                return [None]
        half = len(calls) // 2
        return [*await self._rescued(calls[:half]), *await self._rescued(calls[half:])]

    # -- session and door

    async def _multi(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        body = [[path, list(arguments)] for path, arguments in calls]
        stale: str | None = None
        for _time in range(2):
            session = await self._entered(stale)
            found = await self._post("multiCall", [session, body])
            if not isinstance(found, Fault):
                if not isinstance(found, list) or len(found) != len(calls):
                    raise PageUnreadable("The shop answered fewer calls than it was asked.")
                return [wire.call_fault(each) or each for each in found]
            if found.code not in (wire.SESSION, _OTHER):
                raise PageUnreadable(f"The shop refused a call ({found.code}).")
            stale = session  # expired: enter once more, then it is something else
        raise RetryLater("The shop forgets every session at once: its api_session table or its clock needs a look.")

    async def _entered(self, stale: str | None) -> str:
        """The session; a new one if ``stale`` is the one in use, opened once for all who wait."""
        async with self.user.entering:
            if self.user.session is None or self.user.session == stale:
                self.user.session = await self._login()
            return self.user.session

    async def _login(self) -> str:
        if self.user.wire is None:
            return await self._find_door()
        return self._session_of(await self._post("login", [self.user.name, self.user.key]))

    async def _find_door(self) -> str:
        """Logs in at the first door that is one. Raises AddressRefused where there is none."""
        for kind, front in _DOORS:
            self.user.wire, self.user.url = kind(), f"{self.base}/{front}{kind.path}"
            try:
                found = await self._post("login", [self.user.name, self.user.key])
            except AddressMissing:
                self.user.wire = None
                continue
            except ConnectorError:
                self.user.wire = None
                raise
            return self._session_of(found)
        raise AddressRefused(_NO_DOOR)

    def _session_of(self, found: Any) -> str:
        if isinstance(found, str) and found:
            return found
        if isinstance(found, Fault) and found.code not in (wire.DENIED, wire.PARAMETER, _OTHER):
            raise PageUnreadable(f"The shop refused a call ({found.code}).")
        raise CredentialsInvalid(
            "The shop does not accept the API user and key. Look under System → Web Services → SOAP/XML-RPC - Users: "
            "the user must be active and have a role, and the key must be the one entered here."
        )

    async def _post(self, method: str, arguments: Sequence[Any]) -> Any:
        spoken = self.user.wire
        assert spoken is not None
        found: list[Any] = []

        def decode(answer: Answer) -> None:
            """At each try, so that an answer that broke off is asked for again."""
            if answer.status < 300:
                found[:] = [spoken.decode(answer)]

        answer = await self.transport.read(
            "POST",
            self.user.url,
            content=spoken.encode(method, arguments),
            headers={"Content-Type": spoken.content_type, "Accept": spoken.content_type},
            is_json=spoken.is_json,
            judge=decode,
        )
        if answer.is_html or answer.status in (404, 405, 410):
            raise AddressMissing(_NO_DOOR)
        if answer.status >= 300:
            raise PageUnreadable(f"The shop refused a call ({answer.status}).")
        return found[0]


class AddressMissing(AddressRefused):
    """There is no such door in this shop; perhaps there is another."""


def refusal(fault: Fault, path: str) -> ConnectorError:
    """What a fault of one call means for the owner."""
    what = _WORDS.get(path.partition(".")[0], path)
    if fault.code == wire.DENIED:
        return PermissionMissing(
            f"The API user's role may not read {what}: add it under System → Web Services → SOAP/XML-RPC - Roles."
        )
    if fault.code in (wire.PATH_UNKNOWN, wire.PATH_DEAD):
        return AddressRefused(f"This shop has no {what} in its API.")
    return PageUnreadable(f"The shop refused to list {what} ({fault.code}).")
