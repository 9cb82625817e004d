"""The integration's keys: OAuth 1.0a (HMAC-SHA256, four keys), else the access token as a bearer token.

Magento takes the token alone only where it was allowed (off since 2.4.4). Behind a proxy that ends TLS and does
not tell, Magento believes it is on plain http and checks the signature for that address. All of it looks like
wrong keys (401), so the next way is tried until one has worked.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping

import httpx2

from ..oauth1 import OAuth1

FOUR = ("key", "secret", "token", "token_secret")


class Integration(httpx2.Auth):
    """Signs each request anew, so that a repeated one carries a new nonce and time.

    In: the form's values; ``in_clear``: the token may travel over plain http (a private network)."""

    def __init__(self, credentials: Mapping[str, str], in_clear: bool = False) -> None:
        values = {name: credentials.get(name, "").strip() for name in FOUR}
        self.missing = tuple(name for name in FOUR if not values[name])
        self.proven = False
        self._token = values["token"]
        self._in_clear = in_clear
        self._signer = OAuth1(values["key"], values["secret"], values["token"], values["token_secret"])
        alone = set(self.missing) == set(FOUR) - {"token"}
        self._ways = ["bearer"] if alone else [] if self.missing else ["oauth", "oauth by http", "bearer"]

    @property
    def signs(self) -> bool:
        """Whether the present way is a signature: then Magento's "not authorized" is about permissions only."""
        return bool(self._ways) and self._ways[0] != "bearer"

    def ways(self, scheme: str) -> tuple[str, ...]:
        """What may be tried over http or https. Keys never travel in clear."""
        if scheme == "https":
            return tuple(self._ways)
        return tuple(way for way in self._ways if way == "oauth" or (way == "bearer" and self._in_clear))

    def worked(self) -> None:
        """The present way was accepted: no other is tried from now on."""
        self.proven = True

    def next_way(self, scheme: str) -> bool:
        """Give the present way up; False if there is no other or it is known to work."""
        left = self.ways(scheme)[1:]
        if self.proven or not left:
            return False
        self._ways = list(left)
        return True

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        ways = self.ways(request.url.scheme)
        if not ways:
            yield request  # an answer of 401 is all there is to be had
            return
        if ways[0] == "bearer":
            request.headers["Authorization"] = f"Bearer {self._token}"
        else:
            scheme = "http" if ways[0] == "oauth by http" else request.url.scheme
            url = str(request.url.copy_with(scheme=scheme))
            request.headers["Authorization"] = self._signer.header(request.method, url)
        yield request
