"""Risk: a calculated property is not what its formula says of the other values, at any time, however they came."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cartfolk import pipeline
from cartfolk.properties import calculated, definitions
from cartfolk.properties.catalogue import PROPERTIES, Option, Property
from cartfolk.properties.compute import compute, move
from cartfolk.properties.defined import load
from cartfolk.properties.definitions import BadDefinition
from cartfolk.properties.formula import FormulaError, parse
from cartfolk.properties.read import history, values
from cartfolk.properties.write import Mode, Write, write

AT = datetime(2026, 3, 1, tzinfo=UTC)
ZONE = "Pacific/Auckland"


def own(name, type_="number", formula=None, **more):
    return Property(
        name=name, label_en=name, label_de=name, group="contactinformation", type=type_, definition_en="",
        definition_de="", computed=False, custom=True, formula=formula, **more,
    )  # fmt: skip


GIVEN = [
    own("n1"), own("n2"), own("whole", whole=True), own("t1", "string"), own("t2", "text"), own("b1", "bool"),
    own("d1", "date"), own("d2", "date"), own("m1", "datetime"),
    own("many", "enumeration", multi=True, options=(Option("a", "A", "A"), Option("b", "B", "B"))),
]  # fmt: skip
KNOWN = {item.name: item for item in GIVEN}


def shop(conn, zone=ZONE):
    conn.execute(
        "insert into stores_store (id, name, platform, url, shop_name, credentials, webhook_secret, ingest_secret, key,"
        " home_currency, timezone, fingerprint, allow_private_address, settings, learned, idle_minutes,"
        " max_concurrency, state, state_reason, connected_at, live_from, webhook_health, compared) values (1, 'shop',"
        " 'woocommerce',"
        " 'https://shop.example', '', '', '', '', 'k', 'EUR', %s, '', false, '{}', '{}', 60, 6, 'connected', '', now(),"
        " now(), '{}', '{}') on conflict (id) do update set timezone = excluded.timezone",
        [zone],
    )


@pytest.fixture
def account(conn):
    for item in GIVEN:
        definitions.create(conn, item, by="user:1")
    conn.execute("insert into contact (contact_id, first_seen) select n, %s from generate_series(1, 5) n", [AT])
    return conn


def say(conn, contact, **told):
    (outcome,) = write(conn, [Write(contact, told)], mode=Mode.OVERWRITE, source="user", by="user:1")
    assert not outcome.refused, outcome


def told(conn, contact, name):
    return values(conn, contact)["contactinformation"][name]


# ---- the language against an evaluator written for this test alone


def days(moment):
    return moment.astimezone(ZoneInfo(ZONE)).date() if isinstance(moment, datetime) else moment


# A formula here is a pair: its text, and a function of a contact's values (None = empty) that says what it means.
NUMBERS = st.sampled_from(["n1", "n2", "whole"]).map(lambda name: (name, lambda row: row[name]))
LITERALS = st.sampled_from(["0", "1", "2", "0.5", "7", "1000", "0.001"]).map(
    lambda text: (text, lambda row: Decimal(text))
)


def both(one, other, sign, act):
    def value(row):
        a, b = one[1](row), other[1](row)
        return None if a is None or b is None else act(a, b)

    return f"({one[0]} {sign} {other[0]})", value


def divided(a, b):
    return None if b == 0 else (a / b).quantize(Decimal("1e-10"), ROUND_HALF_UP)


def single(text, act):
    return lambda one: (text.format(one[0]), lambda row: None if one[1](row) is None else act(one[1](row)))


def chosen(parts):
    condition, one, other = parts
    return (
        f"if({condition[0]}, {one[0]}, {other[0]})",
        lambda row: one[1](row) if condition[1](row) is True else other[1](row),
    )


def known_of(pick, text):
    def made(parts):
        def value(row):
            there = [v for v in (part[1](row) for part in parts) if v is not None]
            return pick(there) if there else None

        return f"{text}({', '.join(part[0] for part in parts)})", value

    return made


def kleene(one, other, sign):
    def value(row):
        pair = {one[1](row), other[1](row)}
        decides = sign == "or"
        return decides if decides in pair else None if None in pair else not decides

    return f"({one[0]} {sign} {other[0]})", value


SIGNS = {
    "=": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b, ">=": lambda a, b: a >= b,
}  # fmt: skip
ARITHMETIC = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": divided,
    "%": lambda a, b: None if b == 0 else a % b,
}  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(["t1", "t2"]).map(lambda name: (name, lambda row: row[name])),
    st.sampled_from(["x", "it's", "50%", "{0}", "%(zone)s", 'q\\"']).map(
        lambda text: (f'"{text}"', lambda row: text.replace("\\", ""))
    ),
)


def later(one, number, sign):
    """A day so many days later; nothing beyond what a calendar holds."""

    def value(row):
        day, count = one[1](row), number[1](row)
        if day is None or count is None:
            return None
        there = day.toordinal() + int(count) * (1 if sign == "+" else -1)
        return date.fromordinal(there) if 1 <= there <= date.max.toordinal() else None

    return f"({one[0]} {sign} {number[0]})", value


DATES = st.sampled_from(["d1", "d2", "m1"]).map(lambda name: (f"date({name})", lambda row: days(row[name])))
DATES = st.one_of(DATES, st.builds(later, DATES, st.one_of(NUMBERS, LITERALS), st.sampled_from(["+", "-"])))
TRUTHS = st.one_of(
    st.just(("b1", lambda row: row["b1"])),
    st.builds(lambda a, b, s: both(a, b, s, SIGNS[s]), NUMBERS, LITERALS, st.sampled_from(sorted(SIGNS))),
    st.builds(lambda a, b, s: both(a, b, s, SIGNS[s]), DATES, DATES, st.sampled_from(sorted(SIGNS))),
    st.builds(
        lambda a, b: (
            f"contains({a[0]}, {b[0]})",
            lambda row: None if a[1](row) is None or b[1](row) is None else b[1](row).lower() in a[1](row).lower(),
        ),
        TEXTS, TEXTS,
    ),
    st.just(('contains(many, "a")', lambda row: None if row["many"] is None else "a" in row["many"])),
    NUMBERS.map(lambda a: (f"is_known({a[0]})", lambda row: a[1](row) is not None)),
)  # fmt: skip
TRUTHS = st.recursive(
    TRUTHS,
    lambda inner: st.one_of(
        st.builds(kleene, inner, inner, st.sampled_from(["and", "or"])), inner.map(single("(not {})", lambda a: not a))
    ),
    max_leaves=4,
)
FORMULAS = st.recursive(
    st.one_of(
        NUMBERS, LITERALS,
        st.builds(
            lambda a, b: (
                f"days_between({a[0]}, {b[0]})",
                lambda row: None if a[1](row) is None or b[1](row) is None else Decimal((b[1](row) - a[1](row)).days),
            ),
            DATES, DATES,
        ),
        st.just(("year(m1)", lambda row: None if row["m1"] is None else Decimal(days(row["m1"]).year))),
        st.just(("length(many)", lambda row: None if row["many"] is None else Decimal(len(row["many"])))),
        TEXTS.map(single("length({})", lambda a: Decimal(len(a)))),
    ),
    lambda inner: st.one_of(
        st.builds(
            lambda a, b, s: both(a, b, s, ARITHMETIC[s]), inner, inner, st.sampled_from(sorted(ARITHMETIC))
        ),
        st.tuples(TRUTHS, inner, inner).map(chosen),
        st.lists(inner, min_size=2, max_size=3).map(known_of(min, "min")),
        st.lists(inner, min_size=2, max_size=3).map(known_of(max, "max")),
        st.lists(inner, min_size=2, max_size=3).map(known_of(lambda there: there[0], "coalesce")),
        inner.map(single("(-{})", lambda a: -a)), inner.map(single("abs({})", abs)),
        inner.map(single("floor({})", lambda a: a.to_integral_value(ROUND_FLOOR))),
        inner.map(single("ceil({})", lambda a: a.to_integral_value(ROUND_CEILING))),
        inner.map(single("round({}, 2)", lambda a: a.quantize(Decimal("0.01"), ROUND_HALF_UP))),
    ),
    max_leaves=10,
)  # fmt: skip
ROWS = st.fixed_dictionaries({
    "n1": st.none() | st.decimals(-1000, 1000, places=3),
    "n2": st.none() | st.sampled_from([Decimal(0), Decimal("0.1")]),
    "whole": st.none() | st.integers(-5, 5), "t1": st.none() | st.sampled_from(["X", "it's 50%", "abc"]),
    "t2": st.none() | st.sampled_from(["{0}", "Y x"]), "b1": st.none() | st.booleans(),
    "d1": st.none() | st.dates(date(1999, 1, 1), date(2030, 1, 1)), "d2": st.none() | st.just(date(2024, 2, 29)),
    "m1": st.none() | st.integers(950_000_000, 1_900_000_000).map(lambda s: datetime.fromtimestamp(s, UTC)),
    "many": st.none() | st.sampled_from([["a"], ["b"], ["a", "b"]]),
})  # fmt: skip


def limited(value):
    if value is None or abs(value) >= Decimal("999999999999999999"):
        return None
    return value.quantize(Decimal("1e-10"), ROUND_HALF_UP)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.tuples(FORMULAS, FORMULAS, TEXTS, TRUTHS),
    st.lists(st.tuples(st.integers(1, 4), ROWS), min_size=1, max_size=4),
    st.integers(0, 4),
)
def test_any_formula_gives_what_it_says_incrementally_and_from_scratch(account, formulas, rows, early):
    """Formulas over formulas, made before or between the writes; each value as plain Python computes it."""
    conn = account
    first, second, text, truth = formulas
    made = [
        own("f1", formula=first[0]), own("f2", formula=f"f1 * 2 - ({second[0]})"),
        own("f3", "string", formula=f'concat({text[0]}, "|", f4)'), own("f4", "bool", formula=truth[0]),
    ]  # fmt: skip
    with conn.transaction(force_rollback=True):
        shop(conn)
        present = {}
        for number in range(len(rows) + 1):
            if number == min(early, len(rows)):
                for item in (made[0], made[1], made[3], made[2]):
                    definitions.create(conn, item, by="user:1")
                while not rebuilt(conn):
                    pass
            if number < len(rows):
                contact, row = rows[number]
                present[contact] = row
                given_ = {k: v if v is not None else "" for k, v in row.items()}
                say(conn, contact, **given_)
        with localcontext() as context:
            context.prec = 400
            for contact in range(1, 6):
                row = present.get(contact, dict.fromkeys(KNOWN))
                row = row | {"whole": None if row["whole"] is None else Decimal(row["whole"])}
                f1 = limited(first[1](row))
                f2 = second[1](row)
                f4 = truth[1](row)
                words = {True: "yes", False: "no", None: ""}[f4]
                expected = {
                    "f1": f1, "f2": None if f1 is None or f2 is None else limited(f1 * 2 - f2), "f4": f4,
                    "f3": f"{text[1](row) or ''}|{words}",
                }  # fmt: skip
                assert {name: told(conn, contact, name) for name in expected} == expected, first[0]
        before = conn.execute("select * from contact_custom order by contact_id").fetchall()
        noted = conn.execute("select count(*) from property_history").fetchone()
        conn.execute("update calculation set built = null")
        while not rebuilt(conn):
            pass
        assert conn.execute("select * from contact_custom order by contact_id").fetchall() == before
        assert conn.execute("select count(*) from property_history").fetchone() == noted, "a change that is none"


def rebuilt(conn):
    return calculated.rebuild(conn, chunk=2)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("n1 +", "ends"),
        ("n1 n2", "n2 is not expected"),
        ("(n1", r"\) is missing"),
        ("nowhere + 1", "nowhere"),
        ("t1 + 1", r"\+ does not work with a text"),
        ("n1 = t1", "one kind"),
        ("m1 < d1", r"date\("),
        ("if(n1, 1, 2)", "yes or no"),
        ("sqrt(n1)", "no function sqrt"),
        ("now()", "every moment"), ("1 + d1", "does not work with a date"), ("today() + today()", "a date"),
        ("today(1)", r"today\(\) is how"),
        ("round(n1, n2)", "decimals"),
        ("'open", "does not end"),
        ("n1; drop table contact", "; has no meaning"),
        ("many", "list"),
        ('contains(many, "z")', "z is no option"),
        ("lastmodifieddate", "every write"),
        ("(" * 40 + "1" + ")" * 40, "nested"),
        ("-" * 40 + "n1", "nested"),
        ("1" + "+1" * 300, "operators"),
        ("n1" * 2000, "longer"),
        ("1 < n1 < 3", "two values"),
        ('date("31.05.2026")', "2026-05-31"),
        ("if(b1, 1, t1)", "one kind"),
        ("not n1", "yes or no"),
        ("min(n1)", r"min\(a, b"),
        ("not not not " * 20 + "b1", "nested"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_a_sentence(text, says):
    with pytest.raises(FormulaError, match=says) as refused:
        parse(text, KNOWN | PROPERTIES, options=True)
    assert str(refused.value).endswith(".")
    assert 0 <= refused.value.at <= len(text)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("if n1 > 1 then 2 elseif n1 > 0 then 1 else 0 endif", "if(n1 > 1, 2, if(n1 > 0, 1, 0))"),
        ("if (n1 > 1) then 2 else 0", "if(n1 > 1, 2, 0)"),
        ("[properties.n1] == 1 && !b1 || [n2] <> 2", "n1 = 1 and not b1 or n2 != 2"),
        ('concatenate(t1, "a")', "concat(t1, 'a')"),
        ("1 + 2 * 3 - 4", "(1 + (2 * 3)) - 4"),
        ("not n1 = 1 and b1", "(not (n1 = 1)) and b1"),
    ],
)
def test_the_same_written_otherwise_is_the_same(theirs, ours):
    assert parse(theirs, KNOWN) == parse(ours, KNOWN)


def test_circles_wrong_types_and_what_is_read_are_refused_by_name(account):
    conn = account
    definitions.create(conn, own("a", formula="n1 * 2"), by="user:1")
    definitions.create(conn, own("b", formula="a + 1"), by="user:1")
    with pytest.raises(BadDefinition, match="a → b → a"):
        definitions.change(conn, own("a", formula="b * 2"), by="user:1")
    with pytest.raises(BadDefinition, match="no property named c"):
        definitions.create(conn, own("c", formula="c + 1"), by="user:1")
    with pytest.raises(BadDefinition, match="Text"):
        definitions.create(conn, own("c", formula="lower(t1)"), by="user:1")
    with pytest.raises(BadDefinition, match="formula of a"):
        definitions.archive(conn, "n1", by="user:1")
    with pytest.raises(BadDefinition, match="for good"):
        definitions.change(conn, own("n1", formula="n2"), by="user:1")
    definitions.archive(conn, "b", by="user:1")
    definitions.archive(conn, "a", by="user:1")
    with pytest.raises(BadDefinition, match=r"a is archived\. Restore it first"):
        definitions.restore(conn, "b", by="user:1")


def test_a_text_of_nothing_but_spaces_is_no_value(account):
    conn = account
    definitions.create(conn, own("whole_name", "string", formula='concat(firstname, " ", lastname)'), by="user:1")
    say(conn, 1, n1="1", firstname="Ada")
    say(conn, 2, n1="1")
    assert (told(conn, 1, "whole_name"), told(conn, 2, "whole_name")) == ("Ada", None)


def test_a_value_is_noted_as_calculated_and_cannot_be_set(account):
    conn = account
    definitions.create(conn, own("double", formula="n1 * 2"), by="user:1")
    say(conn, 1, n1="21")
    newest, given_ = history(conn, 1)[:2]
    assert (newest.source, newest.changes, newest.by) == ("calculated", {"double": 42}, "user:1")
    assert (given_.source, given_.changes) == ("user", {"n1": 21})
    (outcome,) = write(conn, [Write(1, {"double": "1"})], mode=Mode.OVERWRITE, source="api")
    assert [refusal.name for refusal in outcome.refused] == ["double"]


def test_a_formula_follows_the_shop_merges_archiving_and_options(account):
    conn = account
    definitions.create(conn, own("shouted", "string", formula="upper(firstname)"), by="user:1")
    definitions.create(conn, own("has_a", "bool", formula='contains(many, "a")'), by="user:1")
    say(conn, 1, firstname="Ada", many="a")
    say(conn, 2, n1="1", many="b")
    assert (told(conn, 1, "shouted"), told(conn, 1, "has_a"), told(conn, 2, "has_a")) == ("ADA", True, False)
    # an option that a formula names goes: the formula stays what it is
    definitions.change(conn, replace(KNOWN["many"], options=(Option("b", "B", "B"),)), by="user:1")
    with conn.transaction():
        move(conn, {2: 1})
        conn.execute("delete from contact where contact_id = 2")
        compute(conn, [1], AT, "merge")
    assert (told(conn, 1, "shouted"), told(conn, 1, "has_a")) == ("ADA", True)
    definitions.archive(conn, "shouted", by="user:1")
    say(conn, 1, firstname="Eva")
    definitions.restore(conn, "shouted", by="user:1")
    assert calculated.progress(conn).waiting
    rebuilt(conn)
    assert (told(conn, 1, "shouted"), calculated.progress(conn)) == ("EVA", calculated.Progress(4, 4, False))


def test_a_killed_walk_goes_on_and_a_new_time_zone_begins_one(account, monkeypatch):
    conn = account
    shop(conn, "UTC")
    for contact in range(1, 6):
        say(conn, contact, m1="2026-12-31T23:30:00Z")
    definitions.create(conn, own("y", formula="year(m1)"), by="user:1")
    killed = iter([False, True])

    def dirty(*_):
        if next(killed):
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(calculated.derive, "dirty", dirty)
        with pytest.raises(KeyboardInterrupt):
            rebuilt(conn)
    assert calculated.progress(conn) == calculated.Progress(2, 5, True)
    assert calculated.watch(conn)
    rebuilt(conn)
    assert [told(conn, c, "y") for c in range(1, 6)] == [2026] * 5
    shop(conn, "Europe/Berlin")
    assert calculated.watch(conn)
    rebuilt(conn)
    assert [told(conn, c, "y") for c in range(1, 6)] == [2027] * 5
    assert not calculated.watch(conn)


@pytest.mark.parametrize(
    ("at", "tomorrow", "midnight"),
    [
        ("2028-02-28T22:59:59Z", date(2028, 2, 29), "2028-02-28T23:00:00Z"),  # a leap day
        ("2028-02-28T23:00:00Z", date(2028, 3, 1), "2028-02-29T23:00:00Z"),
        ("2026-03-28T23:30:00Z", date(2026, 3, 30), "2026-03-29T22:00:00Z"),  # a day of 23 hours
        ("2026-10-24T22:00:00Z", date(2026, 10, 26), "2026-10-25T23:00:00Z"),  # a day of 25 hours
    ],
)
def test_what_depends_on_today_becomes_true_at_midnight_by_the_clock_alone(account, at, tomorrow, midnight):
    conn = account
    shop(conn, "Europe/Berlin")
    at, midnight = (datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (at, midnight))
    definitions.create(conn, own("next", "date", formula="today() + 1"), by="user:1")
    definitions.create(conn, own("over", "bool", formula="next > d1 + 1"), by="user:1")
    say(conn, 1, d1=(tomorrow - timedelta(days=1)).isoformat())
    with conn.transaction():
        compute(conn, [1, 2, 99], at, "sync")
    assert (told(conn, 1, "next"), told(conn, 2, "next"), told(conn, 1, "over")) == (tomorrow, tomorrow, False)
    due = "select contact_id, due_at from contact_due where contact_id in (1, 2, 99) order by 1"
    assert conn.execute(due).fetchall() == [(1, midnight), (2, midnight)]
    conn.execute("delete from contact_due where contact_id not in (1, 2)")
    assert pipeline.sweep(conn, midnight - timedelta(microseconds=1)) == 0
    assert pipeline.sweep(conn, midnight) == 2
    assert (told(conn, 1, "next"), told(conn, 1, "over")) == (tomorrow + timedelta(days=1), True)
    assert pipeline.sweep(conn, midnight) == 0, "due again at once"


def test_a_cart_that_is_due_before_midnight_stays_due_then(account):
    conn = account
    definitions.create(conn, own("next", "date", formula="today() + 1"), by="user:1")
    rebuilt(conn)
    earlier = datetime(2020, 1, 1, tzinfo=UTC)
    conn.execute("update contact_due set due_at = %s where contact_id = 1", [earlier])
    say(conn, 1, n1="5")
    assert conn.execute("select due_at from contact_due where contact_id = 1").fetchone() == (earlier,)


def test_last_modified_moves_with_a_value_that_only_people_set(account):
    conn = account
    with conn.transaction():
        compute(conn, [1], AT, "sync")
    say(conn, 1, n1="5")
    moved = values(conn, 1)["contactinformation"]
    (at,) = conn.execute("select max(at) from property_history").fetchone()
    assert at > AT
    assert conn.execute("select computed_at from contact_property where contact_id = 1").fetchone() == (at,), moved
    say(conn, 1, n1="5")
    assert conn.execute("select computed_at from contact_property where contact_id = 1").fetchone() == (at,)


def test_the_order_of_groups_and_properties_is_kept_and_new_ones_follow(account):
    conn = account
    names = [n for n, p in load(conn).properties.items() if p.group == "contactinformation"]
    wanted = [names[-1], *names[:-1]]
    definitions.order(conn, wanted, by="user:1")
    definitions.create(conn, own("later"), by="user:1")
    found = [n for n, p in load(conn).properties.items() if p.group == "contactinformation"]
    assert found == [*wanted, "later"]
    assert not load(conn).arranged
    definitions.order_groups(conn, ["socialmediainformation"], by="user:1")
    groups = load(conn)
    assert groups.arranged
    assert next(iter(groups.groups)) == "socialmediainformation"


def test_the_statement_is_made_once_and_formulas_that_need_no_others_share_a_step(account):
    conn = account
    for number in range(20):
        definitions.create(conn, own(f"g{number}", formula=f"n1 * {number}"), by="user:1")
    definitions.create(conn, own("all_of_them", formula="g1 + g19"), by="user:1")
    say(conn, 1, n1="1")
    (revision,) = conn.execute("select revision from calculation").fetchone()
    (kept,) = calculated._kept(revision)
    assert kept.statement.count("as materialized (select before.*") == 2
    assert told(conn, 1, "all_of_them") == 20
