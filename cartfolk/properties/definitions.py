"""Groups and properties that people make: created, changed, put aside, brought back, deleted.

A property is a row of property_definition and a column of contact_custom. Adding the column is instant; putting a
property aside (archive) keeps the column and every value in it. Where a formula is concerned, calculated.py is told;
:func:`calculated.rebuild` (jobs.py) then brings everybody up to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Concatenate, ParamSpec

from django.utils.translation import gettext as _
from psycopg import sql
from psycopg.types.json import Jsonb

from cartfolk.audit import log
from cartfolk.core.sql import Connection, Statements
from cartfolk.core.time import now
from cartfolk.properties import calculated, sorting
from cartfolk.properties.catalogue import GROUPS, PROPERTIES, Option, Property
from cartfolk.properties.defined import load
from cartfolk.properties.formula import FormulaError
from cartfolk.properties.types import TYPE_NAMES

Q = Statements.beside(__file__, "definitions.sql")
MOST = 500  # custom properties; a table of PostgreSQL holds at most 1,600 columns over its whole life
TYPES = ("string", "text", "number", "date", "datetime", "enumeration", "bool", "email", "phone", "url")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_RESERVED = {"contact_id", "computed_at", "lifecyclestage_set_at", "id", "name", "search", "store_ids"}
_LOSSLESS = {
    ("string", "text"), ("email", "string"), ("email", "text"), ("phone", "string"), ("phone", "text"),
    ("url", "string"), ("url", "text"), ("enumeration", "string"), ("enumeration", "text"), ("string", "enumeration"),
}  # fmt: skip


class BadDefinition(ValueError):
    """The definition cannot be made or changed so; the message says what can. Correct it and try again."""


P = ParamSpec("P")


def _alone(act: Callable[Concatenate[Connection, P], None]) -> Callable[Concatenate[Connection, P], None]:
    """One change of definitions at a time, in a transaction that looks and writes: two names that are the same, or a
    formula and the archiving of what it reads, are seen by whoever comes second."""

    @wraps(act)
    def alone(conn: Connection, /, *args: P.args, **kwargs: P.kwargs) -> None:
        with conn.transaction():
            conn.execute(Q["alone"])
            act(conn, *args, **kwargs)

    return alone


@dataclass(frozen=True, slots=True)
class Usage:
    """What deleting a property would take: contacts with a value and rows of history that name it."""

    contacts: int
    changes: int


@_alone
def create_group(conn: Connection, name: str, label_en: str, label_de: str, *, by: str) -> None:
    """Makes a group of properties. Raises BadDefinition."""
    en, de = _labels(label_en, label_de)
    _check_name(name)
    if name in load(conn).groups:
        raise BadDefinition(_("There is a group named %(name)s already.") % {"name": name})
    with conn.transaction():
        conn.execute(Q["add_group"], {"name": name, "en": en, "de": de})
        log.note(conn, by, "property_group.create", f"property_group:{name}")


@_alone
def change_group(conn: Connection, name: str, label_en: str, label_de: str, *, by: str) -> None:
    """Gives a group people made other labels. Raises BadDefinition."""
    _own_group(conn, name)
    en, de = _labels(label_en, label_de)
    with conn.transaction():
        conn.execute(Q["change_group"], {"name": name, "en": en, "de": de})
        log.note(conn, by, "property_group.change", f"property_group:{name}")


@_alone
def archive_group(conn: Connection, name: str, archived: bool, *, by: str) -> None:
    """Puts every property of a group people made aside, or brings them all back. Raises BadDefinition, and then
    nothing is changed: a formula outside the group reads one of them, or one cannot be read any more."""
    _own_group(conn, name)
    known = load(conn, archived=True).properties
    mine = {item.name: item for item in known.values() if item.group == name and item.archived != archived}
    for item in mine.values():
        if archived:
            _unread(conn, item.name, but=mine)
        elif item.formula:
            back = {n: replace(p, archived=False) if n in mine else p for n, p in known.items()}
            _readable(back[item.name], back)
    with conn.transaction():
        conn.execute(Q["archive"], {"names": list(mine), "at": now() if archived else None})
        for item in mine.values():
            _revise(conn, item)
        log.note(conn, by, "property_group.archive" if archived else "property_group.restore", f"property_group:{name}")


@_alone
def delete_group(conn: Connection, name: str, *, by: str) -> None:
    """Deletes a group people made in which no property is, archived ones counted. Raises BadDefinition."""
    _own_group(conn, name)
    inside = [item.name for item in load(conn, archived=True).properties.values() if item.group == name]
    if inside:
        raise BadDefinition(
            _("Properties are in this group: %(names)s. Move them to another group or delete them first.")
            % {"names": ", ".join(inside)}
        )
    with conn.transaction():
        conn.execute(Q["delete_group"], {"name": name})
        log.note(conn, by, "property_group.delete", f"property_group:{name}")


@_alone
def create(conn: Connection, item: Property, *, by: str) -> None:
    """Makes a property and its column. Raises BadDefinition, also for a label that another property has, and
    psycopg's LockNotAvailable when the table stays busy for 5 s: try again."""
    _check(conn, item)
    known = load(conn, archived=True)
    if item.name in known.properties:
        raise BadDefinition(_("There is a property named %(name)s already.") % {"name": item.name})
    _told_apart(item, known.properties)
    if sum(p.custom for p in known.properties.values()) >= MOST:
        raise BadDefinition(_("There are %(most)s own properties already. Delete one first.") % {"most": MOST})
    with conn.transaction():
        conn.execute("set local lock_timeout = '5s'")
        conn.execute(Q["add"], _row(item))
        conn.execute(
            sql.SQL("alter table contact_custom add column {} {}").format(
                sql.Identifier(item.name),
                sql.SQL(item.column),  # one of the catalogue's column types
            )
        )
        _revise(conn, item)
        log.note(conn, by, "property.create", f"property:{item.name}", type=item.type)


@_alone
def change(conn: Connection, item: Property, *, by: str) -> None:
    """Changes a property people made: labels, group, options, place of display; the type only where nothing is lost.

    Raises BadDefinition.
    """
    old = _custom(conn, item.name)
    _check(conn, item)
    same = old.type == item.type and old.multi == item.multi and old.column == item.column
    if not same and not ((old.type, item.type) in _LOSSLESS and old.column == item.column and old.multi == item.multi):
        raise BadDefinition(
            _("%(name)s holds values of type %(old)s; they cannot all become %(new)s. Make a new property instead.")
            % {"name": item.name, "old": TYPE_NAMES[old.type], "new": TYPE_NAMES[item.type]}
        )
    _told_apart(item, load(conn, archived=True).properties, old)
    if bool(old.formula) != bool(item.formula):
        raise BadDefinition(
            _("Values of %(name)s are set by hand or calculated, for good. Make a new property instead.")
            % {"name": item.name}
        )
    with conn.transaction():
        conn.execute(Q["change"], _row(item))
        _revise(conn, item)
        log.note(conn, by, "property.change", f"property:{item.name}")


@_alone
def archive(conn: Connection, name: str, *, by: str) -> None:
    """Puts a property aside: no page or writer knows it any more, its values stay. Raises BadDefinition, also when a
    formula reads it."""
    item = _custom(conn, name)
    _unread(conn, name)
    with conn.transaction():
        conn.execute(Q["archive"], {"names": [name], "at": now()})
        _revise(conn, item)
        log.note(conn, by, "property.archive", f"property:{name}")


@_alone
def restore(conn: Connection, name: str, *, by: str) -> None:
    """Brings a property back with every value it had. Raises BadDefinition, also when its formula cannot be read any
    more."""
    item = _custom(conn, name)
    if item.formula:
        _readable(replace(item, archived=False), load(conn, archived=True).properties)
    with conn.transaction():
        conn.execute(Q["archive"], {"names": [name], "at": None})
        _revise(conn, item)
        log.note(conn, by, "property.restore", f"property:{name}")


def usage(conn: Connection, name: str) -> Usage:
    """What :func:`delete` would take. Raises BadDefinition."""
    _custom(conn, name)
    row = conn.execute(
        sql.SQL("select count(*) from contact_custom where {} is not null").format(sql.Identifier(name))
    ).fetchone()
    noted = conn.execute(Q["noted"], {"name": name}).fetchone()
    return Usage(int(row[0]) if row else 0, int(noted[0]) if noted else 0)


def lost(conn: Connection, item: Property, options: Collection[str]) -> int:
    """How many contacts hold one of these options of a choice, which has them no more."""
    column = sql.Identifier(item.name)
    holds = sql.SQL("{} && %s::text[]" if item.multi else "{} = any(%s::text[])").format(column)
    statement = sql.SQL("select count(*) from contact_custom where {}").format(holds)
    (count,) = conn.execute(statement, [list(options)]).fetchone() or (0,)
    return int(count)


@_alone
def delete(conn: Connection, name: str, *, by: str) -> None:
    """Deletes an archived property with its values; history keeps what it noted. Raises BadDefinition."""
    if not _custom(conn, name).archived:
        raise BadDefinition(_("%(name)s is in use. Archive it first, then delete it.") % {"name": name})
    with conn.transaction():
        conn.execute("set local lock_timeout = '5s'")
        conn.execute(Q["delete"], {"name": name})
        conn.execute(sql.SQL("alter table contact_custom drop column {}").format(sql.Identifier(name)))
        sorting.give_up(conn, name)
        log.note(conn, by, "property.delete", f"property:{name}")


def order(conn: Connection, names: Sequence[str], *, by: str) -> None:
    """Puts properties, the catalogue's too, into this order; name all of a group. Unknown names are passed over."""
    known = load(conn, archived=True).properties
    with conn.transaction():
        conn.execute(Q["order"], {"names": [name for name in dict.fromkeys(names) if name in known]})
        log.note(conn, by, "property.order", "property")


def order_groups(conn: Connection, names: Sequence[str], *, by: str) -> None:
    """Puts the groups into this order; those not named follow. Unknown names are passed over."""
    known = load(conn).groups
    first = [name for name in dict.fromkeys(names) if name in known]
    with conn.transaction():
        conn.execute(Q["order_groups"], {"names": first + [name for name in known if name not in first]})
        log.note(conn, by, "property_group.order", "property_group")


def hide(conn: Connection, name: str, hidden: bool, *, by: str) -> None:
    """Hides a property from pages, or shows it again; also one of the catalogue. Raises BadDefinition."""
    item = load(conn, archived=True).properties.get(name)
    if item is None:
        raise BadDefinition(_("There is no property named %(name)s.") % {"name": name})
    with conn.transaction():
        conn.execute(Q["hide" if item.custom else "hide_known"], {"name": name, "hidden": hidden})
        log.note(conn, by, "property.hide" if hidden else "property.show", f"property:{name}")


def hide_all(conn: Connection, group: str, names: Sequence[str], hidden: bool, *, by: str) -> None:
    """Hides these properties, all of a group, from pages, or shows them again."""
    with conn.transaction():
        conn.execute(Q["hide_all"], {"names": list(names), "hidden": hidden})
        log.note(conn, by, "property_group.hide" if hidden else "property_group.show", f"property_group:{group}")


def _own_group(conn: Connection, name: str) -> None:
    if name in GROUPS or name not in load(conn).groups:
        raise BadDefinition(
            _("%(name)s belongs to Cartfolk and cannot be changed here.") % {"name": name}
            if name in GROUPS
            else _("There is no group named %(name)s.") % {"name": name}
        )


def _custom(conn: Connection, name: str) -> Property:
    item = load(conn, archived=True).properties.get(name)
    if item is None or not item.custom:
        raise BadDefinition(
            _("%(name)s belongs to Cartfolk and cannot be changed here.") % {"name": name}
            if name in PROPERTIES
            else _("There is no property named %(name)s.") % {"name": name}
        )
    return item


def _check(conn: Connection, item: Property) -> None:
    _labels(item.label_en, item.label_de)
    _check_name(item.name)
    if item.name in PROPERTIES or item.name in _RESERVED:
        raise BadDefinition(_("The name %(name)s is taken by Cartfolk. Choose another.") % {"name": item.name})
    if item.type not in TYPES:
        raise BadDefinition(
            _("There is no type %(type)s. Choose one of %(types)s.") % {"type": item.type, "types": ", ".join(TYPES)}
        )
    if item.group not in load(conn).groups:
        raise BadDefinition(_("There is no group named %(name)s.") % {"name": item.group})
    if item.type == "enumeration" and not item.options:
        raise BadDefinition(_("A choice needs at least one option."))
    if item.type != "enumeration" and (item.options or item.multi):
        raise BadDefinition(_("Only a choice has options."))
    if len({o.value for o in item.options}) < len(item.options) or any(
        not o.value.strip() or ";" in o.value for o in item.options
    ):
        raise BadDefinition(_("Each option needs a value of its own, without a semicolon."))
    if item.formula:
        _readable(item, load(conn, archived=True).properties)
    if item.type != "number" and (item.currency or item.percent or item.whole):
        raise BadDefinition(_("Only a number can be an amount, a percentage or whole."))


def _readable(item: Property, known: Mapping[str, Property]) -> None:
    try:
        calculated.read(item, known)
    except FormulaError as error:
        raise BadDefinition(str(error)) from error


def _unread(conn: Connection, name: str, but: Collection[str] = ()) -> None:
    """Refuses when a formula reads the property; those of ``but`` are put aside with it."""
    found = calculated.users(name, load(conn, archived=True).properties)
    readers = [item for item in found if item.name not in but]
    if readers:
        told = {"name": name, "others": ", ".join(item.name for item in readers)}
        raise BadDefinition(
            _("%(name)s is read by the formula of %(others)s. Change or archive that first.") % told,
        )


def _revise(conn: Connection, item: Property) -> None:
    if item.formula:
        calculated.revise(conn)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise BadDefinition(
            _("The internal name %(name)s will not do: small letters, digits and _, beginning with a letter.")
            % {"name": name or "?"}
        )


def _labels(en: str, de: str) -> tuple[str, str]:
    """Both labels; one stands in for the other."""
    if not (en.strip() or de.strip()):
        raise BadDefinition(_("A label is missing."))
    return en.strip() or de.strip(), de.strip() or en.strip()


def _told_apart(item: Property, known: Mapping[str, Property], old: Property | None = None) -> None:
    """Refuses a label that another property, archived or not, has in the same language: in a list nobody could tell
    which is which. A label that stays as it was in ``old`` may stay."""
    for language, label in zip(("en", "de"), _labels(item.label_en, item.label_de), strict=True):
        if old and _alike(label, old.label(language)):
            continue
        other = next((p for p in known.values() if p.name != item.name and _alike(label, p.label(language))), None)
        if other:
            said = _("The property %(name)s has the label “%(label)s”. Choose another label, or use that one.")
            if other.archived:
                said = _("The archived property %(name)s has the label “%(label)s”. Choose another, or restore it.")
            raise BadDefinition(said % {"label": other.label(language), "name": other.name})


def _alike(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def _row(item: Property) -> dict[str, object]:
    en, de = _labels(item.label_en, item.label_de)
    return {
        "name": item.name, "en": en, "de": de, "about_en": item.definition_en, "about_de": item.definition_de,
        "group": item.group, "type": item.type, "multi": item.multi, "currency": item.currency,
        "percent": item.percent, "whole": item.whole, "hidden": item.hidden, "formula": item.formula,
        "options": Jsonb([_option(o) for o in item.options]),
    }  # fmt: skip


def _option(option: Option) -> dict[str, object]:
    en, de = option.label_en or option.value, option.label_de or option.label_en or option.value
    return {"value": option.value, "en": en, "de": de, "hidden": option.hidden}
