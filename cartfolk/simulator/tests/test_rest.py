"""The REST API's habits, each of which has cost somebody an import."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from cartfolk.simulator import SimulatedShop, start_simulator


def fetch_all(get, path: str, **params) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    page = 1
    while batch := get(path, per_page=100, page=page, **params).json():
        rows += batch
        page += 1
    return rows


def test_page_size_has_bounds(get):
    assert get("orders", per_page=100).status_code == 200
    assert len(get("orders").json()) == 10
    for value in ("0", "101", "many"):
        answer = get("orders", per_page=value)
        assert answer.status_code == 400
        assert answer.json()["code"] == "rest_invalid_param"
        assert "per_page" in answer.json()["data"]["params"]


def test_past_the_end_is_empty_with_right_totals(get):
    answer = get("orders", per_page=100, page=9999)
    assert answer.json() == []
    total = int(answer.headers["X-WP-Total"])
    assert int(answer.headers["X-WP-TotalPages"]) == -(-total // 100)
    first = get("orders", per_page=100)
    assert 'rel="next"' in first.headers["Link"]
    assert 'rel="prev"' not in first.headers["Link"]


def test_any_leaves_out_drafts_and_trash(get, still_shop: SimulatedShop):
    truth = still_shop.truth(people=False)["orders_by_status"]
    seen = Counter(row["status"] for row in fetch_all(get, "orders", _fields="id,status"))
    assert "trash" not in seen
    assert "checkout-draft" not in seen
    hidden = {"trash", "checkout-draft"}
    assert seen == {status: number for status, number in truth.items() if status not in hidden}
    assert int(get("orders", status="trash").headers["X-WP-Total"]) == truth["trash"]
    assert int(get("orders", status="checkout-draft").headers["X-WP-Total"]) == truth["checkout-draft"]
    assert get("orders", status="nonsense").status_code == 400


def test_bounds_are_strict_and_to_the_second(get):
    order = get("orders", orderby="modified", order="asc", per_page=1, offset=50).json()[0]
    at = order["date_modified_gmt"]
    later = get("orders", modified_after=at, dates_are_gmt="true", orderby="modified", order="asc").json()
    assert all(row["date_modified_gmt"] > at for row in later)
    before = (datetime.fromisoformat(at) - timedelta(seconds=1)).isoformat()
    again = get("orders", modified_after=before, dates_are_gmt="true", orderby="modified", order="asc").json()
    assert again[0]["date_modified_gmt"] == at
    created = order["date_created_gmt"]
    early = get("orders", before=created, dates_are_gmt="true", orderby="date", order="desc").json()
    assert all(row["date_created_gmt"] < created for row in early)


def test_without_dates_are_gmt_the_bound_is_shop_local(get):
    order = get("orders", orderby="date", order="asc", per_page=1, offset=80).json()[0]

    def total(**params: Any) -> int:
        return int(get("orders", per_page=1, **params).headers["X-WP-Total"])

    assert total(after=order["date_created"]) == total(after=order["date_created_gmt"], dates_are_gmt="true")
    # A zone is converted to shop-local time, and then compared with whatever column is asked for.
    zoned = order["date_created_gmt"] + "Z"
    assert total(after=zoned) == total(after=order["date_created"])
    shifted = get("orders", after=zoned, dates_are_gmt="true", orderby="date", order="asc", per_page=1).json()[0]
    assert shifted["date_created_gmt"] > order["date_created"] > order["date_created_gmt"]


def test_malformed_dates_are_refused(get):
    for value in ("yesterday", "2026-11-23"):
        answer = get("orders", after=value)
        assert answer.status_code == 400
        assert "after" in answer.json()["data"]["params"]


def test_one_second_with_more_rows_than_a_page_is_in_order_of_id(get):
    rows = fetch_all(get, "orders", orderby="modified", order="asc", _fields="id,date_modified_gmt")
    keys = [(row["date_modified_gmt"], row["id"]) for row in rows]
    assert keys == sorted(keys)
    assert len({row["id"] for row in rows}) == len(rows)
    assert Counter(moment for moment, _id in keys).most_common(1)[0][1] > 100


def test_customers_of_other_roles_need_asking_for(get, still_shop: SimulatedShop):
    roles = still_shop.truth(people=False)["customers_by_role"]

    def total(**params: Any) -> int:
        return int(get("customers", per_page=1, **params).headers["X-WP-Total"])

    assert total() == roles["customer"]
    assert total(role="all") == sum(roles.values()) == 600
    assert total(role="subscriber") == roles["subscriber"]
    assert get("customers", role="wizard").status_code == 400


def test_customers_know_no_filter_by_time(get):
    assert get("customers", modified_after="2099-01-01T00:00:00", role="all").headers["X-WP-Total"] == "600"


def test_default_order_of_customers_is_not_stable_but_by_id_is(get):
    by_id = [row["id"] for row in fetch_all(get, "customers", role="all", orderby="id", order="asc")]
    assert by_id == sorted(set(by_id))
    assert len(by_id) == 600
    by_name = [row["id"] for row in fetch_all(get, "customers", role="all")]
    assert len(by_name) == 600
    assert len(set(by_name)) < 600, "people of one name change places between pages"


def test_include_exclude_offset_and_fields(get):
    ids = [row["id"] for row in get("orders", per_page=5).json()]
    wanted = [ids[3], ids[1]]
    found = get("orders", include=",".join(map(str, wanted)), orderby="include").json()
    assert [row["id"] for row in found] == wanted
    assert ids[0] not in [row["id"] for row in get("orders", exclude=ids[0]).json()]
    assert get("orders", offset=2, per_page=1).json()[0]["id"] == ids[2]
    assert set(get("orders", per_page=1, _fields="id,date_modified_gmt").json()[0]) == {
        "id",
        "date_modified_gmt",
    }
    assert get("orders", include="x").status_code == 400


def test_money_is_text_except_the_price_of_a_line(get):
    for order in get("orders", per_page=50).json():
        for name in ("total", "total_tax", "discount_total", "shipping_total", "cart_tax"):
            assert isinstance(order[name], str)
            assert len(order[name].partition(".")[2]) == 2
        lines = order["line_items"]
        assert all(isinstance(line["price"], int | float) for line in lines)
        parts = sum((Decimal(line["total"]) + Decimal(line["total_tax"]) for line in lines), Decimal(0))
        for charge in order["shipping_lines"] + order["fee_lines"]:
            parts += Decimal(charge["total"]) + Decimal(charge["total_tax"])
        assert parts == Decimal(order["total"])


def test_refunds_are_negative_stubs_positive_records_and_never_taken_off_the_total(get):
    refund = get("refunds", per_page=1).json()[0]
    order = get(f"orders/{refund['parent_id']}").json()
    stub = next(each for each in order["refunds"] if each["id"] == refund["id"])
    assert Decimal(stub["total"]) == -Decimal(refund["amount"]) < 0
    own = get(f"orders/{order['id']}/refunds").json()
    assert {each["id"] for each in own} == {each["id"] for each in order["refunds"]}
    assert "parent_id" not in own[0]
    assert order["date_modified_gmt"] >= refund["date_created_gmt"]
    total = get("refunds", parent=order["id"]).headers["X-WP-Total"]
    assert total == get("refunds").headers["X-WP-Total"], "the parent filter is ignored"


def test_guests_are_found_in_analytics_only(get, still_shop: SimulatedShop):
    with httpx2.Client(auth=(still_shop.key, still_shop.secret), trust_env=False) as client:
        url = f"{still_shop.url}/wp-json/wc-analytics/customers"
        answer = client.get(url, params={"per_page": 100, "orderby": "date_last_active"})
    rows = answer.json()
    guests = [row for row in rows if row["user_id"] is None]
    assert guests
    assert all(isinstance(row["total_spend"], float) for row in guests)
    assert guests[0]["date_last_active"] < guests[0]["date_last_active_gmt"], "swapped, as in the original"


def test_products_with_variations_categories_and_entities(get):
    products = fetch_all(get, "products")
    assert any("&amp;" in product["name"] for product in products)
    variable = next(product for product in products if product["type"] == "variable")
    variations = get(f"products/{variable['id']}/variations", per_page=100).json()
    assert {each["id"] for each in variations} == set(variable["variations"])
    categories = {row["id"]: row for row in fetch_all(get, "products/categories")}
    assert any("&amp;" in row["name"] for row in categories.values())
    assert any(row["parent"] in categories for row in categories.values())
    assert len(fetch_all(get, "coupons")) == 5
    after = products[0]["date_modified_gmt"]
    changed = fetch_all(get, "products", modified_after=after, dates_are_gmt="true")
    assert all(product["date_modified_gmt"] > after for product in changed)


def test_settings_tell_currency_and_index_tells_time_zone(get, still_shop: SimulatedShop):
    settings = {row["id"]: row["value"] for row in get("settings/general").json()}
    assert settings["woocommerce_currency"] == "EUR"
    assert get("settings/general/woocommerce_currency").json()["value"] == "EUR"
    assert get("system_status").json()["settings"]["currency"] == "EUR"
    index = httpx2.get(f"{still_shop.url}/wp-json/", trust_env=False).json()
    assert index["timezone_string"] == "Europe/Berlin"
    assert index["gmt_offset"] == "1"
    assert "wc/v3" in index["namespaces"]


def test_unknown_things_answer_wordpress_errors(get):
    assert get("orders/1").json()["code"] == "woocommerce_rest_shop_order_invalid_id"
    assert get("customers/999999").json()["code"] == "woocommerce_rest_invalid_id"
    assert get("unicorns").json()["code"] == "rest_no_route"
    assert get("unicorns").status_code == 404


def test_json_is_escaped_as_php_does_it(get):
    raw = get("orders", per_page=5).content
    assert b"https:\\/\\/" in raw
    assert raw.isascii()
    assert json.loads(raw)[0]["_links"]["self"][0]["href"].startswith("http://")


def test_meta_data_carries_attribution_rate_and_consent(get):
    keys = Counter(
        (meta["key"]) for order in fetch_all(get, "orders", _fields="meta_data") for meta in order["meta_data"]
    )
    for key in (
        "_wc_order_attribution_source_type",
        "_woocs_order_rate",
        "_newsletter_optin",
        "_newsletter_optin_date",
    ):
        assert keys[key] > 0
    home = get("orders", per_page=100).json()
    foreign = [order for order in home if order["currency"] != "EUR"]
    assert foreign
    assert all(
        meta["key"] != "_woocs_order_rate"
        for order in home
        if order["currency"] == "EUR"
        for meta in order["meta_data"]
    )


@pytest.fixture(scope="module")
def plain_shop():
    with start_simulator(seed=2, customers=30, pretend_https=True, plain_permalinks=True) as shop:
        yield shop


def test_plain_permalinks_hide_wp_json(plain_shop: SimulatedShop):
    auth = (plain_shop.key, plain_shop.secret)
    lost = httpx2.get(f"{plain_shop.url}/wp-json/wc/v3/orders", auth=auth, trust_env=False)
    assert lost.status_code == 404
    assert lost.headers["content-type"].startswith("text/html")
    found = httpx2.get(f"{plain_shop.url}/?rest_route=/wc/v3/orders&per_page=3", auth=auth, trust_env=False)
    assert found.status_code == 200
    assert len(found.json()) == 3
    assert httpx2.get(f"{plain_shop.url}/?rest_route=/", trust_env=False).json()["url"] == plain_shop.url
