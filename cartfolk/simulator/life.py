"""Shoppers. Each visit is a small script that waits between its actions; they are played in order of time.

A visitor browses, fills a cart, perhaps types an e-mail at the checkout, and then orders or goes away; some
come back by the recovery link, some from another device. Orders are paid now, later or never, shipped,
refunded; guests open accounts, accounts change their address. Who and what is seeded; the waiting is the
shop's time and costs none of ours.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Generator, Iterator
from random import Random

from .checkout import Buyer, ask_consent, compose_order, draw_visit, pick_goods, sellable_products
from .ingest import IngestDoor, envelope
from .people import DAY, Person, draw_person, open_account, retype, with_email
from .records import (
    AWAITING,
    CANCELLED,
    FAILED,
    FULFILLED,
    HIDDEN,
    PAID,
    Cart,
    Consent,
    Customer,
    Order,
    RefundLine,
)
from .stats import Stats
from .world import ShopError, World

HOUR = 3600
_CURRENCIES = {"GB": "GBP", "US": "USD", "JP": "JPY", "KW": "KWD", "IL": "USD"}
Script = Iterator[int]  # yields seconds to wait before the next action


class Life:
    """All visits under way, and the arrival of new ones."""

    def __init__(
        self,
        world: World,
        seed: int,
        door: IngestDoor,
        stats: Stats,
        shop_url: Callable[[], str],
        backlog: Callable[[], int],
    ) -> None:
        self._world = world
        self._rng = Random(f"life/{seed}")
        self._door = door
        self._stats = stats
        self._shop_url = shop_url
        self._backlog = backlog
        self._time = world.clock.now()
        self._visits: list[tuple[int, int, Script]] = []
        self._sequence = 0
        self._people = 0
        self._sellable = sellable_products(world)
        self._known = list(world.customers)
        # A visitor a minute for 5,000 accounts: about 400 orders a day, a busy shop.
        self._gap = 60.0 * 5000 / max(len(self._known), 250)
        self._next_arrival = self._time + 1

    async def play(self, minutes: float) -> int:
        """Play that many minutes of the shop as fast as possible; returns the number of actions."""
        self._time = max(self._time, self._world.clock.now())
        end = self._time + int(minutes * 60)
        actions = 0
        while self._next_moment() <= end:
            self.step()
            actions += 1
            await asyncio.sleep(0)
            while self._backlog() > 200:
                await asyncio.sleep(0.005)
        self._time = end
        self._world.clock.move_to(end)
        return actions

    async def run(self, rate: float) -> None:
        """Play on in real time with about `rate` actions a second, until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self.step()
            due = max(due + self._rng.expovariate(rate), loop.time() - 1)
            await asyncio.sleep(max(0.0, due - loop.time()))

    def step(self) -> None:
        """The next action, at its time."""
        if not self._sellable:
            self._sellable = sellable_products(self._world)
        if not self._visits or self._next_arrival < self._visits[0][0]:
            self._advance(self._next_arrival)
            self._next_arrival += max(1, int(self._rng.expovariate(1 / self._gap)))
            self._wait(0, self._visit() if self._rng.random() < 0.97 else self._back_office())
            return
        when, _sequence, script = heapq.heappop(self._visits)
        self._advance(when)
        try:
            pause = next(script)
        except StopIteration:
            return
        except ShopError:
            self._stats.life["refused"] += 1  # two scripts met at one record; the shop said no
            return
        self._wait(pause, script)

    def _next_moment(self) -> int:
        return min(self._next_arrival, self._visits[0][0]) if self._visits else self._next_arrival

    def _advance(self, moment: int) -> None:
        self._time = moment
        self._world.clock.move_to(moment)
        self._stats.life["actions"] += 1

    def _wait(self, seconds: int, script: Script) -> None:
        self._sequence += 1
        heapq.heappush(self._visits, (self._time + seconds, self._sequence, script))

    # -- the scripts

    def _visit(self) -> Script:
        rng = self._rng
        self._stats.life["visits"] += 1
        person = self._visitor()
        for _ in range(rng.randint(1, 3)):
            yield rng.randint(10, 90)
        if rng.random() < 0.4:
            return
        cart = self._cart(person, signed_in=person.account is not None and rng.random() < 0.6)
        goods = pick_goods(self._world, rng, self._sellable)
        for item in goods:
            cart.lines.append(item)
            self._report(cart, "cart", person)
            yield rng.randint(20, 240)
        if rng.random() < 0.06:
            cart.lines.clear()
            self._report(cart, "cart", person)
            return
        if rng.random() < 0.3:
            self._stats.life["carts_left"] += 1
            return
        cart.checkout = True
        cart.email = cart.email or person.address.email
        cart.first_name, cart.last_name = person.address.first_name, person.address.last_name
        self._report(cart, "checkout", person)
        yield rng.randint(30, 300)
        if rng.random() < 0.4:
            cart_or_none = yield from self._come_back(cart, person)
            if cart_or_none is None:
                return
            cart = cart_or_none
        yield from self._buy(cart, person)

    def _come_back(self, cart: Cart, person: Person) -> Generator[int, None, Cart | None]:
        """Leaves; later perhaps returns. The value is the cart that is then bought, or None."""
        rng = self._rng
        self._stats.life["checkouts_left"] += 1
        roll = rng.random()
        if roll >= 0.5:
            return None
        yield rng.randint(65 * 60, 20 * HOUR)
        if roll < 0.3:  # the recovery link
            cart.recovered = True
            self._stats.life["recovered"] += 1
            self._report(cart, "cart", person)
            yield rng.randint(30, 300)
            return cart
        # Another device: a new cart with the same goods, the old one is never touched again.
        other = self._cart(person, signed_in=False)
        other.lines = list(cart.lines)
        other.email = retype(rng, person.address.email)
        self._report(other, "checkout", person)
        yield rng.randint(30, 300)
        return other

    def _buy(self, cart: Cart, person: Person) -> Script:
        rng, world = self._rng, self._world
        if person.account is None and rng.random() < 0.2:
            self._register(person)
            yield 1
        roll = rng.random()
        state = PAID if roll < 0.8 else AWAITING if roll < 0.92 else FAILED
        order = self._order(cart, person, state)
        if state == AWAITING:
            yield rng.randint(5 * HOUR, 3 * DAY)
            if rng.random() < 0.25:
                world.set_state(order, CANCELLED)
                return
            world.set_state(order, PAID)
        elif state == FAILED:
            yield rng.randint(60, 600)
            if rng.random() < 0.4:
                return
            world.set_state(order, PAID)
        yield from self._after_sale(order, person)

    def _after_sale(self, order: Order, person: Person) -> Script:
        rng, world = self._rng, self._world
        if person.account is None and rng.random() < 0.2:
            yield rng.randint(60, 6 * HOUR)
            self._register(person)
        yield rng.randint(4 * HOUR, 2 * DAY)
        if order.id not in world.orders or order.state != PAID:
            return
        world.set_state(order, FULFILLED)
        self._stats.life["shipped"] += 1
        if rng.random() < 0.08:
            yield rng.randint(DAY, 10 * DAY)
            self._refund(order)

    def _back_office(self) -> Script:
        """What the shop itself does: refunds of older orders, accounts that change."""
        rng, world = self._rng, self._world
        yield rng.randint(1, 60)
        roll = rng.random()
        if roll < 0.5:
            ids = list(world.orders)
            order = world.orders[ids[-1 - int(rng.random() ** 2 * min(len(ids) - 1, 500))]] if ids else None
            if order is not None and order.state in (PAID, FULFILLED):
                self._refund(order)
            return
        account = world.customers.get(rng.choice(self._known)) if self._known else None
        if account is None:
            return
        if roll < 0.75:
            given = account.consent is None or not account.consent.given
            world.change_customer(account, consent=Consent(given, world.clock.now()))
            self._stats.life["consents"] += 1
        else:
            local, _at, domain = account.email.partition("@")
            email = f"{local}.{rng.randint(2, 99)}@{domain}"
            world.change_customer(account, email=email, address=with_email(account.address, email))
            self._stats.life["email_changes"] += 1

    # -- the actions

    def _visitor(self) -> Person:
        rng = self._rng
        if self._known and rng.random() < 0.4:
            account = self._world.customers.get(rng.choice(self._known))
            if account is not None:
                return Person(account.address, self._currency(account), account.created, account)
        self._people += 1
        # Numbers far from those of the people the history knows.
        return draw_person(rng, 2_000_000 + self._people, self._time)

    def _currency(self, account: Customer) -> str:
        home = self._world.home
        return _CURRENCIES.get(account.address.country, home) if home == "EUR" else home

    def _cart(self, person: Person, signed_in: bool) -> Cart:
        token = f"{self._rng.getrandbits(128):032x}"
        currency = person.currency if self._world.home == "EUR" else self._world.home
        cart = Cart(token, currency, self._world.clock.now(), visit=draw_visit(self._rng))
        if signed_in and person.account is not None:
            cart.customer_id, cart.email = person.account.id, person.account.email
        self._world.carts[token] = cart
        self._stats.life["carts"] += 1
        return cart

    def _report(self, cart: Cart, kind: str, person: Person) -> None:
        cart.updated = self._world.clock.now()
        self._sequence += 1
        country = person.address.country
        self._door.send(envelope(self._world, cart, kind, self._shop_url(), self._sequence, country))

    def _register(self, person: Person) -> None:
        account = open_account(self._world, self._rng, person, self._world.clock.now(), self._world.next_customer_id())
        account.role, account.modified = "customer", account.created
        try:
            self._world.add_customer(account)
        except ShopError:
            person.account = None  # the address is taken: the person stays a guest
            raise
        self._known.append(account.id)
        self._stats.life["registered"] += 1

    def _order(self, cart: Cart, person: Person, state: str) -> Order:
        rng, world = self._rng, self._world
        now = world.clock.now()
        account = person.account
        if account is not None and (account.id not in world.customers or rng.random() < 0.05):
            account = None  # deleted since, or did not sign in
        email = account.email if account else cart.email or person.address.email
        buyer = Buyer(with_email(person.address, email), account.id if account else 0)
        coupon = world.coupons[rng.choice(sorted(world.coupons))] if world.coupons and rng.random() < 0.15 else None
        order = compose_order(
            world,
            cart.lines,
            buyer,
            cart.currency,
            state,
            now,
            world.next_id(),
            coupon,
            express=rng.random() < 0.1,
        )
        order.cart, order.visit, order.consent = cart.token, cart.visit, ask_consent(rng, now)
        order.payment = "bank_transfer" if state == AWAITING else rng.choice(("card", "paypal"))
        if state == PAID:
            order.paid_at = now
        cart.order_id, cart.updated = order.id, now
        self._stats.life["orders"] += 1
        return world.place_order(order)

    def _refund(self, order: Order) -> None:
        left = order.total - order.refunded
        if order.id not in self._world.orders or left <= 0 or order.state in HIDDEN:
            return
        line = self._rng.choice(order.lines)
        amount = line.total + line.total_tax
        part = RefundLine(self._world.next_line_id(), line, line.quantity, line.total, line.total_tax)
        if 0 < amount < left and self._rng.random() < 0.6:
            self._world.refund(order, amount, "damaged", [part])
        else:
            self._world.refund(order, left, "returned")
        self._stats.life["refunds"] += 1
