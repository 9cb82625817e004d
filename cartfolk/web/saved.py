"""Views of All contacts: a name for filters, columns, order and search. Some come with Cartfolk, others are saved.

A view is private or shared with everybody; one shared view may be what All contacts opens with. A deleted one can
be brought back (its row stays).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import models, transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext_lazy as _

from cartfolk.core.sql import Statements
from cartfolk.core.time import now
from cartfolk.stores.database import database

from . import formats
from .given import whole
from .models import SavedView

Q = Statements.beside(__file__)
EVERYBODY = "all"
LONGEST = 80  # characters of a name
MOST = 100  # views of one person


class ViewRefused(ValueError):
    """The view cannot be saved as asked; the message says what to change."""


@dataclass(frozen=True, slots=True)
class View:
    """One tab. ``key`` stands in the address: a preset's word or a saved view's number. ``columns`` () = standard."""

    key: str
    name: str
    filters: dict[str, Any] | None = None
    columns: tuple[str, ...] = ()
    sort: str = "-createdate"
    search: str = ""
    preset: bool = False
    shared: bool = False
    default: bool = False
    mine: bool = False


def _only(**condition: Any) -> dict[str, Any]:
    root = {"type": "group", "match": "all", "children": [{"type": "property", **condition}]}
    return {"version": 1, "root": root}


def missing() -> str:
    """The sentence about a view that an address names and that is not there."""
    return str(
        _("The view of this address is not there: it was deleted, or somebody keeps it private. Everybody is shown.")
    )


def presets() -> list[View]:
    """The views Cartfolk comes with, in the order of their tabs."""
    return list(_presets(formats.language()))


@cache
def _presets(language: str) -> tuple[View, ...]:
    return (
        View(EVERYBODY, str(_("All contacts")), preset=True),
        View(
            "customers",
            str(_("Customers")),
            _only(property="total_number_of_orders", operator="greater", value=0),
            sort="-last_order_date",
            preset=True,
        ),
        View(
            "abandoned",
            str(_("Abandoned carts")),
            _only(property="current_abandoned_cart", operator="is_any_of", value=["yes"]),
            ("email", "phone", "abandoned_cart_date", "abandoned_cart_total_value", "abandoned_cart_counter", "stores"),
            "-recent_conversion_date",
            preset=True,
        ),
        View(
            "newsletter",
            str(_("Newsletter")),
            _only(property="hs_marketable_status", operator="is_any_of", value=["true"]),
            preset=True,
        ),
        View("active", str(_("Recently active")), sort="-recent_conversion_date", preset=True),
    )


def _present(user: Any) -> QuerySet[SavedView]:
    return SavedView.objects.filter(models.Q(owner=user) | models.Q(shared=True), deleted_at=None)


def tabs(user: Any) -> list[View]:
    """Every view the reader sees, in the order of the tabs: Cartfolk's own, then the saved ones."""
    return presets() + [_view(*row) for row in database().execute(Q["views"], {"user": user.pk})]


def opening(views: list[View]) -> View:
    """What All contacts shows when nothing was asked: the default of the account, else everybody."""
    return next((view for view in views if view.default), views[0])


def _view(
    number: int, name: str, filters: dict[str, Any] | None, columns: list[str], sort: str, search: str,
    shared: bool, default: bool, mine: bool,
) -> View:  # fmt: skip
    return View(str(number), name, filters, tuple(columns), sort, search, shared=shared, default=default, mine=mine)


def own(user: Any, key: str) -> SavedView:
    """A saved view the reader may change: an own one, or a shared one. Raises SavedView.DoesNotExist."""
    return _present(user).get(pk=whole(key, 0))


def create(user: Any, name: str, shown: View, *, shared: bool = False) -> SavedView:
    """A new view at the end of the tabs. Raises ViewRefused."""
    name = _name(user, name)
    if SavedView.objects.filter(owner=user, deleted_at=None).count() >= MOST:
        raise ViewRefused(str(_("You have %(most)s views. Delete one you do not need any more.") % {"most": MOST}))
    last = SavedView.objects.aggregate(last=Max("position"))["last"]
    return SavedView.objects.create(
        name=name, owner=user, shared=shared, position=(last or 0) + 1,
        filters=shown.filters, columns=list(shown.columns), sort=shown.sort, search=shown.search,
    )  # fmt: skip


def keep(row: SavedView, shown: View) -> None:
    """What the reader sees now becomes the view."""
    row.filters, row.columns, row.sort, row.search = shown.filters, list(shown.columns), shown.sort, shown.search
    row.save()


def rename(user: Any, row: SavedView, name: str) -> None:
    """Raises ViewRefused."""
    row.name = _name(user, name, row)
    row.save()


def share(user: Any, row: SavedView, shared: bool) -> None:
    """Shows it to everybody, or to its owner alone; a private view cannot be the default. Raises ViewRefused for
    somebody else's view: made private it would be gone for who did it, without a way back."""
    if not shared and row.owner_id != user.pk:
        raise ViewRefused(str(_("Only who made this view can make it private. Save a view of your own instead.")))
    row.shared = shared
    row.default = row.default and shared
    row.save()


def make_default(row: SavedView | None) -> None:
    """What All contacts opens with from now on, for everybody; ``None``: all contacts again."""
    with transaction.atomic():
        SavedView.objects.filter(default=True).update(default=False)
        if row is not None:
            row.default = row.shared = True
            row.save()


def move(user: Any, row: SavedView, steps: int) -> None:
    """Moves the tab by ``steps`` among those the reader sees."""
    with transaction.atomic():
        rows = list(_present(user).select_for_update().order_by("position", "pk"))
        at = next(place for place, other in enumerate(rows) if other.pk == row.pk)
        rows.insert(max(0, min(len(rows) - 1, at + steps)), rows.pop(at))
        for place, other in enumerate(rows):
            if other.position != place:
                other.position = place
                other.save(update_fields=["position"])


def delete(row: SavedView) -> None:
    row.deleted_at, row.default = now(), False
    row.save()


def restore(user: Any, key: str) -> SavedView:
    """Brings back a view the reader could see, under a free name if another took its own. Raises
    SavedView.DoesNotExist."""
    row = SavedView.objects.filter(models.Q(owner=user) | models.Q(shared=True)).get(pk=int(key))
    taken = {view.name.casefold() for view in tabs(user) if view.key != str(row.pk)}
    tried = (f"{row.name[: LONGEST - 5]} ({number})" for number in itertools.count(2))
    if row.name.casefold() in taken:
        row.name = next(name for name in tried if name.casefold() not in taken)
    row.deleted_at = None
    row.save()
    return row


def _name(user: Any, name: str, itself: SavedView | None = None) -> str:
    name = " ".join(name.split())
    if not name:
        raise ViewRefused(str(_("Name: give the view a name.")))
    if len(name) > LONGEST:
        raise ViewRefused(str(_("Name: at most %(most)s characters.") % {"most": LONGEST}))
    taken = {view.name.casefold() for view in tabs(user) if itself is None or view.key != str(itself.pk)}
    if name.casefold() in taken:
        raise ViewRefused(str(_("Name: there is a view called “%(name)s” already. Choose another.") % {"name": name}))
    return name
