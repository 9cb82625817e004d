"""Risk: patterns parsed once and texts kept show another person's zone or language, or another text than CLDR's."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal
from django.utils import timezone, translation

from cartfolk.web import formats

MOMENTS = (datetime(2026, 3, 29, 1, 30, tzinfo=UTC), datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC))
AMOUNTS = (Decimal("0"), Decimal("-1234.5"), Decimal("1000000.005"), Decimal("12"))


@pytest.mark.parametrize(("language", "cldr"), [("de", "de"), ("en", "en_GB")])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
def test_moments_and_days_are_cldrs_in_every_zone(language: str, cldr: str, zone: str) -> None:
    of = Locale.parse(cldr)
    with translation.override(language), timezone.override(ZoneInfo(zone)):
        for moment in MOMENTS:
            local = moment.astimezone(ZoneInfo(zone))
            day = format_date(local.date(), "medium", locale=of)
            assert formats.moment(moment) == f"{format_datetime(local, 'medium', locale=of)} {local.tzname()}"
            assert formats.day(local.date()) == formats.day_of(moment) == day


@pytest.mark.parametrize(("language", "cldr"), [("de", "de"), ("en", "en_GB")])
def test_numbers_and_amounts_are_cldrs(language: str, cldr: str) -> None:
    of = Locale.parse(cldr)
    with translation.override(language):
        for amount in AMOUNTS:
            assert formats.decimal(amount, "#,##0.##") == format_decimal(amount, "#,##0.##", locale=of)
            for currency in ("EUR", "JPY", "KWD"):
                assert formats.money(amount, currency) == format_currency(amount, currency, locale=of)
