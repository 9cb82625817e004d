"""What has become of carts, and the conversions of a contact: the published rules in plain Python.

Written from the rules in carts.py and conversions.py, not from the statements, one contact at a time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

Row = dict[str, Any]
NEVER_CLEARS = ("failed", "cancelled", "ignored")


def carts(rows: dict[str, list[Row]], rules: dict[int, Row], at: datetime) -> dict[int, tuple[Any, ...]]:
    """State, since when, start of the abandonment, next time of the clock, by cart."""
    return {cart["cart_id"]: _Cart(cart, rows, rules[cart["store_id"]], at).told() for cart in rows["cart"]}


def conversions(rows: dict[str, list[Row]], rules: dict[int, Row], at: datetime) -> set[tuple[Any, ...]]:
    """(name, time, store, order or cart, historic) of every conversion."""
    found = {("Account created", c["created_at"], c["store_id"], 0)
             for c in rows["customer"] if c["registered"] and c["created_at"]}  # fmt: skip
    for row in rows["cart"]:
        cart = _Cart(row, rows, rules[row["store_id"]], at)
        if cart.named is None:
            continue
        place = (row["store_id"], row["cart_id"])
        found.add(("Cart started", min(m["created_at"] for m in cart.moments), *place))
        if checkouts := [m["at"] for m in cart.moments if m["checkout"]]:
            found.add(("Checkout started", min(checkouts), *place))
        for number, start in enumerate(cart.lapses, 1):
            end = cart.lapses[number] if number < len(cart.lapses) else None
            found.add(("Abandoned Cart", start, *place))
            back = [m["at"] for m in cart.moments if m["kind"] == "recovered"]
            back += [o["placed_at"] for o in cart.clearing if cart.own(o)]
            back = [moment for moment in back if moment > start and (end is None or moment < end)]
            if back:
                found.add(("Cart recovered", min(back), *place))
    summaries = []
    for order in rows["orders"]:
        rule, place = rules[order["store_id"]], (order["store_id"], order["order_id"])
        if order["deleted_at"]:
            continue
        if order["placed_at"] >= rule["live_from"] and order["status"] not in ("ignored", "failed"):
            found.add(("Order placed", order["placed_at"], *place))
        if order["status"] in rule["counted"]:
            paid = order["paid_at"] or order["placed_at"]
            if paid >= rule["live_from"]:
                found.add(("Order complete", paid, *place))
            else:
                summaries.append((order["placed_at"], order["order_id"], order["store_id"]))
    if summaries:
        placed, number, store = max(summaries)
        found.add(("Last Order Summary", placed, store, number))
    found |= {("Newsletter subscribed", e["at"], e["store_id"], 0) for e in _subscriptions(rows["consent_event"])}
    return {
        (name, when, store, source, when < rules[store]["live_from"] or name == "Last Order Summary")
        for name, when, store, source in found
    }


def _subscriptions(events: list[Row]) -> list[Row]:
    """Grants that count and found no consent before them. A withdrawal of the same moment is before a grant."""
    events = [e for e in events if (e["channel"], e["purpose"]) == ("email", "marketing") and e["status"] != "pending"]
    gone = min((e["at"] for e in events if e["status"] == "withdrawn"), default=None)
    events.sort(key=lambda e: (e["at"], e["status"] == "granted", e["source"], e["store_id"]))
    found, given = [], False
    for event in events:
        repeated = event["source"] in ("import", "sync") and gone is not None and gone <= event["at"]
        if event["status"] == "withdrawn":
            given = False
        elif not repeated:
            if not given:
                found.append(event)
            given = True
    return found


class _Cart:
    def __init__(self, cart: Row, rows: dict[str, list[Row]], rule: Row, at: datetime) -> None:
        self.row, self.now = cart, at
        self.idle: timedelta = rule["idle"]
        self.expires: timedelta = rule["expires"]
        self.moments = sorted((m for m in rows["cart_event"] if m["cart_id"] == cart["cart_id"]),
                              key=lambda m: (m["at"], m["received_at"], m["kind"]))  # fmt: skip
        self.named = min((m["at"] for m in self.moments if m["identified"]), default=None)
        self.clearing = [o for o in rows["orders"] if not o["deleted_at"] and o["status"] not in NEVER_CLEARS]
        self.lapses = [m["at"] + self.idle for place, m in enumerate(self.moments) if self.lapsed(place, m)]

    def own(self, order: Row) -> bool:
        named = order["external_id"] == self.row["order_external_id"]
        token = order["cart_token"] == self.row["external_id"]
        return order["store_id"] == self.row["store_id"] and (named or token)

    def lapsed(self, place: int, moment: Row) -> bool:
        """Whether an abandonment began one limit after this moment."""
        limit = moment["at"] + self.idle
        if not moment["has_lines"] or self.named is None or self.named > limit or limit > self.now:
            return False
        if place + 1 < len(self.moments) and self.moments[place + 1]["at"] <= limit:
            return False
        second = moment["at"].replace(microsecond=0)
        return not any(
            order["placed_at"] <= limit
            and (order["placed_at"] >= second or (self.own(order) and order["placed_at"] >= moment["at"] - self.idle))
            for order in self.clearing
        )

    def told(self) -> tuple[Any, ...]:
        begun = self.lapses[-1] if self.lapses else None
        state, since = self.state(begun)
        due = None
        if state == "abandoned":
            due = since + self.expires
        elif state in ("open", "checkout", "recovered") and self.named is not None:
            idle = [m["at"] for m in self.moments if m["has_lines"]][-1] + self.idle
            due = idle if idle > self.now else None
        return state, since, begun, due

    def state(self, begun: datetime | None) -> tuple[str, datetime]:
        full = [place for place, m in enumerate(self.moments) if m["has_lines"]]
        first = self.moments[0]["at"]
        filled = self.moments[full[-1]]["at"] if full else first
        own = [o["placed_at"] for o in self.clearing if self.own(o) and o["placed_at"] >= filled - self.idle]
        if own:
            return "ordered", min(own)
        if not full:
            return "emptied", first
        emptied = self.moments[full[-1] + 1]["at"] if full[-1] + 1 < len(self.moments) else None
        idle, lies = filled + self.idle, self.lapsed(full[-1], self.moments[full[-1]])
        last = idle + self.expires if emptied is None else emptied + self.idle
        other = min((o["placed_at"] for o in self.clearing
                     if filled.replace(microsecond=0) <= o["placed_at"] <= last), default=None)  # fmt: skip
        if other is not None:
            return ("purchased" if lies and other > idle else "ordered"), other
        if emptied is not None:
            return "emptied", emptied
        if lies:
            return ("expired", idle + self.expires) if idle + self.expires <= self.now else ("abandoned", idle)
        later = [m for m in self.moments if begun is None or m["at"] > begun]
        for state, part in (("recovered", [m["at"] for m in later if m["kind"] == "recovered"]),
                            ("checkout", [m["at"] for m in later if m["checkout"]])):  # fmt: skip
            if part:
                return state, min(part)
        return "open", min(m["at"] for m in later)
