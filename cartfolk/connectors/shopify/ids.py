"""Ids: the numbers at the end of Shopify's global ids, which webhooks use too."""

from __future__ import annotations

from typing import Any

from ..reading import reference

SUBSCRIPTION = "subscription:"  # before a contract's number: kept among the orders, it must not meet one of theirs


def number(gid: Any) -> str | None:
    """The number of a global id: gid://shopify/Order/5 -> 5."""
    found = reference(gid)
    return found.rsplit("/", 1)[-1].partition("?")[0] or None if found else None
