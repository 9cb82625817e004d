"""Orders and carts of PrestaShop -> canonical records.

Decisions: an order's state is judged by its flags (`info.order_word`). Prices in an order's rows are before its
vouchers, so those are spread over the rows in proportion; what a voucher took off the shipping stays with the order.
Credit slips are refunds, and PrestaShop sometimes writes slips above what was paid: more than the order's total never
comes back. An order in the state for refunds is given back in full, whether a slip tells it or not. A cart has no
prices: today's are put in, without vouchers and shipping. A guest's name in a cart was typed at the checkout.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from ..base import StoreConfig
from ..canonical import ZERO, Cart, Line, Order, OrderStatus, Record, Refund
from ..reading import FieldError, identifier, mapping, money, objects, reference, text
from ..rows import own_statuses
from .companions import wording
from .info import INFO, order_word
from .parts import Raw, address, image_url, product_url
from .wall import Wall


class OrderReader:
    """Reads the orders and carts of one store."""

    def __init__(self, config: StoreConfig, wall: Wall, base: str) -> None:
        self.wall = wall
        self.base = base
        self.home = config.home_currency
        self._language = str(config.learned.get("language", ""))
        self.own = own_statuses(config)

    def order(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = identifier(raw.get("id"), "id")
        placed = self.wall.instant(raw.get("date_add"), "date_add")
        if placed is None:
            raise FieldError("date_add", "date_add is missing: nobody knows when it was placed.")
        edited = self.wall.instant(raw.get("date_upd"), "date_upd", received_at) or placed
        status, status_raw, flags = self._status(raw)
        currency, places = self._currency(raw)
        total_field = "total_paid_tax_incl" if raw.get("total_paid_tax_incl") not in (None, "") else "total_paid"
        if raw.get(total_field) in (None, ""):
            raise FieldError("total_paid_tax_incl", "total_paid_tax_incl is missing: the order has no value.")
        total = money(raw[total_field], total_field)
        net = raw.get("total_paid_tax_excl")
        refunds = self._refunds(raw, key, total, status, edited)
        person = mapping(raw.get("_customer"))
        billing = address(mapping(raw.get("_billing")))
        vouchers = [each for each in objects(raw.get("_vouchers"), "_vouchers") if not _flag(each, "deleted")]
        shipping = _either(raw, "total_shipping_tax_incl", "total_shipping")
        discount = _either(raw, "total_discounts_tax_incl", "total_discounts")
        on_goods = discount - (shipping if any(_flag(each, "free_shipping") for each in vouchers) else ZERO)
        carriers = [
            number
            for each in objects(raw.get("_carriers"), "_carriers")
            if (number := text(each.get("tracking_number")))
        ]
        return [
            Order(
                external_id=key,
                number=text(raw.get("reference")) or key,
                status=status,
                status_raw=status_raw,
                currency=currency,
                total=total,
                placed_at=placed,
                # A credit slip does not touch its order's own date.
                updated_at=max([edited, *(each.created_at for each in refunds if each.created_at)]),
                tax=total - money(net, "total_paid_tax_excl") if net not in (None, "") else ZERO,
                shipping=shipping,
                discount=discount,
                rate=self._rate(raw, currency),
                paid_at=self._first(raw, "paid"),
                completed_at=self._first(raw, "shipped"),
                customer_id=None if _flag(person, "is_guest") else reference(raw.get("id_customer")),
                email=text(person.get("email")),
                phone=billing.phone if billing else None,
                billing=billing,
                shipping_address=address(mapping(raw.get("_delivery"))),
                lines=_lines(raw, on_goods, places),
                refunds=refunds,
                coupons=tuple(
                    code for each in vouchers if (code := text(each.get("_code")) or self._text(each.get("name")))
                ),
                payment_method=text(raw.get("payment")) or text(raw.get("module")),
                cart_id=reference(raw.get("id_cart")),
                fulfilment_status="fulfilled" if "shipped" in flags else "unfulfilled" if "paid" in flags else None,
                tracking_number=carriers[-1] if carriers else text(raw.get("shipping_number")),
                shipped_at=self._first(raw, "shipped"),
            )
        ]

    def _text(self, value: Any) -> str | None:
        return text(wording(value, self._language))

    def _status(self, raw: Raw) -> tuple[OrderStatus, str, set[str]]:
        """Our status, the word for it, and the flags of the state."""
        if reference(raw.get("current_state")) is None and "valid" not in raw:
            raise FieldError("current_state", "current_state is missing: the order cannot be judged.")
        state = mapping(raw.get("_state"))
        if "paid" not in state and not state.get("_role"):
            # The state is gone from the shop; whether the order counts there is still on the order itself.
            state = {"logable": raw.get("valid")}
        flags = {name for name in ("paid", "shipped") if _flag(state, name)}
        name = self._text(state.get("name"))
        if name in self.own:
            return self.own[name], name, flags
        word = order_word(state, str(state.get("_role") or ""))
        return self.own.get(word, INFO.order_statuses[word]), word, flags

    def _currency(self, raw: Raw) -> tuple[str, int]:
        """The currency's code, and how many decimals the shop rounds to in it."""
        told = mapping(raw.get("_currency"))
        code = text(told.get("iso_code"))
        if code is None:
            if money(raw.get("conversion_rate"), "conversion_rate") not in (ZERO, Decimal(1)):
                reason = (
                    f"The currency of this order is not known: its number is {raw.get('id_currency')}, and the shop "
                    "lists none like it."
                )
                raise FieldError("id_currency", reason)
            code = self.home
        precision = str(told.get("precision") or "")
        return code.upper(), int(precision) if precision.isdecimal() and len(precision) == 1 else 2

    def _rate(self, raw: Raw, currency: str) -> Decimal | None:
        """Home units for one unit: PrestaShop tells it the other way round."""
        if currency == self.home:
            return Decimal(1)
        told = money(raw.get("conversion_rate"), "conversion_rate")
        return 1 / told if told > 0 else None

    def _first(self, raw: Raw, flag: str) -> datetime | None:
        """When the order first came into a state that has this flag."""
        times = [
            self.wall.instant(each.get("at"), "_history.at")
            for each in objects(raw.get("_history"), "_history")
            if _flag(mapping(each.get("state")), flag)
        ]
        return min((each for each in times if each), default=None)

    def _refunds(self, raw: Raw, key: str, total: Decimal, status: OrderStatus, edited: datetime) -> tuple[Refund, ...]:
        found: list[Refund] = []
        left = total
        for slip in objects(raw.get("_slips"), "_slips"):
            amount = min(left, _slip_amount(slip))
            if amount > 0:
                at = self.wall.instant(slip.get("date_add"), "_slips.date_add")
                found.append(Refund(identifier(slip.get("id"), "_slips.id"), amount, at))
                left -= amount
        if status is OrderStatus.REFUNDED and left > 0:
            entered = [
                self.wall.instant(each.get("at"), "_history.at")
                for each in objects(raw.get("_history"), "_history")
                if mapping(each.get("state")).get("_role") == "refunded"
            ]
            at = max((each for each in entered if each), default=edited)
            found.append(Refund(f"order-{key}", left, min(at, edited)))
        return tuple(found)

    def cart(self, raw: Raw, received_at: datetime) -> list[Record]:
        key = identifier(raw.get("id"), "id")
        created = self.wall.instant(raw.get("date_add"), "date_add")
        person = mapping(raw.get("_customer"))
        guest = _flag(person, "is_guest")
        inside = objects(mapping(raw.get("associations")).get("cart_rows"), "associations.cart_rows")
        lines = tuple(self._cart_line(each) for each in inside)
        account = None if guest else reference(raw.get("id_customer"))
        email = text(person.get("email"))
        if not lines and not account and not email:
            return []  # a visitor who never put anything in
        total = sum((line.total for line in lines), ZERO)
        return [
            Cart(
                external_id=key,
                updated_at=self.wall.instant(raw.get("date_upd"), "date_upd", received_at) or created or received_at,
                currency=(text(mapping(raw.get("_currency")).get("iso_code")) or self.home).upper(),
                total=total,
                subtotal=total,
                created_at=created,
                customer_id=account,
                email=email,
                first_name=text(person.get("firstname")),
                last_name=text(person.get("lastname")),
                lines=lines,
                checkout=guest,
            )
        ]

    def _cart_line(self, raw: Raw) -> Line:
        product, variant = mapping(raw.get("_product")), mapping(raw.get("_variant"))
        number = reference(raw.get("id_product"))
        quantity = money(raw.get("quantity"), "cart_rows.quantity")
        told = variant.get("gross") if variant.get("gross") not in (None, "") else product.get("gross")
        price = None if told in (None, "") else money(told, "gross").quantize(Decimal("0.01"), ROUND_HALF_UP)
        return Line(
            name=self._text(product.get("name")) or f"#{number or '?'}",
            quantity=quantity,
            total=(price or ZERO) * quantity,
            product_id=number,
            variant_id=reference(raw.get("id_product_attribute")),
            sku=text(variant.get("reference")) or text(product.get("reference")),
            price=price,
            url=product_url(self.base, number) if number else None,
            image_url=image_url(self.base, product.get("id_default_image")),
        )


def _slip_amount(slip: Raw) -> Decimal:
    told = money(slip.get("total_products_tax_incl"), "_slips.total_products_tax_incl")
    told += money(slip.get("total_shipping_tax_incl"), "_slips.total_shipping_tax_incl")
    if told > 0:
        return told
    # Slips written before PrestaShop 1.6.0.10 have these two only.
    return money(slip.get("amount"), "_slips.amount") + money(
        slip.get("shipping_cost_amount"), "_slips.shipping_cost_amount"
    )


def _lines(raw: Raw, discount: Decimal, places: int) -> tuple[Line, ...]:
    rows = objects(mapping(raw.get("associations")).get("order_rows"), "associations.order_rows")
    step = Decimal(1).scaleb(-places)
    full: list[tuple[Decimal, Decimal]] = []  # with tax, and the tax in it
    for row in rows:
        quantity = money(row.get("product_quantity"), "order_rows.product_quantity")
        price = money(row.get("unit_price_tax_incl"), "order_rows.unit_price_tax_incl")
        net = money(row.get("unit_price_tax_excl"), "order_rows.unit_price_tax_excl")
        gross = (price * quantity).quantize(step, ROUND_HALF_UP)
        full.append((gross, gross - (net * quantity).quantize(step, ROUND_HALF_UP)))
    shares = _spread(discount, [gross for gross, _tax in full], step)
    return tuple(_line(row, *amounts, share, step) for row, amounts, share in zip(rows, full, shares, strict=True))


def _line(row: Raw, gross: Decimal, tax: Decimal, share: Decimal, step: Decimal) -> Line:
    quantity = money(row.get("product_quantity"), "order_rows.product_quantity")
    total = gross - share
    return Line(
        name=text(row.get("product_name")) or "",
        quantity=quantity,
        total=total,
        external_id=reference(row.get("id")),
        product_id=reference(row.get("product_id")),
        variant_id=reference(row.get("product_attribute_id")),
        sku=text(row.get("product_reference")),
        price=(total / quantity).quantize(Decimal("0.000001")) if quantity else None,
        tax=(tax * total / gross).quantize(step, ROUND_HALF_UP) if gross else ZERO,
        discount=share,
    )


def _spread(discount: Decimal, amounts: Sequence[Decimal], step: Decimal) -> list[Decimal]:
    """The discount in proportion to the amounts; what rounding leaves goes to whoever has room, first to last."""
    whole = sum(amounts, ZERO)
    discount = max(ZERO, min(discount, whole)).quantize(step, ROUND_HALF_UP)
    if not discount:
        return [ZERO] * len(amounts)
    shares = [(discount * each / whole).quantize(step, ROUND_DOWN) for each in amounts]
    left = discount - sum(shares, ZERO)
    for place, each in enumerate(amounts):
        more = min(left, each - shares[place])
        shares[place] += more
        left -= more
    return shares


def _either(raw: Raw, name: str, older: str) -> Decimal:
    return money(raw.get(name), name) if raw.get(name) not in (None, "") else money(raw.get(older), older)


def _flag(raw: Raw, name: str) -> bool:
    return str(raw.get(name) or "0") == "1"
