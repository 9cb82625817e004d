"""A plain evaluator of definitions over plain people, written only for tests: it knows the published language
(docs/developers/segment-language.md) and shares nothing with the compiler but the tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cartfolk.segments.tests.world import CURRENCIES, CUTS, STORES, Cart, Line, Order, Person, Product, World
from cartfolk.segments.tree import (
    Amount,
    Calendar,
    Consent,
    Event,
    Field,
    Group,
    Lines,
    Member,
    Node,
    Property,
    Question,
    Store,
)

OPPOSITES = {
    "is_not": "is",
    "is_none_of": "is_any_of",
    "not_contains": "contains",
    "not_starts_with": "starts_with",
    "not_ends_with": "ends_with",
    "not_contains_all": "contains_all",
    "is_not_exactly": "is_exactly",
    "not_between": "between",
    "not_in_last": "in_last",
    "not_in_next": "in_next",
    "not_since_previous": "since_previous",
    "never_was": "ever_was",
    "never_contained": "ever_contained",
    "never_contained_all": "ever_contained_all",
    "never_was_exactly": "ever_was_exactly",
    "not_updated_in_last": "updated_in_last",
}
STEPS = [
    "Account created",
    "Newsletter subscribed",
    "Cart started",
    "Checkout started",
    "Abandoned Cart",
    "Cart recovered",
    "Order placed",
    "Order complete",
    "Last Order Summary",
]
HOUR = timedelta(hours=1)


@dataclass
class Oracle:
    world: World
    zone: ZoneInfo
    at: datetime
    cuts: Mapping[str, tuple[Any, ...]] = field(default_factory=lambda: CUTS)

    def members(self, root: Node) -> set[int]:
        return {person.number for person in self.world.people if self.holds(root, person)}

    def holds(self, node: Node, person: Person) -> bool:
        match node:
            case Group(match, children):
                answers = [self.holds(child, person) for child in children]
                return {"all": all(answers), "any": any(answers), "none": not any(answers)}[match]
            case Property():
                return self.property(node, person)
            case Event():
                return self.event(node, person)
            case Consent(channel, purpose, status):
                return purpose == "marketing" and consent(person, channel) == status
            case Member(segment, member):
                return (segment in person.segments) == member
            case Store(store, member):
                return (store in person.stores) == member

    # one value

    def answers(self, question: Question, value: Any, person: Person | None = None) -> bool:
        operator = question.operator
        missing = value is None or value == []
        if operator in ("known", "unknown"):
            return missing == (operator == "unknown")
        if missing:
            return question.include_unknown
        if operator == "not_equals_property":
            other = person.values[question.value.name]
            return other is not None and not self.positive("equals_property", question, value, person)
        if operator in OPPOSITES:
            return not self.positive(OPPOSITES[operator], question, value, person)
        return self.positive(operator, question, value, person)

    def positive(self, operator: str, question: Question, value: Any, person: Person | None) -> bool:
        wanted = question.value
        if operator.endswith("_property"):
            return self.beside(operator.removesuffix("_property"), value, person.values[wanted.name])
        if isinstance(value, date):
            return self.time(operator, wanted, value)
        if isinstance(value, bool):
            return value is wanted
        if isinstance(value, Decimal | int):
            return number(operator, wanted, value)
        wanted = wanted if isinstance(wanted, tuple) else (wanted,)
        if isinstance(value, list):
            return listed(operator, wanted, value)
        return text(operator, wanted, value)

    def beside(self, how: str, value: Any, other: Any) -> bool:
        if other is None:
            return False
        if isinstance(value, date) and isinstance(value, datetime) != isinstance(other, datetime):
            value, other = self.start(value), self.start(other)
        if isinstance(value, str):
            value, other = value.lower(), other.lower()
        return {
            "equals": value == other,
            "greater": how == "greater" and value > other,
            "less": how == "less" and value < other,
            "before": how == "before" and value < other,
            "after": how == "after" and value > other,
        }[how]

    # time

    def day(self, value: date) -> date:
        return value.astimezone(self.zone).date() if isinstance(value, datetime) else value

    def start(self, value: date) -> datetime:
        if isinstance(value, datetime):
            return value
        return datetime(value.year, value.month, value.day, tzinfo=self.zone).astimezone(UTC)

    def time(self, operator: str, wanted: Any, value: date) -> bool:
        today, day = self.day(self.at), self.day(value)
        exact = isinstance(value, datetime)
        past = value <= self.at if exact else day <= today
        match operator, wanted:
            case "between", (lower, upper):
                after = lower is None or (value >= lower if isinstance(lower, datetime) else day >= lower)
                return after and (upper is None or (value <= upper if isinstance(upper, datetime) else day <= upper))
            case "before", _:
                return value < wanted if isinstance(wanted, datetime) else day < wanted
            case "after", _:
                return value > wanted if isinstance(wanted, datetime) else day > wanted
            case "is", _:
                return value == wanted if isinstance(wanted, datetime) else day == wanted
            case (("in_this" | "in_this_so_far" | "in_previous" | "in_following"), Calendar(unit, count)):
                ago = index(today, unit) - index(day, unit)
                if operator == "in_this":
                    return ago == 0
                if operator == "in_this_so_far":
                    return ago == 0 and past
                return 1 <= (ago if operator == "in_previous" else -ago) <= count
            case (("since_previous" | "before_previous"), Calendar(unit, count)):
                ago = index(today, unit) - index(day, unit)
                return ago > count if operator == "before_previous" else ago <= count and past
            case "anniversary_in_last", Amount(count, unit):
                days = count * (7 if unit == "week" else 1)
                return any(timedelta(0) <= today - back < timedelta(days=days) for back in returns(day, today))
            case "anniversary_in_next", Amount(count, unit):
                days = count * (7 if unit == "week" else 1)
                return any(timedelta(0) <= back - today < timedelta(days=days) for back in returns(day, today))
            case "anniversary_in_this", Calendar(unit):
                return any(index(back, unit) == index(today, unit) for back in returns(day, today))
            case _, Amount(count, unit):
                return self.rolling(operator, count, unit, value, past)
        raise AssertionError(operator)

    def rolling(self, operator: str, count: int, unit: str, value: date, past: bool) -> bool:
        today, day = self.day(self.at), self.day(value)
        if unit in ("month", "year"):
            months = count * (12 if unit == "year" else 1)
            recent, near = day >= later(today, -months), day <= later(today, months)
        elif isinstance(value, datetime):
            span = count * {"hour": HOUR, "day": 24 * HOUR, "week": 168 * HOUR}[unit]
            recent, near = value > self.at - span, value <= self.at + span
        else:
            span = timedelta(days=count * (7 if unit == "week" else 1))
            recent, near = today - day < span, day - today < span
        coming = value > self.at if isinstance(value, datetime) else day >= today
        return {
            "in_last": recent and past,
            "more_than_ago": not recent,
            "in_next": near and coming,
            "more_than_ahead": not near,
        }[operator]

    # conditions

    def property(self, node: Property, person: Person) -> bool:
        question, value = node.question, person.values[node.name]
        operator = OPPOSITES.get(question.operator, question.operator)
        negative = operator != question.operator
        changes = [(at, changed[node.name]) for at, changed in person.changes if node.name in changed]
        if operator == "in_fifth":
            if value is None:
                return question.include_unknown
            if not self.cuts.get(node.name):
                return False
            below = sum(cut < value for cut in self.cuts.get(node.name, ()))
            return below + 1 in question.value and (isinstance(value, datetime) or value > 0)
        if operator.startswith("updated_"):
            last = max((at for at, _ in changes), default=None)
            plain = Question(operator.removeprefix("updated_"), question.value, question.include_unknown)
            return self.answers(plain, last, person) != negative
        if operator.startswith("ever_"):
            plain = {
                "ever_was": "is_any_of",
                "ever_contained": "contains",
                "ever_contained_all": "contains_all",
                "ever_was_exactly": "is_exactly",
            }[operator]
            found = question.include_unknown and value in (None, [])
            for once in [value, *(changed for _, changed in changes)]:
                if isinstance(once, bool):
                    found = found or once in question.value
                else:
                    found = found or self.answers(Question(plain, question.value), once)
            return found != negative
        return self.answers(question, value, person)

    def event(self, node: Event, person: Person) -> bool:
        facts = sorted(self.facts(node, person), key=lambda fact: fact["sequence"])
        kept = [fact for fact in facts if self.kept(node, fact)]
        values = [fact[node.field] for fact in kept] if node.field else []
        known = [value for value in values if value is not None]
        measures: dict[str, Callable[[], Any]] = {
            "count": lambda: Decimal(len(kept)),
            "sum": lambda: sum(known, Decimal(0)),
            "average": lambda: sum(known, Decimal(0)) / len(known) if known else None,
            "minimum": lambda: min(known, default=None),
            "maximum": lambda: max(known, default=None),
            "first": lambda: values[0] if values else None,
            "last": lambda: values[-1] if values else None,
        }
        return self.answers(node.question, measures[node.measure]())

    def kept(self, node: Event, fact: dict[str, Any]) -> bool:
        if node.store is not None and fact["store"] != node.store:
            return False
        if node.period is not None and not self.answers(node.period, fact["time"]):
            return False
        for item in node.where:
            if isinstance(item, Lines):
                some = any(
                    all(self.answers(field.question, line[field.name]) for field in item.where)
                    for line in fact["lines"]
                )
                if some == item.none:
                    return False
            elif not self.answers(item.question, fact[item.name]):
                return False
        return True

    def facts(self, node: Event, person: Person) -> Iterable[dict[str, Any]]:
        by_status = any(isinstance(item, Field) and item.name == "status" for item in node.where)
        orders = [o for o in person.orders if not o.deleted and o.status != "ignored"]
        if not by_status and node.event in ("order", "line"):
            orders = [o for o in orders if o.status in STORES[o.store]]
        match node.event:
            case "order":
                return [self.order(o) for o in orders]
            case "line":
                return [
                    self.line(line, o.store, rate(o))
                    | {
                        "discount": times(line.discount, rate(o)),
                        "placed_at": o.placed_at,
                        "time": o.placed_at,
                        "status": o.status,
                        "coupon": o.coupons,
                        "store": o.store,
                        "sequence": (*sequence(o.placed_at, o), line.position),
                    }
                    for o in orders
                    for line in o.lines
                ]
            case "refund":
                return [
                    {
                        "amount": times(r.amount, rate(o)),
                        "refunded_at": (at := r.created_at or o.placed_at),
                        "time": at,
                        "reason": r.reason,
                        "store": o.store,
                        "sequence": (*sequence(at, o), r.external_id),
                    }
                    for o in orders
                    for r in o.refunds
                ]
            case "cart":
                return [self.cart(c) for c in person.carts]
        return [
            {"name": name, "at": at, "time": at, "historic": historic, "store": store}
            | {"sequence": (at, STEPS.index(name), store, source)}
            for at, name, store, source, historic in person.steps
        ]

    def order(self, o: Order) -> dict[str, Any]:
        return {
            "value": times(o.total - o.refunded, rate(o)),
            "total": times(o.total, rate(o)),
            "tax": times(Decimal(0), rate(o)),
            "refunded": times(o.refunded, rate(o)),
            "units": sum((line.quantity for line in o.lines), Decimal(0)) if o.lines else None,
            "placed_at": o.placed_at,
            "time": o.placed_at,
            "paid_at": o.paid_at,
            "number": o.external_id,
            "status": o.status,
            "currency": o.currency,
            "payment_method": o.payment_method,
            "coupon": o.coupons,
            "billing_country": o.country,
            "guest": o.guest,
            "store": o.store,
            "lines": [self.line(line, o.store, rate(o)) for line in o.lines],
            "sequence": sequence(o.placed_at, o),
        }

    def cart(self, c: Cart) -> dict[str, Any]:
        home = Decimal(1) if (c.currency or CURRENCIES[c.store]) == "EUR" else None
        return {
            "state": c.state,
            "total": times(c.total, home),
            "units": sum((line.quantity for line in c.lines), Decimal(0)) if c.lines else None,
            "created_at": c.created_at,
            "time": c.created_at,
            "updated_at": c.version,
            "abandoned_at": c.abandoned_at,
            "currency": c.currency,
            "store": c.store,
            "lines": [self.line(line, c.store, home) for line in c.lines],
            "sequence": sequence(c.created_at, c),
        }

    def line(self, line: Line, store: int, factor: Decimal | None) -> dict[str, Any]:
        known = self.world.products.get((store, line.product_id or ""), Product())
        return {
            "product": line.product_id,
            "variant": line.variant_id,
            "sku": line.sku or known.sku or line.product_id,
            "name": line.name,
            "category": known.categories,
            "type": known.type,
            "brand": known.brand,
            "tag": known.tags,
            "quantity": line.quantity,
            "price": times(line.price, factor),
            "total": times(line.total, factor),
        }


def text(operator: str, wanted: tuple[str, ...], value: str) -> bool:
    value = value.lower()
    found = {
        "is": lambda word: value == word,
        "is_any_of": lambda word: value == word,
        "contains": lambda word: word in value,
        "starts_with": value.startswith,
        "ends_with": value.endswith,
    }[operator]
    return any(found(word.lower()) for word in wanted)


def listed(operator: str, wanted: tuple[str, ...], value: list[str]) -> bool:
    match operator:
        case "is_any_of":
            return bool(set(wanted) & set(value))
        case "contains_all":
            return set(wanted) <= set(value)
        case "is_exactly":
            return set(wanted) == set(value)
    return any(text(operator, wanted, item) for item in value)


def number(operator: str, wanted: Any, value: Decimal) -> bool:
    match operator:
        case "between":
            return wanted[0] <= value <= wanted[1]
        case "is_any_of":
            return value in wanted
        case "is":
            return value == wanted
        case "greater":
            return value > wanted
        case "greater_equal":
            return value >= wanted
        case "less":
            return value < wanted
    return value <= wanted


def index(day: date, unit: str) -> int:
    """The how-manieth day, week, month … since long ago."""
    return {
        "day": day.toordinal(),
        "week": (day.toordinal() - 1) // 7,
        "month": day.year * 12 + day.month,
        "quarter": day.year * 4 + (day.month - 1) // 3,
        "year": day.year,
    }[unit]


def later(day: date, months: int) -> date:
    """So many months later; the last day of a month that is too short."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for number in range(day.day, 0, -1):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    raise AssertionError


def returns(day: date, today: date) -> list[date]:
    return [later(day, 12 * years) for years in range(1, today.year - day.year + 3)]


def rate(o: Order) -> Decimal | None:
    if o.currency == "EUR":
        return Decimal(1)
    return o.rate if CURRENCIES[o.store] == "EUR" else None


def times(amount: Decimal | None, factor: Decimal | None) -> Decimal | None:
    return None if amount is None or factor is None else amount * factor


def sequence(at: datetime, item: Order | Cart) -> tuple[Any, ...]:
    return at, item.store, len(item.external_id), item.external_id


def consent(person: Person, channel: str) -> str:
    entries = [(at, status, source) for name, at, status, source in person.consents if name == channel]
    withdrawn = max((at for at, status, _ in entries if status == "withdrawn"), default=None)
    for at, status, source in entries:
        if status == "granted" and (withdrawn is None or (at > withdrawn and source == "checkout")):
            return "granted"
    if withdrawn is not None:
        return "withdrawn"
    return "pending" if any(status == "pending" for _, status, _ in entries) else "unknown"
