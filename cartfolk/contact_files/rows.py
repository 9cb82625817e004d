"""A row of a file of contacts → who it is and what to write, or what is wrong with it. A row is taken whole or not."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.utils.translation import gettext as _

from cartfolk.connectors.canonical import Consent, ConsentStatus
from cartfolk.identity import normalise
from cartfolk.inbox.fields import Wrong
from cartfolk.inbox.files.cells import Manner, Undecided
from cartfolk.inbox.files.errors import unquoted
from cartfolk.inbox.files.table import Row
from cartfolk.people import NewPerson
from cartfolk.properties.catalogue import Property
from cartfolk.properties.defined import Defined
from cartfolk.properties.parse import BadValue, parse
from cartfolk.properties.write import Mode

from .columns import KEYS, Chosen, cut

_GRANTED = {"granted", "yes", "true", "1", "ja", "erteilt", "x", "subscribed", "opted in", "optin"}
_WITHDRAWN = {"withdrawn", "no", "false", "0", "nein", "widerrufen", "unsubscribed", "opted out", "optout"}

_MONEY = re.compile(r"[A-Z]{3}|[€$£¥]")
_SIGNS = {  # the currencies that are written with a sign
    "€": {"EUR"}, "£": {"GBP"}, "¥": {"JPY", "CNY"},
    "$": {"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "TWD", "BRL", "CLP", "COP", "ARS"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """``key``: what finds the contact; ``person``: whom to make when nobody is found (None = nobody)."""

    line: int
    cells: Mapping[str, Any]
    key: str
    person: NewPerson | None
    values: dict[str, object]
    consent: Consent | None


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that cannot be taken in; ``column`` may be empty."""

    line: int
    cells: Mapping[str, Any]
    column: str
    reason: str


class Reader:
    """Reads rows as ``chosen`` says."""

    def __init__(self, chosen: Chosen, defined: Defined, import_id: int, homes: Collection[str] = ()) -> None:
        """``homes``: the home currencies of the stores. An amount that names another one is not taken for theirs."""
        self._chosen = chosen
        self._homes = homes
        self._number = import_id
        self._manner = Manner(cast(Any, chosen.decimal), chosen.zone, cast(Any, chosen.dates))
        self._properties = {
            column: defined.properties[name] for column, name in chosen.columns.items() if name not in KEYS
        }
        self._keys = {name: column for column, name in chosen.columns.items() if name in KEYS or name == "phone"}

    def read(self, row: Row) -> Wanted | Problem:
        if row.problem:
            return Problem(row.line, row.values, "", _("The row cannot be read: %s") % row.problem)
        cells = {column: _cell(value) for column, value in row.values.items()}
        column = ""
        try:
            if any("\0" in str(value) for value in cells.values()):
                raise BadValue(_("The row contains a character that no text can hold (NUL)."))
            values, bad = self._values(cells)
            if bad:
                told = "; ".join(f"{column}: {reason}" for column, reason in bad.items())
                return Problem(row.line, row.values, next(iter(bad)), told)
            email, phone = self._text(cells, "email"), self._text(cells, "phone")
            key, column = self._key(cells, email, phone)
            person = NewPerson(email, phone) if email or normalise.phone(phone) else None
            consent, column = self._consent(cells, email), ""
        except (BadValue, Wrong) as wrong:
            reason = f"{getattr(wrong, 'field', '') or column}: {wrong}" if column else str(wrong)
            return Problem(row.line, row.values, column, reason)
        return Wanted(row.line, row.values, key, person, values, consent)

    def _values(self, cells: Mapping[str, Any]) -> tuple[dict[str, object], dict[str, str]]:
        """The values of the row's properties, and by column, in the file's order, what is wrong with each that does not
        fit and with the e-mail address: all of it, so that the row is mended once."""
        values: dict[str, object] = {}
        bad: dict[str, str] = {}
        for column in dict.fromkeys((*cells, *self._properties)):
            item = self._properties.get(column)
            email = self._text(cells, "email") if column == self._keys.get("email") else ""
            if email and normalise.typed(email) is None:
                bad[column] = _("is no e-mail address")
            if item is None:
                continue
            raw = cells.get(column)
            try:
                if raw is not None and raw != "":
                    values[item.name] = self._value(item, raw, column)
                elif self._chosen.clear and self._chosen.mode is Mode.OVERWRITE:
                    values[item.name] = None
            except BadValue as wrong:
                bad[column] = str(wrong)
        return values, bad

    def _text(self, cells: Mapping[str, Any], name: str) -> str:
        column = self._keys.get(name)  # a column of the file may have no name, so none is not ""
        return "" if column is None else str(cells.get(column) or "").strip()

    def _key(self, cells: Mapping[str, Any], email: str, phone: str) -> tuple[str, str]:
        """What finds the contact, normalised, and its column. An empty one finds nobody but may make somebody."""
        match self._chosen.match:
            case "email":
                if not email:
                    raise BadValue(_("The e-mail address is empty: nobody knows whose row this is."))
                return normalise.email(email) or "", ""
            case "phone":
                found = normalise.phone(phone)
                if not found:
                    raise BadValue(_("The phone number is empty or too short: nobody knows whose row this is."))
                return found, ""
            case name:
                return self._text(cells, name), self._keys.get(name, "")

    def _value(self, item: Property, raw: Any, column: str) -> object:
        """The raw value as ``parse`` understands it; raises BadValue."""
        found: object = raw
        try:
            if item.type == "number":
                found = self._manner.number(self._amount(item, raw), column)
            elif item.type == "datetime":
                found = self._manner.time(raw, column)
            elif item.type == "date":
                found = self._manner.time(raw, column)[:10]
            elif item.multi and isinstance(raw, str):
                found = cut(raw, self._chosen.marks.get(column, ";"))
        except Undecided:
            raise BadValue(_undecided()) from None
        except Wrong:
            found = raw  # its own sentence, in the reader's language
        if parse(item, found) is None and self._chosen.mode is not Mode.OVERWRITE:
            return None
        return found

    def _amount(self, item: Property, raw: Any) -> Any:
        """The amount without what the property says anyway: its percent sign. Raises BadValue for other money."""
        if not isinstance(raw, str):
            return raw
        if item.percent:
            return raw.strip().removesuffix("%")
        if item.currency and not item.currency_in and self._homes and (named := _MONEY.search(raw)):
            said = named[0]
            if not _SIGNS.get(said, {said}) & set(self._homes):
                known = ", ".join(sorted(self._homes))
                raise BadValue(_("is in %(said)s, but this property holds %(home)s; convert it, or leave the row out")
                               % {"said": said, "home": known})  # fmt: skip
        return raw

    def _consent(self, cells: Mapping[str, Any], email: str) -> Consent | None:
        """Consent with all its evidence, or None; raises BadValue when only a part of it stands there."""
        word = self._text(cells, "consent.status").lower()
        if not word:
            return None
        if word not in _GRANTED | _WITHDRAWN:
            raise BadValue(_("The consent is %s; write granted or withdrawn.") % repr(word[:40]))
        status = ConsentStatus.GRANTED if word in _GRANTED else ConsentStatus.WITHDRAWN
        source, wording = self._text(cells, "consent.source"), self._text(cells, "consent.wording")
        time = self._text(cells, "consent.at")
        if not time or not source or (status is ConsentStatus.GRANTED and not wording):
            raise BadValue(_("Consent without evidence: it needs where it was given, when, and to which words."))
        if source.lower() in ("import", "sync"):
            raise BadValue(_("Consent: %s is no place where somebody agreed. Name the form, the shop or the event.")
                           % repr(source))  # fmt: skip
        try:
            at = datetime.fromisoformat(self._manner.time(time, self._keys["consent.at"]))
        except Undecided:
            raise BadValue(_undecided()) from None
        except Wrong:
            raise BadValue(_("Consent: %s is no time like 2026-04-03 10:30.") % repr(time[:40])) from None
        if not email:
            raise BadValue(_("The e-mail address is empty: nobody knows who agreed."))
        return Consent(status, at, source[:200], email, wording=wording or None, evidence={"import": self._number})


def _undecided() -> str:
    return _("could be day or month first; say which under “How the file writes dates and numbers”")


def _cell(value: Any) -> Any:
    return unquoted(value.strip()) if isinstance(value, str) else value
