"""What a store's page shows of the app its shop installs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cartfolk.stores import credentials, handshake
from cartfolk.stores.models import Store


def shown(store: Store) -> dict[str, Any] | None:
    """How the shop installs us, and what became of it; None where the platform has no app."""
    app = handshake.app_of(store)
    if app is None:
        return None
    known = store.learned.get("app", {})
    at, keys = known.get("at"), credentials.credentials(store)
    return {
        "steps": app.steps,
        "told": known.get("told", ""),
        "at": datetime.fromisoformat(at) if at else None,
        "installed": "shop_id" in keys,
        "expected": not keys.get("key"),  # nothing can be asked of the shop before it is installed
        "open": store.state == Store.State.STOPPED,
        "stamp": stamp(store),
    }


def stamp(store: Store) -> str:
    """Another text after everything that happens to the app."""
    return f"{store.state} {store.learned.get('app', {}).get('at', '')} {store.state_reason}"
