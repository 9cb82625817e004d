"""Risk: an exchange rate is entered wrongly read, by somebody who may not, or nobody sees that it was used."""

from __future__ import annotations

from decimal import Decimal

from django.test import Client

from cartfolk.commerce import rates
from cartfolk.core.sql import Connection

PAGE = "/stores/teashop/rates"


def listed(conn: Connection, shop: int) -> list[tuple[str, Decimal]]:
    return [(own.currency, own.rate) for own in rates.listed(conn, shop)]


def test_entered_with_a_comma_corrected_removed_and_brought_back(owner: Client, shop: int, conn: Connection) -> None:
    assert "No rate of your own" in owner.get(PAGE).text
    sent = {"currency": "usd", "rate": "0,9174", "valid_from": "2026-03-01"}
    assert owner.post(f"{PAGE}/save", sent).status_code == 302
    assert listed(conn, shop) == [("USD", Decimal("0.9174"))]
    assert shop in rates.waiting(conn)
    (jobs,) = conn.execute(
        "select count(*) from procrastinate_jobs where task_name = 'cartfolk.rate_orders'"
    ).fetchone() or (0,)
    assert jobs == 1, "the orders follow in the background"
    page = owner.get(PAGE, headers={"accept-language": "de"}).text
    assert "0,9174" in page
    assert "01.03.2026" in page
    owner.post(f"{PAGE}/save", sent | {"rate": "0.92"})
    assert listed(conn, shop) == [("USD", Decimal("0.92"))]
    answer = owner.post(f"{PAGE}/remove", {"currency": "USD", "valid_from": "2026-03-01"}, follow=True)
    assert listed(conn, shop) == []
    for value in ("USD", "0.92", "2026-03-01"):
        assert f'value="{value}"' in answer.text, "saving the form brings it back"
    gone = owner.post(f"{PAGE}/remove", {"currency": "USD", "valid_from": "2026-03-01"}, follow=True)
    assert "gone already" in gone.text


def test_wrong_input_names_its_field_and_keeps_what_was_typed(owner: Client, shop: int, conn: Connection) -> None:
    for field, value, words in (
        ("currency", "EUR", "home currency"), ("currency", "Dollar", "three letters"),
        ("rate", "1.234,5", "number above 0"), ("valid_from", "yesterday", "date"),
    ):  # fmt: skip
        sent = {"currency": "USD", "rate": "0.9", "valid_from": ""} | {field: value}
        answer = owner.post(f"{PAGE}/save", sent)
        assert answer.status_code == 422
        assert f'id="id_{field}_error"' in answer.text
        assert words in answer.text
        assert f'value="{value}"' in answer.text
    assert listed(conn, shop) == []


def test_an_order_says_whose_rate_values_it(owner: Client, people: int, shop: int, conn: Connection) -> None:
    conn.execute(
        "insert into orders (contact_id, order_id, store_id, external_id, version, received_at, number, status, "
        "status_raw, currency, total, tax, shipping, discount, detail, placed_at, rate, rate_version) "
        "select 1, 990 + n, %s, n::text, now(), now(), 'N' || n, 'completed', 'completed', 'USD', 10, 0, 0, 0, 0, "
        "now(), case when n < 3 then 0.917 end, case when n = 2 then now() end from generate_series(1, 3) n",
        [shop],
    )
    page = owner.get("/contacts/1/orders").text
    told = {number: page.split(f'id="order-{990 + number}"')[1].split("</article>")[0] for number in (1, 2, 3)}
    assert "Your own exchange rate</dt><dd>0.917<" in told[1]
    assert "Exchange rate</dt><dd>0.917<" in told[2]
    assert "own" not in told[2].split("Exchange rate")[0][-20:]
    assert "no rate" in told[3]
