"""Parts of objects of several kinds, and where their pages and pictures are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..canonical import Address
from ..reading import reference, text

Raw = Mapping[str, Any]


def address(raw: Raw) -> Address | None:
    """A PrestaShop address with the codes put beside it; None if nothing is in it."""
    country, state = text(raw.get("_country")), text(raw.get("_state"))
    found = Address(
        text(raw.get("firstname")),
        text(raw.get("lastname")),
        text(raw.get("company")),
        text(raw.get("address1")),
        text(raw.get("address2")),
        text(raw.get("city")),
        state,
        text(raw.get("postcode")),
        country.upper() if country and len(country) == 2 else None,
        text(raw.get("phone")) or text(raw.get("phone_mobile")),
    )
    return None if found == Address() else found


def product_url(base: str, key: str) -> str:
    """A page that leads to the product whatever its friendly address is."""
    return f"{base}/index.php?controller=product&id_product={key}"


def image_url(base: str, image: Any) -> str | None:
    """Images lie in folders named by the digits of their number."""
    number = reference(image)
    if number is None or not number.isdecimal():
        return None
    return f"{base}/img/p/{'/'.join(number)}/{number}.jpg"
