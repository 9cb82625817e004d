"""How identities compare. The original is always kept beside the compared form."""

from __future__ import annotations

import re
import unicodedata

_NO_ADDRESS = re.compile(r"[\s\x00-\x1f\ud800-\udfff]")  # no spaces, no control characters, no half of a pair
_TYPED = re.compile(r"[^@:<>]+@[^@.]+(\.[^@.]+)+")
# Mailboxes of an office, a shop or a machine: several people may write from them.
SHARED = frozenset(
    {"abuse", "accounting", "admin", "bestellung", "bestellungen", "billing", "buchhaltung", "buero", "büro", "contact"}
    | {"contacto", "einkauf", "empfang", "enquiries", "finance", "hello", "help", "hostmaster", "hr", "info", "invoice"}
    | {"invoices", "kasse", "kontakt", "kundenservice", "mail", "marketing", "no-reply", "noreply", "office", "order"}
    | {"orders", "post", "postmaster", "purchasing", "rechnung", "rechnungen", "sales", "sekretariat", "service"}
    | {"shop", "support", "team", "verkauf", "verwaltung", "webmaster", "webshop"}
)
_LONGEST_EMAIL = 320  # RFC 3696 errata 1690 allows 254 in mail; shops store up to 320


def email(text: str | None) -> str | None:
    """The compared form of an e-mail address: NFC, trimmed, in small letters; no dot or plus folding. Not case
    folded: that would make groß@ and gross@, two people, one.

    None when the text cannot be an address at all (no ``@``, inner spaces, too long): such a
    value is kept on the record but names nobody.
    """
    if not text:
        return None
    value = text.strip().lower() if text.isascii() else _folded(text)
    name, at, domain = value.rpartition("@")
    if not at or not name or not domain or len(value) > _LONGEST_EMAIL:
        return None
    if _NO_ADDRESS.search(value):
        return None
    return value


def typed(text: str | None) -> str | None:
    """As :func:`email` for an address that a person or a program enters, where a slip of the finger is refused: one
    ``@``, no ``mailto:``, and a dot in the name of the computer. What a shop holds is taken as it is."""
    value = email(text)
    return value if value and _TYPED.fullmatch(value) else None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).strip().lower())


def shared(address: str) -> bool:
    """Is this normalised address an office's rather than a person's (info@, shop@)?"""
    return address.rpartition("@")[0] in SHARED


def phone(text: str | None) -> str | None:
    """Digits of a phone number, with a leading ``+`` kept (``00`` becomes ``+``); None under 6 digits."""
    if not text:
        return None
    digits = "".join(character for character in text if character.isdigit())
    if len(digits) < 6:
        return None
    stripped = text.strip()
    if stripped.startswith("+"):
        return "+" + digits
    if digits.startswith("00"):
        return "+" + digits[2:]
    return digits
