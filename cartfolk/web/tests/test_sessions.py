"""Risk: a browser stays signed in that should not be; a token outlives its end."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from django.test import Client

from cartfolk.core.time import now
from cartfolk.web import presence, tokens
from cartfolk.web.models import ApiToken, Presence

PASSWORD = "a long pass phrase"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"


def _signed_in(user: User, agent: str, address: str) -> Client:
    client = Client(HTTP_USER_AGENT=agent, REMOTE_ADDR=address)
    client.force_login(user)
    client.get("/contacts")
    return client


def test_one_sees_ones_browsers_and_ends_them(owner: Client) -> None:
    user = User.objects.get()
    here = _signed_in(user, FIREFOX, "203.0.113.77")
    phone = _signed_in(user, IPHONE, "2001:db8:1:2::9")
    devices = here.get("/settings/account").context["devices"]
    assert [(d.browser, d.system, d.address, d.this) for d in devices[:2]] == [
        ("Firefox", "Linux", "203.0.113.x", True),
        ("Safari", "iPhone", "2001:db8:1::x", False),
    ]
    here.post("/settings/account/sessions", {"id": devices[1].id})
    assert phone.get("/contacts").status_code == 302
    assert here.get("/contacts").status_code == 200
    here.post("/settings/account/sessions", {"others": "1"})
    assert owner.get("/contacts").status_code == 302  # its browser was never noted; it ends all the same
    assert here.get("/contacts").status_code == 200


def test_a_session_that_ended_shows_no_sign_in_inside_a_page(owner: Client) -> None:
    """A part that a page asks for is refused: the page says so, and keeps what is typed in it."""
    owner.logout()
    answer = owner.get("/contacts?q=ann", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (401, b"")
    assert "HX-Redirect" not in answer
    assert owner.get("/contacts?q=ann", headers={"HX-Request": "true", "HX-Boosted": "true"}).status_code == 302
    assert owner.get("/contacts").status_code == 302


def test_nobody_ends_anothers_session(owner: Client) -> None:
    other = User.objects.create_user("m@example.org", "m@example.org", PASSWORD)
    victim = _signed_in(other, FIREFOX, "203.0.113.5")
    owner.post("/settings/account/sessions", {"id": Presence.objects.get(user=other).pk})
    owner.post("/settings/account/sessions", {"others": "1"})
    assert victim.get("/contacts").status_code == 200


def test_a_new_password_ends_every_other_session(owner: Client) -> None:
    user = User.objects.get()
    other = _signed_in(user, IPHONE, "203.0.113.5")
    new = {"present": PASSWORD, "password": "quite another phrase"}
    assert owner.post("/settings/account/password", new | {"present": "wrong"}).status_code == 422
    assert owner.post("/settings/account/password", new | {"password": "short"}).status_code == 422
    before = owner.session.session_key
    assert owner.post("/settings/account/password", new).status_code == 302
    assert owner.get("/contacts").status_code == 200
    assert owner.session.session_key != before
    assert other.get("/contacts").status_code == 302
    for _ in range(5):
        owner.post("/settings/account/password", new | {"present": "wrong"})
    waits = owner.post("/settings/account/password", new | {"present": "quite another phrase"})
    assert (waits.status_code, User.objects.get().check_password("quite another phrase")) == (422, True)


def test_addresses_are_kept_shortened() -> None:
    assert presence.shortened("198.51.100.23") == "198.51.100.x"
    assert presence.shortened("not an address") == ""


def test_a_token_is_shown_once_kept_hashed_and_ends(owner: Client) -> None:
    form = {"name": "ERP", "scopes": ["contacts.read", "contacts.write"], "days": "30"}
    token = owner.post("/settings/tokens", form).context["token"]
    assert token not in owner.get("/settings/tokens").content.decode()
    assert token not in str(list(ApiToken.objects.values()))
    found = tokens.find(token)
    assert found is not None
    assert found.scopes == ["contacts.read", "contacts.write"]
    assert tokens.find(token[:-1]) is None
    assert owner.post("/settings/tokens", form | {"scopes": ["everything"]}).status_code == 422
    ApiToken.objects.update(expires_at=now() - timedelta(seconds=1))
    assert tokens.find(token) is None
    ApiToken.objects.update(expires_at=None)
    assert tokens.find(token)
    owner.post(f"/settings/tokens/{found.pk}/revoke")
    assert tokens.find(token) is None
