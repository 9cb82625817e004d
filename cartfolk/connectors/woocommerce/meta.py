"""What plugins leave in the ``meta_data`` of orders and accounts: rates, attribution, parcels, dates of consent.

Nothing of it is promised by anybody, so only amounts that cannot be read make a bad record.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Any

from ..canonical import Attribution
from ..reading import FieldError, moment, money, text

Raw = Mapping[str, Any]
_DIVIDE = Context(prec=12)
_ATTRIBUTION = "_wc_order_attribution_"


def by_key(raw: Raw) -> dict[str, Any]:
    """Meta data by key; of a repeated key the last counts, as in WordPress' own reading order."""
    found = raw.get("meta_data")
    if not isinstance(found, list):
        return {}
    return {each["key"]: each.get("value") for each in found if isinstance(each, dict) and "key" in each}


def rate(meta: Raw) -> Decimal | None:
    """Home currency for one unit. WOOCS keeps foreign units per home unit, Aelia the factor itself."""
    if (value := meta.get("_woocs_order_rate")) not in (None, ""):
        rate = money(value, "meta_data._woocs_order_rate")
        return _DIVIDE.divide(Decimal(1), rate) if rate > 0 else None
    if (value := meta.get("_base_currency_exchange_rate")) not in (None, ""):
        rate = money(value, "meta_data._base_currency_exchange_rate")
        return rate if rate > 0 else None
    return None


def attribution(meta: Raw) -> Attribution | None:
    found = {key[len(_ATTRIBUTION) :]: text(value) for key, value in meta.items() if key.startswith(_ATTRIBUTION)}
    if not found:
        return None
    return Attribution(
        source_type=found.get("source_type"),
        source=found.get("utm_source"),
        medium=found.get("utm_medium"),
        campaign=found.get("utm_campaign"),
        referrer=found.get("referrer"),
        entry_url=found.get("session_entry"),
        pages=_count(found.get("session_pages")),
        visits=_count(found.get("session_count")),
        device=found.get("device_type"),
    )


def _count(value: str | None) -> int | None:
    return int(value) if value and value.isdecimal() and len(value) < 10 else None


def tracking(meta: Raw) -> tuple[str | None, str | None, str | None, datetime | None]:
    """Number, address, carrier and time of the latest parcel, from the usual shipment plugins."""
    items = meta.get("_wc_shipment_tracking_items")
    if isinstance(items, dict):
        items = list(items.values())
    if isinstance(items, list) and items and isinstance(items[-1], dict):
        parcel = items[-1]
        shipped = str(parcel.get("date_shipped") or "")
        seconds = int(shipped) if shipped.isdecimal() and len(shipped) <= 11 else 0
        return (
            text(parcel.get("tracking_number")),
            text(parcel.get("custom_tracking_link") or parcel.get("tracking_link")),
            text(parcel.get("tracking_provider") or parcel.get("custom_tracking_provider")),
            datetime.fromtimestamp(seconds, UTC) if seconds else None,
        )
    number = meta.get("_tracking_number") or meta.get("_aftership_tracking_number")
    carrier = meta.get("_tracking_provider") or meta.get("_aftership_tracking_provider_name")
    return text(number), text(meta.get("_tracking_url")), text(carrier), None


def consent_time(value: Any, key: str) -> datetime | None:
    shown = str(value or "").strip()
    if shown.isdecimal() and len(shown) in (9, 10):
        return datetime.fromtimestamp(int(shown), UTC)
    try:
        return moment(shown, key)
    except FieldError:
        return None  # an undated tick is no evidence, and no reason to refuse the order
