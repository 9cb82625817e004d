"""Django's sessions in the database, the reading of which every page waits for. Composing the same query anew takes
Django ten times as long as PostgreSQL takes to answer it."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db

from cartfolk.core.sql import Statements
from cartfolk.core.time import now
from cartfolk.stores.database import database

Q = Statements.beside(__file__)


class SessionStore(db.SessionStore):
    def load(self) -> dict[str, Any]:
        row = database().execute(Q["session"], {"key": self.session_key, "at": now()}).fetchone()
        if row is None:
            self._session_key = None
            return {}
        found: dict[str, Any] = self.decode(row[0])
        return found
