"""Risk: a button of a store's page does something else than it says, for somebody who may not, or for wrong input."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from cartfolk.commerce import rates, rules
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.stores import health

STORE = "/stores/teashop"
HTMX = {"HX-Request": "true"}


def store(conn: Connection, *columns: str) -> Any:
    row = conn.execute(f"select {', '.join(columns)} from stores_store where name = 'teashop'").fetchone()  # type: ignore[call-overload]
    return row and (row[0] if len(columns) == 1 else row)


def run_state(conn: Connection) -> str | None:
    row = conn.execute("select state from run where kind = 'backfill' order by run_id desc limit 1").fetchone()
    return row[0] if row else None


def jobs(conn: Connection) -> int:
    (count,) = conn.execute(
        "select count(*) from procrastinate_jobs where task_name = 'cartfolk.sync_store' and status = 'todo'"
    ).fetchone() or (0,)
    return int(count)


@pytest.fixture
def bad(conn: Connection, shop: int) -> list[int]:
    """Three records of the shop in quarantine, and one of another shop."""
    rows = conn.execute(
        """
        insert into quarantine (store_id, stream, kind, external_id, field, reason, raw, created_at)
        select case when n = 4 then 77 else %s end, 'orders', 'order', (900 + n)::text, 'total',
               'total is not an amount but ''a lot''.', %s, now() from generate_series(1, 4) n
        returning quarantine_id
        """,
        [shop, json.dumps({"id": 901, "total": "a lot <script>"})],
    ).fetchall()
    return [number for (number,) in rows]


def test_import_starts_pauses_resumes_and_is_cancelled(owner: Client, shop: int, conn: Connection) -> None:
    for do, state, button in (
        ("start", "running", 'value="pause"'),
        ("pause", "paused", 'value="resume"'),
        ("resume", "running", 'value="pause"'),
        ("cancel", "cancelled", 'value="start"'),
    ):
        answer = owner.post(f"{STORE}/run", {"do": do}, headers=HTMX)
        assert answer.status_code == 200
        assert run_state(conn) == state
        assert button in answer.text, do
        assert ("every 1s" in answer.text) == (state == "running"), "only a running import is polled"
    assert jobs(conn) == 1, "starting and resuming wake the worker, once"
    assert owner.post(f"{STORE}/run", {"do": "start"})["Location"] == STORE


def test_store_pauses_and_resumes(owner: Client, shop: int, conn: Connection) -> None:
    page = owner.post(f"{STORE}/state", {"do": "pause"}, follow=True).text
    assert store(conn, "state") == "paused"
    assert "Paused. What the shop sends is kept" in page
    assert jobs(conn) == 0
    page = owner.post(f"{STORE}/state", {"do": "resume"}, follow=True).text
    assert store(conn, "state", "state_reason") == ("connected", "")
    assert "Resumed." in page
    assert jobs(conn) == 1


def test_unknown_buttons_do_nothing_and_are_explained(owner: Client, shop: int, conn: Connection) -> None:
    conn.execute("update stores_store set state = 'paused'")
    for address in ("run", "state"):
        for do in ({}, {"do": "explode"}):
            answer = owner.post(f"{STORE}/{address}", do)
            assert answer.status_code == 400
            assert "This request cannot be understood" in answer.text
    assert store(conn, "state") == "paused"
    assert run_state(conn) is None


def test_settings_are_saved_with_the_rule(owner: Client, shop: int, conn: Connection) -> None:
    sent = {"idle_minutes": "90", "max_concurrency": "2", "status_packed": "ignored"}
    answer = owner.post(f"{STORE}/settings", sent, follow=True)
    assert "Saved." in answer.text
    idle, at_once, settings = store(conn, "idle_minutes", "max_concurrency", "settings")
    assert (idle, at_once) == (90, 2)
    assert settings["statuses"]["packed"] == "ignored"
    (rule,) = conn.execute("select idle from store_rule where store_id = %s", [shop]).fetchone() or (None,)
    assert rule is not None
    assert rule.total_seconds() == 90 * 60


@pytest.mark.parametrize(
    ("sent", "language", "sentence"),
    [
        ({"idle_minutes": "4"}, "en", "<b>A cart is abandoned after:</b> Ensure this value is greater than"),
        ({"idle_minutes": "601"}, "de", "<b>Ein Warenkorb gilt als abgebrochen nach:</b> "),
        ({"idle_minutes": "soon"}, "en", "<b>A cart is abandoned after:</b> Enter a whole number."),
        ({"idle_minutes": "60", "status_packed": "eaten"}, "en", "<b>packed:</b> Select a valid choice."),
        ({"max_concurrency": "51"}, "de", "<b>Anfragen zugleich:</b> "),
    ],
)
def test_wrong_settings_name_the_field_and_change_nothing(
    owner: Client, shop: int, conn: Connection, sent: dict[str, str], language: str, sentence: str
) -> None:
    before = store(conn, "idle_minutes", "settings")
    whole = {"idle_minutes": "60", "max_concurrency": "6"} | sent
    answer = owner.post(f"{STORE}/settings", whole, headers={"accept-language": language})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert store(conn, "idle_minutes", "settings") == before


def test_quarantine_shows_why_and_escapes_what_came(owner: Client, bad: list[int]) -> None:
    page = owner.get(STORE, headers={"accept-language": "de"}).text
    assert page.count("total ist kein Betrag, sondern &#x27;a lot&#x27;.") == 3
    assert "a lot &lt;script&gt;" in page
    assert "904" not in page, "another shop's record"


def test_one_record_or_all_are_read_again(owner: Client, bad: list[int], conn: Connection) -> None:
    def delivered() -> int:
        (count,) = conn.execute("select count(*) from delivery").fetchone() or (0,)
        return int(count)

    for wrong in ("x", "1e9", "9" * 30, str(bad[3])):
        page = owner.post(f"{STORE}/retry", {"id": wrong}, follow=True).text
        assert "0 records are read again." in page, wrong
        assert delivered() == 0
    assert "1 record is read again." in owner.post(f"{STORE}/retry", {"id": str(bad[0])}, follow=True).text
    assert delivered() == 1
    assert "read again." in owner.post(f"{STORE}/retry", follow=True).text
    assert delivered() >= 3


def test_secret_is_replaced_only_on_demand(owner: Client, shop: int) -> None:
    assert "whsec_abc" in owner.post(f"{STORE}/secret").text
    renewed = owner.post(f"{STORE}/secret", {"renew": "1"}).text
    assert "whsec_abc" not in renewed
    assert "whsec_" in renewed
    assert "The old secret stopped working now." in renewed


def test_disconnecting_says_what_it_touches_and_wants_the_name(
    owner: Client, people: int, shop: int, conn: Connection
) -> None:
    conn.execute(
        "insert into reference (store_id, kind, external_id, contact_id, object_id, version, told_at) "
        "select %s, 'order', n::text, 1, n, now(), now() from generate_series(1, 3) n "
        "union all select %s, 'cart', 'c', 1, 7, now(), now()",
        [shop, shop],
    )
    page = owner.get(f"{STORE}/disconnect").text
    assert "Removes our webhooks from the shop." in page
    assert re.findall(r"<dt>(\w+)</dt><dd>(\d+)</dd>", page) == [("Orders", "3"), ("Carts", "1")]
    for typed in ("", "TEASHOP", "Tea &amp; Co"):
        answer = owner.post(f"{STORE}/disconnect", {"confirm": typed})
        assert answer.status_code == 422
        assert "Confirmation: that is not the store" in answer.text
        assert store(conn, "name") == "teashop"
    left = owner.post(f"{STORE}/disconnect", {"confirm": "teashop"}, follow=True)
    assert store(conn, "name") is None
    assert "teashop is disconnected. Its contacts stay." in left.text
    # https://tea.example does not answer, so its webhooks could not be taken out.
    assert "delete them there" in left.text
    assert owner.get("/contacts/1").status_code == 200
    assert owner.get("/contacts/1/orders").text.count("<article") == 3
    assert owner.get(STORE).status_code == 404


def test_stopped_store_leads_to_the_form_with_its_address(owner: Client, shop: int, conn: Connection) -> None:
    conn.execute("update stores_store set state = 'stopped', state_reason = 'The shop answers.'")
    page = owner.get(STORE).text
    assert "/stores/connect/woocommerce?name=teashop" in page
    form = owner.get("/stores/connect/woocommerce?name=teashop").text
    assert 'value="https://tea.example"' in form
    assert 'value="teashop"' in form
    assert owner.get("/stores/connect/woocommerce?name=nobody").status_code == 200


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "Tee laden!", "<b>Name:</b> Nur Buchstaben, Ziffern, - und _ verwenden"),
        ("name", "", "<b>Name:</b> Dieses Feld ist zwingend erforderlich."),
        ("url", "not a shop", "<b>Adresse Ihres Shops:</b> &#x27;not a shop&#x27; ist keine Adresse eines Shops"),
        ("url", "https://a:b@shop.example", "<b>Adresse Ihres Shops:</b> Lassen Sie Benutzername und Passwort"),
        ("idle_minutes", "3", "<b>Abgebrochen nach (Minuten):</b> "),
    ],
)
def test_connect_form_names_the_wrong_field(
    owner: Client, database: str, field: str, value: str, sentence: str
) -> None:
    sent = {"name": "tea", "url": "https://tea.example", "key": "ck_1", "secret": "cs_hush", "idle_minutes": "60"}
    answer = owner.post("/stores/connect/woocommerce", sent | {field: value}, headers={"accept-language": "de"})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "cs_hush" not in answer.text
    assert "Bitte erneut eingeben" in answer.text


FORMS = {
    f"{STORE}/run": {"do": "start"},
    f"{STORE}/state": {"do": "pause"},
    f"{STORE}/settings": {"idle_minutes": "90", "max_concurrency": "6"},
    f"{STORE}/secret": {"renew": "1"},
    f"{STORE}/retry": {},
    f"{STORE}/disconnect": {"confirm": "teashop"},
}


def untouched(conn: Connection) -> Any:
    return store(conn, "state", "idle_minutes", "ingest_secret"), run_state(conn)


def test_strangers_change_nothing(shop: int, conn: Connection) -> None:
    before = untouched(conn)
    for address, sent in FORMS.items():
        answer = Client().post(address, sent)
        told_to_sign_in = answer.status_code == 401 or answer["Location"].startswith("/sign-in?next=")
        assert told_to_sign_in, address
    assert untouched(conn) == before


def test_forged_forms_change_nothing_and_are_explained(owner: Client, shop: int, conn: Connection) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = owner.cookies
    before = untouched(conn)
    for address, sent in FORMS.items():
        for headers in ({}, HTMX):
            answer = strict.post(address, sent, headers={**headers, "accept-language": "de"})
            assert answer.status_code == 403, address
            assert "Das war nicht erlaubt" in answer.text, "our page, not Django's"
    assert untouched(conn) == before


def test_reading_addresses_cannot_be_used_to_write(owner: Client, shop: int, conn: Connection) -> None:
    before = untouched(conn)
    for address in FORMS:
        assert owner.get(address, {"do": "start", "confirm": "teashop"}).status_code in {200, 405}
    assert untouched(conn) == before


@pytest.mark.parametrize(
    ("waiting", "polled", "words"),
    [
        (timedelta(minutes=6), timedelta(minutes=1), "is not on its contacts yet"),
        (timedelta(seconds=20), timedelta(minutes=40), "was last asked for changes"),
        (timedelta(seconds=20), timedelta(minutes=2), None),
    ],
)
def test_a_store_that_falls_behind_raises_an_alarm_where_its_owner_looks(
    owner: Any, conn: Connection, shop: int, waiting: timedelta, polled: timedelta, words: str | None
) -> None:
    at = now()
    conn.execute(
        "insert into delivery (store_id, lane, kind, stream, received_at, body) "
        "values (%s, 0, 'ingest', 'ingest', %s, '')",
        [shop, at - waiting],
    )
    conn.execute(
        "insert into stream_cursor (store_id, stream, since, polled_at) values (%s, 'orders', %s, %s)",
        [shop, at, at - polled],
    )
    pages = [owner.get(STORE).text, owner.get("/").text, owner.get("/stores").text]
    assert [words in page if words else "Late" not in page for page in pages[:1]] == [True]
    assert ["Late" in page for page in pages[1:]] == [words is not None] * 2


def test_the_last_comparison_with_the_shop_shows_what_both_sides_count(owner: Any, conn: Connection, shop: int) -> None:
    health.compared(
        conn, shop, {"orders": {"stream": "orders", "there": 5123, "here": 5121, "gone": 1, "missing": 3}}, now()
    )
    page = owner.get(STORE).text
    assert "Compared with the shop" in page
    assert re.findall(r'<td class="right">([\d,]+)</td>', page[page.index("Compared with the shop") :])[:4] == [
        "5,123", "5,121", "1", "3",
    ]  # fmt: skip


def test_orders_without_a_rate_are_told_by_currency(owner: Client, people: int, shop: int, conn: Connection) -> None:
    """Risk: an owner wonders where the value of foreign orders is."""
    rules.save(conn, shop, home_currency="EUR", live_from=now(), label="WooCommerce", name="teashop")
    conn.execute(
        "insert into orders (contact_id, order_id, store_id, external_id, status, status_raw, currency, total, rate, "
        "version, received_at, number, tax, shipping, discount, detail, placed_at, deleted_at) "
        "select 1, 900 + n, %s, 'r' || n, status, 'x', currency, 10, rate, "
        "now(), now(), n, 0, 0, 0, 0, now(), deleted from (values "
        "(1, 'completed', 'USD', null::numeric, null::timestamptz), (2, 'refunded', 'USD', null, null), "
        "(3, 'completed', 'GBP', null, null), (4, 'completed', 'USD', 0.9, null), (5, 'completed', 'EUR', null, null), "
        "(6, 'cancelled', 'USD', null, null), (7, 'completed', 'USD', null, now())) "
        "as o (n, status, currency, rate, deleted)",
        [shop],
    )
    assert rates.missing(conn, shop) == {"USD": 2, "GBP": 1}
    page = owner.get(STORE).text
    assert "2 orders in USD count, their value is left out" in page
    assert "1 order in GBP counts, its value is left out" in page
    assert f'href="{STORE}/rates"' in page


@pytest.mark.parametrize(("do", "left", "site"), [("moved", "new", "new.example"), ("copy", None, "tea.example")])
def test_an_owner_decides_on_a_copied_or_moved_shop(
    owner: Client, shop: int, conn: Connection, do: str, left: str | None, site: str
) -> None:
    learned = json.dumps({"site": "tea.example", "stranger": "new.example"})
    conn.execute("update stores_store set state = 'stopped', learned = %s where id = %s", [learned, shop])
    conn.execute(
        "insert into delivery (store_id, lane, kind, stream, received_at, headers, body, state) "
        "values (%s, 0, 'ingest', 'ingest', now(), '{\"site\": \"new.example\"}', '', 'held')",
        [shop],
    )
    page = owner.get(STORE).text
    assert "it says it is new.example, but tea.example was connected" in page
    assert "1 message of it is kept" in page
    assert owner.post(f"{STORE}/sender", {"do": "whatever"}).status_code == 400
    assert owner.post(f"{STORE}/sender", {"do": do}).status_code == 302
    assert store(conn, "state", "learned")[1]["site"] == site
    assert store(conn, "state") == "connected"
    assert conn.execute("select state from delivery").fetchone() == ((left,) if left else None)
    assert "stranger" not in store(conn, "learned")
    assert "decided already" in owner.post(f"{STORE}/sender", {"do": do}, follow=True).text
