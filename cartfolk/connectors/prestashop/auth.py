"""The webservice key: user name of HTTP Basic without a password, or `ws_key` in the query.

PHP run by CGI does not see the Authorization header unless the server is told to pass it on, and then every key
looks wrong (401). So the query is tried once, until one of the two has worked.
"""

from __future__ import annotations

from collections.abc import Generator

import httpx2


class WebserviceKey(httpx2.Auth):
    """Signs each request; remembers which way this shop understands."""

    def __init__(self, key: str) -> None:
        self._key = key.strip()
        self._in_query: bool | None = None  # None = not known yet

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        plain = request.url
        if not self._in_query:
            response = yield next(httpx2.BasicAuth(self._key, "").auth_flow(request))
            if response.status_code < 300:
                self._in_query = False
            if response.status_code != 401 or self._in_query is False:
                return
            del request.headers["Authorization"]
        request.url = plain.copy_merge_params({"ws_key": self._key})
        response = yield request
        if response.status_code < 300:
            self._in_query = True
