"""Which events a change of the world is, in Shopware's words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from ..world import World
from . import documents, people
from .documents import Json
from .words import LIVE, uuid

ENTITIES = {"order": "order", "customer": "customer", "product": "product"}


def of(world: World, kind: str, event: str, number: int) -> Iterator[tuple[str, Any]]:
    """Event names and payloads of a change, as the world's listeners hear of it."""
    entity = ENTITIES.get(kind)
    if entity is None:
        return
    key = uuid(kind, number)
    if event == "deleted":
        yield f"{entity}.deleted", [_result(entity, key, "delete")]
        return
    if kind == "order" and event == "updated":
        yield from _order_changed(world, number, key)
    elif kind == "customer" and event == "updated" and _consented(world, number):
        customer = world.customers[number]
        assert customer.consent is not None
        row = people.recipient(world, customer, customer.consent)
        name = "newsletter.unsubscribe" if row["status"] == "optOut" else "newsletter.confirm"
        if row["status"] != "notSet":
            yield name, {"newsletterRecipient": row}
    else:
        yield f"{entity}.written", _written(entity, key, "insert" if event == "created" else "update")


def _order_changed(world: World, number: int, key: str) -> Iterator[tuple[str, Any]]:
    record = world.orders[number]
    told: Json = {"order": {"id": key, "versionId": LIVE, "orderNumber": record.number}}
    if documents.order_edit(record) is not None or record.modified == record.created:
        yield "order.written", _written("order", key, "update")
    if record.modified == record.completed_at:
        yield "state_enter.order_delivery.state.shipped", told
    if any(each.created == record.modified for each in record.refunds) and not documents.by_hand(record):
        yield "state_enter.order_transaction_capture_refund.state.completed", told
    yield f"state_enter.order_transaction.state.{documents.payment_word(record)}", told


def _consented(world: World, number: int) -> bool:
    customer = world.customers[number]
    return customer.consent is not None and customer.consent.at == customer.modified


def _written(entity: str, key: str, operation: str) -> list[Json]:
    """Somebody edits an order in the administration: its draft is written first, under a version of its own."""
    written = _result(entity, key, operation)
    if entity != "order":
        return [written]
    draft = hashlib.sha256(key.encode()).hexdigest()[:32]
    return [written | {"versionId": draft}, written | {"versionId": LIVE}]


def _result(entity: str, key: str, operation: str) -> Json:
    fields = [] if operation == "delete" else ["updatedAt"]
    return {"entity": entity, "operation": operation, "primaryKey": key, "updatedFields": fields}
