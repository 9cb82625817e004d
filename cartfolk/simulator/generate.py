"""A seeded shop with years of history.

The same seed, number of customers and `now` give the same shop to the last cent. What is in it on purpose:
guests who open an account later, accounts that change their address, the same address typed differently,
people with the same name, roles other than customer, orders in foreign currencies with and without a rate,
every order state, partial and full refunds, orders without an e-mail, 130 orders imported in one second,
240 orders edited in one second, orders dated back, deleted products in old lines, and two orders an hour
apart that show the same wall-clock time when daylight saving ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from .catalogue import stock
from .checkout import Buyer, ask_consent, compose_order, draw_visit, pick_goods, sellable_products
from .clock import Clock
from .names import REASONS
from .people import DAY, Person, draw_person, open_account, retype, with_email
from .records import (
    AWAITING,
    CANCELLED,
    COUNTED,
    DRAFT,
    FAILED,
    FULFILLED,
    PAID,
    PICKUP,
    REFUNDED,
    TRASHED,
    UNPAID,
    Address,
    Consent,
    Coupon,
    Order,
    Refund,
    RefundLine,
)
from .world import World

YEARS = 4
_STATES = (FULFILLED, PAID, AWAITING, UNPAID, FAILED, CANCELLED, REFUNDED, DRAFT, TRASHED, PICKUP)
_STATE_WEIGHTS = (720, 60, 20, 25, 30, 45, 35, 20, 12, 15)
_PAYMENTS = ("card", "paypal", "bank_transfer", "invoice")
_HOURS = (
    0,
    1,
    5,
    6,
    7,
    8,
    9,
    9,
    10,
    10,
    11,
    11,
    12,
    13,
    14,
    15,
    16,
    17,
    17,
    18,
    18,
    19,
    19,
    19,
    20,
    20,
    21,
    22,
    23,
)


@dataclass(slots=True)
class _Plan:
    """One order that will be placed: who, when, how the e-mail is typed, with or without the account."""

    at: int
    person: Person
    email: str
    as_guest: bool
    via: str = "checkout"
    dated_back: int = 0


def generate(seed: int, customers: int, clock: Clock) -> World:
    """A shop with `customers` accounts, about 30 % as many guests, and about four orders an account."""
    rng = Random(f"shop/{seed}/{customers}")
    world = World("Nordlicht Versand", clock)
    opened = clock.start - YEARS * 365 * DAY
    stock(world, rng, opened)
    people = _gather(world, rng, customers, opened)
    plans = [plan for person in people for plan in _plan_orders(rng, person, clock.start)]
    plans += _special_plans(rng, people, clock.start, opened)
    plans.sort(key=lambda plan: (plan.at, plan.email))
    _place(world, rng, plans)
    _bulk_edit(world, rng)
    world.index_everything()
    return world


def _gather(world: World, rng: Random, customers: int, opened: int) -> list[Person]:
    span = world.clock.start - opened - DAY
    people = [
        draw_person(rng, number, opened + int(span * rng.random() ** 0.7))
        for number in range(1, int(customers * 1.3) + 1)
    ]
    registering = people[:customers]
    for person in registering:
        late = rng.randrange(DAY, 200 * DAY) if rng.random() < 0.12 else 0
        # Registered up to a minute ago: nobody opens an account in the future.
        at = min(person.first_seen + late, world.clock.start - 60)
        person.account = open_account(world, rng, person, at, 0)
    registering.sort(key=lambda person: person.account.created if person.account else 0)
    for person in registering:
        account = person.account
        assert account is not None
        account.id = world.next_customer_id(1 if rng.random() < 0.9 else 2)
        account.username = f"user{account.id}"
        account.modified = min(account.modified, world.clock.start)
        world.customers[account.id] = account
    first = registering[0].account if registering else None
    if first is not None:
        first.role = "administrator"
    return people


def _plan_orders(rng: Random, person: Person, now: int) -> list[_Plan]:
    account = person.account
    if account is not None and rng.random() < 0.18:
        return []  # registered, never bought
    number = 1 + int(rng.expovariate(1 / 3.1)) if account is not None else 1 + int(rng.expovariate(1 / 1.1))
    if rng.random() < 0.01:
        number += rng.randint(15, 60)  # resellers
    span = max(now - person.first_seen, 60)
    times = sorted(
        _daytime(rng, person.first_seen + rng.randrange(span), person.first_seen, now) for _ in range(number)
    )
    if account is None:
        return [_Plan(at, person, retype(rng, person.address.email), True) for at in times]
    with_account = [at for at in times if at > account.created]
    if len(with_account) >= 2 and rng.random() < 0.04:
        _change_email(rng, person, with_account)
    plans = []
    for at in times:
        email = person.old_email if person.old_email and at < person.email_changed else person.address.email
        # Before the account: a guest. After: now and then without signing in.
        as_guest = at <= account.created or (rng.random() < 0.04 and at != with_account[0])
        plans.append(_Plan(at, person, retype(rng, email) if as_guest else email, as_guest))
    return plans


def _change_email(rng: Random, person: Person, with_account: list[int]) -> None:
    """The address changes between the first and the last order of the account, so that both are known."""
    account = person.account
    assert account is not None
    person.old_email = account.email
    person.email_changed = (with_account[0] + with_account[-1]) // 2 + 1
    local, domain = account.email.split("@")
    account.email = f"{local}.new@{domain}"
    account.address = with_email(account.address, account.email)
    person.address = account.address
    account.modified = max(account.modified, person.email_changed)


def _special_plans(rng: Random, people: list[Person], now: int, opened: int) -> list[_Plan]:
    guests = [person for person in people if person.account is None] or people
    plans = []
    imported = now - rng.randrange(300, 500) * DAY
    for _ in range(min(130, len(guests))):
        person = rng.choice(guests)
        plans.append(_Plan(imported, person, person.address.email, True, via="import"))
    year = datetime.fromtimestamp(opened, UTC).year + 1
    while (autumn := _last_sunday_of_october(year)) + 7200 < now:
        person = rng.choice(guests)
        for minutes in (30, 90):  # 02:30 summer time and 02:30 winter time in Berlin
            plans.append(_Plan(autumn + minutes * 60, person, person.address.email, True))
        year += 1
    for _ in range(max(2, len(people) // 400)):
        at = now - rng.randrange(DAY, 200 * DAY)
        plans.append(_Plan(at, rng.choice(guests), "", True, via="admin"))
        person = rng.choice(guests)
        plans.append(_Plan(at, person, person.address.email, True, "admin", rng.randrange(40, 300) * DAY))
    return plans


def _last_sunday_of_october(year: int) -> int:
    day = datetime(year, 10, 31, tzinfo=UTC)
    return int((day - timedelta(days=(day.weekday() + 1) % 7)).timestamp())


def _daytime(rng: Random, at: int, earliest: int, now: int) -> int:
    """The same day at an hour at which people shop, within the bounds."""
    moved = at - at % DAY + rng.choice(_HOURS) * 3600 + rng.randrange(3600)
    return min(max(moved, earliest + 1), now - 1)


def _place(world: World, rng: Random, plans: list[_Plan]) -> None:
    """Orders and refunds in order of time, so that ids grow as they do in a real shop."""
    sellable = sellable_products(world)
    coupons = list(world.coupons.values())
    pending: list[tuple[int, int, Order]] = []  # refunds to come: when, running number, order
    for plan in plans:
        while pending and pending[0][0] <= plan.at:
            when, _number, refunded = pending.pop(0)
            _refund(world, rng, when, refunded)
        order = _order(world, rng, plan, sellable, coupons)
        refund_at = _refund_time(world, rng, order)
        if refund_at is not None:
            pending.append((refund_at, order.id, order))
            pending.sort(key=lambda entry: entry[:2])
    for when, _number, refunded in pending:
        _refund(world, rng, when, refunded)


def _order(world: World, rng: Random, plan: _Plan, sellable: list[int], coupons: list[Coupon]) -> Order:
    person, now = plan.person, world.clock.start
    account = None if plan.as_guest else person.account
    address = (
        with_email(person.address, plan.email)
        if plan.via != "admin" or plan.email
        else Address(person.address.first_name, "", country=person.address.country)
    )
    state = FULFILLED if plan.via == "import" else rng.choices(_STATES, _STATE_WEIGHTS)[0]
    if state == UNPAID and plan.at < now - 30 * DAY and rng.random() < 0.7:
        state = CANCELLED  # shops cancel what is never paid
    currency = person.currency if person.currency == "EUR" or rng.random() < 0.85 else "EUR"
    coupon = rng.choice(coupons) if rng.random() < 0.14 else None
    order = compose_order(
        world,
        pick_goods(world, rng, sellable),
        Buyer(address, account.id if account else 0),
        currency,
        state,
        plan.at - plan.dated_back,
        world.next_id(rng.randint(1, 3)),
        coupon,
        express=rng.random() < 0.1,
        gift_wrap=rng.random() < 0.05,
    )
    order.via = plan.via
    order.payment = rng.choice(_PAYMENTS)
    if order.rate is not None and rng.random() < 0.06:
        order.rate = None  # placed before the currency plugin was installed, say
    if plan.via == "checkout":
        order.visit = draw_visit(rng) if rng.random() < 0.9 else None
        order.consent = ask_consent(rng, order.created)
    if rng.random() < 0.02:
        order.lines[0].product_id = order.lines[0].variation_id = 0  # the product was deleted since
    _date(rng, order, now)
    world.orders[order.id] = order
    return order


def _date(rng: Random, order: Order, now: int) -> None:
    """Set the times of payment, shipment and last edit that go with the state. What would only happen
    after `now` has not happened yet: the order is then one state further back."""
    if order.state in COUNTED:
        wait = 0 if order.payment in ("card", "paypal") else rng.randrange(DAY, 5 * DAY)
        order.paid_at = order.created + wait + rng.randrange(5, 90)
        if order.paid_at > now:
            order.state, order.paid_at = AWAITING, None
    if order.state in (FULFILLED, REFUNDED) and order.paid_at is not None:
        order.completed_at = order.paid_at + rng.randrange(3600, 4 * DAY)
        if order.completed_at > now:
            order.state, order.completed_at = PAID, None
    edited = order.created + rng.randrange(0, 3600) if order.state not in COUNTED else order.created
    order.modified = max(min(edited, now), order.paid_at or 0, order.completed_at or 0)


def _refund_time(world: World, rng: Random, order: Order) -> int | None:
    partial = order.state in (FULFILLED, PAID) and rng.random() < 0.05
    if not (order.state == REFUNDED or partial) or order.total <= 0:
        return None
    when = order.modified + rng.randrange(3600, 30 * DAY)
    if when > world.clock.start:
        order.state = FULFILLED if order.state == REFUNDED else order.state
        return None
    return when


def _refund(world: World, rng: Random, when: int, order: Order) -> None:
    whole = order.state == REFUNDED
    parts: list[tuple[int, list[RefundLine]]] = []
    line = rng.choice(order.lines)
    line_amount = line.total + line.total_tax
    if whole and (rng.random() < 0.7 or len(order.lines) == 1):
        parts.append(
            (
                order.total,
                [
                    RefundLine(world.next_line_id(), each, each.quantity, each.total, each.total_tax)
                    for each in order.lines
                ],
            )
        )
    elif whole and line_amount:
        parts.append((line_amount, [RefundLine(world.next_line_id(), line, line.quantity, line.total, line.total_tax)]))
        parts.append((order.total - line_amount, []))
    elif whole:
        parts.append((order.total, []))
    elif rng.random() < 0.6 and 0 < line_amount < order.total:
        parts.append((line_amount, [RefundLine(world.next_line_id(), line, line.quantity, line.total, line.total_tax)]))
    else:
        parts.append((max(1, order.total // rng.randint(3, 10)), []))
    for amount, lines in parts:
        if amount <= 0:
            continue
        refund = Refund(world.next_id(), order.id, when, amount, rng.choice(REASONS), lines)
        order.refunds.append(refund)
        world.refunds[refund.id] = refund
    order.modified = max(order.modified, when)


def _bulk_edit(world: World, rng: Random) -> None:
    """A mass edit leaves more orders with one time of change than fit on a page; consent is withdrawn."""
    orders = [order for order in world.orders.values() if order.state == FULFILLED]
    when = world.clock.start - 20 * DAY
    for order in rng.sample(orders, min(240, len(orders) // 4)):
        if order.modified < when:
            order.modified = when
    for account in world.customers.values():
        if account.consent and account.consent.given and rng.random() < 0.1:
            at = min(account.consent.at + rng.randrange(DAY, 300 * DAY), world.clock.start)
            account.consent = Consent(False, at)
            account.modified = max(account.modified, at)
