"""The doors: where shops, plugins and the tracking script hand in what happened. Store, answer, nothing else.

    POST /hooks/<key>              the shop's webhooks, signed the platform's way
    GET  /apps/<key>/register      a shop that installs our app asks for its secret, signed by the app's
    POST /apps/<key>/confirm       ... and hands over its keys, signed with that secret
    POST /ingest/v1/<key>          our envelopes, signed by Standard Webhooks
    POST /t/<key>                  carts from cartfolk.js, unsigned
    GET  /t/<key>/cartfolk.js      the script
    GET  /r/<token>                a recovery link: back to the cart

No session, no cookie, no CSRF token: signatures and origins decide. Errors are JSON with one sentence. A
paused store still stores: what a shop says is never lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from cartfolk.connectors.apps import Knock
from cartfolk.connectors.errors import ConnectorError, SignatureInvalid
from cartfolk.core import secrets
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.stores import handshake, lookup
from cartfolk.stores.database import database
from cartfolk.stores.lookup import UnknownStore

from . import deliveries, envelope, jobs, realtime, recovery, strangers, tracker
from .bell import BELL
from .fields import Wrong
from .known import Known, by_key, forget

LARGEST = 5 * 1024 * 1024  # bytes of one request
SMALL = 64 * 1024  # of one that hands over keys
Door = Callable[[HttpRequest, Connection, Known, bytes], HttpResponse]


class _Refused(Exception):
    def __init__(self, status: int, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.body = status, {"error": message, **more}


def _door(largest: int, *methods: str) -> Callable[[Door], Callable[..., HttpResponse]]:
    """What all doors share: POST only (or ``methods``), a size limit, a known store, errors as JSON."""

    def decorate(door: Door) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @wraps(door)
        def view(request: HttpRequest, key: str) -> HttpResponse:
            try:
                if request.method not in (methods or ("POST",)):
                    raise _Refused(405, f"Send a {' or '.join(methods or ('POST',))}.")
                body = _body(request, largest)
                conn = database()
                return door(request, conn, by_key(conn, key), body)
            except UnknownStore:
                return _json(404, {"error": "No store has this address; copy it again from the store's page."})
            except _Refused as refused:
                return _json(refused.status, refused.body)

        return view

    return decorate


def _body(request: HttpRequest, largest: int) -> bytes:
    """The raw bytes. Read from the stream with a limit: Django would refuse above its own setting only."""
    try:
        announced = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        announced = 0
    body = b"" if announced > largest else request.read(largest + 1)
    if announced > largest or len(body) > largest:
        raise _Refused(413, f"The body is larger than {largest // 1024} KB; send it in pieces.")
    return body


def _json(status: int, body: dict[str, Any]) -> JsonResponse:
    return JsonResponse(body, status=status)


def _headers(request: HttpRequest) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


@_door(LARGEST)
def hook(request: HttpRequest, conn: Connection, known: Known, body: bytes) -> HttpResponse:
    """A webhook of the shop: 200 once it is stored (or means nothing to us), 401 when the shop did not sign it."""
    try:
        try:
            accepted = _accept(request, conn, known, body)
        except SignatureInvalid:
            if known.connector.app is None:
                raise
            forget(known.store.key)  # its secret may be some seconds old: the app was installed anew
            accepted = _accept(request, conn, by_key(conn, known.store.key), body)
    except SignatureInvalid as error:
        raise _Refused(401, str(error)) from None
    except strangers.CopyRefused as error:
        raise _Refused(400, str(error)) from None
    if accepted.outcome == "stored":
        BELL.ring()
    elif accepted.outcome == "app":
        forget(known.store.key)
        jobs.start_settling()
    return _json(200, {"status": accepted.outcome})


def _accept(request: HttpRequest, conn: Connection, known: Known, body: bytes) -> realtime.Accepted:
    return realtime.accept_webhook(conn, known.store, known.connector, _headers(request), body, now())


@_door(SMALL, "GET", "POST")
def register(request: HttpRequest, conn: Connection, known: Known, body: bytes) -> HttpResponse:
    """The first step of an app's installation. What is refused here the shop shows to who installs it."""
    with _handshake():
        store = lookup.by_id(conn, known.store.pk)
        return _private(_json(200, handshake.register(conn, store, _knock(request, body), now())))


@_door(SMALL)
def confirm(request: HttpRequest, conn: Connection, known: Known, body: bytes) -> HttpResponse:
    """The second step: 200 once the keys are kept; whether they work is tried afterwards."""
    with _handshake():
        handshake.confirm(conn, known.store.pk, _knock(request, body), now())
    forget(known.store.key)
    jobs.start_settling()
    return _private(_json(200, {"status": "kept"}))


def _knock(request: HttpRequest, body: bytes) -> Knock:
    return Knock(request.META.get("QUERY_STRING", ""), _headers(request), body, time.time())


@contextmanager
def _handshake() -> Iterator[None]:
    try:
        yield
    except SignatureInvalid as error:
        raise _Refused(401, str(error)) from None
    except handshake.NoApp as error:
        raise _Refused(404, str(error)) from None
    except ConnectorError as error:
        raise _Refused(400, str(error)) from None


@_door(LARGEST)
def ingest(request: HttpRequest, conn: Connection, known: Known, body: bytes) -> HttpResponse:
    """Envelopes: 202 with what was accepted and, record by record, what was not; 400 when nothing was."""
    try:
        message_id = secrets.verify(known.ingest_secret, _headers(request), body, time.time())
    except secrets.SignatureRefused as error:
        raise _Refused(401, str(error)) from None
    at = now()
    try:
        several = envelope.load(body)
    except envelope.NotEnvelopes as error:
        raise _Refused(400, str(error)) from None
    try:
        held_for = strangers.held_for(conn, known.store, envelope.sites(several))
    except strangers.CopyRefused as error:
        raise _Refused(400, str(error)) from None
    errors: list[dict[str, Any]] = []
    for position, one in enumerate(several):
        try:
            envelope.read_one(one, at)
        except Wrong as error:
            sent = one.get("id") if isinstance(one, dict) else None
            errors.append({"record": position + 1, "id": sent, "field": error.field, "message": str(error)})
    if len(errors) == len(several):
        raise _Refused(400, f"Record 1: {errors[0]['message']}", errors=errors)
    dedupe = f"ingest {message_id[:300]}"
    stored = deliveries.store(conn, known.store.pk, "ingest", "ingest", body, at, dedupe=dedupe, held_for=held_for)
    if stored and not held_for:
        BELL.ring()
    return _json(
        202,
        {
            "status": "held" if held_for else "stored" if stored else "known",
            "accepted": len(several) - len(errors),
            "quarantined": len(errors),
            "errors": errors,
        },
    )


@_door(tracker.LARGEST)
def _moment(request: HttpRequest, conn: Connection, known: Known, body: bytes) -> HttpResponse:
    if not tracker.from_shop(request.headers.get("Origin", ""), known.host):
        raise _Refused(403, "This page does not belong to the store.")
    if tracker.is_robot(request.headers.get("User-Agent", "")):
        return HttpResponse(status=204)
    try:
        tracker.LIMITER.take(f"{known.store.pk} {_visitor(request)}", tracker.PER_VISITOR)
        tracker.LIMITER.take(f"{known.store.pk}", tracker.PER_STORE)
    except tracker.TooMany:
        raise _Refused(429, "Too many moments; slow down.") from None
    at = now()
    try:
        for one in envelope.load(body):
            envelope.read_one(one, at, tracked=True)
    except (envelope.NotEnvelopes, Wrong) as error:
        raise _Refused(400, str(error)) from None
    deliveries.store(conn, known.store.pk, "track", "track", body, at)
    BELL.ring()
    return HttpResponse(status=204)


def _visitor(request: HttpRequest) -> str:
    """The sender's address, for counting only: it is not stored. A proxy's word counts when we are behind one."""
    if settings.SECURE_PROXY_SSL_HEADER and (chain := request.headers.get("X-Forwarded-For")):
        return chain.rsplit(",", 1)[-1].strip()
    return str(request.META.get("REMOTE_ADDR", ""))


@csrf_exempt
def track(request: HttpRequest, key: str) -> HttpResponse:
    """A moment from cartfolk.js; also answers the browser's question before a JSON fetch (CORS)."""
    answer = HttpResponse(status=204) if request.method == "OPTIONS" else _moment(request, key)
    if origin := request.headers.get("Origin"):
        # Any page may read this answer, which says nothing; only the shop's pages are listened to.
        answer["Access-Control-Allow-Origin"] = origin
        answer["Vary"] = "Origin"
    if request.method == "OPTIONS":
        answer["Access-Control-Allow-Methods"] = "POST"
        answer["Access-Control-Allow-Headers"] = "content-type"
        answer["Access-Control-Max-Age"] = "86400"
    return answer


@lru_cache(maxsize=1)
def _script() -> bytes:
    return tracker.script()


def script(request: HttpRequest, key: str) -> HttpResponse:
    """cartfolk.js; the page's own script tag tells it the store's address."""
    answer = HttpResponse(_script(), content_type="text/javascript; charset=utf-8")
    answer["Cache-Control"] = "public, max-age=3600"
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer


def recover(request: HttpRequest, token: str) -> HttpResponse:
    """Leads to the cart's own page and counts the click of a person; a page for those who come too late."""
    if request.method not in {"GET", "HEAD"}:
        return _private(_json(405, {"error": "Open this link in a browser."}))
    if recovery.is_prefetch(request.headers):
        # Refused, so that the browser asks again when somebody really clicks.
        return _private(HttpResponse(status=503))
    conn, at = database(), now()
    target = recovery.find(conn, token)
    try:
        store = None if target is None else lookup.by_id(conn, target.store_id)
    except UnknownStore:
        store = None
    if target is None or store is None or target.expires_at <= at:
        shop = {"url": store.storefront, "name": store.shop_name or store.name} if store else None
        return _private(render(request, "inbox/link_over.html", {"shop": shop}, status=410 if store else 404))
    person = request.method == "GET" and recovery.is_person(request.headers.get("User-Agent", ""))
    url = recovery.opened(conn, token, target, at) if person else recovery.address(conn, target)
    if person:
        BELL.ring()
    home = store.storefront
    return _private(HttpResponse(status=302, headers={"Location": recovery.safe(url, home) or home}))


def _private(answer: HttpResponse) -> HttpResponse:
    """Nobody keeps the answer, lists the address, or tells it to the shop."""
    answer["Cache-Control"] = "no-store"
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex, nofollow"
    answer._has_been_logged = True  # type: ignore[attr-defined]  # Django would log the address, and it opens a cart
    return answer
