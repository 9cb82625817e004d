"""What went wrong between us and a shop; the type says what to do next.

ConnectorError
├── RetryLater          the shop is busy or briefly broken: wait ``after`` seconds, try again
├── StopStore           nobody can go on until the owner acts; the message is for the owner
│   ├── CredentialsInvalid
│   ├── PermissionMissing
│   ├── AddressRefused  the address is private, or no shop answers there
│   └── ShopChanged     another shop answers at this address (a clone or a move)
├── PageUnreadable      this page cannot be had as a whole: make it smaller
└── SignatureInvalid    a webhook that is not the shop's
"""

from __future__ import annotations


class ConnectorError(Exception):
    """Its text is one sentence a shop owner understands, with the way out."""


class RetryLater(ConnectorError):
    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after  # seconds the shop asked for; None = our own back-off


class StopStore(ConnectorError):
    pass


class CredentialsInvalid(StopStore):
    pass


class PermissionMissing(StopStore):
    pass


class AddressRefused(StopStore):
    pass


class ShopChanged(StopStore):
    pass


class PageUnreadable(ConnectorError):
    pass


class SignatureInvalid(ConnectorError):
    pass
