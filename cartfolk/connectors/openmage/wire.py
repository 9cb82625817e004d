"""The two ways Magento's API is spoken: JSON-RPC (OpenMage from 20.1.1 on) and XML-RPC (every Magento 1).

A wire turns a method with its arguments into a body and an answer into plain values: numbers with a point are
Decimal, never float.

JSON-RPC flattens the code of every fault to -32000, whatever happened. So nothing is called directly: a
`multiCall` of one hands faults back inside its result, with their own codes, and a fault of the whole can only
be about the session (or, at a login, about the user).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol
from xml.parsers.expat import ExpatError
from xmlrpc.client import ExpatParser, ResponseError, Unmarshaller, dumps
from xmlrpc.client import Fault as XmlFault

from ..errors import PageUnreadable
from ..http import Answer
from ..reading import JsonBroken, load, mapping

INTERNAL, DENIED, PATH_UNKNOWN, PATH_DEAD, SESSION, PARAMETER = 1, 2, 3, 4, 5, 6  # faults of Mage_Api itself
NOT_EXISTS = {"sales_order": 100, "catalog_product": 101}  # of the resources that are asked one by one


@dataclass(frozen=True, slots=True)
class Fault:
    """What the shop refused; ``code`` is Magento's, or that of the protocol."""

    code: int


class Wire(Protocol):
    name: str
    path: str
    is_json: bool
    content_type: str

    def encode(self, method: str, arguments: Sequence[Any]) -> bytes: ...

    def decode(self, answer: Answer) -> Any:
        """The result, or a Fault. Raises PageUnreadable."""


class JsonRpc:
    name = "JSON-RPC"
    path = "api/jsonrpc"
    is_json = True
    content_type = "application/json"

    def encode(self, method: str, arguments: Sequence[Any]) -> bytes:
        # Without an id it would be a notification, which is not answered.
        return json.dumps({"jsonrpc": "2.0", "method": method, "params": list(arguments), "id": 1}).encode()

    def decode(self, answer: Answer) -> Any:
        try:
            told = mapping(load(answer.text()))
        except JsonBroken:
            told = {}
        if (error := told.get("error")) is not None:
            return Fault(_number(mapping(error).get("code")))
        if "result" not in told:
            raise PageUnreadable("The shop answered a call without a result.")
        return told["result"]


class XmlRpc:
    name = "XML-RPC"
    path = "api/xmlrpc"
    is_json = False
    content_type = "text/xml"

    def encode(self, method: str, arguments: Sequence[Any]) -> bytes:
        return dumps(tuple(arguments), method).encode()

    def decode(self, answer: Answer) -> Any:
        body = answer.body
        start = max(body.find(b"<?xml"), 0)  # behind what PHP wrote before it
        values = _Values()
        parser = _Parser(values)
        try:
            parser.feed(body[start:])
            parser.close()
            return values.close()[0]
        except XmlFault as fault:
            return Fault(_number(fault.faultCode))
        except (ExpatError, ResponseError, ValueError, LookupError, TypeError):
            raise PageUnreadable("The shop answered with something that is not XML-RPC.") from None


class _Values(Unmarshaller):
    """Python's own reading of XML-RPC, but money is no float."""

    def __init__(self) -> None:
        super().__init__()
        self.dispatch = {**self.dispatch, "double": _end_decimal}


def _end_decimal(values: Unmarshaller, data: str) -> None:
    try:
        values.append(Decimal(data.strip()))
    except InvalidOperation:
        raise ValueError("not a number") from None
    values._value = False


class _Parser(ExpatParser):
    """Refuses a document type, and with it every entity: none is ever needed here."""

    def __init__(self, target: Unmarshaller) -> None:
        super().__init__(target)
        self._parser.StartDoctypeDeclHandler = _refuse  # type: ignore[attr-defined]


def _refuse(*_told: Any) -> None:
    raise ValueError("an XML-RPC answer has no document type")


def call_fault(value: Any) -> Fault | None:
    """The fault one call of a multiCall ended in, if it did."""
    if isinstance(value, dict) and value.get("isFault") in (True, 1, "1"):
        return Fault(_number(value.get("faultCode")))
    return None


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return INTERNAL
