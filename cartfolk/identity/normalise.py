"""How identities compare. The original is always kept beside the compared form."""

from __future__ import annotations

import unicodedata

_LONGEST_EMAIL = 320  # RFC 3696 errata 1690 allows 254 in mail; shops store up to 320


def email(text: str | None) -> str | None:
    """The compared form of an e-mail address: NFC, trimmed, case folded; no dot or plus folding.

    None when the text cannot be an address at all (no ``@``, inner spaces, too long): such a
    value is kept on the record but names nobody.
    """
    if not text:
        return None
    value = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).strip().casefold())
    name, at, domain = value.rpartition("@")
    if not at or not name or not domain or len(value) > _LONGEST_EMAIL:
        return None
    if any(character.isspace() or ord(character) < 32 for character in value):
        return None
    return value


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
