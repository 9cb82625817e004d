"""The world as tables of the webservice: ids are numbers, everything else is text, times are the shop's own.

Guests are rows among the customers, a new one for every checkout. A credit slip leaves its order's time alone. What
WordPress keeps in one sequence are tables of their own here, so the ids of guests, addresses and carts are made up
from those of the records they belong to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..people import ROLES
from ..records import FULFILLED, HIDDEN, PAID, REFUNDED, UNPAID, Address, Cart, Customer, Order
from ..world import World
from . import words
from .goods import NEVER, Goods, Json, money, unit, worded

Table = dict[int, Json]
_GUEST_OF_ORDER, _GUEST_OF_CART, _LIVE_CART = 10_000_000, 20_000_000, 30_000_000


class Tables(Goods):
    """All resources of the webservice. ``edited`` holds addresses changed through it: id -> (phone, when)."""

    def __init__(self, world: World, address: Callable[[], str]) -> None:
        super().__init__(world, address)
        self.edited: dict[int, tuple[str, int]] = {}
        self._cart_numbers: dict[str, tuple[int, int]] = {}  # token -> number, first seen
        self._kept: dict[str, tuple[tuple[Any, ...], Table]] = {}

    def table(self, resource: str) -> Table | None:
        """All rows of a resource by id; None if there is no such resource."""
        make = getattr(self, f"_{resource}", None) if resource in RESOURCES else None
        if make is None:
            return None
        state = self._state() if resource in _WITH_CARTS else (self.world.revision,)
        known = self._kept.get(resource)
        if known is None or known[0] != state:
            known = self._kept[resource] = (state, dict(sorted(make())))
        return known[1]

    def _state(self) -> tuple[Any, ...]:
        """Changes with every cart too: carts tell nobody of theirs."""
        carts = self.world.carts.values()
        told = [(cart.updated, len(cart.lines), cart.email, cart.customer_id, cart.order_id) for cart in carts]
        return self.world.revision, tuple(self.edited.items()), tuple(told)

    # -- numbers of what has none

    def _cart_number(self, token: str) -> int:
        if token not in self._cart_numbers:
            cart = self.world.carts.get(token)
            first = cart.updated if cart else self.world.clock.now()
            self._cart_numbers[token] = (_LIVE_CART + len(self._cart_numbers) + 1, first)
        return self._cart_numbers[token][0]

    def cart_of(self, order: Order) -> int:
        return self._cart_number(order.cart) if order.cart else order.id

    def _buyer(self, order: Order) -> int:
        """The customer row of an order: the account, else the guest made at its checkout."""
        if order.customer_id:
            return order.customer_id
        if order.cart in self.world.carts:
            return _GUEST_OF_CART + self._cart_number(str(order.cart))
        return _GUEST_OF_ORDER + order.id

    def _shopper(self, cart: Cart) -> int:
        if cart.customer_id:
            return cart.customer_id
        return _GUEST_OF_CART + self._cart_number(cart.token) if cart.email else 0

    # -- people

    def _customers(self) -> Iterator[tuple[int, Json]]:
        for account in self.world.customers.values():
            yield account.id, self._account(account)
        for order in self._shown():
            if not order.customer_id:
                consent = order.consent if order.consent and order.consent.given else None
                yield (
                    self._buyer(order),
                    self._person(self._buyer(order), order.billing, order.created, order.created, guest=True, group=2)
                    | {"newsletter": str(int(consent is not None))}
                    | {"newsletter_date_add": self._time(consent.at if consent else None)},
                )
        for cart in self.world.carts.values():
            if not cart.customer_id and cart.email and cart.order_id is None:
                address = Address(cart.first_name or "", cart.last_name or "", email=cart.email)
                key = self._shopper(cart)
                yield key, self._person(key, address, cart.updated, cart.updated, guest=True, group=2)

    def _account(self, account: Customer) -> Json:
        consent = account.consent
        # A box left alone is no date; one that was given at the start and is not any more keeps its date.
        asked = consent.at if consent and consent.given else None
        if consent and not consent.given and consent.at > account.created:
            asked = account.created
        row = self._person(
            account.id, account.address, account.created, account.modified, guest=False, group=self._group(account)
        )
        row |= {"email": account.email, "firstname": account.first_name, "lastname": account.last_name}
        row |= {"newsletter": str(int(bool(consent and consent.given))), "newsletter_date_add": self._time(asked)}
        return row

    def _group(self, account: Customer) -> int:
        return 3 + ROLES.index(account.role) if account.role in ROLES else 3

    def _person(self, key: int, address: Address, created: int, changed: int, *, guest: bool, group: int) -> Json:
        return {
            "id": key,
            "id_default_group": str(group),
            "id_lang": "1",
            "newsletter_date_add": NEVER,
            "ip_registration_newsletter": "",
            "deleted": "0",
            "lastname": address.last_name,
            "firstname": address.first_name,
            "email": address.email,
            "birthday": "0000-00-00",
            "newsletter": "0",
            "optin": "0",
            "company": None,
            "active": "1",
            "is_guest": str(int(guest)),
            "id_shop": "1",
            **self._dates(created, changed),
            "associations": {"groups": [{"id": str(group)}]},
        }

    def _groups(self) -> Iterator[tuple[int, Json]]:
        for key, name in enumerate(("Besucher", "Gast", *ROLES), start=1):
            yield key, {"id": key, "name": worded(name), "reduction": "0.00"}

    def _addresses(self) -> Iterator[tuple[int, Json]]:
        for account in self.world.customers.values():
            key = 2 * account.id
            yield key, self._place(key, account.id, account.address, account.created)
        for order in self._shown():
            if not order.customer_id:
                key = 2 * order.id + 1
                yield key, self._place(key, self._buyer(order), order.billing, order.created)

    def _place(self, key: int, customer: int, address: Address, created: int) -> Json:
        phone, changed = self.edited.get(key, (address.phone, created))
        return {
            "id": key,
            "id_customer": str(customer),
            "id_country": str(self._country_numbers.get(address.country, 0)),
            "id_state": "5" if address.state == "CA" else "0",
            "alias": "Meine Adresse",
            "company": address.company,
            "lastname": address.last_name,
            "firstname": address.first_name,
            "address1": address.address_1,
            "address2": address.address_2,
            "postcode": address.postcode,
            "city": address.city,
            "phone": phone,
            "phone_mobile": "",
            "deleted": "0",
            **self._dates(created, changed),
        }

    # -- orders

    def _shown(self) -> Iterator[Order]:
        return (order for order in self.world.orders.values() if order.state not in HIDDEN)

    def _changed(self, order: Order) -> int:
        """When the order itself was edited last: a credit slip is an object of its own."""
        last = max((refund.created for refund in order.refunds), default=None)
        if last is None or order.state == REFUNDED or order.modified != last:
            return order.modified
        return max(order.created, order.paid_at or 0, order.completed_at or 0)

    def _orders(self) -> Iterator[tuple[int, Json]]:
        for order in self._shown():
            yield order.id, self._order(order)

    def _order(self, order: Order) -> Json:
        module, payment = words.PAYMENTS.get(order.payment, (order.payment, order.payment))
        state = words.STATES[order.state]
        place = str(2 * order.customer_id if order.customer_id else 2 * order.id + 1)
        off = sum(line.subtotal - line.total for line in order.lines)
        off_tax = sum(line.subtotal_tax - line.total_tax for line in order.lines)
        shipping, shipping_tax = _sums(order, "shipping")
        wrapping, wrapping_tax = _sums(order, "fees")
        goods = sum(line.subtotal for line in order.lines)
        goods_tax = sum(line.subtotal_tax for line in order.lines)
        rate = order.rate or ("1" if order.currency == self.world.home else "0")
        return {
            "id": order.id,
            "id_address_delivery": place,
            "id_address_invoice": place,
            "id_cart": str(self.cart_of(order)),
            "id_currency": str(words.CURRENCIES.get(order.currency, 0)),
            "id_lang": "1",
            "id_customer": str(self._buyer(order)),
            "id_carrier": "2",
            "current_state": str(state.id),
            "module": module,
            "invoice_date": self._time(order.paid_at),
            "delivery_date": self._time(order.completed_at),
            "valid": str(int("logable" in state.flags)),
            **self._dates(order.created, self._changed(order)),
            "shipping_number": "",
            "id_shop": "1",
            "payment": payment,
            "total_discounts": money(off + off_tax),
            "total_discounts_tax_incl": money(off + off_tax),
            "total_discounts_tax_excl": money(off),
            "total_paid": money(order.total),
            "total_paid_tax_incl": money(order.total),
            "total_paid_tax_excl": money(order.total - order.total_tax),
            "total_paid_real": money(order.total if order.paid_at else 0),
            "total_products": money(goods),
            "total_products_wt": money(goods + goods_tax),
            "total_shipping": money(shipping + shipping_tax),
            "total_shipping_tax_incl": money(shipping + shipping_tax),
            "total_shipping_tax_excl": money(shipping),
            "total_wrapping": money(wrapping + wrapping_tax),
            "conversion_rate": f"{float(rate):.6f}",
            "reference": f"R{order.id:08d}",
            "associations": {
                "order_rows": [
                    {
                        "id": str(line.id),
                        "product_id": str(line.product_id),
                        "product_attribute_id": str(line.variation_id),
                        "product_quantity": str(line.quantity),
                        "product_name": line.name,
                        "product_reference": line.sku,
                        "product_price": unit(line.subtotal, line.quantity),
                        "unit_price_tax_incl": unit(line.subtotal + line.subtotal_tax, line.quantity),
                        "unit_price_tax_excl": unit(line.subtotal, line.quantity),
                    }
                    for line in order.lines
                ]
            },
        }

    def _order_histories(self) -> Iterator[tuple[int, Json]]:
        for order in self._shown():
            steps: list[tuple[int, str]] = [(order.created, UNPAID)] if order.paid_at else []
            if order.paid_at:
                steps.append((order.paid_at, PAID))
            if order.completed_at:
                steps.append((order.completed_at, FULFILLED))
            if not steps or steps[-1][1] != order.state:
                steps.append((max(order.modified, order.created), order.state))
            for place, (at, state) in enumerate(steps):
                key = order.id * 4 + place
                yield (
                    key,
                    {
                        "id": key,
                        "id_employee": "0",
                        "id_order_state": str(words.STATES[state].id),
                        "id_order": str(order.id),
                        "date_add": self._time(at),
                    },
                )

    def _order_slip(self) -> Iterator[tuple[int, Json]]:
        for refund in self.world.refunds.values():
            order = self.world.orders[refund.order_id]
            if order.state in HIDDEN:
                continue
            yield (
                refund.id,
                {
                    "id": refund.id,
                    "id_customer": str(self._buyer(order)),
                    "id_order": str(order.id),
                    "conversion_rate": "1.000000",
                    "total_products_tax_excl": money(refund.amount),
                    "total_products_tax_incl": money(refund.amount),
                    "total_shipping_tax_excl": money(0),
                    "total_shipping_tax_incl": money(0),
                    "amount": money(refund.amount),
                    "shipping_cost": "0",
                    "shipping_cost_amount": money(0),
                    "partial": "1",
                    **self._dates(refund.created, refund.created),
                    "order_slip_type": "0",
                },
            )

    def _order_cart_rules(self) -> Iterator[tuple[int, Json]]:
        codes = {coupon.code: coupon.id for coupon in self.world.coupons.values()}
        for order in self._shown():
            for used in order.coupons:
                yield (
                    used.id,
                    {
                        "id": used.id,
                        "id_order": str(order.id),
                        "id_cart_rule": str(codes.get(used.code, 0)),
                        "name": used.code,
                        "value": money(used.discount + used.discount_tax),
                        "value_tax_excl": money(used.discount),
                        "free_shipping": "0",
                        "deleted": "0",
                    },
                )

    def _order_carriers(self) -> Iterator[tuple[int, Json]]:
        for order in self._shown():
            if order.completed_at:
                told = {"id": order.id, "id_order": str(order.id), "tracking_number": f"TRK{order.id}"}
                yield order.id, told | {"date_add": self._time(order.completed_at)}

    def _order_states(self) -> Iterator[tuple[int, Json]]:
        flags = ("delivery", "hidden", "invoice", "logable", "shipped", "paid", "deleted")
        for state in words.STATES.values():
            row: Json = {"id": state.id, "name": worded(state.name)}
            yield state.id, row | {flag: str(int(flag in state.flags)) for flag in flags}

    # -- carts

    def _carts(self) -> Iterator[tuple[int, Json]]:
        for order in self._shown():
            if order.cart not in self.world.carts:
                lines = [(line.product_id, line.variation_id, line.quantity) for line in order.lines]
                key = self.cart_of(order)
                yield key, self._cart(key, self._buyer(order), order.currency, order.created, order.created, lines)
        for cart in self.world.carts.values():
            key = self._cart_number(cart.token)
            lines = [
                (each.product.id, each.variation.id if each.variation else 0, each.quantity) for each in cart.lines
            ]
            first = min(self._cart_numbers[cart.token][1], cart.updated)
            yield key, self._cart(key, self._shopper(cart), cart.currency, first, cart.updated, lines)

    def _cart(
        self, key: int, customer: int, currency: str, created: int, changed: int, lines: list[tuple[int, int, int]]
    ) -> Json:
        return {
            "id": key,
            "id_address_delivery": "0",
            "id_currency": str(words.CURRENCIES.get(currency, 0)),
            "id_customer": str(customer),
            "id_guest": str(key),
            "id_lang": "1",
            "id_shop": "1",
            "secure_key": "",
            **self._dates(created, changed),
            "associations": {
                "cart_rows": [
                    {
                        "id_product": str(product),
                        "id_product_attribute": str(variant),
                        "id_address_delivery": "0",
                        "id_customization": "0",
                        "quantity": str(quantity),
                    }
                    for product, variant, quantity in lines
                ]
            },
        }


RESOURCES = frozenset(
    {
        "customers", "groups", "addresses", "orders", "order_histories", "order_slip", "order_cart_rules",
        "order_carriers", "order_states", "carts", "products", "combinations", "categories", "cart_rules",
        "countries", "states", "currencies", "languages", "configurations",
    }
)  # fmt: skip
_WITH_CARTS = frozenset({"customers", "addresses", "carts"})


def _sums(order: Order, charges: str) -> tuple[int, int]:
    found = getattr(order, charges)
    return sum(each.total for each in found), sum(each.tax for each in found)
