"""The connect form, generated from what the connector declares: once for the web, once for the command line."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from cartfolk.connectors.base import ConnectorInfo, FormField

from .connect import Application


def _field(item: FormField) -> forms.Field:
    common: dict[str, Any] = {
        "label": _(item.label),
        "help_text": _(item.help) if item.help else "",
        "required": item.required and item.kind != "bool",
    }
    if item.kind == "bool":
        return forms.BooleanField(**common)
    if item.kind == "select":
        return forms.ChoiceField(choices=[(value, _(label)) for value, label in item.options], **common)
    if item.secret or item.kind == "password":
        # What was typed is never sent back to the page.
        secret = forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"})
        return forms.CharField(max_length=2000, widget=secret, **common)
    if item.kind == "url":
        widget = forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://", "autocomplete": "url"})
        return forms.CharField(max_length=500, widget=widget, **common)
    return forms.CharField(max_length=2000, **common)


class ConnectForm(forms.Form):
    """Name, the connector's own fields, and how the store is treated. ``application()`` after ``is_valid()``."""

    name = forms.SlugField(max_length=80)
    idle_minutes = forms.IntegerField(min_value=5, max_value=600, initial=60)
    allow_private_address = forms.BooleanField(required=False)

    def __init__(self, info: ConnectorInfo, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.info = info
        self.fields["name"].label = _("Name")
        self.fields["name"].help_text = _("A short name for this store, used in lists and commands.")
        self.fields["name"].error_messages["invalid"] = _("Use letters, digits, - and _ only, for example tea-shop.")
        self.fields["idle_minutes"].label = _("Abandoned after (minutes)")
        self.fields["idle_minutes"].help_text = _("A cart idle for longer counts as abandoned.")
        self.fields["allow_private_address"].label = _("The shop is on a private network")
        self.fields["allow_private_address"].help_text = _("Allows addresses such as 127.0.0.1 or 192.168.1.20.")
        own = {item.name: _field(item) for item in info.fields}
        self.fields = {"name": self.fields.pop("name"), **own, **self.fields}

    def clean_name(self) -> str:
        return str(self.cleaned_data["name"]).lower()

    def application(self) -> Application:
        """What was entered, for ``connect.connect``."""
        data = self.cleaned_data
        return Application(
            platform=self.info.platform,
            name=data["name"],
            values={item.name: _text(data.get(item.name)) for item in self.info.fields},
            allow_private_address=data["allow_private_address"],
            idle_minutes=data["idle_minutes"],
        )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    return str(value or "").strip()


def from_arguments(info: ConnectorInfo, given: argparse.Namespace | Mapping[str, Any]) -> Application:
    """The parsed command line as an application."""
    values = dict(given) if isinstance(given, Mapping) else vars(given)
    return Application(
        platform=info.platform,
        name=str(values["name"]),
        values={item.name: _text(values.get(item.name)) for item in info.fields},
        allow_private_address=bool(values.get("allow_private_address")),
        idle_minutes=int(values.get("idle_minutes") or 60),
        max_concurrency=int(values.get("max_concurrency") or 6),
    )
