"""Risk: somebody sees or does what their role does not allow. Every address, every role, reading and writing.

An address that is missing here fails the test: whoever adds a page says who may use it.
"""

from __future__ import annotations

import html
import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, resolve

from cartfolk import merging
from cartfolk.core.sql import Connection
from cartfolk.web import members
from cartfolk.web.models import Member
from cartfolk.web.roles import Role
from cartfolk.web.urls import urlpatterns

READER, MARKETER, OWNER = Role.READER, Role.MARKETER, Role.OWNER
OPEN = {"sign-in", "sign-in-code", "sign-out", "setup", "language", "invitation", "confirm", "unsubscribe"}
NEEDS = {
    "home": READER,
    "contacts": READER,
    "contacts-columns": READER,
    "contacts-export": MARKETER,
    "contact": READER,
    "contact-timeline": READER,
    "contact-orders": READER,
    "contact-carts": READER,
    "contact-properties": READER,
    "contact-history": READER,
    "contact-segments": READER,
    "contact-segment-why": READER,
    "contact-value": READER,
    "contact-value-edit": MARKETER,
    "contact-value-restore": MARKETER,
    "contacts-hide-empty": READER,
    "stores": READER,
    "stores-connect": OWNER,
    "stores-connect-platform": OWNER,
    "store": READER,
    "store-progress": READER,
    "store-run": OWNER,
    "store-state": OWNER,
    "store-settings": OWNER,
    "store-secret": OWNER,
    "store-app": OWNER,
    "store-app-state": OWNER,
    "store-retry": OWNER,
    "store-disconnect": OWNER,
    "store-sender": OWNER,
    "store-rates": READER,
    "store-rate-save": OWNER,
    "store-rate-remove": OWNER,
    "properties": READER,
    "segments": READER,
    "segments-create": MARKETER,
    "segment": READER,
    "segment-state": READER,
    "segment-moves": READER,
    "computing": READER,
    "segment-compare": READER,
    "segment-new": MARKETER,
    "segment-edit": MARKETER,
    "segment-hubspot": MARKETER,
    "segment-build": MARKETER,
    "segment-preview": MARKETER,
    "segment-suggest": MARKETER,
    "segment-change": MARKETER,
    "contact-emails": MARKETER,
    "privacy": OWNER,
    "privacy-keep": OWNER,
    "privacy-lift": OWNER,
    "privacy-erase": OWNER,
    "contacts-erase": OWNER,
    "privacy-report": OWNER,
    "privacy-done": OWNER,
    "audit": OWNER,
    "contact-consent": READER,
    "contact-consent-act": MARKETER,
    "contact-everything": OWNER,
    "note-add": MARKETER,
    "note-change": MARKETER,
    "note-delete": MARKETER,
    "note-undo": MARKETER,
    "properties-new": MARKETER,
    "properties-arrange": MARKETER,
    "properties-group": MARKETER,
    "properties-group-edit": MARKETER,
    "properties-group-state": MARKETER,
    "properties-formula": MARKETER,
    "properties-progress": READER,
    "properties-edit": MARKETER,
    "properties-state": MARKETER,
    "contacts-count": READER,
    "contacts-filter": READER,
    "contacts-filterable": READER,
    "contacts-view-save": MARKETER,
    "contacts-view": MARKETER,
    "contacts-list": MARKETER,
    "contacts-edit": MARKETER,
    "contacts-edited": MARKETER,
    "contacts-edit-undo": MARKETER,
    "contacts-duplicates": READER,
    "contacts-duplicates-dismissed": READER,
    "contacts-duplicates-dismiss": MARKETER,
    "contacts-duplicates-compare": MARKETER,
    "contacts-duplicates-reconsider": MARKETER,
    "contacts-merge": MARKETER,
    "contacts-merge-undo": MARKETER,
    "contact-merge": MARKETER,
    "contacts-import": MARKETER,
    "contacts-import-one": MARKETER,
    "contacts-import-columns": MARKETER,
    "contacts-import-do": MARKETER,
    "contacts-import-undo": MARKETER,
    "contacts-import-errors": MARKETER,
    "account": READER,
    "account-profile": READER,
    "account-password": READER,
    "account-two-factor": READER,
    "account-two-factor-off": READER,
    "account-codes": READER,
    "account-sessions": READER,
    "people": OWNER,
    "people-invite": OWNER,
    "people-two-factor": OWNER,
    "people-invitation": OWNER,
    "people-change": OWNER,
    "tokens": OWNER,
    "tokens-revoke": OWNER,
}
SAMPLES = {
    "contact_id": "1",
    "key": "all",
    "platform": "woocommerce",
    "user_id": "999",
    "invitation_id": "9",
    "token_id": "9",
}


def _addresses() -> dict[str, str]:
    found = {}
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        path = str(pattern.pattern)
        for name, converter in pattern.pattern.converters.items():
            kind = {"IntConverter": "int", "SlugConverter": "slug", "StringConverter": "str"}.get(
                type(converter).__name__, ""
            )
            value = SAMPLES.get(name) or ("9" if kind == "int" else "teashop")
            path = path.replace(f"<{kind}:{name}>", value)
        found[str(pattern.name)] = f"/{path}"
    return found


ADDRESSES = _addresses()


def test_every_address_says_who_may_use_it() -> None:
    assert set(ADDRESSES) - OPEN == set(NEEDS)


@pytest.mark.parametrize("role", [None, READER, MARKETER, OWNER])
def test_every_address_answers_each_role_as_listed(people: int, role: Role | None) -> None:
    client = Client()
    # Never the account's only owner: what an owner may do shall not be refused for another reason.
    User.objects.create_superuser("first@example.org", "first@example.org", "a long pass phrase")
    user = User.objects.create_user("x@example.org", "x@example.org", "a long pass phrase")
    if role:
        Member.objects.create(user=user, role=role)
    for name, needs in NEEDS.items():
        for method in ("get", "post"):
            if role:
                client.force_login(user)  # a page may have signed us out
            status = getattr(client, method)(ADDRESSES[name])
            where = f"{method} {name} as {role}: {status.status_code}"
            to_door = status.status_code == 302 and status["Location"].startswith("/sign-in")
            if role is None:
                assert to_door, where
            elif role.includes(needs):
                assert status.status_code != 403, where
                assert not to_door, where
            else:
                assert status.status_code == 403, where


def test_a_demoted_owner_is_one_no_more_although_django_once_made_a_superuser(owner: Client) -> None:
    olga = User.objects.get()
    assert members.of(olga).role == OWNER
    second = User.objects.create_superuser("second@example.org", "second@example.org", "a long pass phrase")
    members.of(second)
    members.change_role("user:2", olga.pk, READER)
    assert owner.get("/settings/people").status_code == 403
    assert owner.post(f"/settings/people/{olga.pk}", {"do": "role", "role": "owner"}).status_code == 403
    assert Member.objects.get(pk=olga.pk).role == READER
    olga.refresh_from_db()
    assert not olga.is_superuser


@pytest.mark.parametrize("role", [READER, MARKETER])
def test_no_page_leads_where_its_reader_may_not_go(conn: Connection, people: int, role: Role) -> None:
    """From the first page wherever links lead, one page of each address: what is shown can be pressed."""
    merging.merge(conn, 4, [5], "the same", "user:1")
    user = User.objects.create_user("x@example.org", "x@example.org", "a long pass phrase")
    Member.objects.create(user=user, role=role)
    client = Client()
    client.force_login(user)
    waiting = ["/", "/contacts/4", "/contacts/4/consent", "/contacts/4/properties", "/stores/teashop"]
    seen: set[str] = set()
    refused: set[str] = set()
    while waiting:
        address = waiting.pop(0)
        answer = client.get(address)
        if answer.status_code != 200 or "text/html" not in answer["Content-Type"] or answer.streaming:
            continue
        for kind, raw in re.findall(r'\s(href|action|formaction|hx-get|hx-post)="(/[^"]*)"', answer.text):
            target = html.unescape(raw)
            path = target.partition("?")[0].partition("#")[0]
            if path.startswith("/static/"):
                continue
            found = resolve(path)
            needs = getattr(found.func, "needs", READER)
            if not role.includes(needs):
                refused.add(f"{address}: {kind} {path}")
            elif kind in ("href", "hx-get") and found.view_name not in seen:
                seen.add(found.view_name)
                waiting.append(target)
    assert len(seen) > 15, seen
    assert not refused, refused
    assert ("web:contacts-export" in seen) == (role != READER)
