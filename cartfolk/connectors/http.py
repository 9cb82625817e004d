"""Speaking HTTP with a shop: patient, polite, suspicious.

Patient: reads are repeated with growing pauses, Retry-After is honoured. Polite: an adaptive number of
requests at once (`limiter`). Suspicious: only checked addresses (`addresses`), no credentials to another
host, a cap on size and time, and what is not JSON is not read as JSON. No message or log line carries an
address' query, a header or a body: keys and people are in there.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpx2
import stamina
from stamina.instrumentation import RetryDetails, set_on_retry_hooks

from .addresses import GuardedBackend
from .base import StoreConfig
from .errors import AddressRefused, ConnectorError, PageUnreadable, RetryLater
from .limiter import Limiter
from .reading import JsonBroken, json_text

# Their own log lines show whole addresses, and an address may carry a key.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)
_LOG = logging.getLogger(__name__)

USER_AGENT = "Cartfolk (contact hub)"
MAX_BYTES = 64 * 1024 * 1024
MAX_WAIT = 20.0  # a longer Retry-After is left to the caller: it frees the worker meanwhile
_REDIRECTS = (301, 302, 303, 307, 308)
Params = Mapping[str, str | int]


class Overwhelmed(RetryLater):
    """The shop could not produce this answer (500, 502, 504, time-out): perhaps a smaller one it can."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the shop said. ``headers`` have lower-case names; ``body`` is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_html(self) -> bool:
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return kind in ("text/html", "application/xhtml+xml")

    def text(self) -> str:
        """The JSON in the body, without what PHP wrote before it. Raises JsonBroken."""
        return json_text(self.body)

    def json(self) -> Any:
        """The parsed body. Raises JsonBroken."""
        return json.loads(self.text())


class Unavailable(RetryLater):
    """503. Some platforms say so of an interface that is switched off: ``answer`` is what they said."""

    def __init__(self, message: str, after: float | None, answer: Answer) -> None:
        super().__init__(message, after)
        self.answer = answer


Judge = Callable[[Answer], None]


@dataclass(frozen=True, slots=True)
class _Ask:
    """One request without its address, which a redirect may change."""

    method: str
    params: Params | None
    body: Any
    content: bytes | None
    headers: Mapping[str, str] | None
    auth: bool
    judge: Judge | None


class Transport:
    """One shop's connection pool and limiter: ``async with Transport(...) as transport``.

    In: the shop's address (the only host credentials go to), an auth object, ``max_concurrency`` requests at
    once at most, ``attempts`` and ``patience`` (tries of a read, first pause in seconds).
    """

    def __init__(
        self,
        url: str,
        *,
        auth: httpx2.Auth | None = None,
        allow_private_address: bool = False,
        max_concurrency: int = 6,
        attempts: int = 5,
        patience: float = 0.5,
        timeout: float = 60.0,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise AddressRefused("The shop's address must begin with https:// and name a server.")
        self.host = parts.hostname
        self.auth = auth
        self.limiter = Limiter(max_concurrency)
        self.upgraded = False  # the shop sent us from http to https: its address should say so
        self._scheme = parts.scheme
        self._attempts = attempts
        self._patience = patience
        self._timeout = timeout
        self._max_bytes = max_bytes
        http = httpx2.AsyncHTTPTransport(trust_env=False, limits=httpx2.Limits(max_connections=max_concurrency + 4))
        # The pool takes no backend through httpx2; the guard is put around the one it made.
        http._pool._network_backend = GuardedBackend(http._pool._network_backend, allow_private_address)
        self._client = httpx2.AsyncClient(
            transport=http,
            follow_redirects=False,
            trust_env=False,
            timeout=httpx2.Timeout(timeout, connect=min(10.0, timeout)),
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._client.aclose()

    async def get(self, url: str, params: Params | None = None, *, auth: bool = True) -> Answer:
        """A read by GET: see :meth:`read`."""
        return await self.read("GET", url, params, auth=auth)

    async def read(
        self,
        method: str,
        url: str,
        params: Params | None = None,
        body: Any = None,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        auth: bool = True,
        is_json: bool = True,
        judge: Judge | None = None,
    ) -> Answer:
        """A request that changes nothing (also a POST: GraphQL, JSON-RPC, XML-RPC), repeated until it succeeds
        or patience ends. ``body`` is sent as JSON, ``content`` as it is; a successful answer holds complete JSON
        unless ``is_json`` is False. ``judge`` looks at each answer and raises what is temporary though its
        status is 200 (a throttled GraphQL query, an expired session).

        Out: an answer of any status below 500 except 429; of those the caller knows what they mean. HTML is
        returned only with 401, 404 and 410. Raises RetryLater (Overwhelmed), PageUnreadable, AddressRefused.
        """
        ask = _Ask(method, params, body, content, headers, auth, judge)
        async for attempt in stamina.retry_context(
            on=_again,
            attempts=self._attempts,
            timeout=self._timeout * 3,
            wait_initial=self._patience,
            wait_max=max(self._patience, 8.0),
            wait_jitter=self._patience / 2,
        ):
            with attempt:
                answer = await self._follow(url, ask)
                if is_json:
                    _check_json(answer, self.host)
                return answer
        raise AssertionError("unreachable")

    async def send(
        self,
        method: str,
        url: str,
        params: Params | None = None,
        body: Any = None,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        auth: bool = True,
        is_json: bool = True,
    ) -> Answer:
        """A write: said once, because nobody knows whether a lost answer was a lost request."""
        answer = await self._follow(url, _Ask(method, params, body, content, headers, auth, None))
        if is_json:
            _check_json(answer, self.host)
        return answer

    async def lines(self, url: str) -> AsyncIterator[bytes]:
        """The lines of a file the shop keeps elsewhere (a finished bulk export), as they arrive and of any size.

        No credentials go along; the address is checked like every other. Raises RetryLater when it breaks off.
        """
        try:
            async with self._client.stream("GET", url, headers={"Accept": "*/*"}) as response:
                if response.status_code >= 300:
                    raise RetryLater(f"{urlsplit(url).hostname} does not hand the export out ({response.status_code}).")
                rest = b""
                async for part in response.aiter_bytes():
                    *whole, rest = (rest + part).split(b"\n")
                    for line in whole:
                        yield line
                if rest:
                    yield rest
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError):
            raise RetryLater(f"The download from {urlsplit(url).hostname} broke off.") from None

    async def _follow(self, url: str, ask: _Ask) -> Answer:
        if urlsplit(url).hostname != self.host:
            raise AddressRefused(f"Only {self.host} is asked with this store's credentials.")
        if self.upgraded and url.startswith("http://"):
            url = "https://" + url.removeprefix("http://")
        for _hop in range(4):
            answer = await self._once(url, ask)
            if answer.status not in _REDIRECTS:
                return answer
            url = self._next(ask.method, url, answer)
        raise AddressRefused(f"{self.host} sends us in circles. Check the shop's redirects.")

    def _next(self, method: str, url: str, answer: Answer) -> str:
        """Where a redirect leads, if we may follow it with credentials."""
        # The query is our own and is sent (and signed) anew; the one in Location is an echo of it.
        target = urljoin(url, answer.headers.get("location", ""))
        old, new = urlsplit(url), urlsplit(target)
        if new.hostname != self.host:
            raise AddressRefused(
                f"{self.host} sends us to {new.scheme}://{new.hostname}. If that is your shop, connect it "
                "under that address: credentials are never sent on to another server."
            )
        upgrade = (old.scheme, new.scheme) == ("http", "https")
        if old.scheme != new.scheme and not upgrade:
            raise AddressRefused(
                f"{self.host} sends us from https to plain http, where anybody could read the keys. "
                "Switch https on for the whole shop."
            )
        if not upgrade and old.port != new.port:
            raise AddressRefused(f"{self.host} sends us to another port. Connect the shop under that address.")
        if method != "GET" and answer.status not in (307, 308) and not upgrade:
            raise AddressRefused(f"{self.host} redirects what we send. Enter the address it redirects to.")
        self.upgraded = self.upgraded or upgrade
        return new._replace(query="", fragment="").geturl()

    async def _once(self, url: str, ask: _Ask) -> Answer:
        async with self.limiter.place():
            began = time.monotonic()
            try:
                async with asyncio.timeout(self._timeout * 1.5):
                    answer = await self._exchange(url, ask)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                self.limiter.went_wrong()
                raise RetryLater(_no_connection(self.host, error)) from None
            except (httpx2.TimeoutException, TimeoutError):
                self.limiter.went_wrong()
                raise Overwhelmed(f"{self.host} did not answer within {self._timeout:g} seconds.") from None
            except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError):
                self.limiter.went_wrong()
                raise RetryLater(f"The connection to {self.host} broke off.") from None
            self._judge(answer, time.monotonic() - began, ask.judge)
            return answer

    async def _exchange(self, url: str, ask: _Ask) -> Answer:
        async with self._client.stream(
            ask.method,
            url,
            params=dict(ask.params) if ask.params else None,
            json=ask.body,
            content=ask.content,
            headers=ask.headers,
            auth=self.auth if ask.auth else None,
        ) as response:
            parts: list[bytes] = []
            size = 0
            async for part in response.aiter_bytes():
                size += len(part)
                if size > self._max_bytes:  # counted after unpacking: a small answer may be a big one packed
                    raise PageUnreadable(f"{self.host} sent more than {self._max_bytes // 2**20} MB in one answer.")
                parts.append(part)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, headers, b"".join(parts))

    def _judge(self, answer: Answer, seconds: float, judge: Judge | None) -> None:
        """Tells the limiter; raises what is temporary."""
        status = answer.status
        if status == 429 or status >= 500:
            after = retry_after(answer.headers)
            self.limiter.went_wrong(after)
            if status == 429:
                raise RetryLater(f"{self.host} asks us to slow down; we do.", after)
            if status == 503:
                raise Unavailable(f"{self.host} is in maintenance or overloaded (503); we come back.", after, answer)
            raise Overwhelmed(f"{self.host} reports an error of its own ({status}); we try again.", after)
        if answer.is_html and status in (200, 202, 403):
            self.limiter.went_wrong()
            raise RetryLater(
                f"{self.host} answered with a web page instead of data ({status}): a firewall, a bot check or "
                "a maintenance page. If this stays, allow this server's address in the shop's firewall."
            )
        if judge is not None:
            try:
                judge(answer)
            except RetryLater as error:
                self.limiter.went_wrong(error.after)
                raise
        self.limiter.went_well(seconds)


def make_transport(
    config: StoreConfig, *, auth: httpx2.Auth | None = None, max_concurrency: int = 6, **options: Any
) -> Transport:
    """The transport of a store. ``options`` are those of :class:`Transport`."""
    return Transport(
        config.url,
        auth=auth,
        allow_private_address=config.allow_private_address,
        max_concurrency=max_concurrency,
        **options,
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the shop asked us to wait: Retry-After as a number or a date, or RateLimit-Reset, or the milliseconds
    until a used-up quota is new."""
    value = headers.get("retry-after") or headers.get("ratelimit-retry-after")
    if not value:
        reset = headers.get("x-rate-limit-time-reset-ms", "")
        used_up = headers.get("x-rate-limit-requests-left", "0") == "0"  # every answer tells, also while some is left
        return int(reset) / 1000 if reset.isdecimal() and used_up else None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _again(error: Exception) -> bool | float:
    """Is a read worth repeating at once, and after how long?"""
    if isinstance(error, PageUnreadable):
        return True
    if not isinstance(error, RetryLater):
        return False
    if error.after is None:
        return True
    return error.after if error.after <= MAX_WAIT else False


def _told(details: RetryDetails) -> None:
    _LOG.warning("%s Asked again in %.1f s (try %d).", details.caused_by, details.wait_for, details.retry_num + 1)


set_on_retry_hooks([_told])  # stamina's own line says neither which shop nor why


def _check_json(answer: Answer, host: str) -> None:
    """A successful answer must hold complete JSON, else it is as good as none."""
    if answer.status >= 300 or not answer.body:
        return
    try:
        answer.text()
    except JsonBroken as broken:
        if broken.truncated:
            raise PageUnreadable(f"{host} broke off in the middle of an answer.") from None
        raise RetryLater(f"{host} answered with something that is not JSON.") from None


def _no_connection(host: str, error: Exception) -> str:
    if "CERTIFICATE" in str(error).upper():
        return f"The certificate of {host} is not valid, so nobody can tell whether this is your shop. Renew it."
    return f"{host} cannot be reached. Check the address, and that the shop is online."


__all__ = ["Answer", "ConnectorError", "Overwhelmed", "Transport", "Unavailable", "make_transport", "retry_after"]
