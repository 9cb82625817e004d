"""Who is a customer: accounts, and everybody who ever ordered as a guest (state DISABLED).

An order belongs to the account it was placed with; a guest's order to the account of its address, else to the
account that once ordered with that address, else to the guest of that address.
"""

from __future__ import annotations

import hashlib
from typing import Any

from graphql import GraphQLError

from ..records import HIDDEN, Address, Consent, Order
from ..world import World, normalise_email
from .documents import Json, address, gid, when


class People:
    """The customer list as of the world's last change."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._revision = -1
        self._owner: dict[str, int] = {}
        self._guests: dict[int, list[Order]] = {}
        self._consents: dict[int, Consent] = {}

    def _look(self) -> None:
        world = self._world
        if self._revision == world.revision:
            return
        visible = [order for order in world.orders.values() if order.state not in HIDDEN]
        self._owner = {normalise_email(each.email): each.id for each in world.customers.values()}
        self._guests = {}
        self._consents = {each.id: each.consent for each in world.customers.values() if each.consent}
        for order in visible:
            if order.customer_id and order.billing.email.strip():
                self._owner.setdefault(normalise_email(order.billing.email), order.customer_id)
        for order in visible:
            if not order.customer_id and order.billing.email.strip():
                email = normalise_email(order.billing.email)
                number = self._owner.setdefault(email, _guest_number(email))
                if number not in world.customers:
                    self._guests.setdefault(number, []).append(order)
            owner = self.owner(order, look=False)
            known = self._consents.get(owner) if owner else None
            # A box not ticked at the checkout changes nothing.
            if owner and order.consent and order.consent.given and (known is None or order.consent.at >= known.at):
                self._consents[owner] = order.consent
        self._revision = world.revision

    def owner(self, order: Order, look: bool = True) -> int | None:
        """The customer's number; None = nobody's order."""
        if look:
            self._look()
        if order.customer_id:
            return order.customer_id
        return self._owner.get(normalise_email(order.billing.email)) if order.billing.email.strip() else None

    def of_email(self, email: str | None) -> int | None:
        self._look()
        return self._owner.get(normalise_email(email)) if email else None

    def visitor(self, email: str, first: str | None, last: str | None) -> Json:
        """Who typed an address at the checkout and never ordered: known there, and in no list of this shop."""
        return {
            "__typename": "Customer",
            "id": gid("Customer", _guest_number(normalise_email(email))),
            "firstName": first,
            "lastName": last,
            "defaultEmailAddress": _mail(email.strip(), None),
            "defaultPhoneNumber": None,
        }

    def numbers(self) -> list[int]:
        self._look()
        return [*self._world.customers, *self._guests]

    def document(self, number: int) -> Json | None:
        """A customer, or None if there is no such."""
        self._look()
        account, orders = self._world.customers.get(number), self._guests.get(number)
        consent = self._consents.get(number)
        if account is not None:
            home, email, names = account.address, account.email, (account.first_name, account.last_name)
            created, updated, state = account.created, account.modified, "ENABLED"
            tags = [account.role]
        elif orders:
            home = orders[-1].billing
            email, names = home.email, (home.first_name, home.last_name)
            created, updated, state = orders[0].created, max(order.modified for order in orders), "DISABLED"
            tags = []
        else:
            return None
        updated = max(updated, consent.at if consent else 0)
        return {
            "__typename": "Customer",
            "id": gid("Customer", number),
            "createdAt": when(created),
            "updatedAt": when(updated),
            "firstName": names[0] or None,
            "lastName": names[1] or None,
            "state": state,
            "locale": "de",
            "tags": tags,
            "defaultEmailAddress": _mail(email.strip(), consent),
            "defaultPhoneNumber": _phone(home),
            "defaultAddress": address(home),
            "_created": created,
            "_updated": updated,
            "_id": number,
        }


def _guest_number(email: str) -> int:
    return 5_000_000_000 + int(hashlib.sha256(email.encode()).hexdigest()[:8], 16)


def _mail(email: str, consent: Consent | None) -> Any:
    def resolve(info: Any) -> Json:
        if info.context.hidden:
            raise GraphQLError("This app is not approved to use the email field.", extensions={"code": "ACCESS_DENIED"})
        state = "NOT_SUBSCRIBED" if consent is None else "SUBSCRIBED" if consent.given else "UNSUBSCRIBED"
        return {
            "emailAddress": email,
            "marketingState": state,
            "marketingOptInLevel": "SINGLE_OPT_IN" if consent else None,
            "marketingUpdatedAt": when(consent.at) if consent else None,
        }

    return resolve


def _phone(home: Address) -> Json | None:
    if not home.phone:
        return None
    return {"phoneNumber": home.phone, "marketingState": "NOT_SUBSCRIBED"}
