"""What an erasure removes here besides a contact's own rows: the address in others' facts, carts of nobody."""

from __future__ import annotations

from collections.abc import Sequence

from cartfolk.core.sql import Connection, Statements

Q = Statements.beside(__file__, "forget.sql")
_MENTIONS = {
    "orders": "clear_order_emails",
    "customer": "clear_customer_emails",
    "cart": "clear_cart_emails",
    "cart_event": "clear_moment_emails",
    "consent_event": "clear_consent_emails",
}


def mentions(conn: Connection, emails: Sequence[str]) -> dict[str, list[int]]:
    """Empties these addresses (normalised) where the facts of other contacts name them; by table, whose they are."""
    return {
        table: [row[0] for row in conn.execute(Q[name], {"emails": list(emails)})] for table, name in _MENTIONS.items()
    }


def accounts(conn: Connection, emails: Sequence[str]) -> list[int]:
    """The contacts with a shop account of one of these addresses (normalised)."""
    return [row[0] for row in conn.execute(Q["accounts_of_emails"], {"emails": list(emails)})]


def carts(conn: Connection, emails: Sequence[str], tokens: Sequence[tuple[int, str]]) -> int:
    """Forgets carts without a person that hold one of the addresses or are named; returns how many."""
    stores, names = [store for store, _token in tokens], [token for _store, token in tokens]
    return conn.execute(Q["forget_carts"], {"emails": list(emails), "stores": stores, "carts": names}).rowcount
