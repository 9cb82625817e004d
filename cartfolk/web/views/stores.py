"""Stores: connect a shop, watch it come in, see that it is well, treat it as its owner wants."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cartfolk.audit import log
from cartfolk.commerce import rates
from cartfolk.connectors import registry
from cartfolk.connectors.canonical import OrderStatus
from cartfolk.connectors.errors import ConnectorError
from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now
from cartfolk.inbox import bulk, jobs, lag, progress, quarantine, retention, strangers
from cartfolk.stores import connect as connecting
from cartfolk.stores import credentials, health, lookup
from cartfolk.stores.forms import ConnectForm
from cartfolk.stores.models import Store
from cartfolk.stores.shop import open_store

from .. import access, installing
from ..access import actor, database, member, owner
from ..forms import StoreSettings
from ..given import whole
from ..sentences import said
from ..words import ORDER, say

Q = Statements.beside(str(access.__file__))
QUARANTINE = 25


@member
@require_GET
def stores(request: HttpRequest) -> HttpResponse:
    conn = database()
    waiting: dict[int, int] = dict(conn.execute(Q["quarantined_by_store"]).fetchall())
    lags = lag.of_all(conn)
    rows = [
        {
            "store": store,
            "health": health.of(store, now()),
            "progress": progress.latest(conn, store.pk),
            "quarantined": waiting.get(store.pk, 0),
            "label": _label(store),
            "late": late(store, lags.get(store.pk)),
        }
        for store in lookup.every(conn)
    ]
    return render(request, "web/stores.html", {"rows": rows, "platforms": _platforms()})


@sensitive_post_parameters()
@owner
@require_http_methods(["GET", "POST"])
def connect(request: HttpRequest, platform: str = "") -> HttpResponse:
    """The form a connector declares; its check is answered step by step."""
    platforms = _platforms()
    if not platform and len(platforms) == 1:
        platform = platforms[0].platform
    info = next((info for info in platforms if info.platform == platform), None)
    if platform and info is None:
        raise Http404(_("There is no such platform."))
    context: dict[str, Any] = {"platforms": platforms, "info": info}
    status = 200
    if info is not None:
        form = ConnectForm(info, request.POST or None, initial=_known(request.GET.get("name", ""), platform))
        context["form"] = form
        if request.method == "POST":
            status = 422
            if form.is_valid():
                conn = database()
                try:
                    store, _report = connecting.connect(conn, form.application(), now())
                except connecting.ConnectRefused as refused:
                    field, _colon, message = str(refused).partition(": ")
                    if field in form.fields:
                        form.add_error(field, said(message))
                    elif not refused.report or refused.report.ok:
                        form.add_error(None, said(str(refused)))
                    context["report"] = refused.report
                else:
                    log.note(conn, actor(request), "store.connected", f"store:{store.name}")
                    _save_rule(conn, store)
                    if connecting.by_app(form.application()):
                        return redirect("web:store", store.name)  # the app is there; the shop does the rest
                    bulk.start(conn, store.pk, now())
                    jobs.start_sync(store.pk)
                    messages.success(request, _("%(store)s is connected; its history is coming in.") % {"store": store})
                    _create_webhooks(conn, store, request)
                    return redirect("web:store", store.name)
    return render(request, "web/connect.html", context, status=status)


@member
@require_GET
def store(request: HttpRequest, name: str) -> HttpResponse:
    return render(request, "web/store.html", _context(database(), named(name), request))


@member
@require_GET
def store_progress(request: HttpRequest, name: str) -> HttpResponse:
    """The live part of the store's page; polled every second while something runs."""
    conn = database()
    found = named(name)
    return render(request, "web/store_progress.html", {"store": found, "progress": progress.latest(conn, found.pk)})


@owner
@require_POST
def store_run(request: HttpRequest, name: str) -> HttpResponse:
    """Starts, pauses, resumes or cancels the import."""
    conn, found = database(), named(name)
    match request.POST.get("do"):
        case "start":
            bulk.start(conn, found.pk, now())
            jobs.start_sync(found.pk)
        case "pause":
            bulk.pause(conn, found.pk, now())
        case "resume":
            bulk.resume(conn, found.pk)
            jobs.start_sync(found.pk)
        case "cancel":
            bulk.cancel(conn, found.pk, now())
        case unknown:
            raise BadRequest(f"do is {unknown!r}; it is one of start, pause, resume, cancel.")
    log.note(conn, actor(request), "store.import", f"store:{found.name}", do=request.POST["do"])
    if request.htmx:  # type: ignore[attr-defined]
        context = {"store": found, "progress": progress.latest(conn, found.pk)}
        return render(request, "web/store_progress.html", context)
    return redirect("web:store", name)


@owner
@require_POST
def store_state(request: HttpRequest, name: str) -> HttpResponse:
    conn, found = database(), named(name)
    match request.POST.get("do"):
        case "pause":
            health.pause(conn, found.pk)
            messages.success(request, _("Paused. What the shop sends is kept and handled when you resume."))
        case "resume":
            health.resume(conn, found.pk)
            jobs.start_sync(found.pk)
            messages.success(request, _("Resumed."))
        case unknown:
            raise BadRequest(f"do is {unknown!r}; it is one of pause, resume.")
    log.note(conn, actor(request), "store.state", f"store:{found.name}", do=request.POST["do"])
    return redirect("web:store", name)


@owner
@require_POST
def store_sender(request: HttpRequest, name: str) -> HttpResponse:
    """Another place sends with the store's secret: the shop has moved there, or it is a copy."""
    conn, found = database(), named(name)
    do = request.POST.get("do")
    if do not in {"moved", "copy"}:
        raise BadRequest(f"do is {do!r}; it is one of moved, copy.")
    with conn.transaction():
        site = strangers.moved(conn, found) if do == "moved" else strangers.copied(conn, found)
        if site:
            log.note(conn, actor(request), "store.sender", f"store:{found.name}", do=do)
    if not site:
        messages.warning(request, _("That is decided already."))
        return redirect("web:store", name)
    jobs.start_sync(found.pk)
    if do == "moved":
        messages.success(request, _("The store goes on with %(site)s; what it sent is applied now.") % {"site": site})
    else:
        messages.success(request, _("The store goes on. What %(site)s sends is refused from now on.") % {"site": site})
    return redirect("web:store", name)


@owner
@require_POST
def store_settings(request: HttpRequest, name: str) -> HttpResponse:
    conn, found = database(), named(name)
    form = _settings(found, request.POST)
    if not form.is_valid():
        return render(request, "web/store.html", _context(conn, found, request) | {"settings_form": form}, status=422)
    options = found.settings | {"statuses": form.chosen()}
    changed = connecting.change(
        conn,
        found,
        idle_minutes=form.cleaned_data["idle_minutes"],
        max_concurrency=form.cleaned_data["max_concurrency"],
        settings=options,
    )
    _save_rule(conn, changed)
    log.note(conn, actor(request), "store.settings", f"store:{found.name}")
    messages.success(request, _("Saved. Values that depend on it are computed again."))
    return redirect("web:store", name)


@owner
@require_POST
def store_secret(request: HttpRequest, name: str) -> HttpResponse:
    """The ingest secret, shown on demand only; ``renew`` replaces it."""
    conn, found = database(), named(name)
    renewed = "renew" in request.POST
    secret = credentials.renew_ingest_secret(conn, found) if renewed else credentials.ingest_secret(found)
    log.note(conn, actor(request), "store.secret_renewed" if renewed else "store.secret_shown", f"store:{found.name}")
    return render(request, "web/store_secret.html", {"store": found, "secret": secret, "renewed": renewed})


@owner
@require_POST
def store_retry(request: HttpRequest, name: str) -> HttpResponse:
    conn, found = database(), named(name)
    asked = request.POST.getlist("id")  # none: all
    ids = [number for text in asked if (number := whole(text)) is not None]
    with conn.transaction():
        count = quarantine.retry(conn, found.pk, now(), ids if asked else None)
    messages.success(
        request,
        ngettext("%(count)s record is read again.", "%(count)s records are read again.", count) % {"count": count},
    )
    return redirect("web:store", name)


@owner
@require_http_methods(["GET", "POST"])
def store_disconnect(request: HttpRequest, name: str) -> HttpResponse:
    conn, found = database(), named(name)
    if request.method == "POST" and request.POST.get("confirm") == found.name:
        left = asyncio.run(_disconnect(conn, found))
        log.note(conn, actor(request), "store.disconnected", f"store:{found.name}")
        messages.success(request, _("%(store)s is disconnected. Its contacts stay.") % {"store": found})
        if left:
            messages.warning(request, said(left))
        return redirect("web:stores")
    reach = conn.execute(Q["store_reach"], {"store": found.pk}).fetchone() or (0, 0, 0)
    return render(
        request,
        "web/store_disconnect.html",
        {"store": found, "reach": reach, "wrong": request.method == "POST"},
        status=422 if request.method == "POST" else 200,
    )


async def _disconnect(conn: Connection, store: Store) -> str:
    try:
        async with open_store(store) as connector:
            return await health.disconnect(conn, store.pk, connector, jobs.hook_url(store))
    except registry.PlatformUnknown:
        return await health.disconnect(conn, store.pk, None, jobs.hook_url(store))


def _create_webhooks(conn: Connection, store: Store, request: HttpRequest) -> None:
    """At once, so that nothing has to wait for the hourly look; polling covers what goes wrong here."""
    try:
        asyncio.run(jobs.check_store(conn, store))
    except ConnectorError as error:
        messages.warning(request, said(str(error)))


def _context(conn: Connection, store: Store, request: HttpRequest) -> dict[str, Any]:
    before = whole(request.GET.get("quarantine"), 2**62)
    rows = conn.execute(
        Q["quarantine_page"],
        {"store": store.pk, "before": before, "limit": QUARANTINE + 1},
    ).fetchall()
    names = ("id", "stream", "kind", "external_id", "field", "reason", "created_at", "attempts", "raw")
    behind = lag.of_all(conn).get(store.pk, lag.Lag())
    (count,) = conn.execute(Q["quarantined"], {"store": store.pk}).fetchone() or (0,)
    polls = conn.execute(Q["store_poll"], {"store": store.pk}).fetchall()
    return {
        "store": store,
        "label": _label(store),
        "app": installing.shown(store),
        "health": health.of(store, now()),
        "progress": progress.latest(conn, store.pk),
        "quarantine": [dict(zip(names, row, strict=True)) for row in rows[:QUARANTINE]],
        "quarantine_next": rows[QUARANTINE - 1][0] if len(rows) > QUARANTINE else None,
        "quarantined": count,
        "kept_days": retention.days(conn)["quarantine"],
        "lag": behind,
        "late": late(store, behind),
        "stranger": strangers.waiting(conn, store),
        "unrated": rates.missing(conn, store.pk),
        "own_rates": rates.listed(conn, store.pk),
        "polls": polls,
        "compared": _compared(store),
        "settings_form": _settings(store),
        "hook": jobs.hook_url(store),
        "ingest": f"{settings.PUBLIC_URL}/ingest/v1/{store.key}",
        "snippet": f'<script src="{settings.PUBLIC_URL}/t/{store.key}/cartfolk.js" async></script>',
    }


def late(store: Store, behind: lag.Lag | None) -> str:
    """Why a connected store is late: handling, polling or ""."""
    if behind is None or store.state != Store.State.CONNECTED:
        return ""
    return behind.alarm(now(), settings.POLL_SECONDS)


def _compared(store: Store) -> dict[str, Any]:
    """The last comparison with the shop, as the page shows it."""
    if not store.compared:
        return {}
    return {"at": datetime.fromisoformat(store.compared["at"]), "streams": list(store.compared["streams"].values())}


def _settings(store: Store, data: Any = None) -> StoreSettings:
    try:
        declared = dict(registry.get(store.platform).info.order_statuses)
    except registry.PlatformUnknown:
        declared = {}
    statuses = {word: str(ours.value) for word, ours in declared.items()} | store.settings.get("statuses", {})
    ours = {status.value: say(ORDER, status.value) for status in OrderStatus}
    now_set = {"idle_minutes": store.idle_minutes, "max_concurrency": store.max_concurrency}
    return StoreSettings(statuses, ours, data, initial=now_set)


def _save_rule(conn: Connection, store: Store) -> None:
    from cartfolk.commerce import rules

    rules.save(conn, store.pk, **connecting.rule_of(store))


def named(name: str) -> Store:
    """The store of a page's address. Raises Http404."""
    try:
        return lookup.by_name(database(), name)
    except lookup.UnknownStore:
        raise Http404(_("There is no store of this name.")) from None


def _known(name: str, platform: str) -> dict[str, Any]:
    """What the form of a store that is connected again starts with; never its keys."""
    try:
        known = lookup.by_name(database(), name)
    except lookup.UnknownStore:
        return {}
    if known.platform != platform:
        return {}
    kept = ("name", "url", "idle_minutes", "allow_private_address")
    return {field: getattr(known, field) for field in kept}


def _platforms() -> list[Any]:
    """By their names; what asks no shop anything comes last."""
    return sorted((connector.info for connector in registry.all()), key=lambda info: (not info.streams, info.title))


def _label(store: Store) -> str:
    try:
        return _(registry.get(store.platform).info.title)
    except registry.PlatformUnknown:
        return store.platform
