"""Contacts, customers and orders from files: upload, columns, check, run, undo."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cartfolk.audit import log
from cartfolk.contact_files import jobs, upload
from cartfolk.core.sql import Connection
from cartfolk.inbox.files import ledger
from cartfolk.inbox.files.columns import MappingWrong
from cartfolk.inbox.files.ledger import Import
from cartfolk.inbox.files.table import FileUnreadable
from cartfolk.stores import lookup

from .. import mapping
from ..access import actor, database, marketer

_STEPS = {"new": 2, "checking": 3, "checked": 3}  # state -> the step people are at; all others: the last


@marketer
@require_http_methods(["GET", "POST"])
def imports(request: HttpRequest) -> HttpResponse:
    """The imports there were, and the form that begins one."""
    conn = database()
    context: dict[str, Any] = {"stores": lookup.every(conn), "kind": "contacts"}
    if request.method == "POST":
        try:
            return redirect("web:contacts-import-one", _upload(conn, request))
        except (FileUnreadable, MappingWrong) as error:
            context |= {"wrong": str(error), "kind": request.POST.get("kind", "contacts")}
    people = {f"user:{pk}": name for pk, name in User.objects.values_list("pk", "email")}
    context["imports"] = [(one, people.get(one.made_by, "")) for one in ledger.recent(conn)]
    context["days"] = upload.DAYS
    return render(request, "web/imports.html", context, status=422 if "wrong" in context else 200)


def _upload(conn: Connection, request: HttpRequest) -> int:
    """Keeps the files of the form; the number of the import. Raises FileUnreadable, whose text is for the page."""
    kind = request.POST.get("kind", "contacts")
    if kind not in ("contacts", "customers", "orders"):
        raise BadRequest("kind is contacts, customers or orders.")
    if "file" not in request.FILES:
        raise FileUnreadable(_("File: choose one from your computer."))
    store = request.POST.get("store", "")
    known = {str(found.pk) for found in lookup.every(conn)}
    if kind != "contacts" and store not in known:
        raise FileUnreadable(
            _("Store: customers and orders belong to one. Choose it, or connect “Another shop system”.")
        )
    entries: list[dict[str, Any]] = []
    wanted = ["file", "lines"] if kind == "orders" and "lines" in request.FILES else ["file"]
    for name in wanted:
        sent = cast(Any, request.FILES[name])
        try:
            entries.append(upload.keep(sent.name, sent.chunks()))
        except FileUnreadable as error:
            for entry in entries:
                (upload.folder() / entry["stored"]).unlink(missing_ok=True)
            raise FileUnreadable(_unreadable(sent.name, str(error))) from None
    settings = {"store_id": int(store)} if kind != "contacts" else {}
    with conn.transaction():
        number = ledger.add(conn, cast(ledger.Kind, kind), actor(request), entries, settings)
        log.note(conn, actor(request), "import.uploaded", f"import:{number}", kind=kind)
    return number


def _unreadable(name: str, told: str) -> str:
    """The reader's sentence for what keeps a file from being a table."""
    if "is empty" in told:
        return _("%(file)s is empty. Export it again and upload that file.") % {"file": name}
    if "is an Excel workbook" in told:
        return _("%(file)s is an Excel workbook. In Excel choose “Save as”, “CSV UTF-8”, and upload that file.") % {
            "file": name
        }
    if "names a column twice" in told:
        twice = told.partition("twice: ")[2].partition(". Rename")[0]
        return _("%(file)s names a column twice: %(columns)s. Rename one of them.") % {"file": name, "columns": twice}
    return _("%(file)s is no table with a row of column names. Save it as CSV (for Excel: “CSV UTF-8”) and upload it "
             "again.") % {"file": name}  # fmt: skip


@marketer
@require_GET
def one(request: HttpRequest, import_id: int) -> HttpResponse:
    """The import at the step it is at; for htmx only what moves."""
    conn = database()
    found = _get(conn, import_id)
    mapped = found.files and found.began_at is None and (found.state == "new" or "columns" in request.GET)
    if mapped and not found.busy:
        return render(request, "web/import_columns.html", _context(found) | mapping.page(conn, found) | {"step": 2})
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "web/import_state.html", _context(found))
    return render(request, "web/import.html", _context(found))


@marketer
@require_POST
def columns(request: HttpRequest, import_id: int) -> HttpResponse:
    """Keeps the matching and starts the check."""
    conn = database()
    found = _get(conn, import_id)
    try:
        chosen = mapping.read(conn, found, request.POST)
    except MappingWrong as error:
        said = mapping.sent(found, request.POST)
        context = _context(found) | mapping.page(conn, found, said) | {"step": 2, "wrong": str(error)}
        return render(request, "web/import_columns.html", context, status=422)
    if ledger.choose(conn, import_id, chosen) and ledger.start(conn, import_id, "checking", before=["new"]):
        jobs.start(import_id)
    else:
        messages.warning(request, _("The import is at another step by now: this is how it stands."))
    return redirect("web:contacts-import-one", import_id)


@marketer
@require_POST
def act(request: HttpRequest, import_id: int) -> HttpResponse:
    """Runs, stops, goes on, or forgets the files."""
    conn = database()
    found = _get(conn, import_id)
    who = actor(request)
    match request.POST.get("do"):
        case "run":
            with conn.transaction():
                if ledger.start(conn, import_id, "running", before=["checked"]):
                    log.note(conn, who, "import.started", f"import:{import_id}", kind=found.kind)
                else:
                    messages.warning(request, _("The import is at another step by now: this is how it stands."))
            jobs.start(import_id)
        case "go on" if found.files and found.began_at:
            ledger.go_on(conn, import_id, "running", before=["cancelled", "failed"])
            jobs.start(import_id)
        case "stop":
            ledger.finish(conn, import_id, "cancelled")
        case "undo" if found.undoable:
            with conn.transaction():
                ledger.go_on(conn, import_id, "undoing", before=["done", "failed", "cancelled"])
                log.note(conn, who, "import.undone", f"import:{import_id}")
            jobs.start(import_id)
        case "forget":
            upload.forget(conn, found)
            log.note(conn, who, "import.forgotten", f"import:{import_id}")
            messages.success(request, _("The files are deleted. What the import did to the contacts stays."))
            return redirect("web:contacts-import")
        case _unknown:
            messages.warning(request, _("The import is at another step by now: this is how it stands."))
    return redirect("web:contacts-import-one", import_id)


@marketer
@require_GET
def undo(request: HttpRequest, import_id: int) -> HttpResponse:
    """What an undo would touch, before it does."""
    conn = database()
    found = _get(conn, import_id)
    if not found.undoable:
        return redirect("web:contacts-import-one", import_id)
    made, changed = conn.execute(ledger.Q["count_rows"], {"id": import_id}).fetchone() or (0, 0)
    return render(request, "web/import_undo.html", _context(found) | {"made": made, "changed": changed})


@marketer
@require_GET
def errors(request: HttpRequest, import_id: int) -> HttpResponseBase:
    """The error file: the very columns, and what is wrong with each row."""
    found = _get(database(), import_id)
    path = upload.errors(found)
    if not path.exists():
        raise Http404
    name = found.files[0]["name"].rpartition(".")[0] or "import"
    return FileResponse(path.open("rb"), as_attachment=True, filename=f"{name}-errors.csv", content_type="text/csv")


def _get(conn: Connection, import_id: int) -> Import:
    try:
        return ledger.get(conn, import_id)
    except ledger.UnknownImport as error:
        raise Http404 from error


def _context(found: Import) -> dict[str, Any]:
    shown = found.preview
    return {
        "import": found,
        "step": _STEPS.get(found.state, 4),
        "steps": enumerate((_("File"), _("Columns"), _("Check"), _("Import")), 1),
        "previews": [
            (word, shown[kind])
            for kind, word in (
                ("wrong", _("Wrong")), ("created", _("New")), ("changed", _("Changed")), ("unchanged", _("Unchanged")),
            )
            if shown.get(kind)
        ],
        "records": shown.get("records"),
        "marks": [(column, mapping.MARKS[mark]) for column, mark in found.settings.get("marks", {}).items()],
        "errors": found.wrong and upload.errors(found).exists(),
    }  # fmt: skip
