"""Getting in: the one-time link, the throttle."""

from __future__ import annotations

from django.test import Client

from cartfolk.web import owner as owners


def test_setup_link_creates_the_owner_once(database: str) -> None:
    stale = owners.setup_link()
    link = owners.setup_link()
    assert stale
    assert link
    path = link[link.index("/setup/") :]
    assert Client().get(stale[stale.index("/setup/") :]).status_code == 410
    assert Client().get(path).status_code == 200
    short = Client().post(path, {"email": "o@example.org", "password": "short"})
    assert short.status_code == 200
    client = Client()
    made = client.post(path, {"email": "O@example.org", "password": "a long pass phrase"})
    assert made.status_code == 302
    assert client.get("/").status_code == 200
    assert Client().get(path).status_code == 410
    assert owners.setup_link() is None
    again = Client().post("/sign-in", {"email": "o@EXAMPLE.org", "password": "a long pass phrase"})
    assert again.status_code == 302


def test_five_failures_then_even_the_right_password_waits(owner: Client) -> None:
    client = Client()
    for _ in range(5):
        assert client.post("/sign-in", {"email": "olga@example.org", "password": "wrong"}).status_code == 200
    waited = client.post("/sign-in", {"email": "olga@example.org", "password": "a long pass phrase"})
    assert waited.status_code == 429


def test_sign_in_goes_nowhere_else(owner: Client) -> None:
    client = Client()
    good = {"email": "olga@example.org", "password": "a long pass phrase", "next": "https://evil.example/"}
    assert client.post("/sign-in", good)["Location"] == "/"
