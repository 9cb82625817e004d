"""Moments, days and numbers in the reader's locale. A page writes hundreds of them: every pattern is parsed once
and what repeats is written once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cache, lru_cache
from typing import Literal

from babel import Locale
from babel.dates import (
    DateTimePattern,
    format_timedelta,
    get_date_format,
    get_datetime_format,
    get_time_format,
    parse_pattern,
)
from babel.numbers import NumberPattern, format_currency, get_currency_precision
from babel.numbers import parse_pattern as parse_number
from django.utils import timezone
from django.utils.translation import get_language

_KEPT = 8192  # texts a process keeps of each kind: days, counts and amounts repeat from page to page
_LOCALES = {name: Locale.parse(name) for name in ("de", "en_GB")}


def language() -> Literal["en", "de"]:
    """The reader's language, as far as Cartfolk speaks it."""
    return "de" if (get_language() or "en").startswith("de") else "en"


def locale() -> Locale:
    """The locale that writes the reader's language."""
    return _LOCALES["de" if language() == "de" else "en_GB"]


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """How somebody reads: asked for once by whoever writes many values, as Django takes longer to tell the language
    than a value takes to be written."""

    locale: Locale
    zone: tzinfo

    def moment(self, at: datetime) -> str:
        """Day and time to the second in the reader's zone, with its name, e.g. 4 Nov 2026, 13:05:09 CET."""
        return _moment(self, at)

    def day(self, local: date) -> str:
        """A calendar day, e.g. 4 Nov 2026."""
        return _day(self, local)

    def day_of(self, at: datetime) -> str:
        """The calendar day of a moment in the reader's zone."""
        return _day(self, at.astimezone(self.zone).date())

    def distance(self, span: timedelta) -> str:
        """How far away, e.g. 3 minutes ago."""
        return _distance(self, span)

    def decimal(self, value: Decimal, pattern: str) -> str:
        """A number by a CLDR number pattern such as ``#,##0.##``."""
        return _decimal(self, value, pattern)

    def money(self, amount: Decimal, currency: str) -> str:
        """An amount with as many decimals as the currency has. Raises ValueError when nobody knows that currency."""
        if len(currency) != 3 or get_currency_precision(currency) < 0:
            raise ValueError(currency)
        return _money(self, amount, currency)


def reader() -> Reader:
    """Whoever reads this page."""
    return _reader(language(), timezone.get_current_timezone())


@lru_cache(256)
def _reader(of: Literal["en", "de"], zone: tzinfo) -> Reader:
    return Reader(_LOCALES["de" if of == "de" else "en_GB"], zone)


def moment(at: datetime) -> str:
    return reader().moment(at)


def day(local: date) -> str:
    return reader().day(local)


def day_of(at: datetime) -> str:
    return reader().day_of(at)


def decimal(value: Decimal, pattern: str) -> str:
    return reader().decimal(value, pattern)


def money(amount: Decimal, currency: str) -> str:
    """Raises ValueError when nobody knows that currency."""
    return reader().money(amount, currency)


def percentage(value: Decimal) -> str:
    """A percentage as it was entered: 12.5 is 12.5%."""
    of = reader()
    return of.decimal(value / 100, _percent(of.locale))


@lru_cache(_KEPT)
def _moment(of: Reader, at: datetime) -> str:
    local = at.astimezone(of.zone)
    return f"{_moments(of.locale).apply(local.replace(tzinfo=None), of.locale)} {local.tzname()}"


@lru_cache(_KEPT)
def _day(of: Reader, local: date) -> str:
    return _days(of.locale).apply(local, of.locale)


@lru_cache(_KEPT)
def _distance(of: Reader, span: timedelta) -> str:
    return str(format_timedelta(span, add_direction=True, threshold=0.95, locale=of.locale))


@lru_cache(_KEPT)
def _decimal(of: Reader, value: Decimal, pattern: str) -> str:
    return str(_numbers(pattern).apply(value, of.locale))


@lru_cache(_KEPT)
def _money(of: Reader, amount: Decimal, currency: str) -> str:
    return str(format_currency(amount, currency, locale=of.locale))


@cache
def _days(of: Locale) -> DateTimePattern:
    return get_date_format("medium", of)


@cache
def _moments(of: Locale) -> DateTimePattern:
    both = str(get_datetime_format("medium", locale=of)).replace("'", "")
    time = get_time_format("medium", of).pattern
    return parse_pattern(both.replace("{0}", time).replace("{1}", _days(of).pattern))


@cache
def _percent(of: Locale) -> str:
    """The locale's pattern of a percentage, with at most four decimals."""
    return str(of.percent_formats[None].pattern).replace("#,##0", "#,##0.####")


@cache
def _numbers(pattern: str) -> NumberPattern:
    return parse_number(pattern)
