"""The rows of *View all properties*."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from .. import rows

register = template.Library()


@register.simple_tag(takes_context=True)
def property_row(context: dict[str, Any], row: Any, base: str, **how: bool) -> SafeString:
    """One property of the record's contact: ``{% property_row row base kept=True %}`` (see ``rows.html``)."""
    kept, beside, focus = (bool(how.get(name)) for name in ("kept", "beside", "focus"))
    return rows.html(row, base, context["may"]["change"], kept, beside=beside, focus=focus)
