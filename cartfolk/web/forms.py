"""Forms of the pages that are not generated from a connector (that one is ``stores.forms.ConnectForm``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _


class SignIn(forms.Form):
    email = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(
        label=_("Password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


class Owner(forms.Form):
    email = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(
        label=_("Password"),
        help_text=_("At least 10 characters. A short sentence is easy to remember."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password)
        return password


class StoreSettings(forms.Form):
    idle_minutes = forms.IntegerField(
        label=_("A cart is abandoned after"),
        min_value=5,
        max_value=600,
        help_text=_("Minutes without a change, from 5 minutes to 10 hours (600)."),
    )

    max_concurrency = forms.IntegerField(
        label=_("Requests at once"),
        min_value=1,
        max_value=50,
        help_text=_("What the shop's server bears during an import, 1 to 50. Fewer are sent while it is slow."),
    )

    def __init__(
        self,
        statuses: Mapping[str, str],
        ours: Mapping[str, str],
        data: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(data, **more)
        self.statuses = statuses
        choices = [(word, label) for word, label in ours.items()]
        for theirs, current in statuses.items():
            self.fields[f"status_{theirs}"] = forms.ChoiceField(
                label=theirs, choices=choices, initial=current, required=False
            )

    def status_fields(self) -> list[forms.BoundField]:
        return [self[f"status_{theirs}"] for theirs in self.statuses]

    def wrong_statuses(self) -> bool:
        return any(name.startswith("status_") for name in self.errors)

    def chosen(self) -> dict[str, str]:
        """The shop's word -> ours."""
        return {theirs: self.cleaned_data[f"status_{theirs}"] or was for theirs, was in self.statuses.items()}
