"""Faults strike when and where they are told to, and stop when told to."""

from __future__ import annotations

import json
import time

import httpx2
import pytest

from cartfolk.simulator import SimulatedShop, SimulatorFailed, start_simulator
from cartfolk.simulator.faults import FaultError, Faults


def test_rate_limit_says_how_long_to_wait(shop: SimulatedShop, api: httpx2.Client):
    shop.post_fault("rate_limit", path="/orders", every=2, retry_after=3)
    statuses = [api.get("orders").status_code for _ in range(4)]
    assert statuses == [200, 429, 200, 429]
    assert api.get("customers").status_code == 200
    api.get("orders")
    assert api.get("orders").headers["Retry-After"] == "3"
    shop.clear_faults()
    assert api.get("orders").status_code == 200


def test_server_errors_end_after_their_count(shop: SimulatedShop, api: httpx2.Client):
    shop.post_fault("server_error", status=503, count=2)
    assert [api.get("orders").status_code for _ in range(3)] == [503, 503, 200]


def test_firewall_page_is_html_with_status_200(shop: SimulatedShop, api: httpx2.Client):
    shop.post_fault("firewall", count=1)
    answer = api.get("orders")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


def test_notice_precedes_and_truncation_cuts_the_json(shop: SimulatedShop, api: httpx2.Client):
    shop.post_fault("notice", count=1)
    text = api.get("orders").text
    assert text.startswith("<br />")
    assert json.loads(text[text.index("[") :])
    shop.post_fault("truncated", count=1)
    with pytest.raises(ValueError, match=r"."):
        json.loads(api.get("orders").text)
    assert api.get("orders").json()


def test_timeout_and_latency_take_their_time(shop: SimulatedShop, api: httpx2.Client):
    shop.post_fault("timeout", seconds=5, count=1)
    with pytest.raises(httpx2.TimeoutException):
        api.get("orders", timeout=0.2)
    shop.post_fault("latency", seconds=0.3)
    began = time.monotonic()
    api.get("orders")
    assert time.monotonic() - began >= 0.3


def test_rows_shift_between_pages_without_a_change_in_meaning(shop: SimulatedShop, api: httpx2.Client):
    before = shop.truth()
    query: dict[str, str | int] = {"orderby": "modified", "order": "asc", "per_page": 20, "_fields": "id"}
    plain = [row["id"] for page in (1, 2, 3) for row in api.get("orders", params=query | {"page": page}).json()]
    shop.post_fault("shift", path="/orders", rows=30)
    moved = [row["id"] for page in (1, 2, 3) for row in api.get("orders", params=query | {"page": page}).json()]
    assert set(plain) - set(moved), "offset paging misses rows"
    after = shop.truth()
    for name in ("orders", "counted_orders", "currencies", "people"):
        assert before[name] == after[name]


def test_analytics_can_be_off(shop: SimulatedShop):
    shop.post_fault("analytics_off")
    url = f"{shop.url}/wp-json/wc-analytics/customers"
    answer = httpx2.get(url, auth=(shop.key, shop.secret), trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (404, "rest_no_route")


def test_a_wrong_fault_is_refused_by_name(shop: SimulatedShop):
    with pytest.raises(SimulatorFailed, match="kind 'earthquake'"):
        shop.post_fault("earthquake")
    with pytest.raises(FaultError, match="unknown field 'often'"):
        Faults(1).add({"kind": "latency", "often": 2})


def test_chance_is_seeded():
    def struck() -> list[bool]:
        faults = Faults(9)
        faults.add({"kind": "server_error", "probability": 0.3})
        return [faults.strike("server_error", "/x") is not None for _ in range(200)]

    assert struck() == struck()
    assert 30 < sum(struck()) < 90


def test_faults_from_the_start_and_concurrency_counted():
    faults = [{"kind": "latency", "seconds": 0.2}]
    with start_simulator(seed=1, customers=30, pretend_https=True, faults=faults) as shop:
        import concurrent.futures

        def ask(_number: int) -> int:
            url = f"{shop.url}/wp-json/wc/v3/orders"
            return httpx2.get(url, auth=(shop.key, shop.secret), trust_env=False).status_code

        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            assert list(pool.map(ask, range(5))) == [200] * 5
        stats = shop.stats()
    assert stats["max_concurrency"] >= 3
    assert stats["requests"] == {"GET /wc/v3/orders": 5}
