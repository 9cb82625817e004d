"""cartfolk doctor: each thing that goes wrong in an installation is named, with the way out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from cartfolk import doctor
from cartfolk.core.sql import Connection
from cartfolk.properties import columns, definitions, recompute
from cartfolk.properties.catalogue import Property

PASSWORD = "not-for-the-terminal"


def one(findings: object, name: str) -> doctor.Finding:
    [finding] = [finding for finding in findings if finding.name == name]  # type: ignore[attr-defined]
    return finding


@pytest.fixture
def installation(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    from django.conf import settings

    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "secret_key").write_text("k" * 60)
    (data / "secret_key").chmod(0o600)
    monkeypatch.setattr(settings, "DATA_DIR", data)
    monkeypatch.setattr(settings, "DATABASE_URL", database)
    monkeypatch.setattr(settings, "PUBLIC_URL", "https://hub.example.com")
    monkeypatch.delenv("CARTFOLK_SECRET_KEY", raising=False)
    monkeypatch.setattr(doctor, "FREE_BYTES", 1)
    return data


def test_a_sound_installation_has_no_problem(installation: Path) -> None:
    findings = doctor.problems()
    assert [finding for finding in findings if not finding.ok] == []
    looked_at = {finding.name for finding in findings}
    assert {"Python", "Data folder", "Disk", "Database", "Migrations", "Properties"} <= looked_at


def test_a_key_other_users_can_read_is_named_with_the_command_that_helps(installation: Path) -> None:
    (installation / "secret_key").chmod(0o644)
    finding = doctor.data_folder(installation)
    assert not finding.ok
    assert f"chmod -R go= {installation / 'secret_key'}" in finding.message


def test_a_missing_data_folder(tmp_path: Path) -> None:
    finding = doctor.data_folder(tmp_path / "gone")
    assert not finding.ok
    assert "CARTFOLK_DATA" in finding.message


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "FREE_BYTES", 1 << 60)
    assert not doctor.disk(tmp_path / "not" / "yet").ok


@pytest.mark.parametrize(
    ("url", "ok"),
    [
        ("https://hub.example.com", True),
        ("http://127.0.0.1:8000", True),
        ("http://localhost:8000", True),
        ("http://[::1]:8000", True),
        ("http://hub.example.com", False),
        ("https://hub.example.com:8443", False),
        ("hub.example.com", False),
        ("https://user@hub.example.com", False),
    ],
)
def test_public_address(url: str, ok: bool) -> None:
    assert doctor.public_url(url).ok is ok


def test_an_unreachable_database_is_one_sentence_without_the_password(
    installation: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "DATABASE_URL", f"postgresql://somebody:{PASSWORD}@127.0.0.1:1/none")
    finding = one(doctor.problems(), "Database")
    assert not finding.ok
    assert "DATABASE_URL" in finding.message
    assert PASSWORD not in finding.message


def test_an_unmigrated_database_is_told_apart_from_a_broken_one(conn: Connection) -> None:
    conn.execute("delete from django_migrations where app = 'commerce'")
    finding = one(doctor.schema(conn), "Migrations")
    assert not finding.ok
    assert "commerce.0001_initial" in finding.message


def test_an_empty_database_needs_its_migrations(server_url: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as conn:
        conn.execute("set search_path to pg_temp")
        finding = one(doctor.schema(conn), "Migrations")
    assert not finding.ok


def test_a_missing_property_column(conn: Connection) -> None:
    columns.ensure(conn)
    conn.execute("alter table contact_property drop column total_number_of_orders")
    finding = doctor.property_columns(conn)
    assert not finding.ok
    assert "total_number_of_orders" in finding.message


def test_a_formula_that_stands_still_is_named_with_the_way_out(conn: Connection) -> None:
    shoe = Property(
        name="shoe", label_en="Shoe", label_de="Schuh", group="contactinformation", type="number", definition_en="",
        definition_de="", computed=False, custom=True,
    )  # fmt: skip
    definitions.create(conn, shoe, by="user:1")
    double = replace(shoe, name="twice", label_en="Twice", label_de="Doppelt", formula="shoe * 2")
    definitions.create(conn, double, by="user:1")
    assert list(doctor.formulas(conn)) == []
    conn.execute("delete from property_definition where name = 'shoe'")  # as an update that takes a property away
    finding = one(doctor.formulas(conn), "Formula twice")
    assert not finding.ok
    assert "no property named shoe" in finding.message
    assert "Settings → Properties" in finding.message


def test_contacts_that_wait_for_new_definitions_are_counted(conn: Connection) -> None:
    assert doctor.computed_values(conn).message == "all up to date"
    conn.execute("insert into contact (contact_id, first_seen) select n, now() from generate_series(1, 3) n")
    conn.execute("update computation set fingerprint = 'of an older version'")
    assert recompute.watch(conn)
    assert doctor.computed_values(conn).message.startswith("3 of 3 contacts wait")


def test_a_stopped_store_says_why(conn: Connection) -> None:
    conn.execute(
        """
        insert into stores_store (name, platform, url, shop_name, credentials, webhook_secret, ingest_secret,
            key, home_currency, timezone, fingerprint, allow_private_address, settings, idle_minutes,
            max_concurrency, state, state_reason, connected_at, live_from, webhook_health)
        values ('main', 'woocommerce', 'https://shop.example.com', '', '', '', '', 'k', 'EUR', 'UTC', '',
            false, '{}', 60, 6, 'stopped', 'The shop refused the key; make a new one.', now(), now(), '{}')
        """
    )
    finding = one(doctor.stores(conn), "Store main")
    assert (finding.ok, finding.message) == (False, "The shop refused the key; make a new one.")


def test_deliveries_nobody_handles(conn: Connection) -> None:
    statement = """
        insert into delivery (store_id, lane, kind, stream, received_at, body)
        values (1, %s, 'webhook', 'orders', now() - interval '1 hour', '')
    """
    conn.execute(statement, [1])
    assert doctor.worker(conn).ok  # a long import is no sign of a missing worker
    conn.execute(statement, [0])
    finding = doctor.worker(conn)
    assert not finding.ok
    assert "cartfolk worker" in finding.message


def test_the_clock_of_this_computer(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    assert doctor.clock(conn).ok
    real = doctor.now
    monkeypatch.setattr(doctor, "now", lambda: real() + timedelta(minutes=10))
    assert not doctor.clock(conn).ok
