"""Consumer keys: HTTP Basic, then the query string, then OAuth 1.0a; over plain http only the last.

A proxy may strip the Authorization header, and behind one WordPress may not know that it is on https
(`is_ssl()` is false: keys in clear are ignored, and the signed address is built with http). All of it looks
like a missing or wrong key (401), so the next way is tried until one has worked.
"""

from __future__ import annotations

from collections.abc import Generator

import httpx2
from oauthlib import oauth1


class ConsumerKey(httpx2.Auth):
    """Signs each request anew, so that a repeated one carries a new nonce and time."""

    def __init__(self, key: str, secret: str) -> None:
        self._key = key.strip()
        self._secret = secret.strip()
        self._ways = ["basic", "query", "oauth", "oauth by http"]
        self.proven = False
        self._signer = oauth1.Client(
            self._key,
            client_secret=self._secret,
            signature_method=oauth1.SIGNATURE_HMAC_SHA256,
            signature_type=oauth1.SIGNATURE_TYPE_QUERY,
        )

    def worked(self) -> None:
        """The present way was accepted: no other is tried from now on."""
        self.proven = True

    def next_way(self) -> bool:
        """Give the present way up; False if there is no other or it is known to work."""
        if self.proven or len(self._ways) == 1:
            return False
        self._ways.pop(0)
        return True

    def sign(self, method: str, url: str) -> str:
        """The address with an OAuth 1.0a signature (HMAC-SHA256, RFC 5849 §3.4) in its query."""
        signed, _headers, _body = self._signer.sign(url, http_method=method)
        return str(signed)

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        if request.url.scheme != "https":
            # Keys never travel in clear, whatever else would be accepted.
            self._ways = ["oauth"]
        way = self._ways[0]
        if way == "basic":
            yield from httpx2.BasicAuth(self._key, self._secret).auth_flow(request)
            return
        if way == "query":
            request.url = request.url.copy_merge_params({"consumer_key": self._key, "consumer_secret": self._secret})
        elif way == "oauth":
            request.url = httpx2.URL(self.sign(request.method, str(request.url)))
        else:
            signed = self.sign(request.method, str(request.url.copy_with(scheme="http")))
            request.url = httpx2.URL(signed).copy_with(scheme="https")
        yield request
