"""Which records a list request selects, and in which order: filters, time bounds, sorting."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..clock import Clock
from ..index import Ids, TimeIndex
from ..records import HIDDEN
from ..world import World, normalise_email
from .catalog import LookupRow
from .errors import invalid_param
from .query import Args, Bound
from .words import ROLES, STATE, STATUS

_ORDER_BY = ("date", "modified", "id", "include", "title", "slug", "menu_order")
_DIRECTIONS = ("asc", "desc")
_ANALYTICS_BY = (
    "date_registered",
    "date_last_active",
    "date_last_order",
    "username",
    "name",
    "email",
    "id",
    "country",
    "city",
    "state",
    "postcode",
    "orders_count",
    "total_spend",
    "avg_order_value",
    "username_search",
    "include",
)


@dataclass(frozen=True, slots=True)
class Span:
    """Two bounds on one column, both strict; `gmt` = they are compared with the UTC column."""

    after: Bound | None
    before: Bound | None
    gmt: bool

    @classmethod
    def read(cls, args: Args, clock: Clock, after: str, before: str) -> Span:
        return cls(args.moment(after, clock), args.moment(before, clock), args.flag("dates_are_gmt"))

    @property
    def open(self) -> bool:
        return self.after is None and self.before is None

    def pick(self, index: TimeIndex, clock: Clock) -> Ids:
        """Ids within the bounds, in the order of the index."""
        after, before = self.after, self.before
        if self.gmt:
            rows = index.between(after.as_gmt() if after else None, before.as_gmt() if before else None)
        else:
            rows = index.between_local(
                after.as_local(clock) if after else None,
                before.as_local(clock) if before else None,
                clock.local,
            )
        return Ids(rows)


def orders(world: World, args: Args) -> Sequence[int]:
    """Ids of the orders asked for. Status `any` (the default) leaves out drafts and trash."""
    states = _states(args)
    clock = world.clock
    created = Span.read(args, clock, "after", "before")
    modified = Span.read(args, clock, "modified_after", "modified_before")
    by = args.choice("orderby", "date", _ORDER_BY)
    direction = args.choice("order", "desc", _DIRECTIONS)
    by_created, by_modified = _order_indexes(world, states)
    ids: Sequence[int]
    if by == "modified":
        ids = modified.pick(by_modified, clock)
        other = None if created.open else set(created.pick(by_created, clock))
    else:
        ids = created.pick(by_created, clock)
        other = None if modified.open else set(modified.pick(by_modified, clock))
    if other is not None:
        ids = [each for each in ids if each in other]
    if states is not None:
        ids = [each for each in ids if world.orders[each].state in states]
    if args.has("customer"):
        customer = args.number("customer", 0)
        ids = [each for each in ids if world.orders[each].customer_id == customer]
    if args.has("product"):
        product = args.number("product", 0)
        ids = [each for each in ids if any(line.product_id == product for line in world.orders[each].lines)]
    if search := args.text("search").lower():
        ids = [each for each in ids if search in world.orders[each].billing.email.lower() or search == str(each)]
    return _arrange(ids, args, by, direction, presorted=by in ("date", "modified"))


def subscriptions(world: World, args: Args) -> Sequence[int]:
    """Subscriptions of any status by date, as orders are listed."""
    clock = world.clock
    created, modified = TimeIndex(), TimeIndex()
    created.fill([(each.order.created, number) for number, each in world.subscriptions.items()])
    modified.fill([(each.order.modified, number) for number, each in world.subscriptions.items()])
    by = args.choice("orderby", "date", _ORDER_BY)
    ids = Span.read(args, clock, "after", "before").pick(created, clock)
    changed = Span.read(args, clock, "modified_after", "modified_before").pick(modified, clock)
    first, other = (changed, set(ids)) if by == "modified" else (ids, set(changed))
    found = [each for each in first if each in other]
    return _arrange(found, args, by, args.choice("order", "desc", _DIRECTIONS), by in ("date", "modified"))


def _states(args: Args) -> set[str] | None:
    words = args.words("status") or ["any"]
    unknown = [word for word in words if word != "any" and word not in STATE and word != "auto-draft"]
    if unknown:
        allowed = ", ".join(["any", *STATUS.values()])
        raise invalid_param("status", f"status[0] is not one of {allowed}.", "rest_not_in_enum")
    if words == ["any"]:
        return None
    states = {STATE[word] for word in words if word in STATE}
    return states | (set(STATE.values()) - HIDDEN if "any" in words else set())


def _order_indexes(world: World, states: set[str] | None) -> tuple[TimeIndex, TimeIndex]:
    if states is None or not states & HIDDEN:
        return world.by_created, world.by_modified
    wanted = [order for order in world.orders.values() if order.state in states]
    by_created, by_modified = TimeIndex(), TimeIndex()
    by_created.fill([(order.created, order.id) for order in wanted])
    by_modified.fill([(order.modified, order.id) for order in wanted])
    return by_created, by_modified


def refunds(world: World, args: Args) -> Sequence[int]:
    """Refunds of the whole store by their own dates; the `parent` filter is ignored, as in the original."""
    clock = world.clock
    ids: Sequence[int] = Span.read(args, clock, "after", "before").pick(world.refunds_by_created, clock)
    edited = Span.read(args, clock, "modified_after", "modified_before")
    if not edited.open:
        within = set(edited.pick(world.refunds_by_created, clock))
        ids = [each for each in ids if each in within]
    by = args.choice("orderby", "date", _ORDER_BY)
    return _arrange(ids, args, by, args.choice("order", "desc", _DIRECTIONS), by in ("date", "modified"))


def customers(world: World, args: Args) -> Sequence[int]:
    """Accounts. There is no filter by time; unknown parameters are ignored. People of the same name come
    in another order on every page of the default sorting: MySQL promises none."""
    role = args.choice("role", "customer", ROLES)
    by = args.choice("orderby", "name", ("id", "include", "name", "registered_date"))
    direction = args.choice("order", "asc", _DIRECTIONS)
    found = [each for each in world.customers.values() if role in ("all", each.role)]
    if args.has("email"):
        email = normalise_email(args.text("email"))
        found = [each for each in found if normalise_email(each.email) == email]
    if search := args.text("search").lower():
        found = [each for each in found if search in f"{each.email} {each.username}".lower()]
    if by == "name":
        page = args.text("page", "1")
        found.sort(key=lambda each: (f"{each.first_name} {each.last_name}", zlib.crc32(f"{each.id}/{page}".encode())))
    elif by == "registered_date":
        found.sort(key=lambda each: (each.created, each.id))
    ids = [each.id for each in found]
    return _arrange(ids, args, by, direction, presorted=by in ("name", "registered_date"))


def products(world: World, args: Args) -> Sequence[int]:
    """Products of every published state, by date like orders."""
    clock = world.clock
    created, modified = TimeIndex(), TimeIndex()
    status = args.text("status", "any")
    found = [each for each in world.products.values() if status in ("any", each.status)]
    if args.has("sku"):
        skus = set(args.words("sku"))
        found = [each for each in found if skus & {each.sku, *(one.sku for one in each.variations)}]
    if args.has("category"):
        wanted = set(args.ids("category"))
        found = [each for each in found if wanted & set(each.categories)]
    created.fill([(each.created, each.id) for each in found])
    modified.fill([(each.modified, each.id) for each in found])
    by = args.choice("orderby", "date", (*_ORDER_BY, "price", "popularity", "rating"))
    ids: Sequence[int] = Span.read(args, clock, "after", "before").pick(created, clock)
    changed = Span.read(args, clock, "modified_after", "modified_before").pick(modified, clock)
    within = set(ids)
    if by == "modified":
        ids = [each for each in changed if each in within]
    else:
        within = set(changed)
        ids = [each for each in ids if each in within]
    return _arrange(ids, args, by, args.choice("order", "desc", _DIRECTIONS), by in ("date", "modified"))


def simple(ids: Iterable[int], args: Args) -> Sequence[int]:
    """Small lists (terms, coupons, webhooks, variations): by id unless asked otherwise."""
    return _arrange(sorted(ids), args, "id", args.choice("order", "desc", _DIRECTIONS), presorted=True)


def analytics_customers(clock: Clock, args: Args, rows: list[LookupRow]) -> list[LookupRow]:
    """Rows of wc-analytics: accounts and guests, with the three filters by time."""
    for name, field in (
        ("registered", "registered"),
        ("last_active", "active"),
        ("last_order", "last_order"),
    ):
        for side, sign in (("after", 1), ("before", -1)):
            bound = args.moment(f"{name}_{side}", clock)
            if bound is not None:
                limit = bound.as_local(clock)[1] * sign
                rows = [row for row in rows if getattr(row, field) and getattr(row, field) * sign >= limit]
    by = args.choice("orderby", "date_registered", _ANALYTICS_BY)
    reverse = args.choice("order", "desc", _DIRECTIONS) == "desc"
    field = {"date_last_active": "active", "date_last_order": "last_order", "id": "id"}.get(by, "registered")
    return sorted(rows, key=lambda row: (getattr(row, field) or 0, row.id), reverse=reverse)


def _arrange(ids: Sequence[int], args: Args, by: str, direction: str, presorted: bool) -> Sequence[int]:
    if args.has("include"):
        included = args.ids("include")
        wanted = set(included)
        ids = [each for each in ids if each in wanted]
        if by == "include":
            known = set(ids)
            return [each for each in included if each in known]
    if args.has("exclude"):
        unwanted = set(args.ids("exclude"))
        ids = [each for each in ids if each not in unwanted]
    if not presorted:
        ids = sorted(ids)
    if direction == "asc":
        return ids
    return ids.backwards() if isinstance(ids, Ids) else ids[::-1]
