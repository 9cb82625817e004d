"""The risk: a country stays in two spellings, or a text that is none becomes one."""

from __future__ import annotations

import pytest

from cartfolk.connectors.countries import code


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Deutschland", "DE"), (" germany ", "DE"), ("DEU", "DE"), ("de", "DE"), ("Österreich", "AT"),
        ("OESTERREICH", "AT"), ("Bosnia and Herzegovina", "BA"), ("Bosnien und Herzegowina", "BA"), ("UK", "GB"),
        ("Großbritannien", "GB"), ("Grossbritannien", "GB"), ("USA", "US"), ("Türkei", "TR"), ("Turkey", "TR"),
        ("Côte d’Ivoire", "CI"), ("China", "CN"), ("Georgia", "GE"),
    ],
)  # fmt: skip
def test_a_country_has_one_code_however_it_is_written(text, wanted):
    assert code(text) == wanted


@pytest.mark.parametrize("text", ["", " ", "&", "Bayern", "ZZ", "EU", "Unknown Region", "QQ", "-", "D", "276"])
def test_what_is_no_country_has_no_code(text):
    assert code(text) is None
