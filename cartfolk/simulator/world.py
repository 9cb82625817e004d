"""The shop as a whole: its records, its lists in order of time, and the changes that happen to it.

Whoever wants to hear of changes (webhooks) registers a listener; it is called as `(kind, event, id)` with
kind order | customer | product | coupon and event created | updated | deleted, after the change.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .clock import Clock
from .index import TimeIndex
from .records import (
    COUNTED,
    FULFILLED,
    HIDDEN,
    REFUNDED,
    TRASHED,
    Cart,
    Category,
    Coupon,
    Customer,
    Order,
    Product,
    Refund,
    RefundLine,
    Subscription,
)

Listener = Callable[[str, str, int], None]


class ShopError(Exception):
    """The shop refuses the change; the message says why and what would be accepted."""


def normalise_email(email: str) -> str:
    """The form in which two e-mails are the same address: trimmed, Unicode NFC, lower case."""
    return unicodedata.normalize("NFC", email.strip()).lower()


@dataclass
class World:
    """Everything in the shop. `home` is its currency (ISO 4217), `country` where it sits (ISO 3166)."""

    name: str
    clock: Clock
    home: str = "EUR"
    country: str = "DE"
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.products: dict[int, Product] = {}
        self.categories: dict[int, Category] = {}
        self.tags: dict[int, Category] = {}
        self.coupons: dict[int, Coupon] = {}
        self.customers: dict[int, Customer] = {}
        self.orders: dict[int, Order] = {}
        self.refunds: dict[int, Refund] = {}
        self.carts: dict[str, Cart] = {}
        self.subscriptions: dict[int, Subscription] = {}
        self.account_of: dict[str, int] = {}
        self.orders_of: defaultdict[int, list[int]] = defaultdict(list)
        self.guest_orders: defaultdict[str, list[int]] = defaultdict(list)
        self.by_created = TimeIndex()
        self.by_modified = TimeIndex()
        self.refunds_by_created = TimeIndex()
        self.revision = 0
        self.listeners: list[Listener] = []
        self._last_id = 10
        self._last_line_id = 0
        self._last_customer_id = 0

    # -- ids: posts (products, orders, refunds, coupons) share one sequence, as they do in WordPress

    def next_id(self, step: int = 1) -> int:
        self._last_id += step
        return self._last_id

    def next_line_id(self) -> int:
        self._last_line_id += 1
        return self._last_line_id

    def next_customer_id(self, step: int = 1) -> int:
        self._last_customer_id += step
        return self._last_customer_id

    def reserve_ids(self, posts: int, lines: int, customers: int) -> None:
        """Continue counting after ids that came from a data set."""
        self._last_id = max(self._last_id, posts)
        self._last_line_id = max(self._last_line_id, lines)
        self._last_customer_id = max(self._last_customer_id, customers)

    # -- loading

    def index_everything(self) -> None:
        """Build all lists from the records; called once after generating or loading."""
        visible = [order for order in self.orders.values() if order.state not in HIDDEN]
        self.by_created.fill([(order.created, order.id) for order in visible])
        self.by_modified.fill([(order.modified, order.id) for order in visible])
        self.refunds_by_created.fill([(refund.created, refund.id) for refund in self.refunds.values()])
        self.account_of = {normalise_email(c.email): c.id for c in self.customers.values()}
        self.orders_of.clear()
        self.guest_orders.clear()
        for order in self.orders.values():
            self._assign_to_owner(order)

    def _assign_to_owner(self, order: Order) -> None:
        if order.customer_id:
            self.orders_of[order.customer_id].append(order.id)
        elif order.billing.email:
            self.guest_orders[normalise_email(order.billing.email)].append(order.id)

    def tell(self, kind: str, event: str, record_id: int) -> None:
        self.revision += 1
        for listener in self.listeners:
            listener(kind, event, record_id)

    # -- changes to orders

    def _unlist(self, order: Order) -> None:
        if order.state not in HIDDEN:
            self.by_created.remove(order.created, order.id)
            self.by_modified.remove(order.modified, order.id)

    def _list(self, order: Order) -> None:
        if order.state not in HIDDEN:
            self.by_created.add(order.created, order.id)
            self.by_modified.add(order.modified, order.id)

    def _touch(self, order: Order, at: int, state: str | None = None) -> None:
        self._unlist(order)
        order.modified = max(order.modified, at)
        if state is not None:
            order.state = state
        self._list(order)

    def place_order(self, order: Order) -> Order:
        """Add a new order. A checkout tells created and updated both, as WooCommerce does."""
        self.orders[order.id] = order
        self._list(order)
        self._assign_to_owner(order)
        self.tell("order", "created", order.id)
        self.tell("order", "updated", order.id)
        return order

    def set_state(self, order: Order, state: str) -> None:
        """Move an order to another state now; paying and fulfilling leave their times."""
        now = self.clock.now()
        if state in COUNTED and order.paid_at is None:
            order.paid_at = now
        if state == FULFILLED and order.completed_at is None:
            order.completed_at = now
        self._touch(order, now, state)
        if state == TRASHED:
            self.tell("order", "deleted", order.id)
        else:
            self.tell("order", "updated", order.id)

    def touch_order(self, order: Order, quietly: bool = False) -> None:
        """An edit that changes nothing but the time of the last edit; quietly = without a webhook."""
        self._touch(order, self.clock.now())
        if quietly:
            self.revision += 1
        else:
            self.tell("order", "updated", order.id)

    def refund(self, order: Order, amount: int, reason: str, lines: list[RefundLine] | None = None) -> Refund:
        """Give money back. A refund of everything that is left turns a counted order into a refunded one.

        Raises ShopError if more than the rest of the order is asked for, or nothing.
        """
        left = order.total - order.refunded
        if not 0 < amount <= left:
            raise ShopError(f"order {order.id}: refund of {amount} refused, {left} hundredths are left to refund")
        now = self.clock.now()
        refund = Refund(self.next_id(), order.id, now, amount, reason, lines or [])
        order.refunds.append(refund)
        self.refunds[refund.id] = refund
        self.refunds_by_created.add(now, refund.id)
        self._touch(order, now, REFUNDED if amount == left and order.state in COUNTED else None)
        self.tell("order", "updated", order.id)
        return refund

    def delete_order(self, order: Order) -> None:
        """Remove an order for good, its refunds with it."""
        self._unlist(order)
        for refund in order.refunds:
            self.refunds_by_created.remove(refund.created, refund.id)
            del self.refunds[refund.id]
        owned = (
            self.orders_of[order.customer_id]
            if order.customer_id
            else self.guest_orders[normalise_email(order.billing.email)]
        )
        if order.id in owned:
            owned.remove(order.id)
        del self.orders[order.id]
        self.tell("order", "deleted", order.id)

    # -- changes to customers and products

    def _require_free_email(self, email: str, customer_id: int) -> None:
        if self.account_of.get(normalise_email(email), customer_id) != customer_id:
            raise ShopError(f"customer {customer_id}: {email} already has an account; choose another e-mail")

    def add_customer(self, customer: Customer) -> Customer:
        """Open an account. Raises ShopError if the address already has one."""
        self._require_free_email(customer.email, customer.id)
        self.customers[customer.id] = customer
        self.account_of[normalise_email(customer.email)] = customer.id
        self.tell("customer", "created", customer.id)
        return customer

    def change_customer(self, customer: Customer, **changes: Any) -> None:
        """Set fields of an account; the old orders keep the old address. Raises ShopError as above."""
        if "email" in changes:
            self._require_free_email(changes["email"], customer.id)
            del self.account_of[normalise_email(customer.email)]
            self.account_of[normalise_email(changes["email"])] = customer.id
        for name, value in changes.items():
            setattr(customer, name, value)
        customer.modified = self.clock.now()
        self.tell("customer", "updated", customer.id)

    def delete_customer(self, customer: Customer) -> None:
        """Remove an account; WooCommerce turns its orders into guest orders."""
        del self.customers[customer.id]
        self.account_of.pop(normalise_email(customer.email), None)
        for order_id in self.orders_of.pop(customer.id, []):
            order = self.orders[order_id]
            order.customer_id = 0
            if order.billing.email:
                self.guest_orders[normalise_email(order.billing.email)].append(order_id)
        self.tell("customer", "deleted", customer.id)

    def change_product(self, product: Product, **changes: Any) -> None:
        for name, value in changes.items():
            setattr(product, name, value)
        product.modified = self.clock.now()
        self.tell("product", "updated", product.id)
