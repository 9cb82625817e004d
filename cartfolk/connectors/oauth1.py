"""OAuth 1.0a with four keys (RFC 5849): a shop's consumer acting with an access token, signed in the header."""

from __future__ import annotations

from collections.abc import Generator
from typing import Literal

import httpx2
from oauthlib import oauth1

Method = Literal["HMAC-SHA1", "HMAC-SHA256"]


class OAuth1(httpx2.Auth):
    """Signs address and query of each request in its Authorization header.

    In: consumer key and secret, access token and its secret, and the method the shop wants. Spaces around
    the keys, which pasting leaves there, are taken off. Each request is signed anew, also a repeated one:
    shops remember a nonce and refuse its second use. A body is not signed, as none of ours is a form.
    """

    def __init__(self, key: str, secret: str, token: str, token_secret: str, *, method: Method = "HMAC-SHA256") -> None:
        self._keys = (key.strip(), secret.strip(), token.strip(), token_secret.strip())
        self._method = method

    def header(self, method: str, url: str, *, nonce: str | None = None, timestamp: str | None = None) -> str:
        """The Authorization header of one request; nonce and timestamp are made when not given."""
        key, secret, token, token_secret = self._keys
        client = oauth1.Client(
            key,
            client_secret=secret,
            resource_owner_key=token,
            resource_owner_secret=token_secret,
            signature_method=self._method,
            nonce=nonce,
            timestamp=timestamp,
        )
        # oauthlib reads a query strictly: brackets, which httpx leaves as they are, must be escaped for it.
        _url, headers, _body = client.sign(url.replace("[", "%5B").replace("]", "%5D"), http_method=method)
        return str(headers["Authorization"])

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        request.headers["Authorization"] = self.header(request.method, str(request.url))
        yield request
