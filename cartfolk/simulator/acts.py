"""Single things that happen in the shop on request: a test says exactly what it needs to see.

`act(world, request, words)` takes an object with `do` and its fields, changes the world (webhooks follow),
and returns `(kind, id)` of the record concerned. States are in the platform's words, amounts decimal text.

| do | fields |
|---|---|
| order | email, customer_id, status (default the paid one), currency, goods, first_name, last_name, cart |
| status | order_id, status |
| refund | order_id, amount (default all that is left), reason |
| touch | order_id |
| register | email, first_name, last_name, role |
| change_customer | customer_id, email, first_name, last_name, role |
| consent | customer_id, given |
| change_product | product_id, name, sku |
| subscription | subscription_id, status (active, paused, cancelled) |
| delete_order, delete_customer | order_id or customer_id |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from random import Random
from typing import Any

from . import subscriptions
from .checkout import Buyer, compose_order, pick_goods, sellable_products
from .people import with_email
from .records import COUNTED, PAID, Address, Consent, Customer, Order
from .world import ShopError, World

Fields = Mapping[str, Any]
Touched = tuple[str, int]


def act(world: World, request: Fields, words: Mapping[str, str]) -> Touched:
    """Do one thing. Raises ShopError naming the field that is wrong."""
    action = _ACTIONS.get(str(request.get("do")))
    if action is None:
        raise ShopError(f"act: do={request.get('do')!r} is not one of {', '.join(_ACTIONS)}")
    states = {word: state for state, word in words.items()}
    return action(world, request, states)


def _number(fields: Fields, name: str) -> int:
    value = fields.get(name)
    if not str(value).isdigit():
        raise ShopError(f"act {fields.get('do')}: {name} must be a number, not {value!r}")
    return int(str(value))


def _order_of(world: World, fields: Fields) -> Order:
    order = world.orders.get(_number(fields, "order_id"))
    if order is None:
        raise ShopError(f"act {fields.get('do')}: there is no order {fields['order_id']}")
    return order


def _customer_of(world: World, fields: Fields) -> Customer:
    customer = world.customers.get(_number(fields, "customer_id"))
    if customer is None:
        raise ShopError(f"act {fields.get('do')}: there is no customer {fields['customer_id']}")
    return customer


def _state(fields: Fields, states: Mapping[str, str], default: str) -> str:
    if "status" not in fields:
        return default
    if fields["status"] not in states:
        raise ShopError(f"act {fields.get('do')}: status {fields['status']!r} is not one of {', '.join(states)}")
    return states[fields["status"]]


def _place(world: World, fields: Fields, states: Mapping[str, str]) -> Touched:
    customer = _customer_of(world, fields) if fields.get("customer_id") else None
    country = customer.address.country if customer else str(fields.get("country", world.country))
    address = Address(
        str(fields.get("first_name", customer.first_name if customer else "Test")),
        str(fields.get("last_name", customer.last_name if customer else "Person")),
        country=country,
        city="Berlin",
        email=str(fields.get("email", customer.email if customer else "")),
    )
    now, order_id = world.clock.now(), world.next_id()
    rng = Random(order_id)
    goods = pick_goods(world, rng, sellable_products(world), int(fields.get("goods", 2)))
    state = _state(fields, states, PAID)
    buyer = Buyer(address, customer.id if customer else 0)
    order = compose_order(world, goods, buyer, str(fields.get("currency", world.home)), state, now, order_id)
    order.cart = fields.get("cart")
    order.paid_at = now if state in COUNTED else None
    world.place_order(order)
    return "order", order.id


def _set_status(world: World, fields: Fields, states: Mapping[str, str]) -> Touched:
    order = _order_of(world, fields)
    world.set_state(order, _state(fields, states, PAID))
    return "order", order.id


def _refund(world: World, fields: Fields, _states: Mapping[str, str]) -> Touched:
    order = _order_of(world, fields)
    amount = order.total - order.refunded
    if fields.get("amount") is not None:
        try:
            amount = int(Decimal(str(fields["amount"])) * 100)
        except InvalidOperation:
            raise ShopError(f"act refund: amount must be like 12.50, not {fields['amount']!r}") from None
    world.refund(order, amount, str(fields.get("reason", "")))
    return "order", order.id


def _touch(world: World, fields: Fields, _states: Mapping[str, str]) -> Touched:
    order = _order_of(world, fields)
    world.touch_order(order)
    return "order", order.id


def _register(world: World, fields: Fields, _states: Mapping[str, str]) -> Touched:
    email = str(fields.get("email", ""))
    if "@" not in email:
        raise ShopError(f"act register: email must be an address, not {email!r}")
    now, customer_id = world.clock.now(), world.next_customer_id()
    first, last = str(fields.get("first_name", "Test")), str(fields.get("last_name", "Person"))
    address = Address(first, last, country=world.country, email=email)
    role = str(fields.get("role", "customer"))
    world.add_customer(Customer(customer_id, email, first, last, f"user{customer_id}", role, now, now, address))
    return "customer", customer_id


def _change(world: World, fields: Fields, _states: Mapping[str, str]) -> Touched:
    customer = _customer_of(world, fields)
    changes = {name: str(fields[name]) for name in ("email", "first_name", "last_name", "role") if name in fields}
    if "email" in changes:
        world.change_customer(customer, **changes, address=with_email(customer.address, changes["email"]))
    else:
        world.change_customer(customer, **changes)
    return "customer", customer.id


def _consent(world: World, fields: Fields, _states: Mapping[str, str]) -> Touched:
    customer = _customer_of(world, fields)
    world.change_customer(customer, consent=Consent(bool(fields.get("given", True)), world.clock.now()))
    return "customer", customer.id


def _change_product(world: World, fields: Fields, _states: Mapping[str, str]) -> Touched:
    product = world.products.get(_number(fields, "product_id"))
    if product is None:
        raise ShopError(f"act change_product: there is no product {fields['product_id']}")
    world.change_product(product, **{name: str(fields[name]) for name in ("name", "sku") if name in fields})
    return "product", product.id


def _delete_order(world: World, fields: Fields, _states: Mapping[str, str]) -> Touched:
    order = _order_of(world, fields)
    world.delete_order(order)
    return "order", order.id


def _delete_customer(world: World, fields: Fields, _states: Mapping[str, str]) -> Touched:
    customer = _customer_of(world, fields)
    world.delete_customer(customer)
    return "customer", customer.id


def _change_subscription(world: World, fields: Fields, states: Mapping[str, str]) -> Touched:
    number = _number(fields, "subscription_id")
    subscriptions.change(world, number, str(fields.get("status")))
    return "subscription", number


_ACTIONS: dict[str, Callable[[World, Fields, Mapping[str, str]], Touched]] = {
    "order": _place,
    "status": _set_status,
    "refund": _refund,
    "touch": _touch,
    "register": _register,
    "change_customer": _change,
    "consent": _consent,
    "change_product": _change_product,
    "subscription": _change_subscription,
    "delete_order": _delete_order,
    "delete_customer": _delete_customer,
}
