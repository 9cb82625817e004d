"""Risk: a password alone, an old code or patience opens an account that asks for two factors."""

from __future__ import annotations

import time

import pyotp
import pytest
from django.contrib.auth.models import User
from django.test import Client

from cartfolk.web import members, two_factor
from cartfolk.web.models import Member, RecoveryCode

PASSWORD = "a long pass phrase"
GOOD = {"email": "olga@example.org", "password": PASSWORD}


@pytest.fixture
def secured(owner: Client) -> tuple[str, list[str]]:
    """The owner's secret and recovery codes; the code of the step before the present one is used up."""
    page = owner.get("/settings/account/two-factor")
    secret = page.context["secret"].replace(" ", "")
    assert secret not in str(dict(owner.session.items()))
    wrong = owner.post("/settings/account/two-factor", {"code": "000000"})
    assert wrong.status_code == 422
    assert not Member.objects.get().totp_secret
    done = owner.post("/settings/account/two-factor", {"code": _code(secret, -1)})
    assert done.status_code == 200
    assert secret.encode() not in bytes(Member.objects.get().totp_secret)
    return secret, done.context["codes"]


def _code(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).generate_otp(int(time.time()) // 30 + steps)


def _password_done(address: str = "127.0.0.1") -> Client:
    client = Client(REMOTE_ADDR=address)
    assert client.post("/sign-in", GOOD)["Location"] == "/sign-in/code"
    assert client.get("/contacts").status_code == 302  # half way is not in
    return client


def test_the_code_signs_in_and_works_once(secured: tuple[str, list[str]]) -> None:
    secret, _codes = secured
    code, client = _code(secret), _password_done()
    before = client.session.session_key
    assert client.post("/sign-in/code", {"code": code})["Location"] == "/"
    assert client.session.session_key != before  # a session somebody planted is worth nothing
    assert client.get("/contacts").status_code == 200
    second = _password_done()
    assert second.post("/sign-in/code", {"code": code}).status_code == 200
    assert second.get("/contacts").status_code == 302
    # A later code first: the one before it is then old, although its thirty seconds still run.
    assert second.post("/sign-in/code", {"code": _code(secret, -1)}).status_code == 200


def test_a_recovery_code_signs_in_once(secured: tuple[str, list[str]]) -> None:
    _secret, codes = secured
    assert len(set(codes)) == 8
    assert codes[0] not in str(list(RecoveryCode.objects.values()))
    assert _password_done().post("/sign-in/code", {"code": codes[0].upper()}).status_code == 302
    assert _password_done().post("/sign-in/code", {"code": codes[0]}).status_code == 200
    assert RecoveryCode.objects.count() == 7


def test_wrong_codes_wait_even_from_a_fresh_session(secured: tuple[str, list[str]]) -> None:
    secret, _codes = secured
    for number in range(5):  # from five addresses: none of them waits for itself
        asked = _password_done(f"198.51.100.{number}")
        assert asked.post("/sign-in/code", {"code": "123456"}).status_code == 200
    client = _password_done("198.51.100.7")
    assert client.post("/sign-in/code", {"code": _code(secret)}).status_code == 429


def test_no_code_page_without_the_password_nor_after_it_changed(secured: tuple[str, list[str]]) -> None:
    secret, _codes = secured
    assert Client().post("/sign-in/code", {"code": _code(secret)})["Location"] == "/sign-in"
    client = _password_done()
    user = User.objects.get()
    user.set_password("another long phrase")
    user.save()
    again = client.post("/sign-in/code", {"code": _code(secret)}, follow=True)
    assert again.redirect_chain == [("/sign-in", 302)]
    assert "Enter your password again." in again.text


def test_turning_it_off_takes_password_and_code(owner: Client, secured: tuple[str, list[str]]) -> None:
    secret, codes = secured
    off = "/settings/account/two-factor/off"
    assert owner.post(off, {"present": "wrong", "code": _code(secret)}).status_code == 422
    assert owner.post(off, {"present": PASSWORD, "code": "000000"}).status_code == 422
    assert Member.objects.get().totp_secret
    assert owner.post(off, {"present": PASSWORD, "code": codes[1]}).status_code == 302
    assert not Member.objects.get().totp_secret
    assert not RecoveryCode.objects.exists()
    assert Client().post("/sign-in", GOOD)["Location"] == "/"


def test_required_for_all_leads_everywhere_to_the_set_up(owner: Client) -> None:
    members.require_two_factor("user:1", True)
    for address in ("/", "/contacts", "/settings/people"):
        assert owner.get(address)["Location"] == "/settings/account/two-factor"
    assert owner.post("/settings/people/two-factor", {"required": "0"})["Location"] == "/settings/account/two-factor"
    assert members.two_factor_required()
    secret = owner.get("/settings/account/two-factor").context["secret"].replace(" ", "")
    owner.post("/settings/account/two-factor", {"code": _code(secret)})
    assert owner.get("/contacts").status_code == 200


def test_reset_by_an_owner_signs_out_and_the_password_is_enough(secured: tuple[str, list[str]], owner: Client) -> None:
    user = User.objects.get()
    members.reset_two_factor("system", user.pk)
    assert owner.get("/").status_code == 302
    assert Client().post("/sign-in", GOOD)["Location"] == "/"
    with pytest.raises(two_factor.CodeRefused):
        two_factor.enable(members.of(user), pyotp.random_base32(), "12345")
