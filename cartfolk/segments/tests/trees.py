"""Random definitions as JSON, with values where the random people have theirs."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cartfolk.segments.fields import EVENTS, LINE_FIELDS, MEASURES, Field
from cartfolk.segments.operators import COUNTED, Kind, Operator, Shape, kind, of, units
from cartfolk.segments.tests.world import ASKED, CARTS, CITIES, CODES, STEPS

LEFT_OUT = {"shipping", "discount", "completed_at", "shipped_at", "shop_status", "fulfilment_status"}
LEFT_OUT |= {"shipping_country", "subtotal", "checkout_at"}
"""Fields the random people do not have; scenarios ask for them."""
WORDS = {
    "status": ["completed", "refunded", "pending", "failed"],
    "state": CARTS,
    "category": ["shoes", "sale", "hats"],
    "brand": ["nord", "Süd"],
    "tag": ["new", "red"],
    "coupon": ["SAVE", "NEW"],
    "monetary_rating": list("12345"),
    "marketing_newsletter": ["checkout", "registration", "other"],
    "currency": ["EUR", "USD"],
    "product": ["p1", "p2", "p3"],
    "type": ["simple", "bundle"],
    "payment_method": ["paypal", "card"],
    "billing_country": ["DE", "AT"],
    "number": ["1", "2", "30"],
    "sku": ["A", "B", "p1"],
    "skus_bought": CODES,
    "variant": ["v1"],
    "reason": ["broken"],
}


class Trees:
    def __init__(self, rng: random.Random, clocks: Sequence[datetime]) -> None:
        self.rng, self.clocks = rng, clocks

    def definition(self) -> dict[str, Any]:
        return {"version": 1, "root": self.node(self.rng.choice([1, 2, 2, 3]))}

    def node(self, depth: int) -> dict[str, Any]:
        rng = self.rng
        if depth > 0 and rng.random() < 0.75:
            children = [self.node(depth - 1) for _ in range(rng.choice([1, 2, 2, 3]))]
            return {"type": "group", "match": rng.choice(["all", "any", "none"]), "children": children}
        match rng.choice(["property"] * 5 + ["event"] * 5 + ["consent", "segment", "store"]):
            case "property":
                return self.property(rng.choice(sorted(ASKED)))
            case "event":
                return self.event(rng.choice(sorted(EVENTS)))
            case "consent":
                status = rng.choice(["granted", "withdrawn", "pending", "unknown"])
                return {"type": "consent", "channel": rng.choice(["email", "sms"]), "status": status}
            case "segment":
                return {"type": "segment", "segment": rng.choice([901, 902]), "member": rng.random() < 0.6}
        return {"type": "store", "store": rng.choice([1, 2, 3]), "member": rng.random() < 0.6}

    def property(self, name: str) -> dict[str, Any]:
        asked = kind(ASKED[name])
        operator = self.rng.choice(of(asked))
        return {"type": "property", "property": name} | self.question(operator, asked, name)

    def question(self, operator: Operator, asked: Kind, name: str) -> dict[str, Any]:
        data: dict[str, Any] = {"operator": operator.name}
        value = self.value(operator, asked, name)
        if value is not None:
            data["value"] = value
        if self.rng.random() < 0.2 and not operator.without_value and operator.name != "known":
            data["include_unknown"] = True
        return data

    def value(self, operator: Operator, asked: Kind, name: str) -> Any:
        rng = self.rng
        match operator.shape:
            case Shape.NONE:
                return None
            case Shape.ONE:
                return self.scalar(Kind.MOMENT if "updated" in operator.name else asked, name)
            case Shape.SOME if operator.name == "in_fifth":
                return rng.sample([1, 2, 3, 4, 5], rng.randint(1, 3))
            case Shape.SOME:
                if operator.name.removeprefix("not_") in ("contains", "starts_with", "ends_with", "ever_contained"):
                    return rng.sample(["er", "B", "ulm", "a", "1"], rng.randint(1, 2))
                found: list[Any] = []
                for _ in range(rng.randint(1, 2)):
                    scalar = self.scalar(asked, name)
                    found += [scalar] if scalar not in found else []
                return found
            case Shape.PAIR:
                pair = [self.scalar(asked, name) for _ in range(2)]
                if asked is Kind.MOMENT:
                    pair = [moment if len(moment) > 10 else f"{moment}T00:00:00Z" for moment in pair]
                return sorted(pair)
            case Shape.AMOUNT:
                return {"amount": rng.choice([1, 1, 3, 7, 30, 31]), "unit": rng.choice(units(operator, asked))}
            case Shape.CALENDAR:
                data: dict[str, Any] = {"unit": rng.choice(units(operator, asked))}
                if operator.name in COUNTED and rng.random() < 0.5:
                    data["count"] = rng.choice([2, 3, 12])
                return data
        kinds = {Kind.MOMENT, Kind.DAY} if asked in (Kind.MOMENT, Kind.DAY) or "updated" in operator.name else {asked}
        if asked in (Kind.TEXT, Kind.CHOICE) and "updated" not in operator.name:
            kinds = {Kind.TEXT, Kind.CHOICE}
        return rng.choice([other for other, item in sorted(ASKED.items()) if kind(item) in kinds])

    def scalar(self, asked: Kind, name: str) -> Any:
        rng = self.rng
        match asked:
            case Kind.NUMBER:
                return rng.choice([0, 1, 2, 3, 5, 10, 9.99, 100, 500, 500.5])
            case Kind.BOOL:
                return rng.random() < 0.5
            case Kind.DAY:
                return rng.choice(self.clocks).date().isoformat()
            case Kind.MOMENT:
                moment = rng.choice(self.clocks)
                return rng.choice([moment.date().isoformat(), moment.isoformat()])
        return rng.choice(STEPS if name == "name" and asked is Kind.CHOICE else WORDS.get(name, CITIES))

    def event(self, name: str) -> dict[str, Any]:
        rng, event = self.rng, EVENTS[name]
        fields = {key: field for key, field in event.fields.items() if key not in LEFT_OUT or name == "line"}
        measure = MEASURES[rng.choice(["count", "count", "sum", "average", "minimum", "maximum", "first", "last"])]
        able = [field for field in fields.values() if field.kind in measure.kinds]
        if not able:
            measure = MEASURES["count"]
        data: dict[str, Any] = {"type": "event", "event": name, "measure": measure.name}
        field = rng.choice(able) if able and measure.name != "count" else None
        asked = field.kind if field else Kind.NUMBER
        operators = [o for o in of(asked, event=True) if not (measure.empty_is_zero and "known" in o.name)]
        data |= self.question(rng.choice(operators), asked, field.name if field else "")
        if field:
            data["field"] = field.name
        if measure.empty_is_zero:
            data.pop("include_unknown", None)
        if rng.random() < 0.5:
            data["period"] = self.period()
        where: list[dict[str, Any]] = [self.where(fields) for _ in range(rng.choice([0, 0, 1, 1, 2]))]
        if event.lines and rng.random() < 0.3:
            lines = [self.where(LINE_FIELDS) for _ in range(rng.choice([1, 1, 2]))]
            where.append({"lines": lines} | ({"none": True} if rng.random() < 0.3 else {}))
        if where:
            data["where"] = where
        if rng.random() < 0.3:
            data["store"] = rng.choice([1, 2, 3])
        return data

    def where(self, fields: Mapping[str, Field]) -> dict[str, Any]:
        field = self.rng.choice(list(fields.values()))
        operator = self.rng.choice(of(field.kind, event=True))
        return {"field": field.name} | self.question(operator, field.kind, field.name)

    def period(self) -> dict[str, Any]:
        rng = self.rng
        amount, unit = rng.choice([1, 3, 7, 30, 31]), rng.choice(["hour", "day", "week", "month", "year"])
        calendar = rng.choice(["day", "week", "month", "quarter", "year"])
        first, second = sorted(rng.choice(self.clocks).isoformat() for _ in range(2))
        return rng.choice(
            [
                {"last": amount, "unit": unit},
                {"more_than": amount, "unit": unit},
                {"this": calendar},
                {"previous": calendar, "count": rng.choice([1, 2])},
                {"from": first, "to": second},
                {"from": first[:10]},
                {"to": second[:10]},
            ]
        )
