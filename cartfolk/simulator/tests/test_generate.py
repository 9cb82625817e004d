"""The generated shop: the same for the same seed, adding up to the cent, and full of what real shops have."""

from __future__ import annotations

import pickle
from collections import Counter

import pytest

from cartfolk.simulator.clock import Clock, parse_moment
from cartfolk.simulator.generate import generate
from cartfolk.simulator.records import STATES
from cartfolk.simulator.truth import account
from cartfolk.simulator.woocommerce.words import STATUS
from cartfolk.simulator.world import World, normalise_email

NOW = parse_moment("2026-11-23T10:00:00Z")


def make(seed: int, customers: int = 400) -> World:
    return generate(seed, customers, Clock(NOW, "Europe/Berlin", frozen=True))


@pytest.fixture(scope="module")
def world() -> World:
    return make(5, 1500)


def test_same_seed_same_shop_other_seed_other_shop():
    one, two, other = make(1), make(1), make(2)
    assert pickle.dumps(list(one.orders.values())) == pickle.dumps(list(two.orders.values()))
    assert account(one, STATUS) == account(two, STATUS)
    assert account(one, STATUS) != account(other, STATUS)


def test_the_default_size_has_the_orders_of_a_real_shop():
    shop = make(7, 5000)
    assert len(shop.customers) == 5000
    assert 15_000 < len(shop.orders) < 30_000


def test_every_order_adds_up(world: World):
    for order in world.orders.values():
        parts = sum(line.total + line.total_tax for line in order.lines)
        parts += sum(charge.total + charge.tax for charge in order.shipping + order.fees)
        assert order.total == parts
        assert all(line.total >= 0 and line.total_tax >= 0 for line in order.lines)
        assert order.refunded <= order.total


def test_nothing_lies_in_the_future_or_before_its_cause(world: World):
    for order in world.orders.values():
        assert order.created <= order.modified <= NOW
        for moment in (order.paid_at, order.completed_at, *(refund.created for refund in order.refunds)):
            assert moment is None or order.created <= moment <= order.modified
    assert all(customer.created <= customer.modified <= NOW for customer in world.customers.values())


def test_all_that_real_shops_have_is_there(world: World):
    orders = list(world.orders.values())
    assert {order.state for order in orders} == set(STATES)
    assert {"EUR", "USD", "GBP", "JPY", "KWD"} <= {order.currency for order in orders}
    foreign = [order for order in orders if order.currency != "EUR"]
    assert any(order.rate is None for order in foreign)
    assert all(order.rate is None for order in orders if order.currency == "EUR")
    assert any(0 < order.refunded < order.total for order in orders)
    assert all(order.refunded == order.total for order in orders if order.state == "refunded")
    assert len({customer.role for customer in world.customers.values()}) == 7
    names = Counter((customer.first_name, customer.last_name) for customer in world.customers.values())
    assert names.most_common(1)[0][1] > 1
    assert any("&amp;" in product.name for product in world.products.values())
    assert any(not product.sku for product in world.products.values())
    assert any(order.customer_id == 0 and not order.billing.email for order in orders)
    assert any(line.product_id == 0 for order in orders for line in order.lines)
    assert any(order.consent for order in orders)
    assert any(customer.consent and not customer.consent.given for customer in world.customers.values())


def test_guests_become_accounts_and_addresses_are_typed_in_many_ways(world: World):
    accounts = {normalise_email(customer.email): customer for customer in world.customers.values()}
    assert len(accounts) == len(world.customers), "no two accounts share an address"
    guest_orders = [order for order in world.orders.values() if not order.customer_id]
    typed = {order.billing.email for order in guest_orders}
    assert any(email != email.strip() for email in typed)
    assert any(email != email.lower() for email in typed)
    earlier = [
        order
        for order in guest_orders
        if (found := accounts.get(normalise_email(order.billing.email))) and order.created < found.created
    ]
    assert earlier, "somebody ordered as a guest before opening the account"
    changed = [
        order
        for order in world.orders.values()
        if order.customer_id
        and normalise_email(order.billing.email) != normalise_email(world.customers[order.customer_id].email)
    ]
    assert changed, "somebody changed the address of the account"


def test_more_orders_share_a_second_than_fit_on_a_page(world: World):
    assert Counter(order.created for order in world.orders.values()).most_common(1)[0][1] > 100
    assert Counter(order.modified for order in world.orders.values()).most_common(1)[0][1] > 200


def test_wall_clock_repeats_when_daylight_saving_ends(world: World):
    local = Counter(
        world.clock.local(order.created)
        for order in world.orders.values()
        if world.clock.local(order.created).endswith("-25T02:30:00")
    )
    assert max(local.values()) == 2
    assert world.clock.local(parse_moment("2026-10-25T00:30:00Z")) == "2026-10-25T02:30:00"
    assert world.clock.local(parse_moment("2026-10-25T01:30:00Z")) == "2026-10-25T02:30:00"


def test_truth_says_what_a_second_look_says(world: World):
    told = account(world, STATUS)
    counted = [order for order in world.orders.values() if order.state in ("paid", "fulfilled", "refunded")]
    assert told["counted_orders"] == len(counted)
    assert told["persons"] == told["customers"] + told["guests"] == len(told["people"])
    assert sum(person["counted_orders"] for person in told["people"].values()) == len(counted) - len(
        [order for order in counted if not order.customer_id and not order.billing.email]
    )
    for person in told["people"].values():
        assert (person["first_order"] is None) == (person["counted_orders"] == 0)
