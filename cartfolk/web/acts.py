"""Audit notes of what people do to the account, in the transaction that does it."""

from __future__ import annotations

from typing import Any, cast

from django.db import connection

from cartfolk.audit import log
from cartfolk.core.sql import Connection


def note(actor: str, action: str, target: str = "", **detail: Any) -> None:
    """Like :func:`cartfolk.audit.log.note`, over Django's own connection: told exactly when the models are saved."""
    connection.ensure_connection()
    log.note(cast(Connection, connection.connection), actor, action, target, **detail)
