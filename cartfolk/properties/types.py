"""What people call the types of properties."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TYPE_NAMES: Mapping[str, Promise] = {
    "string": _("Text, one line"),
    "text": _("Text, several lines"),
    "number": _("Number"),
    "date": _("Date"),
    "datetime": _("Date and time"),
    "bool": _("Yes or no"),
    "enumeration": _("Choice"),
    "email": _("E-mail"),
    "phone": _("Phone"),
    "url": _("Web address"),
}
"""Type -> its name; lazy, because this is imported before there are settings."""
