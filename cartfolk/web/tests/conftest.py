"""Seeded rows for pages: people, orders, carts and one connected shop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.test.utils import override_settings, setup_test_environment, teardown_test_environment

from cartfolk.core.sql import Connection

BORN = datetime(2026, 1, 1, tzinfo=UTC)
PEOPLE = 130


@pytest.fixture(scope="session", autouse=True)
def _contexts() -> Iterator[None]:
    """Answers tell what their templates were given (``response.context``); a password costs no second to hash."""
    setup_test_environment()
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield
    teardown_test_environment()


@pytest.fixture
def owner(database: str) -> Client:
    from django.contrib.auth.models import User

    user = User.objects.create_superuser("olga@example.org", "olga@example.org", "a long pass phrase")
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def shop(conn: Connection) -> int:
    from cartfolk.stores import credentials
    from cartfolk.stores.models import Store

    store = Store.objects.create(
        name="teashop",
        platform="woocommerce",
        url="https://tea.example",
        shop_name="Tea & Co",
        credentials=credentials.seal({"key": "k", "secret": "s"}),
        webhook_secret=credentials.seal("w"),
        ingest_secret=credentials.seal("whsec_abc"),
        key="storekey",
        home_currency="EUR",
        connected_at=BORN,
        live_from=BORN,
        settings={"statuses": {"packed": "completed"}},
    )
    conn.execute(
        "insert into store_rule (store_id, home_currency, live_from, label, name) "
        "values (%s, 'EUR', %s, 'WooCommerce', 'teashop')",
        [store.pk, BORN],
    )
    return store.pk


@pytest.fixture
def people(conn: Connection, shop: int) -> int:
    """130 contacts; a third without orders, so that every sort has rows without a value."""
    conn.execute(
        """
        insert into contact (contact_id, first_seen) select n, %(born)s from generate_series(1, %(n)s) n;
        """,
        {"born": BORN, "n": PEOPLE},
    )
    conn.execute(
        """
        insert into contact_list (contact_id, createdate, name, email, recent_conversion_event_name,
            recent_conversion_date, last_order_date, total_value_of_orders, total_number_of_orders, store_ids, search)
        select n, %(born)s::timestamptz + (n / 3) * interval '1 hour', 'Person ' || (n %% 7),
               'p' || n || '@example.org',
               'Order complete', case when n %% 3 > 0 then %(born)s::timestamptz + n * interval '1 day' end,
               case when n %% 3 > 0 then %(born)s::timestamptz + n * interval '1 day' end,
               case when n %% 3 > 0 then (n %% 5) * 10.5 end, case when n %% 3 > 0 then n %% 4 end, array[%(shop)s],
               to_tsvector('simple', 'Person ' || (n %% 7) || ' p' || n || ' example org')
          from generate_series(1, %(n)s) n
        """,
        {"born": BORN, "n": PEOPLE, "shop": shop},
    )
    conn.execute("insert into contact_property (contact_id, computed_at) select contact_id, first_seen from contact")
    for number in range(3):
        conn.execute(
            """
            insert into orders (contact_id, order_id, store_id, external_id, version, received_at, number, status,
                status_raw, currency, total, tax, shipping, discount, placed_at, detail)
            values (1, %(id)s, %(shop)s, %(id)s::text, %(at)s, %(at)s, %(id)s::text, 'completed', 'processing', 'EUR',
                    99.5, 1, 0, 0, %(at)s, 0)
            """,
            {"id": 100 + number, "shop": shop, "at": BORN + timedelta(days=number)},
        )
        conn.execute(
            "insert into order_line (contact_id, order_id, position, store_id, name, quantity, total, tax, discount) "
            "values (1, %s, 1, %s, 'Darjeeling <b>', 2, 99.5, 1, 0)",
            [100 + number, shop],
        )
    conn.execute(
        "insert into cart (contact_id, cart_id, store_id, external_id, version, received_at, created_at, currency, "
        "total, subtotal, tax, state, detail) values (1, 7, %s, 'c', %s, %s, %s, 'EUR', 5, 5, 0, 'abandoned', 0)",
        [shop, BORN, BORN, BORN],
    )
    conn.execute(
        "insert into conversion select 1, %s::timestamptz + n * interval '1 minute' / 2, 'Order complete', %s, n, true "
        "from generate_series(1, 95) n",
        [BORN, shop],
    )
    conn.execute(
        "insert into property_history (contact_id, at, source, changes) values (1, %s, 'import', %s)",
        [BORN, '{"firstname": "Ann"}'],
    )
    return PEOPLE
