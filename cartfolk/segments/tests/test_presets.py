"""Risk: a preset cannot be asked of this account, counts other people than it says, or has no sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cartfolk import pipeline
from cartfolk.core.sql import Connection
from cartfolk.segments import language, sentence, stored
from cartfolk.segments.presets import PRESETS

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
AGO = {1: (10,), 2: (100,), 3: (400,), 4: (5, 40), 5: (20, 50, 80, 110, 140, 170)}  # contact: orders, days ago


@pytest.fixture
def shop(conn: Connection) -> Connection:
    conn.execute("insert into contact (contact_id) select generate_series(1, 7)")
    conn.execute(
        "insert into store_rule (store_id, home_currency, live_from, label, name)"
        " values (7, 'EUR', '2020-01-01', 'WooCommerce', 'shop')"
    )
    for contact, days in AGO.items():
        for place, ago in enumerate(days):
            conn.execute(
                "insert into orders (contact_id, order_id, store_id, external_id, version, received_at, number, status,"
                " status_raw, currency, total, tax, shipping, discount, detail, placed_at) values"
                " (%(c)s, %(n)s, 7, %(n)s::text, %(at)s, %(at)s, '1', 'completed', 'completed', 'EUR', 300, 0, 0, 0, 0,"
                " %(at)s)",
                {"c": contact, "n": contact * 100 + place, "at": NOW - timedelta(days=ago)},
            )
    with conn.transaction():
        pipeline.refresh(conn, range(1, 8), NOW, "sync")
    return conn


WHOM: dict[str, set[int]] = {
    "customers": {1, 2, 3, 4, 5},
    "once": {1, 2, 3},
    "twice": {4},
    "four": {5},
    "engaged": {1, 4, 5},
    "disengaged": {2},
    "repeat": {5},
    "new": {1},
    "win-back-90": {2, 3},
    "win-back-365": {3},
    "vip": {5},
    "big": {5},
    "hibernating": {3},
    "second-order": set(),
    "abandoned": set(),
    "anniversary": set(),
}


def test_a_preset_has_whom_it_says(shop: Connection) -> None:
    context = stored.context(shop)
    roots = {key: language.from_json(PRESETS[key].definition, context) for key in WHOM}
    assert {key: set(stored.count(shop, root, context, NOW).sample) for key, root in roots.items()} == WHOM


def test_every_preset_can_be_asked_and_said(shop: Connection) -> None:
    context = stored.context(shop)
    for preset in PRESETS.values():
        root = language.from_json(preset.definition, context)
        stored.count(shop, root, context, NOW)
        assert sentence.segment(root, context).startswith("Contacts: ")


CLASSIC = (
    *("customers", "leads", "mql", "abandoned", "best", "big", "mid", "low", "loyal", "churning", "lost", "new"),
    *("attention", "sleep", "newsletter", "once", "twice", "thrice", "four", "engaged", "disengaged", "repeat"),
)
THRESHOLDS = ("champions", "loyal", "promising", "attention", "at-risk", "sleep", "hibernating")
RANKS = ("champions", "loyal", "potential", "new", "promising", "attention", "sleep", "at-risk", "keep", "hibernating")
OTHERS = (
    "cart-1h",
    "cart-24h",
    "cart-72h",
    "win-back-90",
    "win-back-180",
    "win-back-365",
    "vip",
    "once",
    "anniversary",
)


def test_the_classic_lists_ratings_ranks_ladders_and_the_rest_are_there() -> None:
    assert len(CLASSIC) == 22
    wanted = {*CLASSIC, *THRESHOLDS, *OTHERS, "rank-lost", *(f"rank-{name}" for name in RANKS)}
    assert wanted - set(PRESETS) == set()
    names = [preset.name.lower() for preset in PRESETS.values()]
    assert len(names) == len(set(names))


def test_the_manual_names_how_many_presets_there_are() -> None:
    root = Path(__file__).resolve().parents[3] / "docs"
    for page in ("segments.md", "de/segmente.md"):
        assert f"# {len(PRESETS)} " in (root / page).read_text("utf-8"), page
