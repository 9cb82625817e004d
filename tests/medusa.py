"""A real Medusa server in a process of its own, its shoppers and its owner, and a ledger of what they did."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

ROOT = Path(__file__).resolve().parent.parent
MISSING = [program for program in ("node", "npm") if shutil.which(program) is None]
PASSWORD = "secret-enough"


@dataclass
class Person:
    """What somebody did, as the shop's own report would tell it; money in euros."""

    name: str = ""
    account: bool = False
    orders: int = 0  # paid ones
    value: Decimal = Decimal(0)  # paid less given back
    refunded: Decimal = Decimal(0)
    unpaid: int = 0
    carts: int = 0  # filled and not ordered; only the subscriber tells of them


@dataclass
class Ledger:
    people: dict[str, Person] = field(default_factory=dict)

    def of(self, email: str) -> Person:
        return self.people.setdefault(email, Person())


class Shopper:
    """A visitor who fills a cart, perhaps signs in, and perhaps orders."""

    def __init__(self, shop: MedusaStore) -> None:
        self._shop = shop
        self._token = ""
        self.email = ""
        self.cart = ""
        self.order = ""
        self.total = Decimal(0)

    @property
    def person(self) -> Person:
        return self._shop.ledger.of(self.email)

    def _post(self, path: str, body: Any = None, token: str = "") -> Any:
        headers = {"x-publishable-api-key": self._shop.told["publishable_key"]}
        if token or self._token:
            headers["authorization"] = f"Bearer {token or self._token}"
        return self._shop.ask("POST", path, body or {}, headers=headers)

    def register(self, email: str, first: str, last: str) -> Self:
        login = {"email": email, "password": PASSWORD}
        token = self._post("/auth/customer/emailpass/register", login)["token"]
        self._post("/store/customers", {"email": email, "first_name": first, "last_name": last}, token)
        person = self._shop.ledger.of(email)
        person.account, person.name = True, f"{first} {last}"
        return self.sign_in(email)

    def sign_in(self, email: str) -> Self:
        self._token = self._post("/auth/customer/emailpass", {"email": email, "password": PASSWORD})["token"]
        self.email = email
        return self

    def add(self, place: int, quantity: int = 1) -> Self:
        """The variant at that place of the shop's list."""
        if not self.cart:
            self.cart = self._post("/store/carts", {"region_id": self._shop.told["region"]})["cart"]["id"]
            if self.email:
                self.person.carts += 1
        variant = self._shop.told["variants"][place]
        self._post(f"/store/carts/{self.cart}/line-items", {"variant_id": variant["id"], "quantity": quantity})
        self.total += Decimal(variant["price"]) * quantity
        return self

    def tell(self, email: str, first: str, last: str) -> Self:
        """Types address and name at the checkout."""
        address = {
            "first_name": first, "last_name": last, "address_1": "Hauptstraße 1", "city": "Köln",
            "postal_code": "50667", "country_code": "de",
        }  # fmt: skip
        given = {"email": email, "billing_address": address, "shipping_address": address}
        self._post(f"/store/carts/{self.cart}", given)
        if not self.email:
            self._shop.ledger.of(email).carts += 1
        self.email = email
        self.person.name = self.person.name or f"{first} {last}"
        return self

    def buy(self, paid: bool = True) -> Self:
        """Through the checkout. The money is only reserved: it is the owner who takes it, at once if ``paid``."""
        collection = self._post("/store/payment-collections", {"cart_id": self.cart})["payment_collection"]["id"]
        self._post(f"/store/payment-collections/{collection}/payment-sessions", {"provider_id": "pp_system_default"})
        done = self._post(f"/store/carts/{self.cart}/complete")
        assert done["type"] == "order", done
        self.order = done["order"]["id"]
        self.person.carts -= 1
        self.person.unpaid += 1
        if paid:
            self._shop.capture(self)
        return self


class MedusaStore:
    """A fresh shop: ``with MedusaStore() as shop``; installed on first use."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self._process = subprocess.Popen(
            [sys.executable, ROOT / "scripts" / "medusa-store"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        self.told = self._line()
        self.url: str = self.told["url"]
        self.key: str = self.told["key"]
        self._http = httpx2.Client(base_url=self.url, timeout=60, trust_env=False)

    def _line(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the shop ended with {self._process.wait(30)}"
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def ask(self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None) -> Any:
        """The answer's JSON. An error of any kind fails the test."""
        answer = self._http.request(
            method, path, json=body, headers=headers, auth=None if headers else httpx2.BasicAuth(self.key, "")
        )
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def plug(self, **settings: str) -> None:
        """Starts the server again with these settings of our subscriber; none = it does nothing."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(settings) + "\n")
        self._process.stdin.flush()
        assert self._line() == {"ready": True}

    def visitor(self) -> Shopper:
        return Shopper(self)

    # -- what the owner does

    def _payment(self, order: str) -> str:
        found = self.ask("GET", f"/admin/orders/{order}?fields=payment_collections.payments.id")["order"]
        return str(found["payment_collections"][0]["payments"][0]["id"])

    def capture(self, shopper: Shopper) -> None:
        self.ask("POST", f"/admin/payments/{self._payment(shopper.order)}/capture", {})
        shopper.person.unpaid -= 1
        shopper.person.orders += 1
        shopper.person.value += shopper.total

    def refund(self, shopper: Shopper, amount: Decimal) -> None:
        given = {"amount": float(amount), "note": "a crack"}
        self.ask("POST", f"/admin/payments/{self._payment(shopper.order)}/refund", given)
        shopper.person.refunded += amount
        shopper.person.value -= amount

    def edit(self, shopper: Shopper, quantity: int) -> None:
        """Takes pieces of the first line out again, down to ``quantity``; the money goes back by a refund."""
        item = self.ask("GET", f"/admin/orders/{shopper.order}?fields=*items")["order"]["items"][0]["id"]
        self.ask("POST", "/admin/order-edits", {"order_id": shopper.order})
        self.ask("POST", f"/admin/order-edits/{shopper.order}/items/item/{item}", {"quantity": quantity})
        self.ask("POST", f"/admin/order-edits/{shopper.order}/request", {})
        self.ask("POST", f"/admin/order-edits/{shopper.order}/confirm", {})

    def cancel(self, shopper: Shopper) -> None:
        """An order nobody paid."""
        self.ask("POST", f"/admin/orders/{shopper.order}/cancel", {})
        shopper.person.unpaid -= 1

    def customer_id(self, email: str) -> str:
        found = self._http.get(
            "/admin/customers", params={"email": email, "has_account": "true"}, auth=httpx2.BasicAuth(self.key, "")
        )
        return str(found.json()["customers"][0]["id"])

    def rename(self, email: str, first: str, last: str) -> None:
        self.ask("POST", f"/admin/customers/{self.customer_id(email)}", {"first_name": first, "last_name": last})
        self.ledger.of(email).name = f"{first} {last}"

    def reprice(self, sku: str, price: int) -> None:
        """A price is the variant's: the product's own time of change stands still."""
        [found] = self.ask("GET", f"/admin/product-variants?sku={sku}&fields=id,product_id")["variants"]
        given = {"prices": [{"amount": price, "currency_code": "eur"}]}
        self.ask("POST", f"/admin/products/{found['product_id']}/variants/{found['id']}", given)


def fill(shop: MedusaStore) -> None:
    """Some weeks of a small shop: accounts, guests, reserved, refunded and cancelled orders, carts left behind."""
    for number, (first, last) in enumerate([("Ada", "Lovelace"), ("Käthe", "Kruse"), ("Émile", "Zola")]):
        email = f"account{number}@example.com"
        shop.visitor().register(email, first, last)
        for order in range(number):
            shop.visitor().sign_in(email).add(order, 2).tell(email, first, last).buy()
    for number in range(4):
        guest = (
            shop.visitor().add(1, 1 + number).add(3).tell(f"guest{number}@example.com", "Guest", f"No{number}").buy()
        )
        if number == 1:
            shop.refund(guest, Decimal("5.50"))
        if number == 2:
            shop.refund(guest, guest.total)
        if number == 3:
            shop.refund(guest, Decimal("1.99"))
            shop.refund(guest, Decimal("0.01"))
    edited = shop.visitor().add(0, 3).tell("edited@example.com", "Edda", "Edited").buy()
    shop.edit(edited, 1)
    shop.refund(edited, Decimal("19.90"))
    shop.refund(edited, Decimal(1))
    shop.visitor().add(2).tell("guest0@example.com", "Guest", "No0").buy()  # the same guest comes back
    shop.visitor().add(2).tell("reserved@example.com", "Rita", "Reserved").buy(paid=False)
    shop.cancel(shop.visitor().add(2).tell("cancelled@example.com", "Cora", "Cancel").buy(paid=False))
    shop.visitor().add(0).tell("account1@example.com", "Käthe", "Kruse").buy()  # an account that does not sign in
    opened = shop.visitor().add(0, 3).tell("opens@example.com", "Olga", "Opens").buy()  # a guest who opens one later
    shop.visitor().register(opened.email, "Olga", "Opens")
    shop.visitor().add(1)  # a cart of nobody
