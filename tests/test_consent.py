"""Risk: a sync, an import or a scanner changes what somebody agreed to; an unsubscribe does not stick."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.test import Client

from bench.server import add_store
from cartfolk import consent_links, pipeline
from cartfolk.commerce import consent
from cartfolk.connectors.canonical import Consent, ConsentStatus
from cartfolk.core.sql import Connection
from cartfolk.core.time import now

from .people import refresh_all

ANN = "ann@example.org"
YEAR = timedelta(days=365)


@pytest.fixture
def store(conn: Connection) -> int:
    return add_store(conn, datetime(2026, 1, 1, tzinfo=UTC))


def tell(conn: Connection, database: str, store: int, status: str, source: str, at: datetime) -> int:
    record = Consent(ConsentStatus(status), at, source, email=ANN)
    with psycopg.connect(database, autocommit=True) as identity, conn.transaction():
        pipeline.apply(conn, identity, [pipeline.Received(record, store, now())], pipeline.LIVE)
    refresh_all(conn)
    row = conn.execute("select contact_id from identity where value = %s", [ANN]).fetchone()
    assert row
    return int(row[0])


def state(conn: Connection, contact: int) -> str:
    found = [s.status for s in consent.states(conn, [contact]) if s.purpose == "marketing"]
    return found[0] if found else "unknown"


def value(conn: Connection, name: str, contact: int) -> object:
    refresh_all(conn)
    row = conn.execute(f"select {name} from contact_property where contact_id = %s", [contact]).fetchone()
    return row[0] if row else None


def path(link: str) -> str:
    return "/" + link.split("/", 3)[3]


@pytest.mark.parametrize("source", ["import", "sync"])
def test_a_sync_never_undoes_an_unsubscribe_a_checkout_does(
    conn: Connection, database: str, store: int, source: str
) -> None:
    contact = tell(conn, database, store, "granted", "checkout", now() - 2 * YEAR)
    link = consent_links.unsubscribe_link(conn, contact)
    assert Client().post(path(link)).status_code == 200
    tell(conn, database, store, "granted", source, now() + timedelta(minutes=1))
    assert state(conn, contact) == "withdrawn"
    assert value(conn, "hs_email_optout", contact) is True
    tell(conn, database, store, "granted", "checkout", now() + timedelta(minutes=2))
    assert state(conn, contact) == "granted", "the person's own later act"
    assert value(conn, "hs_email_optout", contact) is False


def test_a_scanner_that_opens_links_confirms_and_unsubscribes_nothing(
    conn: Connection, database: str, store: int
) -> None:
    contact = tell(conn, database, store, "granted", "checkout", now() - YEAR)
    assert Client().get(path(consent_links.unsubscribe_link(conn, contact))).status_code == 200
    assert state(conn, contact) == "granted"
    other = consent_links.ask(conn, contact, "sms", "marketing", "Yes, text me.")
    assert Client().get(path(other)).status_code == 200
    assert [s.status for s in consent.states(conn, [contact]) if s.channel == "sms"] == ["pending"]


def test_a_mail_program_unsubscribes_with_one_post_and_no_cookie(conn: Connection, database: str, store: int) -> None:
    contact = tell(conn, database, store, "granted", "checkout", now() - YEAR)
    link = consent_links.unsubscribe_link(conn, contact)
    assert consent_links.headers(link)["List-Unsubscribe"] == f"<{link}>"
    client = Client(enforce_csrf_checks=True)
    assert client.post(path(link), {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert state(conn, contact) == "withdrawn"
    assert consent.ledger(conn, contact)[0].evidence == {"one_click": True}


def test_asking_grants_nothing_until_the_person_confirms(conn: Connection, database: str, store: int) -> None:
    contact = tell(conn, database, store, "withdrawn", "newsletter", now() - YEAR)
    link = consent_links.ask(conn, contact, "email", "marketing", "Yes, write to me.", by="user:1")
    assert state(conn, contact) == "withdrawn"
    assert value(conn, "hs_emailconfirmationstatus", contact) == "PENDING"
    assert Client().post(path(link)).status_code == 200
    assert state(conn, contact) == "granted"
    assert value(conn, "hs_emailconfirmationstatus", contact) == "CONFIRMED"
    Client().post(path(consent_links.unsubscribe_link(conn, contact)))
    for again in (Client().post(path(link)), Client().get(path(link))):
        assert "You are not subscribed" in again.content.decode()
    assert state(conn, contact) == "withdrawn", "an old confirmation link raises nothing"


def test_an_expired_link_grants_nothing(conn: Connection, database: str, store: int) -> None:
    contact = tell(conn, database, store, "withdrawn", "newsletter", now() - YEAR)
    link = consent_links.ask(conn, contact, "email", "marketing", "Yes, write to me.", by="user:1")
    conn.execute("update person_link set expires_at = now() - interval '1 second'")
    for answer in (Client().get(path(link)), Client().post(path(link))):
        assert answer.status_code == 404
        assert "no longer valid" in answer.content.decode()
    assert state(conn, contact) == "withdrawn"


def test_a_user_cannot_grant_without_evidence(conn: Connection, database: str, store: int) -> None:
    contact = tell(conn, database, store, "withdrawn", "newsletter", now() - YEAR)
    with pytest.raises(consent.NoEvidence):
        consent.act(conn, contact, "email", "marketing", "granted", "user", evidence={"text": " "}, by="user:1")
    assert state(conn, contact) == "withdrawn"
    consent.act(conn, contact, "email", "marketing", "granted", "user", evidence={"text": "Form of 3 May"}, by="user:1")
    assert state(conn, contact) == "granted"


@pytest.mark.parametrize("token", ["x" * 22, "short", "%00"])
def test_a_link_nobody_made_opens_nothing(conn: Connection, token: str) -> None:
    assert Client().post(f"/u/{token}").status_code == 404
    assert Client().post(f"/c/{token}").status_code == 404
    assert conn.execute("select count(*) from consent_event").fetchone() == (0,)
