"""Asking one shop's GraphQL Admin API: its access token, its cost throttle, its errors in the owner's words."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2

from ..base import StoreConfig
from ..errors import (
    AddressRefused,
    ConnectorError,
    CredentialsInvalid,
    PageUnreadable,
    PermissionMissing,
    RetryLater,
    StopStore,
)
from ..graphql import GraphQL, Problem
from ..http import Answer, Overwhelmed, Transport
from ..reading import JsonBroken, mapping
from .queries import API

log = logging.getLogger(__name__)
EARLY = 300.0  # seconds before its end at which a token is renewed
PERMIT = "Add the permission to the app's version in the Dev Dashboard, release it and approve the update in the shop."


class TooCostly(PageUnreadable):
    """A single question may cost 1000 points: ask for less at a time."""


class Session(httpx2.Auth):
    """What is kept with the transport: the access token, one that lasts or one for a day got for ID and secret;
    and the exports that are downloaded (`bulk`)."""

    def __init__(self, config: StoreConfig) -> None:
        self.client_id = config.credentials.get("client_id", "").strip()
        self.client_secret = config.credentials.get("client_secret", "").strip()
        self.lasting = config.credentials.get("token", "").strip()
        self.token = self.lasting
        self.until = 0.0  # of our monotonic clock
        self.lock = asyncio.Lock()
        self.exports: dict[str, Any] = {}

    @property
    def fresh(self) -> bool:
        return bool(self.lasting) or (bool(self.token) and time.monotonic() < self.until)

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        request.headers["X-Shopify-Access-Token"] = self.token
        yield request


class _Versioned(GraphQL):
    """Notices which version of the API really answers: Shopify falls forward when ours is no more."""

    version = ""

    def _judge(self, answer: Answer) -> None:
        told = answer.headers.get("x-shopify-api-version", "")
        if told and told != self.version:
            self.version = told
            if told != API:
                log.warning("%s answers with API %s instead of %s.", self.transport.host, told, API)
        super()._judge(answer)


class ShopifyClient:
    """Needs a transport only when asked."""

    def __init__(self, config: StoreConfig, transport: Transport) -> None:
        self.transport = transport
        address = urlsplit(config.url)  # owners copy it with the path of their admin's page
        self.base = f"{address.scheme}://{address.netloc}"
        kept = getattr(transport, "auth", None)
        self.session = kept if isinstance(kept, Session) else Session(config)
        self.graphql = _Versioned(transport, f"{self.base}/admin/api/{API}/graphql.json", refusal)

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of a query. Raises ConnectorError."""
        return await self._signed(lambda: self.graphql.ask(query, **variables))

    async def change(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of a mutation, said once. Raises ConnectorError."""
        return await self._signed(lambda: self.graphql.change(query, **variables))

    async def _signed(self, what: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        await self.sign_in()
        token = self.session.token
        try:
            return await what()
        except CredentialsInvalid:
            if self.session.lasting:
                raise
            if self.session.token == token:
                self.session.until = 0.0  # ended before its time: the secret was rotated, or the app installed anew
        await self.sign_in()
        return await what()

    async def sign_in(self) -> None:
        """Sees to it that there is a token. Raises CredentialsInvalid, AddressRefused, RetryLater."""
        async with self.session.lock:
            if not self.session.fresh:
                await self._grant()

    async def _grant(self) -> None:
        session = self.session
        if not session.client_id:
            raise CredentialsInvalid(
                "Enter the client ID of your app, or the access token of an app made in the shop's admin."
            )
        form = {
            "grant_type": "client_credentials",
            "client_id": session.client_id,
            "client_secret": session.client_secret,
        }
        answer = await self.transport.read(
            "POST",
            f"{self.base}/admin/oauth/access_token",
            content=urlencode(form).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            auth=False,
        )
        if answer.status == 404:
            raise _nowhere(self.base)
        try:
            told = mapping(answer.json()) if answer.status < 300 else {}
        except JsonBroken:
            told = {}
        token = told.get("access_token")
        if not isinstance(token, str) or not token:
            raise CredentialsInvalid(
                "Shopify does not accept client ID and secret for this shop. Copy both again from the app's "
                "settings, install the app in this shop, and see that app and shop belong to the same organisation."
            )
        seconds = told.get("expires_in")
        session.token = token
        session.until = time.monotonic() + (float(seconds) if isinstance(seconds, int) else 3600.0) - EARLY


def refusal(answer: Answer, problems: Sequence[Problem]) -> ConnectorError:
    """What an answer of status 400 or above, or one with errors, means. Data that came along with errors is not
    read: a hidden field looks like an empty one."""
    status = answer.status
    if status == 401:
        return CredentialsInvalid(
            "Shopify does not accept the access token. Copy it again, or make a new app in the Dev Dashboard."
        )
    if status in (402, 423):
        return _locked(str(status))
    if status == 404:
        return _nowhere("this address")
    if status == 403:
        return PermissionMissing(f"The app may not see this shop. {PERMIT}")
    if status >= 400:
        return PageUnreadable(f"Shopify refused the request ({status}).")
    by_code = {problem.code: problem for problem in reversed(problems)}
    if "THROTTLED" in by_code:
        return RetryLater("Shopify asks us to slow down; we do.", pause(answer))
    if denied := by_code.get("ACCESS_DENIED"):
        what = ".".join(part for part in denied.path if not part.isdigit()) or "this"
        return PermissionMissing(f"The app may not see {what}. {PERMIT}")
    if "SHOP_INACTIVE" in by_code:
        return _locked("inactive")
    if "MAX_COST_EXCEEDED" in by_code:
        return TooCostly("Shopify finds this question too big.")
    if "INTERNAL_SERVER_ERROR" in by_code:
        return Overwhelmed("Shopify had an error of its own; we try again.")
    return PageUnreadable(f"Shopify did not understand a question ({problems[0].code or 'no code'}). Update Cartfolk.")


def pause(answer: Answer) -> float:
    """Seconds until the leaky bucket holds what the question costs."""
    cost = mapping(mapping(mapping(answer.json()).get("extensions")).get("cost"))
    state = mapping(cost.get("throttleStatus"))
    try:
        lacking = float(cost.get("requestedQueryCost") or 0) - float(state.get("currentlyAvailable") or 0)
        return max(0.0, lacking / float(state.get("restoreRate") or 50))
    except (TypeError, ValueError, ZeroDivisionError):
        return 1.0


def _nowhere(base: str) -> AddressRefused:
    name = urlsplit(base).hostname or base
    return AddressRefused(f"There is no Shopify shop at {name}. Enter the address that ends with .myshopify.com.")


def _locked(status: str) -> StopStore:
    return StopStore(f"Shopify has locked this shop ({status}). Open its admin: a bill or a question is waiting there.")
