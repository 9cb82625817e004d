"""Saving, changing and deleting views of All contacts."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cartfolk.audit import log

from .. import asked as asking
from .. import saved
from ..access import actor, database, marketer
from ..models import SavedView
from . import contacts


def _address(key: str) -> str:
    return f"{reverse('web:contacts')}?view={key}"


@marketer
@require_POST
def contacts_view_save(request: HttpRequest) -> HttpResponse:
    """What the reader sees becomes a view of its own."""
    shown = contacts.read(request, request.POST)
    asked = shown.asked
    if shown.problem:  # or it would be kept, to be told again by everyone who opens it
        messages.error(request, shown.problem)
        return redirect(asked.address())
    try:
        row = saved.create(request.user, request.POST.get("name", ""), asked.shown, shared="shared" in request.POST)
    except saved.ViewRefused as refused:
        messages.error(request, str(refused))
        return redirect(asked.address())
    log.note(database(), actor(request), "view.create", f"view:{row.pk}", shared=row.shared)
    messages.success(request, _("The view “%(name)s” is saved.") % {"name": row.name})
    return redirect(_address(str(row.pk)))


@marketer
@require_POST
def contacts_view(request: HttpRequest, key: str) -> HttpResponse:
    """Changes a saved view: ``do`` is save, rename, share, unshare, default, no-default, left, right, delete or
    restore."""
    do = request.POST.get("do", "")
    if do == "no-default":
        saved.make_default(None)
        log.note(database(), actor(request), "view.default", "view:all")
        return redirect(_address(key))
    try:
        if do == "restore":
            row = saved.restore(request.user, key)
            log.note(database(), actor(request), "view.restore", f"view:{row.pk}")
            return redirect(_address(key))
        row = saved.own(request.user, key)
    except (SavedView.DoesNotExist, ValueError):
        messages.error(request, saved.missing())
        return redirect(f"{reverse('web:contacts')}?view={saved.EVERYBODY}")
    asked = asking.read(request.POST, saved.tabs(request.user))
    try:
        _do(request, do, row, asked)
    except saved.ViewRefused as refused:
        messages.error(request, str(refused))
        return redirect(asked.address())
    log.note(database(), actor(request), f"view.{do}", f"view:{row.pk}")
    return redirect("web:contacts" if do == "delete" else _address(key))


def _do(request: HttpRequest, do: str, row: SavedView, asked: asking.Asked) -> None:
    match do:
        case "save":
            saved.keep(row, asked.shown)
            messages.success(request, _("The view “%(name)s” is saved.") % {"name": row.name})
        case "rename":
            saved.rename(request.user, row, request.POST.get("name", ""))
        case "share" | "unshare":
            saved.share(request.user, row, do == "share")
        case "default":
            saved.make_default(row)
            messages.success(request, _("All contacts now opens with “%(name)s”, for everybody.") % {"name": row.name})
        case "left" | "right":
            saved.move(request.user, row, -1 if do == "left" else 1)
        case "delete":
            saved.delete(row)
            undo = format_html(
                '{} <form method="post" action="{}"><input type="hidden" name="csrfmiddlewaretoken" value="{}">'
                '<button class="link" name="do" value="restore">{}</button></form>',
                _("The view “%(name)s” is deleted; its contacts are untouched.") % {"name": row.name},
                reverse("web:contacts-view", args=[row.pk]),
                get_token(request),
                _("Undo"),
            )
            messages.success(request, undo)
        case _:
            raise Http404
