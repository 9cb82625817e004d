"""Risk: a link works twice, an account is left without an owner, an invitation gives more than it says."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client

from cartfolk.audit import log
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.web import members
from cartfolk.web.models import Invitation, Member
from cartfolk.web.roles import Role

PASSWORD = "a long pass phrase"


def _path(link: str) -> str:
    return link[link.index("/invitation/") :]


def test_an_invitation_lets_one_person_in_once_with_the_role_it_says(owner: Client, conn: Connection) -> None:
    page = owner.post("/settings/people/invite", {"email": "Max@Example.org", "role": "marketer"})
    link = page.context["link"]
    assert _path(link).split("/")[-1] not in str(list(Invitation.objects.values()))
    guest = Client()
    assert guest.get(_path(link)).status_code == 200
    # What is posted beside the form changes nothing.
    joined = guest.post(
        _path(link), {"name": "Max", "password": PASSWORD, "role": "owner", "email": "evil@example.org"}
    )
    assert joined.status_code == 302
    max_ = User.objects.get(username="max@example.org")
    assert (members.of(max_).role, max_.is_superuser) == ("marketer", False)
    assert guest.get("/contacts").status_code == 200
    assert Client().post(_path(link), {"name": "Eve", "password": PASSWORD}).status_code == 410
    told = [(event.actor, event.action, event.detail.get("role")) for event in log.recent(conn, action="member.")]
    told = [event for event in told if event[1] != "member.signed_in"]
    assert told[:2] == [(f"user:{max_.pk}", "member.joined", "marketer"), (told[1][0], "member.invited", "marketer")]
    assert "example" not in str([event.detail for event in log.recent(conn)])


def test_resent_revoked_and_old_links_do_not_work(owner: Client) -> None:
    first = members.invite("user:1", "a@example.org", Role.READER)
    invitation = Invitation.objects.get()
    renewed = owner.post(f"/settings/people/invitations/{invitation.pk}", {"do": "resend"}).context["link"]
    assert Client().get(_path(first)).status_code == 410
    assert Client().get(_path(renewed)).status_code == 200
    Invitation.objects.update(created_at=now() - timedelta(days=7, seconds=1))
    assert Client().post(_path(renewed), {"name": "A", "password": PASSWORD}).status_code == 410
    Invitation.objects.update(created_at=now())
    owner.post(f"/settings/people/invitations/{invitation.pk}", {"do": "revoke"})
    assert Client().get(_path(renewed)).status_code == 410
    assert not User.objects.filter(username="a@example.org").exists()


def test_the_last_owner_stays(owner: Client) -> None:
    olga = User.objects.get()
    for post in ({"do": "role", "role": "reader"}, {"do": "deactivate"}):
        answer = owner.post(f"/settings/people/{olga.pk}", post, follow=True)
        assert "last owner" in answer.content.decode()
    assert Member.objects.get().role == Role.OWNER
    second = User.objects.create_user("b@example.org", "b@example.org", PASSWORD, is_active=False)
    Member.objects.create(user=second, role=Role.OWNER)
    with pytest.raises(members.Refused):  # an owner who cannot sign in counts for nothing
        members.deactivate("user:1", olga.pk)
    members.activate("user:1", second.pk)
    members.deactivate("user:1", olga.pk)
    assert owner.get("/").status_code == 302


def test_a_deactivated_member_is_out_at_once(owner: Client) -> None:
    user = User.objects.create_user("m@example.org", "m@example.org", PASSWORD)
    Member.objects.create(user=user, role=Role.MARKETER)
    client = Client()
    client.force_login(user)
    assert client.get("/contacts").status_code == 200
    owner.post(f"/settings/people/{user.pk}", {"do": "deactivate"})
    assert client.get("/contacts").status_code == 302
    assert Client().post("/sign-in", {"email": "m@example.org", "password": PASSWORD}).status_code == 200


def test_a_marketer_cannot_make_themselves_owner_by_posting(owner: Client) -> None:
    user = User.objects.create_user("m@example.org", "m@example.org", PASSWORD)
    Member.objects.create(user=user, role=Role.MARKETER)
    client = Client()
    client.force_login(user)
    for address, post in (
        (f"/settings/people/{user.pk}", {"do": "role", "role": "owner"}),
        ("/settings/people/invite", {"email": "mine@example.org", "role": "owner"}),
        ("/settings/tokens", {"name": "x", "scopes": ["privacy.erase"], "days": "0"}),
    ):
        assert client.post(address, post).status_code == 403
    client.post("/settings/account/profile", {"name": "M", "role": "owner", "is_superuser": "1"})
    user.refresh_from_db()
    assert (members.of(user).role, user.is_superuser) == ("marketer", False)


def test_a_locked_out_owner_gets_in_by_the_command_line(owner: Client, capsys: pytest.CaptureFixture[str]) -> None:
    from cartfolk import cli

    Member.objects.update_or_create(pk=User.objects.get().pk, defaults={"role": "owner", "totp_secret": b"lost"})
    assert cli.main(["members", "reset-2fa", "Olga@example.org"]) == 0
    assert not Member.objects.get().totp_secret
    assert cli.main(["members", "invite", "new@example.org", "--role", "owner"]) == 0
    link = capsys.readouterr().out.splitlines()[-1]
    assert Client().post(_path(link), {"name": "N", "password": PASSWORD}).status_code == 302
    assert cli.main(["members", "role", "olga@example.org", "reader"]) == 0
    assert cli.main(["members", "role", "new@example.org", "reader"]) == 2  # the last owner
    assert cli.main(["members", "role", "nobody@example.org", "reader"]) == 6
    assert cli.main(["members", "list", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert {(row["email"], row["role"]) for row in rows} == {
        ("olga@example.org", "reader"),
        ("new@example.org", "owner"),
    }
