"""Property values as people read them: by the property's type, in the reader's language and zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from cartfolk.core.time import now

from . import formats, products
from .templatetags.cartfolk import EMPTY, amount, day, since
from .words import CONVERSIONS, conversion, lifecycle

_KINDS = {"string": "text", "enumeration": "text", "email": "text", "phone": "text", "url": "text"}
_CONVERSIONS = {"recent_conversion_event_name", "first_conversion_event_name"}


def kind(type_: str) -> str:
    """The catalogue's type as one of text, number, money, date, datetime, bool, list."""
    return _KINDS.get(type_, type_)


def empty(value: Any) -> bool:
    return value is None or value == "" or value == []


def shown(
    value: Any, type_: str, currency: str = "", name: str = "", options: Mapping[str, str] | None = None
) -> SafeString | str:
    """The value for a page. Text comes back unescaped: templates escape it."""
    return writer(type_, currency, name, options)(value)


Write = Callable[[Any], SafeString | str]


def writer(type_: str, currency: str = "", name: str = "", options: Mapping[str, str] | None = None) -> Write:
    """How a page writes the values of one property (see :func:`shown`), asked for once by who writes many."""
    write = _written(kind(type_), currency, name)

    def written(value: Any) -> SafeString | str:
        if empty(value):
            return EMPTY
        if options and isinstance(value, list):
            value = [options.get(str(item), item) for item in value]
        elif options and str(value) in options:
            return options[str(value)]
        return write(value)

    return written


def _written(type_: str, currency: str, name: str) -> Write:
    if name in _CONVERSIONS:
        told = {event: conversion(event) for event in CONVERSIONS}
        return lambda value: told.get(value) or str(value)
    if name in products.TABLES:
        return lambda value: products.words(str(value))
    if name == "lifecyclestage":
        return lambda value: lifecycle(str(value))
    of, at = formats.reader(), now()
    match type_:
        case "money":
            return lambda value: amount(value, currency, of)
        case "number":
            return lambda value: of.decimal(Decimal(str(value)), "#,##0.######")
        case "year":
            return lambda value: of.decimal(Decimal(str(value)), "0.######")
        case "percent":
            return lambda value: formats.percentage(Decimal(str(value)))
        case "datetime":
            return lambda value: since(value, at, of)
        case "date":
            return day
        case "bool":
            return lambda value: gettext("Yes") if value in (True, "true", "True", "yes", "Yes", 1) else gettext("No")
    return _text


def _text(value: Any) -> SafeString | str:
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, list):
        return format_html_join(" ", '<span class="chip">{}</span>', ((str(item),) for item in value))
    text = str(value)
    if text.startswith(("https://", "http://")) and " " not in text and urlsplit(text).hostname:
        return format_html('<a href="{}" rel="noreferrer noopener" target="_blank">{}</a>', text, text)
    return text
