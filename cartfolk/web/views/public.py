"""Pages for people without an account: confirming a subscription, unsubscribing. Opening changes nothing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from cartfolk import consent_links
from cartfolk.commerce import consent

from ..access import database


@csrf_exempt  # the token is the proof; mail programs post without a cookie (RFC 8058)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    conn = database()
    link = consent_links.find(conn, token)
    if link is None or link.kind != "confirm":
        return _page(request, "gone", 404)
    if request.method == "POST":
        consent_links.confirm(conn, token, link, request.META.get("REMOTE_ADDR", ""))
    elif link.used_at is None:
        return _page(request, "confirm", wording=link.wording)
    # A link that was used says what holds by now: who unsubscribed since is not told to be subscribed.
    return _page(request, "confirmed" if consent.granted(conn, link.contact_id, link.channel, link.purpose) else "used")


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    conn = database()
    link = consent_links.find(conn, token)
    if link is None or link.kind != "unsubscribe":
        return _page(request, "gone", 404)
    if request.method == "POST":
        if request.POST.get("do") == "back":
            consent_links.resubscribe(conn, token, link, request.META.get("REMOTE_ADDR", ""))
            return _page(request, "back")
        consent_links.unsubscribe(conn, token, link, one_click="List-Unsubscribe" in request.POST)
        return _page(request, "unsubscribed")
    return _page(request, "unsubscribe")


def _page(request: HttpRequest, state: str, status: int = 200, **more: str) -> HttpResponse:
    response = render(request, "web/public.html", {"state": state, **more}, status=status)
    response["X-Robots-Tag"] = "noindex"
    response["Referrer-Policy"] = "no-referrer"
    return response
