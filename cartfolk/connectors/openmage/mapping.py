"""Raw Magento 1 objects -> canonical records. Pure: no network, no clock of its own.

Decisions: an order's state says what it is worth, its status only how the shop calls it; the owner may overrule
either. A configurable or bundled product is two lines and more, of which the parent is the one that was bought:
it is the line, its first child the variant, and tax and discount of its children are its own (a bundle keeps them
there). Magento sends net amounts, tax and discount apart; ours are gross after discount. Refunds are credit memos
that were carried out, or, where the shop does not tell them, the order's own sum of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Context, Decimal
from typing import Any

from ..base import StoreConfig
from ..canonical import (
    ZERO,
    Address,
    Category,
    Customer,
    Deleted,
    Line,
    Mapped,
    Order,
    OrderStatus,
    Product,
    Record,
    Refund,
)
from ..reading import FieldError, identifier, mapping, moment, money, objects, reference, text
from ..rows import own_statuses, read_rows
from . import rest
from .client import base_address
from .info import INFO
from .shopfront import ID

Raw = Mapping[str, Any]
_KINDS = {"categories": "category", "products": "product", "customers": "customer", "orders": "order"}
_PAID = frozenset({"processing", "complete"})
_NOT_CARRIED_OUT = frozenset({"1", "3"})  # states of a credit memo: open, cancelled
_NOWHERE = Address()
_DIVIDE = Context(prec=12)
_SIX = Decimal("0.000001")


class Reader:
    """Reads one store's objects: its home currency, its map of order states."""

    def __init__(self, config: StoreConfig) -> None:
        self.home = config.home_currency
        self.base = base_address(config.url)
        self.own = own_statuses(config)
        self._readers: dict[str, Callable[[Raw, datetime], Record]] = {
            "categories": self._category,
            "products": self._product,
            "customers": self._customer,
            "orders": self._order,
        }

    def read(self, stream: str, body: bytes, received_at: datetime) -> Mapped:
        """One page: a list of objects."""
        kind, reader, key = _KINDS[stream], self._readers[stream], ID[stream]

        def each(raw: Raw, received_at: datetime) -> list[Record]:
            if raw.keys() == {"id"}:
                return [Deleted(kind, identifier(raw["id"], "id"), received_at)]
            return [reader(_of_rest(stream, raw), received_at)]

        def found(raw: Raw) -> str | None:
            return reference(raw.get(key))

        return read_rows(kind, body, received_at, each, key=found, own_text=True)

    # -- people

    def _customer(self, raw: Raw, received_at: datetime) -> Customer:
        created = _time(raw, "created_at")
        addresses = objects(raw.get("_addresses"), "_addresses")
        billing = _default(addresses, "is_default_billing", raw.get("default_billing"))
        shipping = _default(addresses, "is_default_shipping", raw.get("default_shipping"))
        group = text(raw.get("_group"))
        return Customer(
            external_id=identifier(raw.get("customer_id"), "customer_id"),
            email=text(raw.get("email")),
            updated_at=_time(raw, "updated_at") or created or received_at,
            created_at=created,
            first_name=text(raw.get("firstname")),
            last_name=text(raw.get("lastname")),
            company=billing.company if billing else None,
            phone=billing.phone if billing else None,
            groups=(group,) if group else (),
            billing=billing,
            shipping=shipping,
        )

    # -- orders

    def _order(self, raw: Raw, received_at: datetime) -> Order:
        key = identifier(raw.get("order_id"), "order_id")
        state, status = text(raw.get("state")) or "", text(raw.get("status")) or ""
        if not state and not status:
            raise FieldError("status", "status is missing: the order cannot be judged.")
        updated = _time(raw, "updated_at")
        placed = _time(raw, "created_at") or updated
        if placed is None:
            raise FieldError("created_at", "created_at is missing: nobody knows when it was placed.")
        if raw.get("grand_total") is None:
            raise FieldError("grand_total", "total is missing: the order has no value.")
        currency = self._currency(raw)
        billing_raw, shipping_raw = mapping(raw.get("billing_address")), mapping(raw.get("shipping_address"))
        billing = _address(billing_raw)
        history = objects(raw.get("status_history"), "status_history")
        shipping = raw.get("shipping_incl_tax")
        if shipping is None:
            net = money(raw.get("shipping_amount"), "shipping_amount")
            shipping = net + money(raw.get("shipping_tax_amount"), "shipping_tax_amount")
        coupon = text(raw.get("coupon_code"))
        return Order(
            external_id=key,
            number=text(raw.get("increment_id")) or key,
            status=self._status(state, status),
            status_raw=status or state,
            currency=currency,
            total=money(raw["grand_total"], "grand_total"),
            placed_at=placed,
            updated_at=updated or placed,
            tax=money(raw.get("tax_amount"), "tax_amount"),
            shipping=money(shipping, "shipping_amount"),
            discount=abs(money(raw.get("discount_amount"), "discount_amount")),  # sent as what is taken off
            rate=self._rate(raw, currency),
            paid_at=_first(history, _PAID),
            completed_at=_first(history, frozenset({"complete"})),
            customer_id=None if str(raw.get("customer_is_guest")) == "1" else reference(raw.get("customer_id")),
            email=text(raw.get("customer_email")) or text(billing_raw.get("email")),
            phone=billing.phone if billing else None,
            billing=billing,
            shipping_address=_address(shipping_raw),
            lines=_lines(objects(raw.get("items"), "items")),
            refunds=_refunds(raw, key),
            coupons=(coupon,) if coupon else (),
            payment_method=text(mapping(raw.get("payment")).get("method")),
            cart_id=reference(raw.get("quote_id")),
            fulfilment_status={"complete": "fulfilled", "processing": "unfulfilled"}.get(state),
        )

    def _status(self, state: str, status: str) -> OrderStatus:
        """The owner's word on the status or the state, else what the state means."""
        for words, names in ((self.own, (status, state)), (INFO.order_statuses, (state, status))):
            for name in names:
                if name in words:
                    return words[name]
        return OrderStatus.PENDING

    def _currency(self, raw: Raw) -> str:
        found = text(raw.get("order_currency_code")) or text(raw.get("base_currency_code")) or self.home
        if len(found) != 3:
            raise FieldError("order_currency_code", f"currency is not a code of three letters but {found!r}.")
        return found.upper()

    def _rate(self, raw: Raw, currency: str) -> Decimal | None:
        """Home currency for one unit of the order's. The shop keeps order units per base unit, and global units per
        base unit; home may be either base or global."""
        if currency == self.home:
            return Decimal(1)
        to_order = money(raw.get("base_to_order_rate"), "base_to_order_rate")
        if to_order <= 0:
            return None
        if text(raw.get("base_currency_code")) == self.home:
            return _DIVIDE.divide(Decimal(1), to_order)
        to_global = money(raw.get("base_to_global_rate"), "base_to_global_rate")
        if text(raw.get("global_currency_code")) == self.home and to_global > 0:
            return _DIVIDE.divide(to_global, to_order)
        return None

    # -- goods

    def _product(self, raw: Raw, received_at: datetime) -> Product:
        key = identifier(raw.get("product_id"), "product_id")
        path = text(raw.get("url_path"))
        price = raw.get("price")
        ids = raw.get("categories") or raw.get("category_ids") or ()
        return Product(
            external_id=key,
            name=text(raw.get("name")) or f"#{key}",
            updated_at=_time(raw, "updated_at") or _time(raw, "created_at") or received_at,
            slug=text(raw.get("url_key")),
            sku=text(raw.get("sku")),
            type=text(raw.get("type")),
            categories=tuple(str(each) for each in (ids.values() if isinstance(ids, dict) else ids)),
            brand=text(raw.get("_brand")),
            url=f"{self.base}/{path}" if path else None,
            price=None if price in (None, "") else money(price, "price"),
        )

    def _category(self, raw: Raw, received_at: datetime) -> Category:
        """Its number stands for its slug: products name their categories by number, and so they fit together."""
        key = identifier(raw.get("category_id"), "category_id")
        parent = reference(raw.get("parent_id"))
        return Category(key, text(raw.get("name")) or key, key, None if parent == "1" else parent)


def _of_rest(stream: str, raw: Raw) -> Raw:
    """Only REST calls an object's number entity_id."""
    if "entity_id" not in raw:
        return raw
    return rest.order(raw) if stream == "orders" else rest.customer(raw)


def _time(raw: Raw, name: str) -> datetime | None:
    """Lists tell UTC without a zone, some single objects the shop's time with one."""
    value = raw.get(name)
    return None if str(value).startswith("0000-00-00") else moment(value, name)


def _first(history: Iterable[Raw], words: frozenset[str]) -> datetime | None:
    """When the order first had one of these statuses: each comment in its history tells the status of then."""
    times = [_time(each, "created_at") for each in history if each.get("status") in words]
    return min((at for at in times if at is not None), default=None)


def _address(raw: Raw) -> Address | None:
    street = raw.get("street")
    if isinstance(street, list):
        street = "\n".join(str(each) for each in street)
    lines = [line for each in str(street or "").splitlines() if (line := text(each))]
    country = text(raw.get("country_id"))
    address = Address(
        text(raw.get("firstname")),
        text(raw.get("lastname")),
        text(raw.get("company")),
        lines[0] if lines else None,
        ", ".join(lines[1:]) or None,
        text(raw.get("city")),
        text(raw.get("region")),
        text(raw.get("postcode")),
        country.upper() if country and len(country) == 2 else None,
        text(raw.get("telephone")),
    )
    return None if address == _NOWHERE else address


def _default(addresses: list[Any], flag: str, number: Any) -> Address | None:
    for each in addresses:
        told = each.get(flag)
        mine = str(each.get("customer_address_id") or each.get("entity_id") or "")
        if told in (True, 1, "1") or (told is None and number and mine == str(number)):
            return _address(each)
    return None


def _lines(items: list[Any]) -> tuple[Line, ...]:
    """Parents only; children by their parent."""
    children: dict[str, list[Raw]] = {}
    for each in items:
        if parent := reference(each.get("parent_item_id")):
            children.setdefault(parent, []).append(each)
    bought = [each for each in items if not reference(each.get("parent_item_id"))]
    return tuple([_line(each, children.get(str(each.get("item_id")), [])) for each in bought])


def _line(raw: Raw, children: list[Raw]) -> Line:
    parts = [raw, *children]
    tax = sum((money(each.get("tax_amount"), "items.tax_amount") for each in parts), ZERO)
    hidden = sum((money(each.get("hidden_tax_amount"), "items.hidden_tax_amount") for each in parts), ZERO)
    discount = sum((money(each.get("discount_amount"), "items.discount_amount") for each in parts), ZERO)
    # The tax of a discount on prices with tax is kept apart, in "hidden tax".
    total = money(raw.get("row_total"), "items.row_total") + tax + hidden - discount
    quantity = money(raw.get("qty_ordered", raw.get("qty")), "items.qty_ordered")
    price = None
    if quantity:
        price = total if quantity == 1 else total / quantity
        if price.as_tuple().exponent < -6:  # type: ignore[operator]
            price = price.quantize(_SIX)
    return Line(
        name=text(raw.get("name")) or "",
        quantity=quantity,
        total=total,
        external_id=reference(raw.get("item_id")),
        product_id=reference(raw.get("product_id")),
        variant_id=reference(children[0].get("product_id"))
        if raw.get("product_type") == "configurable" and children
        else None,
        sku=text(raw.get("sku")),
        price=price,
        tax=tax + hidden,
        discount=discount,
    )


def _refunds(raw: Raw, order: str) -> tuple[Refund, ...]:
    if "_creditmemos" not in raw:
        amount = money(raw.get("total_refunded"), "total_refunded")
        return (Refund(f"{order}-refunded", amount),) if amount > 0 else ()
    found = []
    for memo in objects(raw["_creditmemos"], "_creditmemos"):
        if str(memo.get("state")) in _NOT_CARRIED_OUT:
            continue
        key = identifier(memo.get("creditmemo_id"), "_creditmemos.creditmemo_id")
        amount = money(memo.get("grand_total"), "_creditmemos.grand_total")
        reason = next((told for each in memo.get("comments") or () if (told := text(each.get("comment")))), None)
        if amount > 0:
            found.append(Refund(key, amount, _time(memo, "created_at"), reason))
    return tuple(found)
