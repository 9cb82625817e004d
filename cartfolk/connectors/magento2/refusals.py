"""What Magento's errors mean for the owner."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from ..errors import ConnectorError, CredentialsInvalid, PageUnreadable, PermissionMissing
from ..http import Answer
from ..reading import JsonBroken, mapping

Keys = Literal["proven", "four", "token"]  # have they worked; if not: all four, or the token alone


class Refused(PageUnreadable):
    """A list the shop will not give like this; ``status`` is HTTP's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def _told(answer: Answer) -> Mapping[str, Any]:
    try:
        return mapping(answer.json())
    except JsonBroken:
        return {}


def resource_of(answer: Answer) -> str:
    """The permission a 401 asks for; empty when it is about the keys."""
    return str(mapping(_told(answer).get("parameters")).get("resources") or "") if answer.status in (401, 403) else ""


def message(told: Mapping[str, Any]) -> str:
    """Magento's error with its parameters put in: ``%1`` from a list, ``%name`` from an object."""
    given = told.get("parameters")
    values = {str(at): each for at, each in enumerate(given, 1)} if isinstance(given, list) else mapping(given)
    text = str(told.get("message") or "")
    return re.sub(r"%(\w+)", lambda found: str(values.get(found[1], found[0])), text)


def refusal(answer: Answer, what: str, keys: Keys = "proven") -> ConnectorError:
    """What the shop's answer means for the owner. To a token it does not take Magento says the same as to one
    without permission; only ``keys`` that have worked before make the difference."""
    resource = resource_of(answer)
    if resource and keys == "proven":
        return PermissionMissing(
            f"The integration may not read {what} ({resource}): open System → Integrations in Magento, tick it under "
            "API, save and activate the integration again."
        )
    if answer.status in (401, 403) and keys == "token":
        return CredentialsInvalid(
            "Magento does not accept the access token alone, which is off since version 2.4.4: enter all four keys of "
            "the integration. Where it is on, the token is wrong or may not read Stores."
        )
    if answer.status in (401, 403):
        return CredentialsInvalid(
            "Magento does not accept these keys. Copy all four again from System → Integrations, and see that the "
            "integration is active."
        )
    reason = message(_told(answer)) or f"{answer.status}"
    return Refused(f"The shop refused to list {what} ({reason}).", answer.status)
