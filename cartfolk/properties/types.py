"""What people call the types of properties."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _n

TYPE_NAMES: Mapping[str, str] = {
    "string": _n("Text, one line"),
    "text": _n("Text, several lines"),
    "number": _n("Number"),
    "date": _n("Date"),
    "datetime": _n("Date and time"),
    "bool": _n("Yes or no"),
    "enumeration": _n("Choice"),
    "email": _n("E-mail"),
    "phone": _n("Phone"),
    "url": _n("Web address"),
}
"""Type -> its name, to be translated where it is shown."""
