"""A contact: key facts, timeline, orders, carts, and every property."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from psycopg.rows import dict_row

from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import iso, now
from cartfolk.identity import merges
from cartfolk.properties import compute, notes
from cartfolk.properties.defined import load
from cartfolk.stores import lookup

from .. import properties, rows, timeline
from ..access import database, member
from ..given import whole

Q = Statements.beside(str(properties.__file__))
ORDERS = 20
HIDE_EMPTY = "hide_empty"  # in the session


def ask(conn: Connection, name: str, **parameters: Any) -> list[dict[str, Any]]:
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(Q[name], parameters).fetchall()


@member
@require_GET
def contact(request: HttpRequest, contact_id: int) -> HttpResponse:
    conn = database()
    person = find(conn, contact_id)
    if isinstance(person, int):
        return redirect("web:contact", person, permanent=False)
    kinds = timeline.chosen(request.GET.getlist("kind"))
    context = _frame(conn, person) | {"tab": "timeline", "note_longest": notes.LONGEST}
    if (deleted := whole(request.GET.get("deleted"))) is not None:
        context["deleted_note"] = deleted
    page = timeline.page(conn, contact_id, kinds, home=context["currency"])
    return render(request, "web/contact.html", context | _events(kinds, page))


@member
@require_GET
def contact_timeline(request: HttpRequest, contact_id: int) -> HttpResponse:
    """Further events for htmx. ``skip`` passes over events of the same instant that are on the page already."""
    conn = database()
    before = _moment(request.GET.get("before"))
    try:
        skip = min(1000, max(0, int(request.GET.get("skip", "0"))))
    except ValueError:
        skip = 0
    kinds = timeline.chosen(request.GET.getlist("kind"))
    person = find(conn, contact_id)
    home = "" if isinstance(person, int) else home_currency(conn, person["store_ids"] or [])
    page = timeline.page(conn, contact_id, kinds, before, skip, home)
    context = _events(kinds, page) | {"contact": {"contact_id": contact_id}, "stores": _stores(conn), "added": True}
    return render(request, "web/contact_timeline.html", context)


def _events(kinds: list[str], page: timeline.Page) -> dict[str, Any]:
    """What the timeline's template needs; ``asked`` repeats the filter in addresses."""
    every = len(kinds) == len(timeline.KINDS)
    return {
        "events": page.events,
        "further": {"before": iso(page.before), "skip": page.skip} if page.before else None,
        "kinds": [(kind, _(label), kind in kinds) for kind, label in timeline.KINDS.items()],
        "filtered": not every,
        "asked": "" if every else "".join(f"&kind={kind}" for kind in kinds),
    }


@member
@require_GET
def contact_orders(request: HttpRequest, contact_id: int) -> HttpResponse:
    conn = database()
    person = find(conn, contact_id)
    if isinstance(person, int):
        return redirect("web:contact-orders", person, permanent=False)
    before, before_id = _after(request)
    rows = ask(conn, "orders", contact=contact_id, before=before, before_id=before_id, limit=ORDERS + 1)
    more, rows = len(rows) > ORDERS, rows[:ORDERS]
    ids = [row["order_id"] for row in rows]
    lines = _grouped(ask(conn, "order_lines", contact=contact_id, orders=ids), "order_id")
    refunds = _grouped(ask(conn, "refunds", contact=contact_id, orders=ids), "order_id")
    for row in rows:
        row |= {"lines": lines[row["order_id"]], "refunds": refunds[row["order_id"]]}
    context = _frame(conn, person) | {"tab": "orders", "orders": rows}
    if more:
        context["following"] = {"before": iso(rows[-1]["placed_at"]), "id": rows[-1]["order_id"]}
    return render(request, "web/contact_orders.html", context)


@member
@require_GET
def contact_carts(request: HttpRequest, contact_id: int) -> HttpResponse:
    conn = database()
    person = find(conn, contact_id)
    if isinstance(person, int):
        return redirect("web:contact-carts", person, permanent=False)
    before, before_id = _after(request)
    rows = ask(conn, "carts", contact=contact_id, before=before, before_id=before_id, limit=ORDERS + 1)
    more, rows = len(rows) > ORDERS, rows[:ORDERS]
    lines = _grouped(ask(conn, "cart_lines", contact=contact_id, carts=[r["cart_id"] for r in rows]), "cart_id")
    for row in rows:
        row["lines"] = lines[row["cart_id"]]
    context = _frame(conn, person) | {"tab": "carts", "carts": rows}
    if more:
        context["following"] = {"before": iso(rows[-1]["created_at"]), "id": rows[-1]["cart_id"]}
    return render(request, "web/contact_carts.html", context)


@member
@require_GET
def contact_properties(request: HttpRequest, contact_id: int) -> HttpResponse:
    """*View all properties*: every group in order, empty ones too; the page's script filters."""
    conn = database()
    person = find(conn, contact_id)
    if isinstance(person, int):
        return redirect("web:contact-properties", person, permanent=False)
    frame = _frame(conn, person)
    words = rows.Words(conn, contact_id, frame["values"], frame["currency"])
    catalogue = properties.everything(frame["labels"], load(conn))
    groups: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(shown.group for shown in catalogue):
        mine = [shown for shown in catalogue if shown.group == name]
        groups[name] = _group(mine[0].group_label, mine, words) | {"kept": True}
        if name == properties.SHOP:
            groups |= _by_store(conn, person, mine)
    context = {"tab": "properties", "groups": groups, "hide_empty": request.session.get(HIDE_EMPTY, False)}
    return render(request, "web/contact_properties.html", frame | context)


@member
@require_POST
def hide_empty(request: HttpRequest) -> HttpResponse:
    """Remembers for this session whether empty properties are hidden."""
    request.session[HIDE_EMPTY] = "hide" in request.POST
    return HttpResponse(status=204)


def _by_store(conn: Connection, person: dict[str, Any], shop: list[properties.Shown]) -> dict[str, dict[str, Any]]:
    """The shop's group once more for each store, where the person is known in more than one."""
    ids = person["store_ids"] or []
    rules = {row["store_id"]: row for row in ask(conn, "store_rules")} if len(ids) > 1 else {}
    return {
        f"{properties.SHOP}-{store}": _group(
            f"{rules[store]['label']} ({rules[store]['host']})",
            shop,
            rows.Words(
                conn,
                0,
                compute.of_store(conn, person["contact_id"], store, now()),
                rules[store]["home_currency"],
            ),
        )
        for store in ids
        if store in rules
    }


def _group(label: str, shown: list[properties.Shown], words: rows.Words) -> dict[str, Any]:
    """A group as the page shows it: its values in words, by block, and how many there are."""
    blocks: dict[str, list[rows.Row]] = {}
    for item in shown:
        blocks.setdefault(item.block, []).append(words.row(item))
    filled = sum(not row.empty for found in blocks.values() for row in found)
    return {"label": label, "blocks": blocks, "filled": filled, "count": len(shown)}


def find(conn: Connection, contact_id: int) -> dict[str, Any] | int:
    """The contact, or the number of the one it was merged into. Raises Http404."""
    if rows := ask(conn, "contact", contact=contact_id):
        return rows[0]
    if rows := ask(conn, "kept_contact", contact=contact_id):
        return int(rows[0]["kept_id"])
    raise Http404(_("There is no contact with this number."))


def _frame(conn: Connection, person: dict[str, Any]) -> dict[str, Any]:
    """What stands above every tab of a record."""
    contact_id = person["contact_id"]
    found = known_values(conn, contact_id)
    stores = _stores(conn)
    ids = person["store_ids"] or []
    orders, carts = conn.execute(Q["record_counts"], {"contact": contact_id}).fetchone() or (0, 0)
    identities = ask(conn, "identities", contact=contact_id)
    return {
        "contact": person,
        "title": person["name"] or person["email"] or _("Contact %(number)s") % {"number": contact_id},
        "values": found,
        "identities": identities,
        "accounts": ask(conn, "accounts", contact=contact_id),
        "stores": stores,
        "labels": labels(conn, ids),
        "currency": home_currency(conn, ids),
        "order_count": orders,
        "cart_count": carts,
        "lifecycle": found.get("lifecyclestage"),
        "merges": _merges(conn, contact_id),
    }


def _merges(conn: Connection, contact_id: int) -> list[dict[str, Any]]:
    """Merges that made this contact, newest first, with the addresses that came along."""
    return [
        {
            "merge_id": one.merge_id,
            "gone": one.gone,
            "at": one.at,
            "reason": _("The same e-mail address") if one.by == "sync" else one.reason,
            "by": one.by,
            "undone_at": one.undone_at,
            "undoable": one.undoable,
            "who": ", ".join(original for kind, _value, original in one.names if kind in ("email", "phone")),
        }
        for one in merges.history(conn, contact_id)
    ]


def known_values(conn: Connection, contact_id: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("contact_custom_values", "contact_values"):  # where both have a value, the computed one counts
        for (row,) in conn.execute(Q[name], {"contact": contact_id}):
            found |= {key: value for key, value in row.items() if value is not None}
    return found


def _stores(conn: Connection) -> dict[int, Any]:
    return {store.pk: store for store in lookup.every(conn)}


def labels(conn: Connection, ids: Iterable[int] = ()) -> list[str]:
    """The platforms' labels of these stores (all stores when none are named)."""
    wanted = list(ids)
    rows = conn.execute("select store_id, label from store_rule order by store_id").fetchall()
    return [label for store, label in rows if not wanted or store in wanted]


def home_currency(conn: Connection, ids: list[int]) -> str:
    """The home currency of the contact's stores; '' when they differ (amounts then show no currency)."""
    rows = conn.execute(Q["home_currencies"]).fetchall()
    found = {currency for store, currency in rows if not ids or store in ids}
    return found.pop() if len(found) == 1 else ""


def _grouped(rows: list[dict[str, Any]], key: str) -> defaultdict[int, list[dict[str, Any]]]:
    groups: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return groups


def _moment(text: str | None) -> datetime:
    try:
        found = parse_datetime(text or "")
    except ValueError:
        found = None
    return found if found is not None and found.tzinfo is not None else timeline.END


def _after(request: HttpRequest) -> tuple[datetime, int]:
    return _moment(request.GET.get("before")), whole(request.GET.get("id"), 2**62)
