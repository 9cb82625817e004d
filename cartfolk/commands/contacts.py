"""``cartfolk contacts``: contacts for machines, one JSON object a line."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from cartfolk.core.plain import plain
from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now

from . import program
from .exits import CommandFailed, Exit

Q = Statements.beside(__file__)


def list_(arguments: argparse.Namespace) -> int:
    """Newest first, or by any property (``--sort -total_value_of_orders`` turns it round)."""
    with program.database() as url, program.connected(url) as conn:
        for row in listing(conn, arguments.sort, arguments.limit):
            if arguments.json:
                sys.stdout.write(json.dumps(plain(row), ensure_ascii=False) + "\n")
            else:
                sys.stdout.write(
                    f"{row['email'] or '-':40} {row['name'] or '-':30} "
                    f"{row['recent_conversion'] or '-':20} {plain(row['recent_conversion_at']) or '-'}\n"
                )
    return Exit.OK


def listing(conn: Connection, sort: str, limit: int) -> list[dict[str, Any]]:
    """Contacts in the order of a property; those without a value come last. Raises CommandFailed."""
    from psycopg import sql
    from psycopg.rows import dict_row

    from cartfolk.web import properties

    name = sort.lstrip("-+")
    computed, custom = properties.columns(conn)
    if name not in computed and name not in custom:
        raise CommandFailed(f"--sort {name}: there is no such property; `cartfolk properties` lists them.", Exit.USAGE)
    # newest and largest first unless "+" asks for the opposite
    direction = sql.SQL("asc" if sort.startswith("+") else "desc")
    # one statement of our own with the column's name checked against those there are
    wide = sql.SQL(" left join contact_custom c using (contact_id)" if name in custom else "")
    statement = sql.SQL("{}{} order by {} {} nulls last, p.contact_id {} limit %(limit)s").format(
        sql.SQL(Q["listing"]), wide, sql.Identifier("c" if name in custom else "p", name), direction, direction
    )
    with conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, {"limit": limit}).fetchall()


def show(arguments: argparse.Namespace) -> int:
    """Everything known of one contact, found by e-mail or number."""
    with program.database() as url, program.connected(url) as conn:
        contact = find(conn, arguments.contact)
        found = describe(conn, contact)
    json.dump(plain(found), sys.stdout, ensure_ascii=False, indent=None if arguments.json else 2)
    sys.stdout.write("\n")
    return Exit.OK


def find(conn: Connection, text: str) -> int:
    """The contact of this number (whoever it was merged into) or e-mail address. Raises CommandFailed."""
    from cartfolk.identity import merges
    from cartfolk.identity.normalise import email

    if text.isdecimal():
        if len(text) > 18 or (kept := merges.kept(conn, int(text))) is None:
            raise CommandFailed(f"There is no contact {text}.", Exit.NOT_FOUND)
        return kept
    row = conn.execute(Q["by_email"], {"email": email(text)}).fetchone()
    if row is None:
        raise CommandFailed(
            f"There is no contact with the e-mail address {text}. Check the spelling, or run `cartfolk sync`.",
            Exit.NOT_FOUND,
        )
    return int(row[0])


def describe(conn: Connection, contact: int) -> dict[str, Any]:
    """The contact as ``contacts show --json`` prints it."""
    from psycopg.rows import dict_row

    from cartfolk.properties import compute, read

    with conn.cursor(row_factory=dict_row) as cursor:

        def rows(name: str) -> list[dict[str, Any]]:
            return cursor.execute(Q[name], {"contact": contact}).fetchall()

        head = rows("head")
        lines: dict[int, list[dict[str, Any]]] = {}
        for line in rows("order_lines"):
            lines.setdefault(line.pop("order_id"), []).append(line)
        orders = [{**row, "lines": lines.get(row.pop("order_id"), [])} for row in rows("orders")]
        cart_lines: dict[int, list[dict[str, Any]]] = {}
        for line in rows("cart_lines"):
            cart_lines.setdefault(line.pop("cart_id"), []).append(line)
        carts = [{**row, "lines": cart_lines.get(row.pop("cart_id"), [])} for row in rows("carts")]
        return {
            "id": contact,
            "email": head[0]["email"] if head else None,
            "created_at": head[0]["created_at"] if head else None,
            "identities": rows("identities"),
            "properties": read.values(conn, contact),
            "store_properties": {
                row["name"]: compute.of_store(conn, contact, row["store_id"], now()) for row in rows("stores_of")
            },
            "orders": orders,
            "carts": carts,
            "conversions": rows("conversions"),
        }
