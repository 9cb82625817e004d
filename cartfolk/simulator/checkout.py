"""From picked goods to an order whose amounts add up to the cent."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from .names import ENTRIES, RATES, SOURCES
from .records import Address, CartLine, Charge, Consent, Coupon, Line, Order, UsedCoupon, Visit
from .world import World

# Countries the shop charges German tax to (simplified: the European Union's ones among the customers).
TAXED = frozenset({"DE", "AT", "FR", "PL"})
PAYMENTS = ("card", "paypal", "bank_transfer", "invoice")
_SOURCE_WEIGHTS = tuple(source[5] for source in SOURCES)


@dataclass(slots=True)
class Buyer:
    """Who buys: an account (`customer_id` > 0) or a guest, and the address as typed."""

    address: Address
    customer_id: int = 0


def is_taxed(world: World, country: str) -> bool:
    """Whether this shop's prices contain tax for a buyer from there."""
    return world.country == "DE" and country in TAXED


def rate_text(currency: str, home: str, at: int) -> str | None:
    """Units of `currency` for one unit of the shop's own at that time, as text; None for the home currency.

    The rate drifts by up to 6 % around the table's value over the years, the same for every seed.
    """
    if currency == home:
        return None
    wobble = ((at // (7 * 86400)) * 37 % 121 - 60) / 1000
    return f"{RATES[currency] * (1 + wobble):.5f}"


def price_in(cents: int, currency: str, home: str) -> int:
    """A list price (in the `home` currency, EUR where others are sold in too) in another currency."""
    if currency != home and currency in RATES:
        converted = round(cents * RATES[currency])
        return converted - converted % 100 if currency == "JPY" else converted
    return cents


def pick_goods(world: World, rng: Random, sellable: list[int], most: int = 5) -> list[CartLine]:
    """One to `most` different goods, the first ones in the list sold most."""
    chosen: dict[tuple[int, int], CartLine] = {}
    for _ in range(min(most, 1 + int(rng.expovariate(0.55)))):
        product = world.products[sellable[int(rng.random() ** 1.7 * len(sellable))]]
        variation = rng.choice(product.variations) if product.variations else None
        quantity = 1 if rng.random() < 0.75 else rng.randint(2, 4)
        chosen[(product.id, variation.id if variation else 0)] = CartLine(product, variation, quantity)
    return list(chosen.values())


def sellable_products(world: World) -> list[int]:
    """Ids of what can be put into a cart."""
    return [
        product.id
        for product in world.products.values()
        if product.status == "publish" and product.kind in ("simple", "variable")
    ]


def compose_order(
    world: World,
    goods: list[CartLine],
    buyer: Buyer,
    currency: str,
    state: str,
    at: int,
    order_id: int,
    coupon: Coupon | None = None,
    express: bool = False,
    gift_wrap: bool = False,
) -> Order:
    """An order of these goods at `at` (UTC seconds), with tax, shipping, fee and discount worked out.

    List prices include tax (as German shops show them). Each line is split into net and tax once, half
    cents up, so that the order's total is the sum of its lines, whatever the discount.
    """
    taxed = is_taxed(world, buyer.address.country)
    gross = [
        price_in(item.variation.price if item.variation else item.product.price, currency, world.home) * item.quantity
        for item in goods
    ]
    discounts = _spread(world, coupon, gross, currency)
    lines = []
    for item, full, off in zip(goods, gross, discounts, strict=True):
        percent = item.product.tax_percent if taxed else 0
        subtotal, subtotal_tax = _split(full, percent)
        total, total_tax = _split(full - off, percent)
        variation = item.variation
        lines.append(
            Line(
                id=world.next_line_id(),
                product_id=item.product.id,
                variation_id=variation.id if variation else 0,
                name=item.product.name
                + (f" - {variation.options[0][1]}, {variation.options[1][1]}" if variation else ""),
                sku=variation.sku if variation else item.product.sku,
                quantity=item.quantity,
                subtotal=subtotal,
                subtotal_tax=subtotal_tax,
                total=total,
                total_tax=total_tax,
                options=variation.options if variation else (),
            )
        )
    standard = 19 if taxed else 0
    order = Order(
        order_id,
        str(order_id),
        state,
        buyer.customer_id,
        currency,
        at,
        at,
        buyer.address,
        lines,
        tax_percent=standard,
        rate=rate_text(currency, world.home, at),
    )
    if not all(item.product.virtual for item in goods):
        order.shipping.append(_ship(world, gross, discounts, currency, standard, express, coupon))
    if gift_wrap:
        net, tax = _split(price_in(250, currency, world.home), standard)
        order.fees.append(Charge(world.next_line_id(), "Gift wrap &amp; card", "gift_wrap", net, tax))
    if coupon is not None:
        before = sum(line.subtotal - line.total for line in lines)
        tax_before = sum(line.subtotal_tax - line.total_tax for line in lines)
        order.coupons.append(
            UsedCoupon(world.next_line_id(), coupon.code, coupon.kind, coupon.amount, before, tax_before)
        )
    add_up(order)
    return order


def add_up(order: Order) -> None:
    """Set the order's totals from its parts."""
    charges = order.shipping + order.fees
    order.total_tax = sum(line.total_tax for line in order.lines) + sum(charge.tax for charge in charges)
    net = sum(line.total for line in order.lines) + sum(charge.total for charge in charges)
    order.total = net + order.total_tax


def draw_visit(rng: Random) -> Visit:
    """Where a session came from."""
    kind, source, medium, campaign, referrer, _weight = rng.choices(SOURCES, _SOURCE_WEIGHTS)[0]
    device = "Mobile" if rng.random() < 0.6 else "Desktop" if rng.random() < 0.9 else "Tablet"
    return Visit(
        kind,
        source,
        medium,
        campaign,
        referrer,
        rng.choice(ENTRIES),
        rng.randint(1, 14),
        rng.randint(1, 5),
        device,
    )


def ask_consent(rng: Random, at: int) -> Consent | None:
    """What became of the newsletter box: mostly not shown, else ticked or left alone."""
    roll = rng.random()
    return None if roll > 0.35 else Consent(roll < 0.15, at)


def _ship(
    world: World,
    gross: list[int],
    discounts: list[int],
    currency: str,
    percent: int,
    express: bool,
    coupon: Coupon | None,
) -> Charge:
    free = sum(gross) - sum(discounts) >= price_in(7500, currency, world.home)
    if express:
        name, code, price = "Express", "flat_rate", 1290
    elif free or (coupon is not None and coupon.kind == "free_shipping"):
        name, code, price = "Kostenloser Versand", "free_shipping", 0
    else:
        name, code, price = "DHL Paket", "flat_rate", 490
    net, tax = _split(price_in(price, currency, world.home), percent)
    return Charge(world.next_line_id(), name, code, net, tax)


def _split(gross: int, percent: int) -> tuple[int, int]:
    net = (gross * 200 + 100 + percent) // (2 * (100 + percent))
    return net, gross - net


def _spread(world: World, coupon: Coupon | None, gross: list[int], currency: str) -> list[int]:
    if coupon is None or coupon.kind == "free_shipping":
        return [0] * len(gross)
    whole = sum(gross)
    if coupon.kind == "percent":
        off = whole * coupon.amount // 10000
    else:
        off = min(price_in(coupon.amount, currency, world.home), whole)
    shares = [off * part // whole if whole else 0 for part in gross]
    left = off - sum(shares)
    for place, part in enumerate(gross):  # the cents lost to rounding, wherever a line still has room
        extra = min(left, part - shares[place])
        shares[place] += extra
        left -= extra
    return shares
