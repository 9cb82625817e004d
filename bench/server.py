"""A database for a benchmark: DATABASE_URL's server, or an embedded one in a temporary folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cartfolk.commands import program


@contextmanager
def database() -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="cartfolk-bench-"))
    try:
        with program.database(folder) as url:
            _point_django_at(url)
            program.migrate()
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _point_django_at(url: str) -> None:
    """Django reads its settings once; every repeat has a database of its own."""
    from django.db import connections

    from cartfolk.settings import database as options

    connections["default"].close()
    connections["default"].settings_dict.update(options(url))


def add_store(conn, live_from) -> int:  # type: ignore[no-untyped-def]
    """A store row and its rule, without any shop behind it."""
    from datetime import timedelta

    from cartfolk.commerce import rules
    from cartfolk.stores import credentials

    (store,) = conn.execute(
        """insert into stores_store (name, platform, url, shop_name, credentials, webhook_secret,
             ingest_secret, key, home_currency, timezone, fingerprint, allow_private_address, settings,
             idle_minutes, max_concurrency, state, state_reason, connected_at, live_from, webhook_health)
           values ('bench', 'woocommerce', 'https://shop.example', 'Bench', %s, %s, %s, 'benchkey', 'EUR',
             'UTC', '', false, '{}', 60, 6, 'connected', '', now(), %s, '{}') returning id""",
        [
            credentials.seal({"key": "ck_x", "secret": "cs_x"}),
            credentials.seal("secret"),
            credentials.seal("whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"),
            live_from,
        ],
    ).fetchone()
    rules.save(
        conn, store, home_currency="EUR", live_from=live_from, idle=timedelta(minutes=60), statuses={},
        label="WooCommerce", name="bench", url="https://shop.example",
    )  # fmt: skip
    return int(store)


def processes() -> int:
    return min(4, os.cpu_count() or 2)
