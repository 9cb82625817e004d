"""Bulk operations: five at a time, done after a while, their file fetched without a token.

Objects of inner connections get lines of their own that name their parent; here they come in no order at all.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from .apps import App
from .documents import Json, gid
from .root import Context
from .schema import answered, understood

if TYPE_CHECKING:
    from .shop import ShopifyShop

AT_ONCE = 5


@dataclass(slots=True)
class Operation:
    number: int
    app: App
    query: str
    name: str  # of its file
    looks: int = 2  # until it is done
    status: str = "CREATED"
    error: str | None = None
    lines: int = 0
    roots: int = 0
    file: bytes = b""


class Bulk:
    def __init__(self, shop: ShopifyShop) -> None:
        self._shop = shop
        self.operations: dict[str, Operation] = {}

    def start(self, app: App, query: str) -> Json:
        """bulkOperationRunQuery."""
        _document, problems = understood(query)
        if problems:
            return {"bulkOperation": None, "userErrors": [{"field": ["query"], "message": problems[0].message}]}
        running = [each for each in self.operations.values() if each.status in ("CREATED", "RUNNING")]
        if len(running) >= AT_ONCE:
            message = "A bulk query operation for this app and shop is already in progress."
            return {"bulkOperation": None, "userErrors": [{"field": None, "message": message}]}
        number = 720_000_000_000 + len(self.operations)
        operation = Operation(number, app, query, secrets.token_hex(8))
        self.operations[gid("BulkOperation", number)] = operation
        return {"bulkOperation": self._document(operation), "userErrors": []}

    def look(self, key: str) -> Json | None:
        """bulkOperation: time passes when it is looked at."""
        operation = self.operations.get(key)
        if operation is None:
            return None
        if operation.status in ("CREATED", "RUNNING"):
            operation.looks -= 1
            operation.status = "RUNNING"
            if operation.looks <= 0:
                self._run(operation)
        return self._document(operation)

    def _document(self, operation: Operation) -> Json:
        url = f"{self._shop.url}/bulk/{operation.name}.jsonl" if operation.lines else None
        return {
            "__typename": "BulkOperation",
            "id": gid("BulkOperation", operation.number),
            "status": operation.status,
            "errorCode": operation.error,
            "objectCount": str(operation.lines),
            "rootObjectCount": str(operation.roots),
            "query": operation.query,
            "url": url,
        }

    def _run(self, operation: Operation) -> None:
        if self._shop.faults.strike("server_error", "bulk-operation"):
            operation.status, operation.error = "FAILED", "INTERNAL_SERVER_ERROR"
            return
        context = Context(operation.app, bulk=True)
        done = answered(operation.query, self._shop.root.fields, context)
        if done.errors:
            codes = {(error.extensions or {}).get("code") for error in done.errors}
            operation.status = "FAILED"
            operation.error = "ACCESS_DENIED" if "ACCESS_DENIED" in codes else "INTERNAL_SERVER_ERROR"
            return
        (found,) = (done.data or {}).values()
        lines = [line for edge in found["edges"] for line in _flat(edge["node"], None)]
        Random(operation.number).shuffle(lines)
        operation.lines, operation.roots = len(lines), len(found["edges"])
        operation.file = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
        operation.status = "COMPLETED"

    def file(self, path: str) -> bytes | None:
        """What is at /bulk/<path>."""
        return next((each.file for each in self.operations.values() if path == f"{each.name}.jsonl"), None)


def _flat(node: Json, parent: str | None) -> Iterator[Json]:
    """An object and, as lines of their own, the objects of its connections."""
    inner = {name: value for name, value in node.items() if isinstance(value, dict) and "edges" in value}
    line: dict[str, Any] = {name: value for name, value in node.items() if name not in inner}
    yield line if parent is None else line | {"__parentId": parent}
    for value in inner.values():
        for edge in value["edges"]:
            yield from _flat(edge["node"], node["id"])
