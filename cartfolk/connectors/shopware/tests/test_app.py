"""Risk: a shop that installs the app is not connected, or somebody else's is; keys or hints are lost when it is
installed again, moved, switched off or removed. The fake shop installs it over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import os
import re
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from wsgiref.simple_server import WSGIRequestHandler, make_server
from xml.etree import ElementTree as ET

import httpx2
import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from cartfolk import joining
from cartfolk.commerce import rules
from cartfolk.connectors.apps import Doors, ForeignShop, HandshakeRefused, Knock
from cartfolk.connectors.base import StoreConfig
from cartfolk.connectors.errors import ConnectorError, SignatureInvalid
from cartfolk.connectors.shopware import webhooks
from cartfolk.connectors.shopware.app import ShopwareApp, app_secret, shop_secret
from cartfolk.connectors.tests.linked import follow_hints
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.inbox import deliveries, known
from cartfolk.simulator.shopware.words import uuid
from cartfolk.stores import connect, credentials, handshake, lookup
from cartfolk.stores.connect import Application, ConnectRefused
from cartfolk.stores.models import Store
from cartfolk.web import sentences
from tests.machine import cartfolk, ok

from .shop import Shop, running
from .test_end_to_end import Linked

APP = ShopwareApp()
DOORS = Doors(
    "https://hub.example/apps/k/register", "https://hub.example/apps/k/confirm", "https://hub.example/hooks/k"
)
CONFIG = StoreConfig("https://shop.example", {}, webhook_secret="s3cret-of-the-store")


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with running(seed=21, customers=25) as found:
        yield found


class Installed(Linked):
    """A store that waits for its shop, the program's doors on a port of their own, and the shop itself."""

    def __init__(self, conn: Connection, database: str, shop: Shop) -> None:
        self.conn, self.database, self.shop = conn, database, shop
        wish = Application("shopware", "shop", {"url": shop.url}, allow_private_address=True)
        self.store, _report = connect.connect(conn, wish, now())
        rules.save(conn, self.store.pk, **connect.rule_of(self.store))
        known.forget()

    def app(self, do: str, **fields: Any) -> dict[str, Any]:
        if do == "install":
            fields["zip"] = base64.b64encode(handshake.file(self.store).body).decode()
        told: dict[str, Any] = self.shop.app(do, **fields)
        self.look()
        return told

    def look(self) -> Store:
        self.store = lookup.by_id(self.conn, self.store.pk)
        return self.store

    def settle(self) -> Store:
        joining.settle_apps(0)
        return self.look()

    def connected(self) -> None:
        """Installed, switched on, and seen to be."""
        assert self.app("install")["ok"]
        self.app("activate")
        self.shop.live(minutes=0)
        assert self.settle().state == "connected"

    @property
    def keys(self) -> Any:
        return credentials.credentials(self.store)

    def follow(self) -> None:
        """What came through the door is followed."""
        self.shop.live(minutes=0)

        follow_hints(self.conn, self.ask)
        self.handle()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Nothing: the test says what went wrong."""


@pytest.fixture
def linked(conn: Connection, database: str, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installed]:
    from django.conf import settings as configured

    from cartfolk.wsgi import application

    server = make_server("127.0.0.1", 0, application, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    monkeypatch.setattr(configured, "PUBLIC_URL", f"http://127.0.0.1:{server.server_port}")
    shop.app("move", url="")
    yield Installed(conn, database, shop)
    for name in list(shop.app("list")["apps"]):
        shop.app("drop", app=name)
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_shop_that_installs_the_app_is_connected_imported_and_live(linked: Installed) -> None:
    assert (linked.store.state, linked.store.state_reason) == ("stopped", handshake.INSTALL)
    assert linked.app("install")["webhooks"] == len(webhooks.EVENTS) + len(webhooks.LIFE)
    assert linked.settle().state == "stopped", "an app is let in only once it is switched on"
    assert "Switch it on" in linked.store.state_reason
    linked.app("activate")
    linked.shop.live(minutes=0)
    assert linked.settle().state == "connected"
    assert linked.store.home_currency == "EUR"
    assert linked.store.shop_name
    assert linked.store.webhook_health["ok"] is True
    rule = linked.conn.execute("select home_currency from store_rule where store_id = %s", [linked.store.pk]).fetchone()
    assert rule == ("EUR",)
    linked.import_all()
    linked.compare()

    order = linked.shop.act("order", email="app@example.com", status="paid")["id"]
    linked.follow()
    found = linked.conn.execute("select count(*) from orders where external_id = %s", [order]).fetchone()
    assert found == (1,), "the hint came signed and was followed"
    assert set(linked.shop.stats()["webhooks"]) & {"failed"} == set()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("signature", "not signed with this store's app"),
        ("old", "too old"),
        ("foreign_url", "but the shop says it is http://10.0.0.9"),
        ("confirm_signature", "not signed with the secret of its registration"),
        ("confirm_id", "not signed with the secret of its registration"),
        ("confirm_old", "too old"),
    ],
)
def test_a_registration_that_is_not_right_is_refused_with_a_sentence_and_changes_nothing(
    linked: Installed, fault: str, said: str
) -> None:
    told = linked.app("install", fault=fault)
    assert not told["ok"]
    assert said in told["error"]
    assert (linked.keys, linked.store.state, linked.store.url) == ({}, "stopped", linked.shop.url)
    if fault == "foreign_url":  # it had the app of this store: the owner should know
        assert "10.0.0.9" in linked.store.learned["app"]["told"]
        assert sentences.match(linked.store.learned["app"]["told"])


def test_an_unknown_store_and_a_foreign_platform_have_no_door(linked: Installed, shop: Shop) -> None:
    base = handshake.doors(linked.store).register.rpartition("/apps/")[0]
    answer = httpx2.get(f"{base}/apps/nobody/register?shop-id=1&shop-url=x&timestamp=1")
    assert (answer.status_code, "copy it again" in answer.json()["error"]) == (404, True)
    assert httpx2.get(handshake.doors(linked.store).confirm).status_code == 405
    linked.conn.execute("update stores_store set platform = 'woocommerce'")
    known.forget()
    answer = httpx2.post(handshake.doors(linked.store).confirm, content=b"{}")
    assert (answer.status_code, "no app" in answer.json()["error"]) == (404, True)


def test_a_restart_between_the_steps_loses_nothing_and_a_lost_answer_does_not_either(linked: Installed) -> None:
    before = linked.conn.execute("select stores_store.* from stores_store").fetchone()
    assert linked.app("install", fault="halt")["ok"]
    assert linked.conn.execute("select stores_store.* from stores_store").fetchone() == before
    known.forget()  # all that a process had in memory
    assert linked.app("confirm")["ok"]
    kept = linked.keys
    assert linked.app("repeat")["ok"]
    assert linked.keys == kept
    linked.app("activate")
    linked.shop.live(minutes=0)
    assert linked.settle().state == "connected"


def test_a_registration_asked_for_twice_is_answered_twice(linked: Installed) -> None:
    assert linked.app("install", fault="twice")["ok"]
    assert "shop_secret" in linked.keys


def test_installed_again_keys_and_secret_are_new_and_hints_on_their_way_still_count(linked: Installed) -> None:
    linked.connected()
    old, door = linked.keys, handshake.doors(linked.store).hooks
    body = json.dumps({"data": {"event": "app.deleted", "payload": []}}).encode()
    hint = json.dumps(
        {"data": {"event": "customer.written", "payload": [{"entity": "customer", "primaryKey": uuid("customer", 1)}]}}
    ).encode()
    time.sleep(1.1)  # registrations are told apart by their second
    assert linked.app("rotate")["ok"]
    assert linked.keys["shop_secret"] != old["shop_secret"]
    assert linked.keys["secret"] != old["secret"]
    assert linked.store.learned["app"]["told"] == handshake.AGAIN
    assert linked.keys["signs_twice"] == "1"

    def sent(text: bytes, secret: str) -> Any:
        return httpx2.post(door, content=text, headers={"shopware-shop-signature": webhooks.signature(text, secret)})

    assert sent(hint, old["shop_secret"]).json()["status"] == "stored"
    assert sent(body, old["shop_secret"]).json()["status"] == "ignored", "the app of before was removed, not this one"
    assert sent(hint + b" ", linked.keys["shop_secret"]).json()["status"] == "stored"
    assert sent(hint, "another").status_code == 401
    gone = replace(credentials.config(linked.store), credentials=linked.keys | {"rotated": str(time.time() - 3601)})
    with pytest.raises(SignatureInvalid):
        webhooks.hint(
            {"shopware-shop-signature": webhooks.signature(hint, old["shop_secret"])}, hint, "s", gone.credentials
        )
    assert deliveries.waiting(linked.conn).count == 2
    assert linked.settle().state == "connected"
    linked.import_all()


def test_a_shop_with_a_new_number_is_the_same_shop_only_if_it_says_so_itself(linked: Installed) -> None:
    linked.connected()
    time.sleep(1.1)
    linked.shop.app("clone")
    assert linked.app("install")["ok"]
    assert linked.store.learned["app"]["told"] == handshake.ANOTHER
    linked.conn.execute("update stores_store set fingerprint = 'other.example'")
    linked.app("activate")
    linked.shop.live(minutes=0)
    assert linked.settle().state == "stopped"
    assert "Another shop answers" in linked.store.state_reason
    assert not linked.store.learned["app"]["waiting"]
    linked.conn.execute("update stores_store set fingerprint = ''")
    handshake.changed(linked.conn, linked.store.pk, "on", now())
    assert linked.settle().state == "connected"


def test_a_shop_that_moved_is_refused_until_its_owner_enters_the_new_address(linked: Installed) -> None:
    linked.connected()
    moved = linked.shop.url.replace("127.0.0.1", "localhost")
    linked.shop.app("move", url=moved)
    time.sleep(1.1)
    told = linked.app("rotate")
    assert not told["ok"]
    assert "connect the store in Cartfolk under the new address" in told["error"]
    assert moved in linked.store.learned["app"]["told"]
    assert linked.store.state == "connected", "what stands is left alone"
    linked.conn.execute("update stores_store set fingerprint = 'before.example'")  # where its pages were
    wish = Application("shopware", "shop", {"url": moved}, allow_private_address=True)
    connect.connect(linked.conn, wish, now())
    assert linked.app("rotate")["ok"]
    assert linked.settle().state == "connected"
    assert linked.store.url == moved
    assert linked.store.fingerprint != "before.example"


def test_switched_off_or_removed_the_store_says_what_to_do_and_goes_on_afterwards(linked: Installed) -> None:
    linked.connected()
    linked.app("deactivate")
    linked.shop.live(minutes=0)
    assert (linked.look().state, linked.store.state_reason) == ("stopped", handshake.OFF)
    linked.app("activate")
    linked.shop.live(minutes=0)
    assert linked.settle().state == "connected"
    linked.app("uninstall")
    linked.shop.live(minutes=0)
    assert (linked.look().state, linked.store.state_reason) == ("stopped", handshake.REMOVED)
    assert linked.keys == {}
    linked.connected()
    for sentence in (handshake.OFF, handshake.REMOVED, handshake.INSTALL, handshake.SWITCH_ON, handshake.AGAIN):
        assert sentences.match(sentence), sentence


def test_a_copy_with_the_shop_s_secret_is_neither_heard_nor_can_it_stop_the_store(linked: Installed) -> None:
    linked.connected()

    def says(event: str, url: str) -> Any:
        payload = [{"entity": "customer", "primaryKey": uuid("customer", 1)}]
        text = json.dumps({"data": {"event": event, "payload": payload}, "source": {"url": url}}).encode()
        sign = {"shopware-shop-signature": webhooks.signature(text, linked.keys["shop_secret"])}
        return httpx2.post(handshake.doors(linked.store).hooks, content=text, headers=sign).json()["status"]

    assert says("customer.written", linked.shop.url) == "stored"
    assert says("app.deleted", "https://staging.example") == "held"
    assert linked.look().state_reason != handshake.REMOVED
    assert "shop_secret" in linked.keys
    assert "staging.example" in linked.store.state_reason
    assert says("customer.written", "https://staging.example") == "held"
    assert deliveries.waiting(linked.conn).count == 1


def test_a_paused_store_stays_paused_while_its_keys_are_replaced(linked: Installed) -> None:
    linked.connected()
    linked.conn.execute("update stores_store set state = 'paused'")
    time.sleep(1.1)
    assert linked.app("rotate")["ok"]
    assert linked.settle().state == "paused"
    assert not linked.store.learned["app"]["waiting"]


def test_a_store_with_an_integration_s_keys_may_change_to_the_app_and_back(linked: Installed) -> None:
    keys = {"url": linked.shop.url, "key": linked.shop.key, "secret": linked.shop.secret}
    wish = Application("shopware", "shop", keys, allow_private_address=True)
    linked.store, _report = connect.connect(linked.conn, wish, now())
    assert linked.store.state == "connected"
    hooks = handshake.doors(linked.store).hooks
    linked.ask(lambda connector: connector.ensure_webhooks(hooks))
    linked.connected()
    assert "shop_id" in linked.keys
    made = linked.shop.webhooks()["webhooks"]
    assert all(each["appId"] for each in made), "what the integration had made is cleared away"
    linked.conn.execute("update stores_store set webhook_health = '{}'")
    linked.shop.app("break")
    assert "switched on again" in str(linked.ask(lambda connector: connector.ensure_webhooks(hooks)).repaired)
    linked.store, _report = connect.connect(linked.conn, wish, now())
    assert (linked.store.state, "app" in linked.store.learned) == ("connected", False)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"url": "https://shop.example", "key": "SWIA1"}, "secret: missing"),
        ({"url": "https://shop.example", "secret": "x"}, "key: missing"),
        ({"key": "SWIA1", "secret": "x"}, "url: missing"),
    ],
)
def test_half_of_the_keys_is_a_mistake_and_not_an_app(values: dict[str, str], said: str) -> None:
    with pytest.raises(ConnectRefused) as refused:
        connect.validated(Application("shopware", "shop", values))
    assert str(refused.value).startswith(said)


def test_no_app_for_a_shop_at_a_private_address_or_where_none_is(conn: Connection, shop: Shop) -> None:
    with pytest.raises(ConnectRefused, match="private network"):
        connect.connect(conn, Application("shopware", "shop", {"url": shop.url}), now())
    nothing = Application("shopware", "shop", {"url": "http://127.0.0.1:9"}, allow_private_address=True)
    with pytest.raises(ConnectRefused, match="cannot be reached"):
        connect.connect(conn, nothing, now())


# -- the two steps by themselves


def asked(moment: int, shop_id: str = "one", url: str = "https://www.shop.example/", **more: str) -> Knock:
    query = f"shop-id={shop_id}&shop-url={url}&timestamp={moment}"
    sign = hmac.new(app_secret(CONFIG).encode(), query.encode(), hashlib.sha256).hexdigest()
    return Knock(query, {"shopware-app-signature": sign} | more, b"", 1000.0)


def confirming(config: StoreConfig, moment: int, shop_id: str = "one", key: str = "SWIA") -> Knock:
    told = {"apiKey": key, "secretKey": "k", "timestamp": "1000", "shopUrl": "https://shop.example", "shopId": shop_id}
    body = json.dumps(told).encode()
    sign = {"shopware-shop-signature": webhooks.signature(body, shop_secret(config, shop_id, moment))}
    return Knock(f"registered={moment}", sign, body, 1000.0)


def test_the_proof_is_of_the_address_as_the_shop_wrote_it() -> None:
    told = APP.register(CONFIG, DOORS, asked(990))
    text = b"onehttps://www.shop.example/Cartfolk"
    assert told["proof"] == hmac.new(app_secret(CONFIG).encode(), text, hashlib.sha256).hexdigest()
    assert told["confirmation_url"].startswith(DOORS.confirm)
    assert told["secret"] not in (app_secret(CONFIG), CONFIG.webhook_secret)


@pytest.mark.parametrize(
    ("knock", "error"),
    [
        (replace(asked(990), query=asked(990).query + "&x=1"), SignatureInvalid),
        (replace(asked(990), headers={}), SignatureInvalid),
        (asked(699), SignatureInvalid),
        (asked(1301), SignatureInvalid),
        (asked(990, url="https://evil.example"), ForeignShop),
        (asked(990, url="https://shop.example:8443"), ForeignShop),
        (asked(990, url="https://shop.example/copy"), ForeignShop),
        (asked(990, url="https://u:p@shop.example"), ForeignShop),
        (asked(990, url="http://127.0.0.1"), ForeignShop),
        (asked(990, shop_id=""), HandshakeRefused),
    ],
)
def test_a_changed_or_foreign_registration_is_refused(knock: Knock, error: type[ConnectorError]) -> None:
    with pytest.raises(error):
        APP.register(CONFIG, DOORS, knock)


def test_a_shop_that_signed_with_its_earlier_secret_once_must_do_so_again() -> None:
    had = replace(CONFIG, credentials={"shop_secret": "earlier", "registered": "1", "signs_twice": "1"})
    with pytest.raises(SignatureInvalid, match="does not know the secret"):
        APP.register(had, DOORS, asked(990))
    right = webhooks.signature(asked(990).query.encode(), "earlier")
    assert APP.register(had, DOORS, asked(990, **{"shopware-shop-signature": right}))["secret"]
    with pytest.raises(SignatureInvalid, match="does not know the secret"):
        APP.confirm(had, confirming(had, 990))
    older = replace(had, credentials={"shop_secret": "earlier", "registered": "1"})  # a Shopware that cannot
    assert APP.register(older, DOORS, asked(990))["secret"]
    assert APP.confirm(older, confirming(older, 990)).again


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([900, 950, 999]), min_size=1, max_size=8))
def test_of_several_registrations_the_last_one_stands_in_whatever_order_they_confirm(order: list[int]) -> None:
    config = CONFIG
    for moment in order:
        try:
            found = APP.confirm(config, confirming(config, moment, key=f"SWIA{moment}"))
        except HandshakeRefused:
            assert moment < int(config.credentials["registered"])
        else:
            config = replace(config, credentials=found.credentials)
    assert config.credentials["key"] == f"SWIA{max(order)}"
    assert config.credentials["shop_secret"] == shop_secret(config, "one", max(order))


# -- the page and the command


@pytest.fixture
def owner(database: str) -> Client:
    from django.contrib.auth.models import User

    client = Client()
    client.force_login(User.objects.create_superuser("olga@example.org", "olga@example.org", "a long pass phrase"))
    return client


def test_the_form_without_keys_leads_to_the_app(conn: Connection, owner: Client, shop: Shop) -> None:
    form = {"name": "shop", "url": shop.url, "idle_minutes": "60", "allow_private_address": "on"}
    answer = owner.post("/stores/connect/shopware", form)
    assert (answer.status_code, answer["Location"]) == (302, "/stores/shop")
    page = owner.get("/stores/shop")
    assert "Download the app" in page.text
    assert "My extensions" in page.text
    answer = owner.get("/stores/shop/app")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["Cartfolk/manifest.xml"]
        manifest = ET.fromstring(archive.read("Cartfolk/manifest.xml"))  # noqa: S314 - our own
    assert manifest.findtext("setup/registrationUrl", "").endswith("/register")
    assert conn.execute("select count(*) from audit_event where action = 'store.app_downloaded'").fetchone() == (1,)
    stamp = unquote(re.search(r"was=([^\"]+)", page.text)[1])  # type: ignore[index]
    assert owner.get("/stores/shop/app/state", {"was": stamp}).status_code == 204
    conn.execute("update stores_store set state_reason = 'changed'")
    assert owner.get("/stores/shop/app/state", {"was": stamp})["HX-Redirect"] == "/stores/shop"
    half = owner.post("/stores/connect/shopware", form | {"name": "other", "key": "SWIA1"})
    assert half.status_code == 422
    assert "missing" in half.text


def test_the_command_makes_the_store_and_writes_the_app(
    conn: Connection, database: str, shop: Shop, tmp_path: Path
) -> None:
    data = Path(os.environ["CARTFOLK_DATA"])
    words = ("connect", "shopware", "--name", "shop", "--url", shop.url, "--allow-private-address", "--json")
    assert ok(data, *words, DATABASE_URL=database)[0]["waiting_for_app"] is True
    path = tmp_path / "app.zip"
    told = ok(data, "app", "shop", "--file", str(path), "--json", DATABASE_URL=database)[0]
    assert told["file"] == str(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(path) as archive:
        assert b"registrationUrl" in archive.read("Cartfolk/manifest.xml")
    assert cartfolk(data, "app", "nobody", DATABASE_URL=database).returncode != 0
