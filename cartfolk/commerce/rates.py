"""Exchange rates: those the shops told with their orders, the owner's for orders without, and what has none.

A rate of the owner's serves from a day on, until the next one of the same currency. It is written into the order
like a rate of the shop's, but without a version: so the shop's own word, whenever it comes, replaces it, and
everything that reads a rate reads one column. Order of arrival does not matter: whoever writes an order gives it the
rate of its day, and a changed rate is followed by the orders that are stored (`follow`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now

Q = Statements.beside(__file__, "rates.sql")
MOST = 1001  # orders looked at: beyond a thousand the number says nothing more
ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)  # the first moment of a rate that serves from the beginning
STEP = 5000  # orders rated by one statement
_NUMBER = re.compile(r"[0-9]{1,9}([.,][0-9]{1,12})?|[.,][0-9]{1,12}")
_CODE = re.compile(r"[A-Z]{3}")


class RateInvalid(ValueError):
    """A rate that cannot be; ``field`` is currency, rate or valid_from, the text says the way out."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class OwnRate:
    """``rate``: home currency for one unit of ``currency``, from ``valid_from`` on (`ALWAYS` = from the beginning)."""

    currency: str
    valid_from: datetime
    rate: Decimal


def missing(conn: Connection, store_id: int) -> dict[str, int]:
    """Currency -> counted orders in it that are worth nothing at home, because nobody told their rate; the currency
    with most of them first, at most `MOST` orders in all."""
    rows = conn.execute(Q["orders_without_rate"], {"store": store_id, "limit": MOST}).fetchall()
    return {str(currency): int(number) for currency, number in rows}


def listed(conn: Connection, store_id: int) -> list[OwnRate]:
    """The owner's rates of a store, by currency, the newest first."""
    return [OwnRate(*row) for row in conn.execute(Q["own_rates"], {"store": store_id})]


def number(text: str) -> Decimal:
    """A rate as people write it; one comma or point is the decimal one. Raises RateInvalid."""
    text = text.strip()
    if not _NUMBER.fullmatch(text) or not (rate := Decimal(text.replace(",", "."))):
        raise RateInvalid("rate", "Write the rate as a number above 0, such as 0.9174 or 0,9174.")
    return rate


def code(text: str, home_currency: str) -> str:
    """A currency other than the store's own. Raises RateInvalid."""
    found = text.strip().upper()
    if not _CODE.fullmatch(found):
        raise RateInvalid("currency", "Write the currency's code of three letters, such as USD.")
    if found == home_currency:
        raise RateInvalid("currency", "That is the store's home currency: its orders need no rate.")
    return found


def beginning(day: date | None, timezone: str) -> datetime:
    """The first moment of a day where the store is; of no day: always."""
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC) if day else ALWAYS


def day_of(valid_from: datetime, timezone: str) -> date | None:
    """The day a rate serves from; None = always."""
    return None if valid_from == ALWAYS else valid_from.astimezone(ZoneInfo(timezone)).date()


def save(conn: Connection, store_id: int, rate: OwnRate) -> None:
    """Enters or corrects a rate; then :func:`follow` has to run (the job does, see ``jobs.start_rating``)."""
    with changing(conn, store_id):
        conn.execute(
            Q["save_own_rate"],
            {"store": store_id, "currency": rate.currency, "valid_from": rate.valid_from, "rate": rate.rate},
        )


def remove(conn: Connection, store_id: int, currency: str, valid_from: datetime) -> Decimal | None:
    """Takes a rate away: what it was, None when there is none. Then as after :func:`save`."""
    with changing(conn, store_id):
        asked = {"store": store_id, "currency": currency, "valid_from": valid_from}
        row = conn.execute(Q["remove_own_rate"], asked).fetchone()
    return row[0] if row else None


@contextmanager
def changing(conn: Connection, store_id: int) -> Iterator[None]:
    """A transaction in which rates, or what they lead to, change: orders written before it have the rates of before
    and are stored already, those after it have the new ones."""
    with conn.transaction():
        conn.execute(Q["alone"])
        yield
        conn.execute(Q["wait"], {"store": store_id, "at": now()})


def enter(conn: Connection) -> None:
    """Before a transaction writes orders, and before it holds any of them: rates stay what they are until it ends."""
    conn.execute(Q["enter"])


def of_staged(conn: Connection) -> set[int]:
    """Gives the orders of the stage that were just written the owner's rates; the contacts of those changed by it."""
    return {row[0] for row in conn.execute(Q["rate_staged"])}


def waiting(conn: Connection) -> dict[int, datetime]:
    """Stores whose orders have to follow their rates, and since when."""
    return {int(store): since for store, since in conn.execute(Q["waiting"])}


def follow(conn: Connection, store_id: int, step: int = STEP) -> int:
    """Has the store's orders follow its rates, in sets, each committed; the contacts concerned go into the queue.
    Returns how many orders changed. May be killed and started again; ``conn`` is autocommit."""
    since = waiting(conn).get(store_id)
    total, after = 0, 0
    while since is not None:
        asked = {"store": store_id, "after": after, "limit": step}
        found, last = conn.execute(Q["rate_stored"], asked).fetchone() or (0, None)
        total += found
        if found == step:
            after = last - 1  # that contact may have more
        elif found or after:
            after = 0  # a merge may have moved orders behind us: once more, until nothing is left
        else:
            conn.execute(Q["compared"], {"store": store_id, "since": since})
            break
    return total
