"""Risk: a value on a contact is not what the shop's facts say."""
from __future__ import annotations

from datetime import UTC, datetime

from cartfolk.properties.compute import compute

AT = datetime(2026, 3, 1, tzinfo=UTC)


def test_smoke(conn):
    conn.execute("insert into contact (contact_id) values (1)")
    assert compute(conn, [1], AT, "sync") == 1
    assert compute(conn, [1], AT, "sync") == 0
