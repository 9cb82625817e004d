"""Some of a shop's customers subscribe: their first counted order began it, their later ones are renewals of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .clock import utc_text
from .records import COUNTED, Subscription
from .world import ShopError, World

STATES = ("active", "paused", "cancelled")
EVERY = 5  # each fifth customer with an order that counts subscribes
_DAY = 86_400


def subscribe(world: World) -> None:
    """Makes the subscriptions of a new world, the same ones each time."""
    buyers = []
    for customer in sorted(world.customers):
        counted = sorted(
            (world.orders[number] for number in world.orders_of[customer] if world.orders[number].state in COUNTED),
            key=lambda order: (order.created, order.id),
        )
        if counted:
            buyers.append(counted)
    for place, (parent, *renewals) in enumerate(buyers[::EVERY]):
        number = world.next_id()
        order = replace(parent, id=number, number=str(number), refunds=[], coupons=[], cart=None, consent=None)
        order.paid_at = order.completed_at = None
        found = Subscription(order, parent.id, period=("month", "week", "year")[place % 3], interval=1 + place % 2)
        found.trial_end = parent.created + 14 * _DAY if place % 4 == 0 else None
        found.next_payment = world.clock.now() + 30 * _DAY
        world.subscriptions[number] = found
        for renewal in renewals:
            renewal.renewal_of = number


def change(world: World, number: int, state: str) -> None:
    """The shopper or the shop pauses, resumes or ends a subscription. Raises ShopError."""
    found = world.subscriptions.get(number)
    if found is None:
        raise ShopError(f"act subscription: there is no subscription {number}")
    if state not in STATES:
        raise ShopError(f"act subscription: status {state!r} is not one of {', '.join(STATES)}")
    now = world.clock.now()
    found.state, found.order.modified = state, max(found.order.modified, now)
    found.next_payment = now + 30 * _DAY if state == "active" else None
    found.end = now if state == "cancelled" else None
    world.tell("subscription", "updated", number)


def told(world: World) -> list[dict[str, Any]]:
    """Every subscription for the account of the shop, times in UTC."""

    def text(moment: int | None) -> str | None:
        return None if moment is None else utc_text(moment)

    return [
        {
            "id": number,
            "customer_id": found.order.customer_id,
            "email": world.customers[found.order.customer_id].email,
            "state": found.state,
            "began": utc_text(found.order.created),
            "parent": world.orders[found.parent].number,
            "paid": text(world.orders[found.parent].paid_at),
            "period": found.period,
            "interval": found.interval,
            "trial_end": text(found.trial_end),
            "next_payment": text(found.next_payment),
            "products": sorted({line.name for line in found.order.lines}),
            "renewed": text(
                max((order.created for order in world.orders.values() if order.renewal_of == number), default=None)
            ),
        }
        for number, found in sorted(world.subscriptions.items())
        if found.order.customer_id in world.customers
    ]
