"""``cartfolk rates``: exchange rates of the owner's own, for a store's orders that came without one."""

from __future__ import annotations

import argparse
import json
from datetime import date
from typing import Any

from .exits import CommandFailed, Exit
from .shops import left_out, opened


def add_arguments(item: argparse.ArgumentParser) -> None:
    item.add_argument("store", help="the store's name")
    verbs = item.add_subparsers(dest="verb", metavar="list|set|remove", required=True)
    listed = verbs.add_parser("list", help="the rates, and how many orders have none")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=list_)
    entered = verbs.add_parser("set", help="enter a rate or correct it")
    entered.add_argument("currency", help="of the orders, e.g. USD")
    entered.add_argument("rate", help="what one unit is worth in the store's home currency, e.g. 0.9174")
    entered.set_defaults(run=set_)
    removed = verbs.add_parser("remove", help="take a rate away")
    removed.add_argument("currency")
    removed.set_defaults(run=remove)
    for verb in (entered, removed):
        first = "the first day of orders it serves, YYYY-MM-DD (default: from the beginning)"
        verb.add_argument("--from", dest="day", metavar="DAY", type=_day, help=first)


def list_(arguments: argparse.Namespace) -> int:
    with opened(arguments.store) as (conn, store):
        from cartfolk.commerce import rates

        told = [
            {"currency": own.currency, "rate": f"{own.rate:f}", "from": _text(store, own.valid_from)}
            for own in rates.listed(conn, store.pk)
        ]
        missing = rates.missing(conn, store.pk)
    if arguments.json:
        print(json.dumps({"store": store.name, "home_currency": store.home_currency, "rates": told,
                          "orders_without_rate": missing}))  # fmt: skip
        return Exit.OK
    for one in told:
        since = f"from {one['from']}" if one["from"] else "from the beginning"
        print(f"1 {one['currency']} = {one['rate']} {store.home_currency}  {since}")
    for currency, number in missing.items():
        print(left_out(number, currency))
    if not told and not missing:
        print("No rate of your own, and none is needed.")
    return Exit.OK


def set_(arguments: argparse.Namespace) -> int:
    with opened(arguments.store) as (conn, store):
        from cartfolk.audit import log
        from cartfolk.commerce import rates

        try:
            currency = rates.code(arguments.currency, store.home_currency)
            own = rates.OwnRate(currency, rates.beginning(arguments.day, store.timezone), rates.number(arguments.rate))
        except rates.RateInvalid as error:
            raise CommandFailed(f"{error.field}: {error}", Exit.USAGE) from error
        with conn.transaction():
            rates.save(conn, store.pk, own)
            log.note(conn, log.SYSTEM, "store.rate_saved", f"store:{store.name}", currency=currency)
        _follow(conn, store)
    return Exit.OK


def remove(arguments: argparse.Namespace) -> int:
    with opened(arguments.store) as (conn, store):
        from cartfolk.audit import log
        from cartfolk.commerce import rates

        currency = arguments.currency.strip().upper()
        with conn.transaction():
            was = rates.remove(conn, store.pk, currency, rates.beginning(arguments.day, store.timezone))
            if was is not None:
                log.note(conn, log.SYSTEM, "store.rate_removed", f"store:{store.name}", currency=currency)
        if was is None:
            raise CommandFailed(
                f"{store.name} has no rate of {currency} from that day; `cartfolk rates {store.name} list` shows them.",
                Exit.NOT_FOUND,
            )
        _follow(conn, store)
    return Exit.OK


def _follow(conn: Any, store: Any) -> None:
    from cartfolk.commerce import rates

    changed = 0
    while store.pk in rates.waiting(conn):
        changed += rates.follow(conn, store.pk)
    print(f"{changed} orders are valued anew; the running program brings it to their contacts.")


def _text(store: Any, valid_from: Any) -> str | None:
    from cartfolk.commerce import rates

    day = rates.day_of(valid_from, store.timezone)
    return day.isoformat() if day else None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("write the day like 2026-03-01") from None
