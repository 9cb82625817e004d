"""Goods, and what the shop says of itself: countries, currencies, languages, settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..checkout import price_in
from ..names import RATES
from ..world import World
from . import words

Json = dict[str, Any]
NEVER = "0000-00-00 00:00:00"


class Goods:
    """``address`` tells where the shop is once it listens."""

    def __init__(self, world: World, address: Callable[[], str]) -> None:
        self.world = world
        self._address = address
        self._country_numbers = {code: 8 + place for place, code in enumerate(sorted(self._codes()))}

    def _codes(self) -> set[str]:
        orders = {order.billing.country for order in self.world.orders.values()}
        return (orders | {each.address.country for each in self.world.customers.values()} | {"DE", "US"}) - {""}

    def _time(self, moment: int | None) -> str:
        return NEVER if moment is None else self.world.clock.local(moment).replace("T", " ")

    def _dates(self, created: int, changed: int) -> Json:
        return {"date_add": self._time(created), "date_upd": self._time(changed)}

    def _products(self) -> Iterator[tuple[int, Json]]:
        for product in self.world.products.values():
            yield (
                product.id,
                {
                    "id": product.id,
                    "id_category_default": str(product.categories[-1] if product.categories else 2),
                    "id_default_image": str(product.id),
                    "reference": product.sku,
                    "manufacturer_name": product.brand,
                    "price": unit(product.price * 100, 100 + product.tax_percent),
                    "active": str(int(product.status == "publish")),
                    "name": worded(product.name),
                    "link_rewrite": worded(product.slug),
                    "product_type": "combinations" if product.variations else "standard",
                    **self._dates(product.created, product.modified),
                    "associations": {"categories": [{"id": str(key)} for key in product.categories]},
                },
            )

    def _combinations(self) -> Iterator[tuple[int, Json]]:
        for product in self.world.products.values():
            for variant in product.variations:
                told = {"id": variant.id, "id_product": str(product.id), "reference": variant.sku}
                yield variant.id, told

    def gross(self, resource: str, key: int, currency: str) -> str:
        """Today's price with tax in the currency of that number."""
        code = next((code for code, number in words.CURRENCIES.items() if str(number) == currency), self.world.home)
        if resource == "products":
            cents = self.world.products[key].price
        else:
            variants = (each for product in self.world.products.values() for each in product.variations)
            cents = next(each.price for each in variants if each.id == key)
        return money(price_in(cents, code, self.world.home))

    def _categories(self) -> Iterator[tuple[int, Json]]:
        opened = min((product.created for product in self.world.products.values()), default=0)
        for category in self.world.categories.values():
            told = {"id": category.id, "id_parent": str(category.parent or 2), "active": "1"}
            told |= {"name": worded(category.name), "link_rewrite": worded(category.slug)}
            yield category.id, told | self._dates(opened, opened)

    def _cart_rules(self) -> Iterator[tuple[int, Json]]:
        for coupon in self.world.coupons.values():
            percent = coupon.kind == "percent"
            yield (
                coupon.id,
                {
                    "id": coupon.id,
                    "code": coupon.code,
                    "name": worded(coupon.code),
                    "free_shipping": str(int(coupon.kind == "free_shipping")),
                    "reduction_percent": f"{coupon.amount / 100:.2f}" if percent else "0.00",
                    "reduction_amount": money(0 if percent else coupon.amount),
                    **self._dates(coupon.created, coupon.created),
                },
            )

    # -- the shop itself

    def _countries(self) -> Iterator[tuple[int, Json]]:
        for code, key in self._country_numbers.items():
            yield key, {"id": key, "iso_code": code, "active": "1", "name": worded(code)}

    def _states(self) -> Iterator[tuple[int, Json]]:
        yield 5, {"id": 5, "id_country": str(self._country_numbers["US"]), "iso_code": "CA", "name": "California"}

    def _currencies(self) -> Iterator[tuple[int, Json]]:
        for code, key in words.CURRENCIES.items():
            told = {"id": key, "name": code, "iso_code": code, "precision": "2", "active": "1", "deleted": "0"}
            yield key, told | {"conversion_rate": f"{RATES.get(code, 1):.6f}"}

    def _languages(self) -> Iterator[tuple[int, Json]]:
        for key, code in words.LANGUAGES.items():
            yield key, {"id": key, "name": code, "iso_code": code, "active": "1"}

    def _configurations(self) -> Iterator[tuple[int, Json]]:
        host = self._address().partition("://")[2]
        values = {
            "PS_SHOP_NAME": self.world.name,
            "PS_TIMEZONE": self.world.clock.zone_name,
            "PS_CURRENCY_DEFAULT": str(words.CURRENCIES[self.world.home]),
            "PS_LANG_DEFAULT": "2",
            "PS_SHOP_DOMAIN": host,
            "PS_SHOP_DOMAIN_SSL": host,
            **{name: str(number) for name, number in words.ROLES.items()},
        }
        for key, (name, value) in enumerate(values.items(), start=1):
            yield key, {"id": key, "name": name, "value": value}


def money(hundredths: int) -> str:
    """`12.340000`."""
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d}0000"


def unit(hundredths: int, parts: int) -> str:
    """What one of `parts` costs, with the six decimals PrestaShop keeps."""
    return f"{round(hundredths * 10000 / parts) / 1_000_000:.6f}" if parts else money(0)


def worded(text: str) -> list[Json]:
    """A text in all languages of the shop; the second one is its own."""
    return [
        {"id": str(number), "value": text if number == 2 else f"{text} ({code})"}
        for number, code in words.LANGUAGES.items()
    ]
