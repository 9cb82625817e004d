"""Apps and their tokens: an app's ID and secret buy a token that lasts a day."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from ..world import ShopError
from .words import SCOPES


@dataclass(slots=True, eq=False)
class App:
    client_id: str
    client_secret: str
    scopes: tuple[str, ...]
    privileged: bool = True  # may see who the customers are
    tokens: set[str] = field(default_factory=set)


class Apps:
    """Everything installed in the shop."""

    def __init__(self) -> None:
        self.known: dict[str, App] = {}

    def add(self, client_id: str, client_secret: str, scopes: tuple[str, ...]) -> App:
        app = self.known[client_id] = App(client_id, client_secret, scopes)
        return app

    def make(self, permissions: str) -> dict[str, str]:
        if permissions not in SCOPES:
            raise ShopError(f"key: permissions {permissions!r} must be one of {', '.join(SCOPES)}")
        app = self.add(secrets.token_hex(16), f"shpss_{secrets.token_hex(16)}", SCOPES[permissions])
        return {"key": app.client_id, "secret": app.client_secret}

    def grant(self, form: dict[str, str]) -> str | None:
        """A token for ID and secret; None if they are wrong."""
        app = self.known.get(form.get("client_id", ""))
        if app is None or form.get("grant_type") != "client_credentials":
            return None
        if form.get("client_secret") != app.client_secret:
            return None
        token = f"shpat_{secrets.token_hex(16)}"
        app.tokens.add(token)
        return token

    def of(self, token: str) -> App | None:
        return next((app for app in self.known.values() if token in app.tokens), None)
