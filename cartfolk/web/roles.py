"""Roles: each may do what the ones before it may."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    READER = "reader", _("Read only")
    MARKETER = "marketer", _("Marketer")
    OWNER = "owner", _("Owner")

    def includes(self, other: Role) -> bool:
        """Whether this role may do what ``other`` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


#: What a role may do, for whoever gives it.
MEANINGS = {
    Role.OWNER: _("Everything: shops, people, tokens, privacy."),
    Role.MARKETER: _("Changes contacts, segments and views; exports. Sees the shops."),
    Role.READER: _("Sees everything, changes and exports nothing."),
}
