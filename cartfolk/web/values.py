"""Property values as people read them: by the property's type, in the reader's language and zone."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from . import formats, products
from .templatetags.cartfolk import EMPTY, ago, day, money, number
from .words import conversion, lifecycle

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
    if empty(value):
        return EMPTY
    if options and isinstance(value, list):
        value = [options.get(str(item), item) for item in value]
    elif options and str(value) in options:
        return options[str(value)]
    if name in _CONVERSIONS:
        return conversion(str(value))
    if name in products.TABLES:
        return products.words(str(value))
    if name == "lifecyclestage":
        return lifecycle(str(value))
    match kind(type_):
        case "money":
            return money(value, currency)
        case "number":
            return number(value)
        case "percent":
            return formats.percentage(Decimal(str(value)))
        case "datetime":
            return ago(value)
        case "date":
            return day(value)
        case "bool":
            return gettext("Yes") if value in (True, "true", "True", "yes", "Yes", 1) else gettext("No")
        case _:
            return _text(value)


def _text(value: Any) -> SafeString | str:
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, list):
        return format_html_join(" ", '<span class="chip">{}</span>', ((str(item),) for item in value))
    text = str(value)
    if text.startswith(("https://", "http://")) and " " not in text and urlsplit(text).hostname:
        return format_html('<a href="{}" rel="noreferrer noopener" target="_blank">{}</a>', text, text)
    return text
