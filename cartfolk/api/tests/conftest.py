"""A server on a port of its own, as HubSpot's own client library finds it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.test import Client

from cartfolk.web import tokens
from cartfolk.web.tokens import Scope


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Nothing: the test says what went wrong."""


@pytest.fixture
def live(database: str) -> Iterator[str]:
    """The address of the program, served by a thread."""
    from cartfolk.wsgi import application

    server = make_server("127.0.0.1", 0, application, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def make_token(database: str) -> Callable[..., str]:
    """A token with these scopes (all, unless named)."""
    from django.contrib.auth.models import User

    user, _made = User.objects.get_or_create(username="olga@example.org")

    def make(*scopes: Scope) -> str:
        return tokens.create("system", user.pk, "test", scopes or list(Scope), None)

    return make


@pytest.fixture
def api(make_token: Callable[..., str]) -> Client:
    """A client that may do everything."""
    return Client(HTTP_AUTHORIZATION=f"Bearer {make_token()}")
