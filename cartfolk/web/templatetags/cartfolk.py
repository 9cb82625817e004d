"""How values look: money, numbers and times in the reader's own language and zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from babel.dates import format_timedelta
from babel.numbers import format_percent
from django import template
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from cartfolk.core.time import iso, now

from .. import formats, sentences, words
from ..formats import Reader

register = template.Library()
EMPTY = "–"


@register.filter
def number(value: Any, of: Reader | None = None) -> str:
    """A number with the reader's separators; at most two decimals."""
    if value is None or value == "":
        return EMPTY
    try:
        return (of or formats.reader()).decimal(Decimal(str(value)), "#,##0.##")
    except InvalidOperation:
        return str(value)


@register.filter
def decimal(value: Any) -> str:
    """A number with the reader's separators and all its decimals, such as an exchange rate."""
    return EMPTY if value is None else formats.decimal(Decimal(value), "#,##0.############")


@register.filter
def counted(value: int) -> str:
    """A count that stops at 100,001 because nobody waits for more."""
    return number(value) if value <= 100_000 else gettext("more than %(count)s") % {"count": number(100_000)}


@register.filter
def whole(value: Any) -> str:
    """A measured number, such as a rate, without decimals nobody reads."""
    return number(None if value is None else round(value))


@register.filter
def money(value: Any, currency: str | None = "") -> str:
    """An amount in major units with its currency, as many decimals as that currency has."""
    return amount(value, currency, formats.reader())


def amount(value: Any, currency: str | None, of: Reader) -> str:
    if value is None or value == "":
        return EMPTY
    try:
        exactly = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    if not currency:
        return of.decimal(exactly, "#,##0.00")
    try:
        return of.money(exactly, currency)
    except ValueError:
        return f"{of.decimal(exactly, '#,##0.00')} {currency}"


@register.filter
def percent(done: Any, expected: Any) -> str:
    if not expected:
        return ""
    return str(format_percent(min(1, done / expected), locale=formats.locale()))


@register.filter
def share(done: Any, expected: Any) -> int:
    """Whole per cent, 0 to 100, for a progress bar."""
    if not expected:
        return 0
    return min(100, int(100 * (done or 0) / expected))


@register.filter
def exact(value: Any) -> str:
    """The exact time in the reader's zone."""
    moment = _moment(value)
    if moment is None:
        return EMPTY
    return formats.moment(moment)


@register.filter
def day(value: Any) -> str:
    """A calendar day, for humans: 4 Nov 2026."""
    if isinstance(value, str):
        value = parse_date(value[:10])
    if value is None:
        return EMPTY
    if isinstance(value, datetime):
        return formats.day_of(value)
    return formats.day(value)


@register.filter
def ago(value: Any) -> SafeString | str:
    """A relative time, the exact one on hover and for machines."""
    return since(value, now(), formats.reader())


def since(value: Any, at: datetime, of: Reader) -> SafeString | str:
    moment = _moment(value)
    return EMPTY if moment is None else _ago(moment, _distance(moment - at), of)


def relative(moment: datetime, at: datetime) -> str:
    """``3 minutes ago`` within a month, the day itself before that."""
    return _relative(moment, _distance(moment - at), formats.reader())


def _relative(moment: datetime, distance: timedelta | None, of: Reader) -> str:
    if distance is None:
        return of.day_of(moment)
    return of.distance(distance) if distance else gettext("just now")


def _distance(distance: timedelta) -> timedelta | None:
    """How far away, as exactly as it is told: so what a page wrote a moment ago need not be written again. Nothing when
    it is now, None when the day is told instead."""
    seconds = round(distance.total_seconds())
    far = abs(seconds)
    if far > 27 * 86_400:
        return None
    step = 3_600 if far > 2 * 86_400 else 60 if far > 2 * 3_600 else 1
    return timedelta(seconds=round(seconds / step) * step if far >= 45 else 0)


@lru_cache(8192)
def _ago(moment: datetime, distance: timedelta | None, of: Reader) -> SafeString:
    # All three parts are written here, none by a shop: nothing to escape.
    told = _relative(moment, distance, of)
    return mark_safe(f'<time datetime="{iso(moment)}" title="{of.moment(moment)}">{told}</time>')  # noqa: S308


@register.filter
def duration(seconds: Any) -> str:
    """A length of time in its largest unit: 12 seconds, 3 minutes."""
    if seconds is None:
        return EMPTY
    return str(format_timedelta(timedelta(seconds=float(seconds)), threshold=1.5, locale=formats.locale()))


@register.filter
def initials(name: Any) -> str:
    parts = [part for part in str(name or "").replace("@", " ").split() if part[:1].isalnum()]
    return "".join(part[0] for part in (parts[:1] + parts[-1:] if len(parts) > 1 else parts)).upper() or "?"


@register.filter
def lookup(mapping: Any, key: Any) -> Any:
    """``mapping[key]``, for keys that a template cannot spell."""
    return mapping.get(key) if mapping else None


def _moment(value: Any) -> datetime | None:
    if isinstance(value, str):
        value = parse_datetime(value)
    if isinstance(value, datetime):
        return value if value.tzinfo else timezone.make_aware(value)
    if isinstance(value, date):
        return timezone.make_aware(datetime(value.year, value.month, value.day))  # noqa: DTZ001
    return None


@register.filter
def word(text: Any, of: str) -> str:
    """The reader's word for a state, stream, source ...: ``{{ order.status|word:"order" }}``."""
    if of == "conversion":
        return words.conversion(str(text))
    return words.say(getattr(words, of.upper()), str(text))


@register.filter
def said(sentence: Any) -> SafeString | str:
    """A connector's sentence in the reader's language; one without translation is marked as English."""
    text = str(sentence or "")
    theirs = sentences.said(text)
    if theirs == text and text and not (get_language() or "en").startswith("en"):
        return format_html('<span lang="en">{}</span>', text)
    return theirs


@register.filter
def tone(state: Any) -> str:
    """The colour class of a state: good, warn, bad, quiet."""
    return words.TONE.get(str(state), "plain")
