"""A person's traces in what the shops sent: which records and which raw objects are theirs.

One rule for both ends of an erasure: what :func:`names` says of a canonical record decides whether it is cut out of
what is stored, and whether a later one is taken in at all.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from cartfolk.connectors.base import Connector
from cartfolk.connectors.base import kind as stream_kind
from cartfolk.connectors.canonical import BadRecord, Cart, Consent, Customer, Order, Record
from cartfolk.identity import normalise
from cartfolk.identity.suppression import Name
from cartfolk.inbox import reading
from cartfolk.inbox.deliveries import Delivery

MOST_HINTS = 100  # of more people together everything is read
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_ADDRESS = re.compile(r"[^\s\"'<>(),;:\\]+@[^\s\"'<>(),;:\\]+")


def names(record: Record, store_id: int) -> list[Name]:
    """What names the person of a record. A phone number does where nothing else is told, as in identity: several
    people may share one."""
    if not isinstance(record, Customer | Order | Cart | Consent):
        return []
    found: list[Name] = []
    if email := normalise.email(record.email):
        found.append(Name("email", 0, email))
    account = record.external_id if isinstance(record, Customer) else record.customer_id
    if account:
        found.append(Name("customer", store_id, account))
    if not found and (phone := normalise.phone(record.phone)):
        found.append(Name("phone", 0, phone))
    if isinstance(record, Order | Cart):
        found.append(Name("order" if isinstance(record, Order) else "cart", store_id, record.external_id))
    return found


def named_by(bad: BadRecord, store_id: int) -> list[Name]:
    """What may name the person of a record that could not be read: its id, and every address in its text."""
    found = [Name(bad.kind, store_id, bad.external_id)] if bad.external_id else []
    texts = {text for spelling in _spellings(bad.raw) for text in _ADDRESS.findall(spelling)}
    return found + [Name("email", 0, email) for text in texts if (email := normalise.email(text))]


@dataclass(frozen=True, slots=True)
class Piece:
    """One raw object of the person, as text, and where it stood."""

    delivery_id: int
    store_id: int
    stream: str
    text: str


@dataclass(slots=True)
class Traces:
    """Looks for the people with these names in raw material."""

    names: frozenset[Name]
    emails: frozenset[str] = field(init=False)
    _ids: tuple[str, ...] = field(init=False)
    _hints: tuple[str, ...] = field(init=False)  # a text without any of them holds nothing; none: look at everything

    def __post_init__(self) -> None:
        self.emails = frozenset(name.value for name in self.names if name.kind == "email")
        self._ids = tuple({name.value.lower() for name in self.names if name.kind in ("customer", "order", "cart")})
        # What costs little to look for comes first. A domain stands as it is in every spelling, unless it is not ASCII;
        # a phone number is written in too many ways, and matters only where nothing else names the person.
        domains = {email.rpartition("@")[2] for email in self.emails}
        plain = all(domain.isascii() for domain in domains) and len(self._ids) + len(domains) <= MOST_HINTS
        self._hints = (*sorted(domains), *self._ids) if plain else ()

    def in_text(self, text: str) -> bool:
        """Whether one of the addresses stands in ``text``: in any case, escaped as in JSON or in an address line."""
        if not self.emails or not self._hinted(text):
            return False
        return any(email in told for told in _spellings(text) for email in self.emails)

    def split(self, delivery: Delivery, connector: Connector) -> tuple[bytes, list[Piece]] | None:
        """The delivery's body without the people's objects, and those; None when it holds nothing of them.

        Other people's objects stay byte for byte. A text that is no JSON goes as a whole.
        """
        text = delivery.body.decode(json.detect_encoding(delivery.body), "replace")
        if not self._hinted(text):
            return None
        try:
            found = list(_elements(text))
        except (ValueError, RecursionError):
            return (b"[]", [self._piece(delivery, text)]) if self.in_text(text) else None
        mine = [self._mine(raw, value, delivery, connector) for raw, value in found]
        if not any(mine):
            return None
        kept = [raw for (raw, _value), own in zip(found, mine, strict=True) if not own]
        pieces = [self._piece(delivery, raw) for (raw, _value), own in zip(found, mine, strict=True) if own]
        return ("[" + ",".join(kept) + "]").encode("utf-8", "surrogatepass"), pieces

    def in_hint(self, delivery: Delivery) -> bool:
        """Whether a webhook is about one of the people."""
        kind = stream_kind(delivery.stream)
        ids: Sequence[Any] = (delivery.hint or {}).get("ids", ())
        return any(Name(kind, delivery.store_id, str(one)) in self.names for one in ids) or self.in_text(
            delivery.body.decode("utf-8", "replace")
        )

    def _possible(self, raw: str) -> bool:
        """Whether an object may be theirs: what costs more, reading it, is left to the few that are."""
        if not self._hints:
            return True
        low = raw.lower()
        return any(_alone(one, low) for one in self._ids) or self.in_text(raw)

    def _hinted(self, text: str) -> bool:
        low = text.lower()
        return not self._hints or any(hint in low for hint in self._hints)

    def _mine(self, raw: str, value: Any, delivery: Delivery, connector: Connector) -> bool:
        if delivery.kind == "deleted":
            return Name(stream_kind(delivery.stream), delivery.store_id, str(value)) in self.names
        if not self._possible(raw):
            return False
        if any(self._address(told) for told in _strings(value)):
            return True
        alone = replace(delivery, body=f"[{raw}]".encode("utf-8", "surrogatepass"))
        try:
            mapped = reading.read(alone, connector)
        except Exception:  # a mapping's own mistake; quarantine tells of it elsewhere
            return False
        told = {name for record in mapped.records for name in names(record, delivery.store_id)}
        told |= {Name(bad.kind, delivery.store_id, bad.external_id) for bad in mapped.bad if bad.external_id}
        return not told.isdisjoint(self.names)

    def _address(self, text: str) -> bool:
        return "@" in text and any(normalise.email(one) in self.emails for one in (text, *_ADDRESS.findall(text)))

    @staticmethod
    def _piece(delivery: Delivery, raw: str) -> Piece:
        return Piece(delivery.delivery_id, delivery.store_id, delivery.stream, raw)


def _alone(word: str, text: str) -> bool:
    """Whether an id stands in ``text``, perhaps in gid://shopify/Customer/5, but not in a longer number or word."""
    at = text.find(word)
    while at >= 0:
        before, after = text[at - 1 : at] if at else "", text[at + len(word) : at + len(word) + 1]
        if not before.isalnum() and not after.isalnum():
            return True
        at = text.find(word, at + 1)
    return False


def _elements(text: str) -> Iterator[tuple[str, Any]]:
    """The elements of a JSON array (or the one value there is), each with its text as it stands."""
    decoder = json.JSONDecoder()
    at = _skip(text, 1 if text.startswith("\ufeff") else 0)
    if text[at : at + 1] != "[":
        value, end = decoder.raw_decode(text, at)
        yield text[at:end], value
        return
    at = _skip(text, at + 1)
    while text[at : at + 1] != "]":
        value, end = decoder.raw_decode(text, at)
        yield text[at:end], value
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "]":
            raise ValueError("This JSON array does not end.")


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] in {" ", "\t", "\n", "\r"}:
        at += 1
    return at


def _strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one


def _spellings(text: str) -> Iterator[str]:
    """The text in small letters as it stands, without JSON's escapes, and without those of addresses."""
    low = text.lower() if text.isascii() else unicodedata.normalize("NFC", text).lower()
    yield low
    if "\\u" in low:
        yield unicodedata.normalize("NFC", _ESCAPE.sub(lambda found: chr(int(found[1], 16)), low)).lower()
    if "%" in low:
        yield unicodedata.normalize("NFC", unquote(low)).lower()
