"""A real Vendure shop in a process of its own, its shoppers and its administrator, and a ledger of what they did."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

ROOT = Path(__file__).resolve().parent.parent
MISSING = [program for program in ("node", "npm") if shutil.which(program) is None]


@dataclass
class Person:
    """What somebody did, as the shop's own report would tell it; money in euros."""

    account: bool = False
    name: str = ""
    orders: int = 0  # paid ones
    unpaid: int = 0
    value: Decimal = Decimal(0)  # paid less given back
    refunded: Decimal = Decimal(0)
    carts: int = 0  # filled and not ordered


@dataclass
class Ledger:
    people: dict[str, Person] = field(default_factory=dict)

    def of(self, email: str) -> Person:
        return self.people.setdefault(email, Person())


class Api:
    """One GraphQL API as one visitor: the session goes along."""

    def __init__(self, url: str) -> None:
        self._http = httpx2.Client(timeout=60, trust_env=False)
        self._url = url
        self._token = ""

    def __call__(self, query: str, **variables: Any) -> Any:
        """The one field of the answer. An error of any kind fails the test."""
        headers = {"authorization": f"Bearer {self._token}"} if self._token else {}
        answer = self._http.post(self._url, json={"query": query, "variables": variables}, headers=headers)
        self._token = answer.headers.get("vendure-auth-token") or self._token
        told = answer.json()
        assert "errors" not in told, f"{query}: {told['errors']}"
        (found,) = told["data"].values()
        assert not (isinstance(found, dict) and "errorCode" in found), f"{query}: {found}"
        return found


_FAILED = "... on ErrorResult { errorCode message }"


class Shopper:
    """A visitor of the shop who fills a cart, perhaps signs in, and perhaps orders."""

    def __init__(self, shop: VendureStore) -> None:
        self._shop = shop
        self._api = Api(f"{shop.url}/shop-api")
        self.person: Person | None = None
        self.email = ""
        self.order: dict[str, Any] = {}

    def register(self, email: str, first: str, last: str) -> Self:
        given = {"emailAddress": email, "firstName": first, "lastName": last, "password": "secret-enough"}
        self._api(
            "mutation($input: RegisterCustomerInput!) { registerCustomerAccount(input: $input) "
            f"{{ __typename {_FAILED} }} }}",
            input=given,
        )
        person = self._shop.ledger.of(email)
        person.account, person.name = True, f"{first} {last}"
        return self.sign_in(email)

    def sign_in(self, email: str) -> Self:
        self._api(
            f'mutation($u: String!) {{ login(username: $u, password: "secret-enough") {{ __typename {_FAILED} }} }}',
            u=email,
        )
        self.email, self.person = email, self._shop.ledger.of(email)
        return self

    def add(self, variant: int, quantity: int = 1) -> Self:
        self.order = self._api(
            "mutation($v: ID!, $q: Int!) { addItemToOrder(productVariantId: $v, quantity: $q) "
            f"{{ ... on Order {{ id totalWithTax }} {_FAILED} }} }}",
            v=str(variant),
            q=quantity,
        )
        if self.person:
            self.person.carts = 1
        return self

    def tell(self, email: str, first: str, last: str) -> Self:
        """A guest types name and address at the checkout."""
        given = {"emailAddress": email, "firstName": first, "lastName": last}
        self._api(
            "mutation($input: CreateCustomerInput!) { setCustomerForOrder(input: $input) "
            f"{{ __typename {_FAILED} }} }}",
            input=given,
        )
        self.email, self.person = email, self._shop.ledger.of(email)
        self.person.name = f"{first} {last}"
        self.person.carts += 1
        return self

    def buy(self, payment: str = "card") -> Self:
        """Through the checkout; ``invoice`` is paid later."""
        address = {
            "fullName": "Somebody Else", "streetLine1": "Hauptstraße 1", "city": "Köln", "postalCode": "50667",
            "countryCode": "DE",
        }  # fmt: skip
        self._api(
            "mutation($input: CreateAddressInput!) { setOrderShippingAddress(input: $input) "
            f"{{ __typename {_FAILED} }} }}",
            input=address,
        )
        methods = self._api("{ eligibleShippingMethods { id } }")
        self._api(
            f"mutation($m: [ID!]!) {{ setOrderShippingMethod(shippingMethodId: $m) {{ __typename {_FAILED} }} }}",
            m=[methods[0]["id"]],
        )
        self._api(f'mutation {{ transitionOrderToState(state: "ArrangingPayment") {{ __typename {_FAILED} }} }}')
        self.order = self._api(
            "mutation($p: PaymentInput!) { addPaymentToOrder(input: $p) "
            f"{{ ... on Order {{ id code state totalWithTax lines {{ id quantity }} }} {_FAILED} }} }}",
            p={"method": payment, "metadata": {}},
        )
        assert self.person is not None
        self.person.carts = 0
        if payment == "card":
            assert self.order["state"] == "PaymentSettled"
            self.person.orders += 1
            self.person.value += euros(self.order["totalWithTax"])
        else:
            self.person.unpaid += 1
        return self


def euros(cents: int) -> Decimal:
    return Decimal(cents) / 100


class VendureStore:
    """A fresh shop: ``with VendureStore() as shop``; installed on first use."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self._process = subprocess.Popen(
            [ROOT / "scripts" / "vendure-store"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        told = self._line()
        self.url: str = told["url"]
        self.username: str = told["username"]
        self.password: str = told["password"]
        self.admin = Api(f"{self.url}/admin-api")
        self.admin(
            f"mutation($u: String!, $p: String!) {{ login(username: $u, password: $p) {{ __typename {_FAILED} }} }}",
            u=self.username,
            p=self.password,
        )

    def _line(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the shop ended with {self._process.wait(10)}"
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def plug(self, address: str, store: str, secret: str) -> None:
        """Sets our plugin up, as its options in vendure-config do."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"address": address, "store": store, "secret": secret}) + "\n")
        self._process.stdin.flush()
        assert self._line() == {"plugin": "ready"}

    def api_key(self) -> str:
        given = {"roleIds": ["1"], "translations": [{"languageCode": "en", "name": "Cartfolk"}]}
        made = self.admin(
            "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey } }", input=given
        )
        return str(made["apiKey"])

    def administrator(self, email: str, permissions: list[str]) -> dict[str, str]:
        """Somebody who may do that only; returns how to sign in."""
        role = self.admin(
            "mutation($input: CreateRoleInput!) { createRole(input: $input) { id } }",
            input={"code": email, "description": email, "permissions": permissions},
        )
        given = {"firstName": "A", "lastName": "B", "emailAddress": email, "password": "some-password"}
        self.admin(
            "mutation($input: CreateAdministratorInput!) { createAdministrator(input: $input) { id } }",
            input=given | {"roleIds": [role["id"]]},
        )
        return {"username": email, "password": given["password"]}

    def visitor(self) -> Shopper:
        return Shopper(self)

    # -- what the owner does

    def _payment(self, order: str) -> str:
        found = self.admin("query($id: ID!) { order(id: $id) { payments { id } } }", id=order)
        return str(found["payments"][0]["id"])

    def settle(self, shopper: Shopper) -> None:
        """An invoice is paid."""
        self.admin(
            f"mutation($id: ID!) {{ settlePayment(id: $id) {{ __typename {_FAILED} }} }}",
            id=self._payment(shopper.order["id"]),
        )
        person = self.ledger.of(shopper.email)
        person.unpaid -= 1
        person.orders += 1
        person.value += euros(shopper.order["totalWithTax"])

    def refund(self, shopper: Shopper, cents: int) -> None:
        given = {
            "paymentId": self._payment(shopper.order["id"]), "amount": cents, "lines": [], "shipping": 0,
            "adjustment": 0, "reason": "a crack",
        }  # fmt: skip
        refund = self.admin(
            "mutation($input: RefundOrderInput!) { refundOrder(input: $input) "
            f"{{ ... on Refund {{ id }} {_FAILED} }} }}",
            input=given,
        )
        self.admin(
            f"mutation($input: SettleRefundInput!) {{ settleRefund(input: $input) {{ __typename {_FAILED} }} }}",
            input={"id": refund["id"], "transactionId": "bank"},
        )
        person = self.ledger.of(shopper.email)
        person.refunded += euros(cents)
        person.value -= euros(cents)

    def cancel_line(self, shopper: Shopper, quantity: int) -> None:
        """Takes something out of a paid order; the money goes back by a refund of its own."""
        given = {
            "orderId": shopper.order["id"], "cancelShipping": False, "reason": "sold out",
            "lines": [{"orderLineId": shopper.order["lines"][0]["id"], "quantity": quantity}],
        }  # fmt: skip
        self.admin(
            f"mutation($input: CancelOrderInput!) {{ cancelOrder(input: $input) {{ __typename {_FAILED} }} }}",
            input=given,
        )

    def cancel(self, shopper: Shopper) -> None:
        """Cancels an order nobody paid."""
        self.admin(
            f"mutation($input: CancelOrderInput!) {{ cancelOrder(input: $input) {{ __typename {_FAILED} }} }}",
            input={"orderId": shopper.order["id"], "reason": "never paid"},
        )
        self.ledger.of(shopper.email).unpaid -= 1

    def customer_id(self, email: str) -> str:
        found = self.admin(
            "query($o: CustomerListOptions) { customers(options: $o) { items { id } } }",
            o={"filter": {"emailAddress": {"eq": email}}},
        )
        return str(found["items"][0]["id"])

    def rename(self, email: str, first: str, last: str) -> None:
        given = {"id": self.customer_id(email), "firstName": first, "lastName": last}
        self.admin(
            f"mutation($input: UpdateCustomerInput!) {{ updateCustomer(input: $input) {{ __typename {_FAILED} }} }}",
            input=given,
        )
        self.ledger.of(email).name = f"{first} {last}"

    def move(self, email: str, city: str) -> None:
        """The account gets a default address there."""
        given = {
            "streetLine1": "Hafen 1", "city": city, "countryCode": "DE", "defaultBillingAddress": True,
            "defaultShippingAddress": True,
        }  # fmt: skip
        self.admin(
            "mutation($id: ID!, $input: CreateAddressInput!) { createCustomerAddress(customerId: $id, input: $input) "
            "{ id } }",
            id=self.customer_id(email),
            input=given,
        )

    def group(self, email: str, name: str) -> None:
        """A new group of customers with this one in it."""
        self.admin(
            "mutation($input: CreateCustomerGroupInput!) { createCustomerGroup(input: $input) { id } }",
            input={"name": name, "customerIds": [self.customer_id(email)]},
        )


def fill(shop: VendureStore) -> None:
    """Months of a small shop in some seconds: accounts, guests, carts, orders, invoices, refunds, cancellations."""
    visitor: Callable[[], Shopper] = shop.visitor
    for number, (first, last) in enumerate([("Ada", "Lovelace"), ("Käthe", "Kruse"), ("Émile", "Zola"), ("Ida", "B")]):
        email = f"account{number}@example.com"
        visitor().register(email, first, last)
        for order in range(number):
            visitor().sign_in(email).add(1 + order, 2).buy()
    for number in range(4):
        guest = visitor().add(3, 1 + number).tell(f"guest{number}@example.com", "Guest", f"No{number}").buy()
        if number == 1:
            shop.refund(guest, 500)
        if number == 2:
            shop.refund(guest, guest.order["totalWithTax"])
        if number == 3:
            shop.cancel_line(guest, 1)
            shop.refund(guest, 3900)
    visitor().add(4).tell("guest0@example.com", "Guest", "No0").buy()  # the same guest comes back
    later = visitor().add(6).tell("invoice.paid@example.com", "Ina", "Voice").buy("invoice")
    shop.settle(later)
    visitor().add(6).tell("invoice.open@example.com", "Otto", "Open").buy("invoice")
    shop.cancel(visitor().add(6).tell("invoice.cancelled@example.com", "Cora", "Cancel").buy("invoice"))
    visitor().add(5).tell("account1@example.com", "Käthe", "Kruse").buy()  # an account that orders without signing in
    for number in range(3):
        visitor().add(2).add(7, 3).tell(f"cart{number}@example.com", "Carla", f"Cart{number}")
    visitor().sign_in("account0@example.com").add(1)
    visitor().add(1)  # a cart of nobody
