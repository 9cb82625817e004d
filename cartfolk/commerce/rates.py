"""Exchange rates the shops told with their orders, and where they told none."""

from __future__ import annotations

from cartfolk.core.sql import Connection, Statements

Q = Statements.beside(__file__)
MOST = 1001  # orders looked at: beyond a thousand the number says nothing more


def missing(conn: Connection, store_id: int) -> dict[str, int]:
    """Currency -> counted orders in it that are worth nothing at home, because nobody told their rate; the currency
    with most of them first, at most `MOST` orders in all."""
    rows = conn.execute(Q["orders_without_rate"], {"store": store_id, "limit": MOST}).fetchall()
    return {str(currency): int(number) for currency, number in rows}
