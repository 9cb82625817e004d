"""Hints from the community module "async events", where a shop has it: Magento itself sends nothing.

It signs the JSON body with the subscription's verification token (hex HMAC-SHA256) and sends the object of an
event the shop defines; the header does not say which, so the object's own keys tell what it is.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from ..base import Hint
from ..errors import SignatureInvalid
from ..reading import load, mapping, reference


def signature(body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def hint(headers: Mapping[str, str], body: bytes, secret: str) -> Hint:
    """See `Connector.webhook`. Raises SignatureInvalid."""
    given = headers.get("x-magento-signature", "")
    if not given:
        raise SignatureInvalid("This webhook is not signed.")
    if not secret or not hmac.compare_digest(signature(body, secret).encode(), given.strip().lower().encode()):
        raise SignatureInvalid("This webhook's signature does not fit: it was changed, or signed for another store.")
    try:
        found = mapping(load(body))
    except ValueError:
        return Hint("", (), ignore="not JSON")
    order = reference(found.get("order_id"))
    if order and found.get("entity_id"):  # invoice, shipment or credit memo
        return Hint("orders", (order,))
    order, account = reference(found.get("entity_id")), reference(found.get("id"))
    if order and found.get("increment_id"):
        return Hint("orders", (order,))
    if account and "group_id" in found:
        return Hint("customers", (account,))
    if account and "items_count" in found:
        return Hint("carts", (account,))
    if account and "sku" in found:
        return Hint("products", (account,))
    return Hint("", (), ignore="an object we do not follow")
