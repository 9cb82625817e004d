"""Settings, Privacy: erase and export people, who is kept out, how long raw material stays; the audit log."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cartfolk import disclosure, erasure
from cartfolk.audit import log
from cartfolk.core.plain import document
from cartfolk.core.time import iso, now
from cartfolk.identity import normalise, suppression
from cartfolk.identity.suppression import Name
from cartfolk.inbox import retention
from cartfolk.stores import lookup

from .. import held, logged, rows, words
from ..access import actor, database, owner
from ..given import whole
from ..templatetags.cartfolk import number as shown_number
from . import bulk, record

PAGE = 100
MOST = 1_000  # contacts erased at a time
PATIENCE = 1.5  # seconds a dry run reads raw deliveries; the erasure reads them all
SHOWN = 20  # contacts named on a page


@owner
@require_GET
def privacy(request: HttpRequest) -> HttpResponse:
    return _privacy(request, {})


def _kept(name: str) -> str:
    return words.say({**words.PRIVACY, **words.KEPT}, name)


def _privacy(request: HttpRequest, more: dict[str, Any], status: int = 200) -> HttpResponse:
    conn = database()
    counts = suppression.counts(conn)
    context = {
        "counts": [(words.say(words.PRIVACY, kind), number) for kind, number in counts.items()],
        "kept_out": suppression.kept_out(conn),
        "reports": suppression.reports(conn),
        "people": _people(report.by for report in suppression.reports(conn)),
        "requests": retention.requests(conn),
        "stores": {store.pk: store for store in lookup.every(conn)},
        "retention": [(name, _kept(name), number, "") for name, number in retention.days(conn).items()],
    }
    return render(request, "web/privacy.html", context | more, status=status)


@owner
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """How long things are kept: first shown what the next night would forget, then saved."""
    conn = database()
    typed = {name: request.POST.get(name, "").strip() for name in retention.NAMES}
    days = {name: whole(text, 0) for name, text in typed.items()}
    try:
        with conn.transaction(force_rollback=request.POST.get("do") != "save"):
            retention.choose(conn, days)
            log.note(conn, actor(request), "privacy.retention", "", **days)
    except retention.BadDays as error:
        label = _kept(error.name)
        said = _("%(field)s: say a whole number of days from 1 to 3650.") % {"field": label}
        rows = [(name, _kept(name), typed[name], "") for name in retention.NAMES]
        return _privacy(request, {"retention": rows, "wrong": said}, 422)
    if request.POST.get("do") == "save":
        messages.success(request, _("Saved. It takes effect tonight."))
        return redirect("web:privacy")
    found = retention.would_forget(conn, days)
    looked = [(name, _kept(name), days[name], found.get(name, "")) for name in retention.NAMES]
    return _privacy(request, {"retention": looked, "looked": True})


@owner
@require_POST
def lift(request: HttpRequest) -> HttpResponse:
    """Lets an erased address in again."""
    email = normalise.email(request.POST.get("email", ""))
    conn = database()
    if email is None:
        messages.error(request, _("E-mail: write it as name@example.org."))
    elif suppression.lift(conn, [Name("email", 0, email)]):
        log.note(conn, actor(request), "privacy.let_in")
        messages.success(request, _("The address may come in again."))
    else:
        messages.error(request, _("This address is not kept out."))
    return redirect("web:privacy")


@owner
@require_http_methods(["GET", "POST"])
def erase(request: HttpRequest) -> HttpResponse:
    """What an erasure would touch; its word typed, the worker begins with it."""
    given = request.POST if request.method == "POST" else request.GET
    return _erase(request, [one for one in given.get("who", "").replace(",", " ").split() if one])


@owner
@require_GET
def erase_chosen(request: HttpRequest) -> HttpResponse:
    """The same for contacts chosen in the list."""
    chosen, shown = bulk.selection(request, request.GET)
    with closing(chosen.contacts(database())) as contacts:
        ids = list(itertools.islice(contacts, MOST + 1))
    if not ids:
        return bulk.nobody(request, shown)
    return _erase(request, [str(one) for one in ids], shown.asked.address())


def _erase(request: HttpRequest, who: list[str], back: str = "") -> HttpResponse:
    conn = database()
    if len(who) > MOST:
        said = _("At most %(most)s contacts can be erased at a time. Narrow the list, or choose fewer.")
        messages.error(request, said % {"most": shown_number(MOST)})
        return redirect(back or "web:privacy")
    asked = _asked(who)
    try:
        found = erasure.preview(conn, **asked, seconds=PATIENCE)
        people = len(found.contacts)
        word = f"{_('erase')} {people}" if people > 1 else _("erase")
        if request.POST.get("confirm", "").strip().lower() == word:
            number = erasure.ask(conn, **asked, by=actor(request))
            erasure.start(number)
            return redirect("web:privacy-report", number)
    except erasure.NobodyToErase:
        messages.error(request, _("Nobody is found. Write contact numbers, or e-mail addresses as name@example.org."))
        return redirect("web:privacy")
    wrong = "confirm" in request.POST
    context = {
        "who": " ".join(who),
        "found": _told(asdict(found)),
        "unread": found.unread,
        "word": word,
        "people": rows.named(conn, found.contacts[:SHOWN]),
        "further": max(0, people - SHOWN),
        "back": back or reverse("web:privacy"),
        "wrong": wrong,
    }
    return render(request, "web/privacy_erase.html", context, status=422 if wrong else 200)


def _asked(who: Iterable[str]) -> dict[str, Any]:
    contacts = [number for one in who if (number := whole(one)) is not None]
    return {"contacts": contacts, "emails": [one for one in who if whole(one) is None]}


def _told(report: dict[str, Any]) -> list[tuple[str, Any, list[tuple[str, Any]]]]:
    """A report as lines: what, how many, and the parts."""
    lines: list[tuple[str, Any, list[tuple[str, Any]]]] = []
    for name in ("rows", "names", "deliveries", "objects", "webhooks", "quarantine", "carts", "links", "mentions",
                 "imports", "log_lines", "left"):  # fmt: skip
        value = report.get(name)
        parts = sorted(value.items()) if isinstance(value, dict) else []
        if name == "names":
            parts = [(words.say(words.PRIVACY, kind), count) for kind, count in parts]
        total = sum(count for _key, count in parts) if isinstance(value, dict) else value
        if total:
            lines.append((words.say(words.PRIVACY, name), total, parts))
    return lines


@owner
@require_GET
def report(request: HttpRequest, erasure_id: int) -> HttpResponse:
    try:
        proof = suppression.report(database(), erasure_id)
    except suppression.NoErasure:
        raise Http404(_("There is no such erasure.")) from None
    if proof.going is not None:
        erasure.start(erasure_id)  # the job of an erasure whose worker died; one that waits is not doubled
    elif request.GET.get("as") == "json":
        told = {"erasure": proof.erasure_id, "at": iso(proof.at), "by": proof.by, **proof.report}
        response = HttpResponse(json.dumps(told, indent=2), content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="cartfolk-erasure-{proof.erasure_id}.json"'
        return response
    contacts = proof.report["contacts"]
    context = {
        "proof": proof,
        "lines": _told(proof.report),
        "who": _people([proof.by]).get(proof.by, proof.by),
        "contacts": contacts[:SHOWN],
        "further": max(0, len(contacts) - SHOWN),
    }
    part = request.htmx and not request.htmx.boosted  # type: ignore[attr-defined]
    return render(request, "web/privacy_proof.html" if part else "web/privacy_report.html", context)


@owner
@require_GET
def export(request: HttpRequest, contact_id: int) -> HttpResponse:
    """Everything held of one person: JSON, or a page to print."""
    conn = database()
    try:
        told = disclosure.disclose(conn, contact_id)
    except erasure.NobodyToErase:
        raise Http404(_("There is no contact with this number.")) from None
    log.note(conn, actor(request), "contact.disclosed", f"contact:{contact_id}")
    if request.GET.get("as") == "json":
        response = HttpResponse(document(told), content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="contact-{contact_id}.json"'
        return response
    ids = {row["store_id"] for rows in told["data"].values() for row in rows if row.get("store_id")}
    tables = held.tables(conn, told, record.home_currency(conn, list(ids)))
    raw = [(one["store"], document(one["received"])) for one in told["received"]]
    context = {"contact_id": contact_id, "tables": tables, "raw": raw, "at": now()}
    context["people"] = rows.named(conn, told["contacts"])
    return render(request, "web/privacy_export.html", context)


@owner
@require_POST
def done(request: HttpRequest, request_id: int) -> HttpResponse:
    """A shop's request for access was answered."""
    conn = database()
    with conn.transaction():
        retention.close(conn, request_id, "answered")
        log.note(conn, actor(request), "privacy.answered", f"request:{request_id}")
    return redirect("web:privacy")


@owner
@require_GET
def audit(request: HttpRequest) -> HttpResponse:
    """Who did what, newest first, by kind and by person."""
    conn = database()
    kind, who = request.GET.get("kind", ""), request.GET.get("who", "")
    before = whole(request.GET.get("before"))
    events = log.recent(conn, before, f"{kind}." if kind else None, PAGE + 1, who or None)
    shown = events[:PAGE]
    people = _people({event.actor for event in shown} | set(log.actors(conn)))
    context = {
        "events": [
            (
                event,
                logged.act(event.action),
                people.get(event.actor, event.actor),
                logged.target(event.target),
                logged.detail(event.detail),
            )
            for event in shown
        ],
        "kinds": [(one, words.say(logged.KINDS, one)) for one in log.kinds(conn)],
        "people": sorted(people.items(), key=lambda one: one[1]),
        "kind": kind,
        "who": who,
        "following": shown[-1].event_id if len(events) > PAGE else None,
    }
    return render(request, "web/audit.html", context)


def _people(actors: Iterable[str]) -> dict[str, str]:
    """Names of those who act, as the log names them."""
    known = {f"user:{user.pk}": user.get_full_name() or user.email or user.username for user in User.objects.all()}
    found: dict[str, str] = {}
    for one in actors:
        kind, _colon, number = one.partition(":")
        if one in known:
            found[one] = known[one]
        elif kind == "user":
            found[one] = _("A former member (%(number)s)") % {"number": number}
        elif kind == "token":
            found[one] = _("API token %(number)s") % {"number": number}
        elif kind == "store":
            found[one] = _("The shop")
        else:
            found[one] = _("Cartfolk itself")
    return found
