"""From a delivery to canonical records, whatever kind it is: pure, no network, no database."""

from __future__ import annotations

import json

from cartfolk.connectors.base import Connector, kind
from cartfolk.connectors.canonical import BadRecord, Deleted, Mapped

from . import envelope
from .deliveries import Delivery


def read(delivery: Delivery, connector: Connector) -> Mapped:
    """What the delivery holds. ``connector`` is the store's, without transport; a text that is no JSON at all
    is one bad record, never an exception."""
    if delivery.kind in {"ingest", "track"}:
        return envelope.read(delivery.body, delivery.received_at, tracked=delivery.kind == "track")
    try:
        if delivery.kind == "deleted":
            gone = json.loads(delivery.body)
            return Mapped(tuple(Deleted(kind(delivery.stream), str(one), delivery.received_at) for one in gone))
        return connector.read(delivery.stream, delivery.body, delivery.received_at)
    except ValueError as error:
        text = delivery.body.decode("utf-8", "replace")
        reason = f"The {delivery.stream} as received are no JSON ({error}); sync the store again."
        return Mapped((), (BadRecord(kind(delivery.stream), None, "page", reason, text),))
