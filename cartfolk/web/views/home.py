"""Home: what happened today, how the stores are, what to do next."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from cartfolk.core.sql import Statements
from cartfolk.inbox import lag
from cartfolk.stores import lookup

from .. import access
from ..access import database, member
from .stores import late

Q = Statements.beside(str(access.__file__))


@member
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    conn = database()
    since = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    steps: dict[str, int] = dict(conn.execute(Q["today"], {"since": since}).fetchall())
    (new,) = conn.execute(Q["today_contacts"], {"since": since}).fetchone() or (0,)
    revenue = conn.execute(Q["today_revenue"], {"since": since}).fetchall()
    waiting: dict[int, int] = dict(conn.execute(Q["quarantined_by_store"]).fetchall())
    runs = {store: state for store, _run, state in conn.execute(Q["backfill_runs"]).fetchall()}
    lags = lag.of_all(conn)
    stores: list[dict[str, Any]] = [
        {
            "store": store,
            "quarantined": waiting.get(store.pk, 0),
            "run": runs.get(store.pk),
            "late": late(store, lags.get(store.pk)),
        }
        for store in lookup.every(conn)
    ]
    newest = conn.execute(Q["newest_contacts"]).fetchall()
    return render(
        request,
        "web/home.html",
        {
            "new_contacts": new,
            "orders": sum(count for _currency, _sum, count, _unrated in revenue),
            "abandoned": steps.get("Abandoned Cart", 0),
            "recovered": steps.get("Cart recovered", 0),
            "revenue": [(currency, total) for currency, total, _count, _unrated in revenue],
            "unrated": sum(row[3] for row in revenue),
            "stores": stores,
            "newest": newest,
            "today": since,
        },
    )
