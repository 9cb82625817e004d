"""Forms around one's own account, people and API tokens."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from .roles import Role
from .tokens import Scope


def new_password(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=_("At least 10 characters. A short sentence is easy to remember."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        validators=[validate_password],
    )


def code_field() -> forms.CharField:
    return forms.CharField(
        label=_("Code"),
        max_length=24,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "text", "autocapitalize": "off", "spellcheck": "false"}
        ),
    )


def current_password() -> forms.CharField:
    return forms.CharField(
        label=_("Present password"), widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


class Accept(forms.Form):
    """What an invited person says of themselves."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True}),
    )
    password = new_password(_("Password"))


class Profile(forms.Form):
    name = forms.CharField(
        label=_("Your name"), max_length=150, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=[("", _("As the browser says")), *settings.LANGUAGES], required=False
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)

    def __init__(self, data: Any = None, **more: Any) -> None:
        super().__init__(data, **more)
        zones = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
        choices = [("", _("As the browser says")), ("UTC", "UTC"), *((zone, zone) for zone in zones)]
        self.fields["time_zone"].choices = choices  # type: ignore[attr-defined]


class Password(forms.Form):
    """The present password and the new one."""

    present = current_password()
    password = new_password(_("New password"))

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(data, auto_id="password_%s")
        self.user = user


class Code(forms.Form):
    code = code_field()


class Disable(forms.Form):
    """What turning the second step off takes."""

    present = current_password()
    code = code_field()


class Invite(forms.Form):
    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.MARKETER)


class NewToken(forms.Form):
    """Name, scopes and life of an API token."""

    DAYS = ((30, _("30 days")), (90, _("90 days")), (365, _("One year")), (0, _("No end")))

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What uses it, so that you know later what ends with it.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("May"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple, initial=[Scope.CONTACTS_READ]
    )
    days = forms.TypedChoiceField(label=_("Works for"), choices=DAYS, coerce=int, initial=365)
