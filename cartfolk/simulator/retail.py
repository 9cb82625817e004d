"""A real shop instead of an invented one: the UCI Online Retail data, one invoice = one order.

Everything is GBP in Europe/London time. No row and no penny is lost:

- An invoice with a customer is an order of account `id = CustomerID`, `customer<id>@example.com`; one
  without is a guest order of `guest-<invoice>@example.com`. All are completed, or refunded once everything
  was given back. The order's time is the earliest of its rows. Every row becomes a line with its own
  description, whatever its code, price or sign.
- A row's amount is Quantity x UnitPrice, rounded to pence half away from zero.
- A row of a cancellation (invoice "C...") goes back to the latest order of that customer, not later than the
  cancellation, that holds enough un-refunded pieces of the StockCode and enough un-refunded money. Rows are
  taken in order of (time of the cancellation, place in the file). The rows of one cancellation that go to
  one order are one refund.
- The rows of a cancellation that find no such order (returns of things bought before the data begin,
  discounts, fees, everything of guests) become one order with the cancellation's number, negative quantities
  and a negative total: a credit note. It is completed, so it counts like any other order.

So for every customer and for the whole, gross (orders, credit notes included) − refunded (matched
cancellations) = the sum of Quantity x UnitPrice, 9,747,747.93 GBP in all.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from .clock import Clock
from .countries import CODES
from .records import FULFILLED, REFUNDED, Address, Customer, Line, Order, Product, Refund, RefundLine
from .truth import amount_text
from .world import ShopError, World

COLUMNS = (
    "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country",
)  # fmt: skip
_FIRST_REFUND = 1_000_000  # invoice numbers have six digits


@dataclass(slots=True)
class _Row:
    """A line of a cancellation on its way to the order it takes back."""

    code: str
    name: str
    pieces: int
    amount: int


def load_orders(path: Path, clock: Clock) -> World:
    """The data set as a shop. Raises ShopError if the file is missing or not of that form."""
    world = World("Online Retail", clock, home="GBP", country="GB")
    loader = _Loader(world)
    columns = _read(path)
    loader.take_rows(columns)
    loader.settle_cancellations()
    loader.finish()
    return world


def _read(path: Path) -> dict[str, list[Any]]:
    import polars  # only this mode needs it

    if not path.is_file():
        raise ShopError(f"--orders {path}: there is no such file")
    try:
        frame = polars.read_parquet(path, columns=list(COLUMNS))
    except (polars.exceptions.PolarsError, OSError) as error:
        raise ShopError(f"--orders {path}: not an Online Retail parquet file ({error})") from None
    return {name: frame[name].to_list() for name in COLUMNS}


class _Loader:
    def __init__(self, world: World) -> None:
        self.world = world
        self.products: dict[str, Product] = {}
        self.names: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.moments: dict[str, int] = {}
        self.cancelled: dict[str, list[_Row]] = {}
        self.cancelled_at: dict[str, tuple[int, int, str]] = {}  # time, customer, country
        self.rows = 0
        self.pence = 0
        self.returned = 0
        self.credited = 0

    def take_rows(self, columns: dict[str, list[Any]]) -> None:
        """Orders from ordinary invoices; cancellations are kept for later."""
        orders: dict[str, Order] = {}
        for invoice, code, name, quantity, date, price, customer, country in zip(
            *(columns[each] for each in COLUMNS), strict=True
        ):
            at = self._moment(date)
            amount = _pence(quantity, price)
            self.rows += 1
            self.pence += amount
            customer_id = 0 if customer is None else int(customer)
            code = code.strip()
            if name:
                self.names[code][name.strip()] += 1
            if invoice.startswith("C"):
                if invoice not in self.cancelled:
                    self.cancelled[invoice] = []
                    self.cancelled_at[invoice] = (at, customer_id, country)
                self.cancelled[invoice].append(_Row(code, (name or code).strip(), -quantity, -amount))
                continue
            order = orders.get(invoice)
            if order is None:
                order = orders[invoice] = self._order(invoice, at, customer_id, country)
            order.created = min(order.created, at)
            order.lines.append(self._line(code, (name or code).strip(), quantity, amount, at))
        for order in orders.values():
            _close(order)

    def settle_cancellations(self) -> None:
        """Refunds where an order can be found, credit notes where not; see the module's rules."""
        bought: defaultdict[tuple[int, str], list[Order]] = defaultdict(list)
        for order in sorted(self.world.orders.values(), key=lambda each: (each.created, each.id)):
            if order.customer_id:
                for code in dict.fromkeys(line.sku for line in order.lines if line.quantity > 0):
                    bought[order.customer_id, code].append(order)
        left: dict[int, int] = {line.id: line.quantity for order in self.world.orders.values() for line in order.lines}
        invoices = list(self.cancelled)
        place = {invoice: number for number, invoice in enumerate(invoices)}
        for invoice in sorted(invoices, key=lambda each: (self.cancelled_at[each][0], place[each])):
            at, customer_id, country = self.cancelled_at[invoice]
            refunds: dict[int, Refund] = {}
            unmatched = []
            for row in self.cancelled[invoice]:
                candidates = bought.get((customer_id, row.code), ()) if customer_id else ()
                holder = self._holder(candidates, row, at, left)
                if holder is None:
                    unmatched.append(row)
                else:
                    self._give_back(holder, row, invoice, at, refunds, left)
            if unmatched:
                self._credit_note(invoice, at, customer_id, country, unmatched)

    def _holder(
        self, candidates: list[Order] | tuple[Order, ...], row: _Row, at: int, left: dict[int, int]
    ) -> Order | None:
        if row.amount <= 0:
            return None  # nothing to pay back: no shop knows a refund of nothing
        for order in reversed(candidates):
            if order.created > at or order.total - order.refunded < row.amount:
                continue
            if sum(left[line.id] for line in order.lines if _holds(line, row.code)) >= row.pieces:
                return order
        return None

    def _give_back(
        self, order: Order, row: _Row, invoice: str, at: int, refunds: dict[int, Refund], left: dict[int, int]
    ) -> None:
        refund = refunds.get(order.id)
        if refund is None:
            number = _FIRST_REFUND + len(self.world.refunds)
            refund = refunds[order.id] = Refund(number, order.id, at, 0, f"Cancellation {invoice}")
            order.refunds.append(refund)
            self.world.refunds[number] = refund
        pieces, amount = row.pieces, row.amount
        for line in order.lines:
            taken = min(pieces, left[line.id]) if _holds(line, row.code) else 0
            if taken <= 0:
                continue
            share = amount if taken == pieces else amount * taken // pieces
            refund.lines.append(RefundLine(self.world.next_line_id(), line, taken, share, 0))
            left[line.id] -= taken
            pieces, amount = pieces - taken, amount - share
            if not pieces:
                break
        refund.amount += row.amount
        order.modified = max(order.modified, at)
        self.returned += row.amount

    def _credit_note(self, invoice: str, at: int, customer_id: int, country: str, rows: list[_Row]) -> None:
        order = self._order(invoice, at, customer_id, country)
        order.lines = [self._line(row.code, row.name, -row.pieces, -row.amount, at) for row in rows]
        _close(order)
        self.credited -= order.total

    def finish(self) -> None:
        """Accounts, names of products, the arithmetic for the truth, and the lists."""
        world = self.world
        for product in self.products.values():
            known = self.names[product.sku]
            product.name = known.most_common(1)[0][0] if known else product.sku
            product.modified = max(product.modified, product.created)
        world.reserve_ids(_FIRST_REFUND + len(world.refunds), 0, max(world.customers, default=0))
        for order in world.orders.values():
            if order.refunds and order.refunded == order.total:
                order.state = REFUNDED  # WooCommerce does that by itself
        gross = sum(order.total for order in world.orders.values())
        if gross - self.returned != self.pence:
            raise ShopError(f"--orders: {gross} - {self.returned} pence is not {self.pence}; the rules lost money")
        world.facts["retail"] = {
            "rows": self.rows,
            "invoices": len(world.orders)
            - sum(1 for each in world.orders.values() if each.number[0] == "C")
            + len(self.cancelled),
            "sum_of_rows": amount_text(self.pence),
            "gross": amount_text(gross),
            "refunded": amount_text(self.returned),
            "net": amount_text(gross - self.returned),
            "cancellation_invoices": len(self.cancelled),
            "credit_notes": sum(1 for each in world.orders.values() if each.number.startswith("C")),
            "credit_notes_total": amount_text(-self.credited),
        }
        world.index_everything()

    # -- records

    def _moment(self, text: str) -> int:
        found = self.moments.get(text)
        if found is None:
            wall = datetime.fromisoformat(text).replace(tzinfo=self.world.clock.zone)
            found = self.moments[text] = int(wall.timestamp())
        return found

    def _order(self, invoice: str, at: int, customer_id: int, country: str) -> Order:
        if customer_id:
            customer = self.world.customers.get(customer_id) or self._customer(customer_id, at, country)
            customer.created = min(customer.created, at)
            customer.modified = max(customer.modified, at)
            address = customer.address
            if address.country != CODES.get(country, ""):
                address = Address(email=address.email, country=CODES.get(country, ""))
        else:
            address = Address(email=f"guest-{invoice.lower()}@example.com", country=CODES.get(country, ""))
        order_id = int("".join(letter for letter in invoice if letter.isdigit()))
        if order_id in self.world.orders:
            raise ShopError(f"--orders: invoices {invoice} and {order_id} share a number")
        order = Order(order_id, invoice, FULFILLED, customer_id, "GBP", at, at, address, [], tax_percent=0)
        order.payment, order.via = "invoice", "import"
        self.world.orders[order_id] = order
        return order

    def _customer(self, customer_id: int, at: int, country: str) -> Customer:
        email = f"customer{customer_id}@example.com"
        address = Address(email=email, country=CODES.get(country, ""))
        customer = Customer(customer_id, email, "", "", f"customer{customer_id}", "customer", at, at, address)
        self.world.customers[customer_id] = customer
        return customer

    def _line(self, code: str, name: str, quantity: int, amount: int, at: int) -> Line:
        product = self.products.get(code)
        if product is None:
            product_id = self.world.next_id()
            product = Product(product_id, "", f"item-{product_id}", code, "simple", 0, 0, (), (), "", at, at)
            self.products[code] = self.world.products[product_id] = product
        product.created = min(product.created, at)
        if quantity > 0 and amount > 0 and not product.price:
            product.price = amount // quantity
        return Line(self.world.next_line_id(), product.id, 0, name, code, quantity, amount, 0, amount, 0)


def _holds(line: Line, code: str) -> bool:
    return line.sku == code and line.quantity > 0


def _close(order: Order) -> None:
    """The totals and times of a completed order."""
    order.total = sum(line.total for line in order.lines)
    order.paid_at = order.completed_at = order.modified = order.created


def _pence(quantity: int, price: float) -> int:
    """Quantity x UnitPrice in pence, half away from zero. Prices have up to three decimals."""
    tenths = quantity * round(price * 1000)
    return (tenths + 5) // 10 if tenths >= 0 else -((-tenths + 5) // 10)
