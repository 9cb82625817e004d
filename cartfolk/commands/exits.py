"""How a command ends: one sentence and a documented code (docs/exit-codes.md)."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    INSTALLATION = 3  # settings, data folder, database
    SHOP_REFUSED = 4  # credentials, permissions, address
    SHOP_UNREACHABLE = 5
    NOT_FOUND = 6
    QUARANTINED = 7  # done, but records wait in quarantine


class CommandFailed(Exception):
    """Its text is the one sentence on standard error."""

    def __init__(self, message: str, code: Exit = Exit.UNEXPECTED) -> None:
        super().__init__(message)
        self.code = code
