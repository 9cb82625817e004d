"""Keys: what is accepted over TLS, what over plain HTTP, and what a key may do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx2
import pytest
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, SIGNATURE_TYPE_QUERY, Client

from cartfolk.simulator import SimulatedShop, start_simulator


@pytest.fixture(scope="module")
def plain_http() -> Iterator[SimulatedShop]:
    """A shop that sees no TLS: Basic does not count there."""
    with start_simulator(seed=2, customers=30) as shop:
        yield shop


def call(url: str, method: str = "GET", **kwargs) -> httpx2.Response:
    with httpx2.Client(trust_env=False) as client:
        return client.request(method, url, **kwargs)


def sign(
    shop: SimulatedShop,
    url: str,
    method: str = "GET",
    algorithm: str = SIGNATURE_HMAC_SHA256,
    secret: str | None = None,
    **kwargs,
) -> str:
    client = Client(
        shop.key,
        secret or shop.secret,
        signature_method=algorithm,
        signature_type=SIGNATURE_TYPE_QUERY,
        **kwargs,
    )
    return str(client.sign(url, method)[0])


@pytest.fixture(scope="module")
def orders(plain_http: SimulatedShop) -> str:
    return f"{plain_http.url}/wp-json/wc/v3/orders?per_page=1&status=any"


@pytest.mark.parametrize("algorithm", [SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256])
def test_oauth_signatures_are_accepted(plain_http: SimulatedShop, orders: str, algorithm: str):
    assert call(sign(plain_http, orders, algorithm=algorithm)).status_code == 200


def test_oauth_covers_odd_characters(plain_http: SimulatedShop):
    url = f"{plain_http.url}/wp-json/wc/v3/customers?search=m%C3%BCller%20%2B%26~&role=all"
    assert call(sign(plain_http, url)).status_code == 200


def test_oauth_on_plain_permalinks(plain_http: SimulatedShop):
    assert call(sign(plain_http, f"{plain_http.url}/?rest_route=/wc/v3/orders&per_page=1")).status_code == 200


def refused(answer: httpx2.Response, code: str = "woocommerce_rest_authentication_error") -> None:
    assert answer.status_code == 401
    assert answer.json()["code"] == code
    assert answer.json()["data"]["status"] == 401


def test_wrong_secret_changed_query_and_other_method_are_refused(plain_http: SimulatedShop, orders: str):
    refused(call(sign(plain_http, orders, secret="cs_wrong")))
    refused(call(sign(plain_http, orders).replace("per_page=1", "per_page=2")))
    refused(call(sign(plain_http, orders, method="POST")))


def test_replay_and_old_timestamps_are_refused(plain_http: SimulatedShop, orders: str):
    url = sign(plain_http, orders)
    assert call(url).status_code == 200
    refused(call(url))
    refused(call(sign(plain_http, orders, timestamp="1500000000")))


def test_missing_oauth_parameters_are_named(plain_http: SimulatedShop, orders: str):
    answer = call(f"{orders}&oauth_consumer_key={plain_http.key}")
    refused(answer, "woocommerce_rest_authentication_missing_parameter")
    assert "oauth_nonce" in answer.json()["message"]


def test_basic_and_query_keys_are_ignored_without_tls(plain_http: SimulatedShop, orders: str):
    refused(call(orders, auth=(plain_http.key, plain_http.secret)), "woocommerce_rest_cannot_view")
    query = f"&consumer_key={plain_http.key}&consumer_secret={plain_http.secret}"
    refused(call(orders + query), "woocommerce_rest_cannot_view")


def test_over_tls_basic_and_query_work_and_the_query_wins(still_shop: SimulatedShop):
    url = f"{still_shop.url}/wp-json/wc/v3/orders?per_page=1"
    assert call(url, auth=(still_shop.key, still_shop.secret)).status_code == 200
    query = f"&consumer_key={still_shop.key}&consumer_secret="
    assert call(url + query + still_shop.secret).status_code == 200
    refused(call(url + query + "cs_wrong", auth=(still_shop.key, still_shop.secret)))
    assert call(url + query + still_shop.secret, auth=(still_shop.key, "cs_wrong")).status_code == 200
    refused(call(url, auth=(still_shop.key, "cs_wrong")))
    refused(call(url, auth=("ck_unknown", "cs_x")), "woocommerce_rest_cannot_view")
    refused(call(url), "woocommerce_rest_cannot_view")


@pytest.fixture(scope="module")
def scoped(still_shop: SimulatedShop) -> Callable[[str, str], httpx2.Response]:
    keys = {scope: still_shop.new_key(scope) for scope in ("read", "write")}
    base = f"{still_shop.url}/wp-json/wc/v3/"

    def ask(scope: str, method: str) -> httpx2.Response:
        return call(f"{base}webhooks", method, auth=keys[scope], json={} if method == "POST" else None)

    return ask


def test_scopes_are_enforced(scoped):
    assert scoped("read", "GET").status_code == 200
    refused(scoped("read", "POST"))
    refused(scoped("write", "GET"))
    assert scoped("write", "POST").json()["code"] == "woocommerce_rest_webhook_invalid_topic"


def test_revoked_key_and_user_without_rights(still_shop: SimulatedShop):
    url = f"{still_shop.url}/wp-json/wc/v3/orders"
    key = still_shop.new_key("read")
    still_shop.change_key(key[0], privileged=False)
    answer = call(url, auth=key)
    assert (answer.status_code, answer.json()["code"]) == (403, "woocommerce_rest_cannot_view")
    still_shop.change_key(key[0], revoke=True)
    refused(call(url, auth=key), "woocommerce_rest_cannot_view")


def test_keys_reach_no_other_namespace(still_shop: SimulatedShop):
    url = f"{still_shop.url}/wp-json/wp/v2/users"
    assert call(url, auth=(still_shop.key, still_shop.secret)).status_code == 401
