"""Connecting, changing and leaving a shop: what is refused with which words, and what stays secret."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import replace

import pytest

from cartfolk.connectors import registry
from cartfolk.connectors.base import CheckReport, CheckStep, FormField
from cartfolk.connectors.errors import RetryLater
from cartfolk.connectors.options import add_arguments
from cartfolk.core import secrets
from cartfolk.core.time import now
from cartfolk.inbox.tests.shop import T0, TinyShop
from cartfolk.simulator import start_simulator
from cartfolk.stores import connect, credentials, forms, health, lookup, shop
from cartfolk.stores.connect import Application, ConnectRefused

FINE = CheckReport((CheckStep("keys", True, "fine"),), "Tiny shop", "eur", "Europe/Berlin", "tiny.example")
ASKED = Application("tiny", "tiny", {"url": " Tiny.Example/shop/?a=b ", "key": " k-123 "})


@pytest.fixture(autouse=True)
def tiny_platform(request, monkeypatch):
    if "simulated" not in request.fixturenames:
        monkeypatch.setattr(registry, "get", lambda platform: TinyShop)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "Two Words"}, "name: use 1 to 80 lower-case letters"),
        ({"name": ""}, "name: use 1 to 80 lower-case letters"),
        ({"name": "a" * 81}, "name: use 1 to 80 lower-case letters"),
        ({"idle_minutes": 4}, "idle_minutes: choose between 5 and 600"),
        ({"idle_minutes": 601}, "idle_minutes: choose between 5 and 600"),
        ({"max_concurrency": 0}, "max_concurrency: choose between 1 and 50"),
        ({"values": {"url": "https://tiny.example"}}, "key: missing. Keys are under Settings."),
        ({"values": {}}, "url, key: missing."),
        ({"values": {"url": "https://a:b@tiny.example", "key": "k"}}, "url: leave user name and password out"),
        ({"values": {"url": "ftp://tiny.example", "key": "k"}}, "url: 'ftp://tiny.example' is no address of a shop"),
        ({"values": {"url": "https://tiny.example:port", "key": "k"}}, "is no address of a shop"),
        ({"values": {"url": "https://two words", "key": "k"}}, "is no address of a shop"),
    ],
)
def test_wrong_input_is_refused_with_the_field_before_anything_is_asked(change, said):
    with pytest.raises(ConnectRefused) as refused:
        connect.validated(replace(ASKED, **change))
    assert said in str(refused.value)
    assert refused.value.report is None


def test_what_people_paste_becomes_the_shop_s_address():
    wanted = connect.validated(ASKED)
    assert (wanted.url, dict(wanted.credentials)) == ("https://tiny.example/shop", {"key": "k-123"})


def test_database_holds_no_secret_in_clear_and_another_key_cannot_read_it(conn, settings_key):
    store = connect.save(conn, ASKED, FINE, T0)
    row = conn.execute("select stores_store::text from stores_store").fetchone()[0]
    bodies = b"".join(
        bytes(part)
        for part in conn.execute("select credentials, webhook_secret, ingest_secret from stores_store").fetchone()
    )
    assert "k-123" not in row
    assert b"k-123" not in bodies
    assert credentials.credentials(store) == {"key": "k-123"}
    assert credentials.ingest_secret(store).startswith("whsec_")
    assert (store.home_currency, store.timezone, store.live_from) == ("EUR", "Europe/Berlin", T0)
    settings_key("another key altogether, as after a lost file")
    with pytest.raises(secrets.SecretUnreadable):
        credentials.credentials(store)


@pytest.fixture
def settings_key(monkeypatch):
    from django.conf import settings

    return lambda key: monkeypatch.setattr(settings, "SECRET_KEY", key)


def test_connecting_again_keeps_doors_secrets_and_first_day(conn):
    first = connect.save(conn, ASKED, FINE, T0)
    health.stop(conn, first.pk, "Make a new key.")
    again = connect.save(conn, replace(ASKED, values=ASKED.values | {"key": "k-456"}, idle_minutes=30), FINE, now())
    assert (again.pk, again.key, again.live_from, again.connected_at) == (first.pk, first.key, T0, T0)
    assert credentials.ingest_secret(again) == credentials.ingest_secret(first)
    assert credentials.webhook_secret(again) == credentials.webhook_secret(first)
    assert credentials.credentials(again) == {"key": "k-456"}
    assert (again.state, again.state_reason) == ("connected", "")


def test_name_of_another_shop_is_not_taken_over(conn):
    connect.save(conn, ASKED, FINE, T0)
    with pytest.raises(ConnectRefused, match="tiny is already the store Tiny shop, another shop") as refused:
        connect.save(conn, ASKED, replace(FINE, fingerprint="other.example"), now())
    assert refused.value.report.ok
    assert lookup.by_name(conn, "tiny").fingerprint == "tiny.example"


def test_refused_shop_is_not_saved(conn):
    bad = CheckReport((CheckStep("address", True, "answers"), CheckStep("keys", False, "Make a new key.")))
    with pytest.raises(ConnectRefused, match=r"^Make a new key\.$"):
        connect.save(conn, ASKED, bad, T0)
    assert lookup.every(conn) == []


def test_changes_are_checked_and_leave_other_settings_alone(conn):
    store = connect.save(conn, replace(ASKED, settings={"statuses": {"paid": "completed"}}), FINE, T0)
    for wrong in ({"idle_minutes": 4}, {"max_concurrency": 51}):
        with pytest.raises(ConnectRefused, match=f"{next(iter(wrong))}: choose between"):
            connect.change(conn, store, **wrong)
    changed = connect.change(conn, store, idle_minutes=15, settings={"consent": "newsletter"})
    assert (changed.idle_minutes, changed.max_concurrency) == (15, 6)
    assert changed.settings == {"statuses": {"paid": "completed"}, "consent": "newsletter"}
    rule = connect.rule_of(changed)
    assert (rule["idle"].total_seconds(), rule["statuses"], rule["label"]) == (900, {"paid": "completed"}, "Tiny")


def test_unknown_store_is_told_with_the_names_there_are(conn):
    with pytest.raises(lookup.UnknownStore, match="Connected stores: none yet"):
        lookup.by_name(conn, "shop")
    connect.save(conn, ASKED, FINE, T0)
    with pytest.raises(lookup.UnknownStore, match="Connected stores: tiny"):
        lookup.by_name(conn, "shop")


# --- leaving -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("answers", [True, False])
def test_disconnecting_takes_the_webhooks_along_or_says_that_they_stay(conn, answers):
    store = connect.save(conn, ASKED, FINE, T0)
    taken = []

    class Leaving(TinyShop):
        async def remove_webhooks(self, delivery_url):
            if not answers:
                raise RetryLater("tiny.example cannot be reached.")
            taken.append(delivery_url)

    connector = Leaving(credentials.config(store), {})
    left = asyncio.run(health.disconnect(conn, store.pk, connector, "https://c.example/hooks/k"))
    assert taken == (["https://c.example/hooks/k"] if answers else [])
    assert ("delete them there" in left) is not answers
    assert lookup.every(conn) == []


def test_shop_that_is_gone_can_be_left_too(conn):
    store = connect.save(conn, ASKED, FINE, T0)
    assert asyncio.run(health.disconnect(conn, store.pk, None, "https://c.example/hooks/k")) == ""
    with pytest.raises(lookup.UnknownStore):
        asyncio.run(health.disconnect(conn, store.pk, None, ""))


# --- forms -------------------------------------------------------------------------------------------

INFO = replace(
    TinyShop.info,
    fields=(
        *TinyShop.info.fields,
        FormField("region", "Region", kind="select", options=(("eu", "Europe"), ("us", "America"))),
        FormField("test", "Test shop", kind="bool"),
    ),
)
POSTED = {"name": "Shop", "url": "tiny.example", "key": "k", "region": "eu", "idle_minutes": "60"}


def test_form_is_what_the_connector_declares_and_sends_no_secret_back():
    form = forms.ConnectForm(INFO)
    assert list(form.fields) == ["name", "url", "key", "region", "test", "idle_minutes", "allow_private_address"]
    bound = forms.ConnectForm(INFO, POSTED | {"key": "k-123", "name": ""})
    assert not bound.is_valid()
    assert "k-123" not in bound.as_p()
    assert 'type="password"' in bound.as_p()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "two words"}, "name"),
        ({"key": ""}, "key"),
        ({"region": "moon"}, "region"),
        ({"idle_minutes": "4"}, "idle_minutes"),
        ({"idle_minutes": "x"}, "idle_minutes"),
    ],
)
def test_form_names_the_wrong_field(change, field):
    form = forms.ConnectForm(INFO, POSTED | change)
    assert not form.is_valid()
    assert list(form.errors) == [field]


def test_form_and_command_line_make_the_same_application():
    form = forms.ConnectForm(INFO, POSTED | {"test": "on", "allow_private_address": "on", "idle_minutes": "15"})
    assert form.is_valid(), form.errors
    parser = argparse.ArgumentParser()
    add_arguments(parser, INFO)
    line = [
        "--name", "shop", "--url", "tiny.example", "--api-key", "k", "--region", "eu", "--test",
        "--allow-private-address", "--idle-minutes", "15",
    ]  # fmt: skip
    assert forms.from_arguments(INFO, parser.parse_args(line)) == form.application()


# --- a shop that answers -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def simulated():
    with start_simulator(seed=3, customers=40) as running:
        yield running


def of(simulated, **more):
    values = {"url": simulated.url, "key": simulated.key, "secret": simulated.secret} | more
    return Application("woocommerce", "shop", values, allow_private_address=True)


def test_shop_is_checked_saved_and_opened_again_with_what_was_saved(conn, simulated):
    store, report = connect.connect(conn, of(simulated), now())
    assert report.ok
    assert store.fingerprint == simulated.url.removeprefix("http://")

    async def who() -> str:
        async with shop.open_store(lookup.by_name(conn, "shop")) as connector:
            await health.recognise(store, connector)
            return await connector.fingerprint()

    assert asyncio.run(who()) == store.fingerprint


@pytest.mark.parametrize(
    ("change", "step", "said"),
    [
        ({"secret": "cs_wrong"}, "keys", "does not accept the consumer key and secret"),
        ({"url": "http://127.0.0.1:1"}, "address", "cannot be reached"),
        ({"read_only": True}, "webhooks", "Read/Write"),
    ],
)
def test_each_thing_the_shop_refuses_is_a_step_with_a_way_out(conn, simulated, monkeypatch, change, step, said):
    from functools import partial

    monkeypatch.setattr(shop.registry, "opened", partial(registry.opened, attempts=1, patience=0.01))
    if change.pop("read_only", False):
        change["key"], change["secret"] = simulated.new_key("read")
    with pytest.raises(ConnectRefused) as refused:
        connect.connect(conn, of(simulated, **change), now())
    assert said in str(refused.value)
    assert [each.name for each in refused.value.report.steps if not each.ok] == [step]
    assert lookup.every(conn) == []


def test_private_address_is_refused_unless_the_owner_allows_it(conn, simulated):
    with pytest.raises(ConnectRefused, match="inside a private network"):
        connect.connect(conn, replace(of(simulated), allow_private_address=False), now())
