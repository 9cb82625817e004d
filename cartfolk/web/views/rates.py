"""An owner's exchange rates of a store, for orders whose shop tells none."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from cartfolk.audit import log
from cartfolk.commerce import jobs, rates
from cartfolk.core.sql import Connection
from cartfolk.stores.models import Store

from ..access import actor, database, member, owner
from ..sentences import said
from .stores import named

FIELDS = ("currency", "rate", "valid_from")


class RateForm(forms.Form):
    """``cleaned_data`` holds a currency's code, a Decimal and a day or None."""

    currency = forms.CharField(
        label=gettext_lazy("Currency"),
        help_text=gettext_lazy("Of the orders, such as USD."),
        max_length=10,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    rate = forms.CharField(
        label=gettext_lazy("Rate"),
        max_length=30,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    valid_from = forms.DateField(
        label=gettext_lazy("Valid from"),
        help_text=gettext_lazy("The first day of orders it serves, until the next rate. Empty: from the beginning."),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def __init__(self, store: Store, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.store = store
        self.fields["rate"].help_text = _("What one unit of it is worth in %(currency)s, such as 0.9174.") % {
            "currency": store.home_currency
        }

    def clean_currency(self) -> Any:
        return self._said(lambda: rates.code(self.cleaned_data["currency"], self.store.home_currency))

    def clean_rate(self) -> Any:
        return self._said(lambda: rates.number(self.cleaned_data["rate"]))

    def _said(self, read: Any) -> Any:
        try:
            return read()
        except rates.RateInvalid as error:
            raise forms.ValidationError(said(str(error))) from None


@member
@require_GET
def store_rates(request: HttpRequest, name: str) -> HttpResponse:
    conn, store = database(), named(name)
    form = RateForm(store, initial={field: request.GET.get(field, "") for field in FIELDS})
    return render(request, "web/store_rates.html", _context(conn, store, form))


@owner
@require_POST
def store_rate_save(request: HttpRequest, name: str) -> HttpResponse:
    """Enters a rate or corrects the one of that day."""
    conn, store = database(), named(name)
    form = RateForm(store, request.POST)
    if not form.is_valid():
        return render(request, "web/store_rates.html", _context(conn, store, form), status=422)
    told = form.cleaned_data
    own = rates.OwnRate(told["currency"], rates.beginning(told["valid_from"], store.timezone), told["rate"])
    with conn.transaction():
        rates.save(conn, store.pk, own)
        log.note(conn, actor(request), "store.rate_saved", f"store:{store.name}", currency=own.currency)
    jobs.start_rating(store.pk)
    messages.success(request, _("Saved. Orders without a rate of their own are valued by it now."))
    return redirect("web:store-rates", name)


@owner
@require_POST
def store_rate_remove(request: HttpRequest, name: str) -> HttpResponse:
    """Takes a rate away and leaves it in the form, so that saving brings it back."""
    conn, store = database(), named(name)
    currency, day = request.POST.get("currency", ""), _day(request.POST.get("valid_from", ""))
    with conn.transaction():
        was = rates.remove(conn, store.pk, currency, rates.beginning(day, store.timezone))
        if was is not None:
            log.note(conn, actor(request), "store.rate_removed", f"store:{store.name}", currency=currency)
    if was is None:
        messages.warning(request, _("That rate is gone already."))
        return redirect("web:store-rates", name)
    jobs.start_rating(store.pk)
    messages.success(request, _("Removed. To take that back, save it again below."))
    again = {"currency": currency, "rate": f"{was:f}", "valid_from": day.isoformat() if day else ""}
    return redirect(f"{reverse('web:store-rates', args=[name])}?{urlencode(again)}")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _context(conn: Connection, store: Store, form: RateForm) -> dict[str, Any]:
    return {
        "store": store,
        "form": form,
        "rows": [
            {"currency": own.currency, "rate": own.rate, "day": rates.day_of(own.valid_from, store.timezone)}
            for own in rates.listed(conn, store.pk)
        ],
        "unrated": rates.missing(conn, store.pk),
        "rating": store.pk in rates.waiting(conn),
    }
