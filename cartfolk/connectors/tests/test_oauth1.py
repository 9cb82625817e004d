"""OAuth 1.0a: what is signed is what the shop computes for itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import quote, unquote

import httpx2
import pytest

from cartfolk.connectors.oauth1 import Method, OAuth1

PAIRS = {"searchCriteria[pageSize]": "1", "at": "2026-11-23 09:59:00", "fields": "items[id],total_count", "x": "a'*~+&"}


def parts(header: str) -> dict[str, str]:
    assert header.startswith("OAuth ")
    found = dict(each.strip().split("=", 1) for each in header.removeprefix("OAuth ").split(","))
    return {name: unquote(value.strip('"')) for name, value in found.items()}


def by_hand(method: str, url: str, pairs: dict[str, str], key: str, digest: str) -> str:
    def escaped(text: str) -> str:
        return quote(text, safe="~")

    joined = "&".join(f"{name}={value}" for name, value in sorted((escaped(a), escaped(b)) for a, b in pairs.items()))
    base = "&".join((method, escaped(url), escaped(joined)))
    return base64.b64encode(hmac.new(key.encode(), base.encode(), getattr(hashlib, digest)).digest()).decode()


@pytest.mark.parametrize(("method", "digest"), [("HMAC-SHA256", "sha256"), ("HMAC-SHA1", "sha1")])
def test_signature_is_what_the_rfc_says(method: Method, digest: str) -> None:
    auth = OAuth1(" ck ", "cs", "tok", "toks\n", method=method)
    request = httpx2.Request("GET", "https://shop.example:8443/rest/V1/orders", params=PAIRS)
    signed = parts(next(auth.auth_flow(request)).headers["Authorization"])
    given = signed.pop("oauth_signature")
    assert signed["oauth_signature_method"] == method
    assert given == by_hand("GET", "https://shop.example:8443/rest/V1/orders", PAIRS | signed, "cs&toks", digest)


def test_brackets_written_plainly_are_signed_as_well() -> None:
    auth = OAuth1("ck", "cs", "tok", "toks")
    plain = auth.header("GET", "https://shop.example/a?x[y]=1", nonce="n", timestamp="1")
    assert plain == auth.header("GET", "https://shop.example/a?x%5By%5D=1", nonce="n", timestamp="1")


def test_a_repeated_request_carries_another_nonce() -> None:
    auth = OAuth1("ck", "cs", "tok", "toks")
    request = httpx2.Request("GET", "https://shop.example/a")
    nonces = {parts(next(auth.auth_flow(request)).headers["Authorization"])["oauth_nonce"] for _ in range(3)}
    assert len(nonces) == 3
