"""Moments, days and numbers in the reader's locale. A page writes hundreds of them: every pattern is parsed once
and what repeats is written once."""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import cache, lru_cache
from typing import Literal

from babel import Locale
from babel.dates import DateTimePattern, get_date_format, get_datetime_format, get_time_format, parse_pattern
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


def moment(at: datetime) -> str:
    """Day and time to the second in the reader's zone, with its name, e.g. 4 Nov 2026, 13:05:09 CET."""
    return _moment(locale(), timezone.get_current_timezone(), at)


def day(local: date) -> str:
    """A calendar day, e.g. 4 Nov 2026."""
    return _day(locale(), local)


def day_of(at: datetime) -> str:
    """The calendar day of a moment in the reader's zone."""
    return _day_of(locale(), timezone.get_current_timezone(), at)


def decimal(value: Decimal, pattern: str) -> str:
    """A number by a CLDR number pattern such as ``#,##0.##``."""
    return _decimal(locale(), value, pattern)


def percentage(value: Decimal) -> str:
    """A percentage as it was entered: 12.5 is 12.5%."""
    return _decimal(locale(), value / 100, _percent(locale()))


def money(amount: Decimal, currency: str) -> str:
    """An amount with as many decimals as the currency has. Raises ValueError when nobody knows that currency."""
    if len(currency) != 3 or get_currency_precision(currency) < 0:
        raise ValueError(currency)
    return _money(locale(), amount, currency)


@lru_cache(_KEPT)
def _moment(of: Locale, zone: tzinfo, at: datetime) -> str:
    local = at.astimezone(zone)
    return f"{_moments(of).apply(local.replace(tzinfo=None), of)} {local.tzname()}"


@lru_cache(_KEPT)
def _day(of: Locale, local: date) -> str:
    return _days(of).apply(local, of)


@lru_cache(_KEPT)
def _day_of(of: Locale, zone: tzinfo, at: datetime) -> str:
    return _day(of, at.astimezone(zone).date())


@lru_cache(_KEPT)
def _decimal(of: Locale, value: Decimal, pattern: str) -> str:
    return str(_numbers(pattern).apply(value, of))


@lru_cache(_KEPT)
def _money(of: Locale, amount: Decimal, currency: str) -> str:
    return str(format_currency(amount, currency, locale=of))


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
    """The locale's pattern of a percentage, with at most two decimals."""
    return str(of.percent_formats[None].pattern).replace("#,##0", "#,##0.##")


@cache
def _numbers(pattern: str) -> NumberPattern:
    return parse_number(pattern)
