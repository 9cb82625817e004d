"""Missing data: records stuck, lost, deleted or forgotten on the way; people who stay although they were erased."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D
from typing import Any

import psycopg
import pytest

from cartfolk import erasure, pipeline
from cartfolk.connectors import registry
from cartfolk.connectors.canonical import Deleted, Product
from cartfolk.contact_files import jobs, upload
from cartfolk.contact_files.columns import Chosen
from cartfolk.core.time import now
from cartfolk.inbox import bulk, deliveries, lag, poll, quarantine
from cartfolk.inbox.files import ledger
from cartfolk.inbox.tests.shop import TinyShop, rows
from cartfolk.segments import build, stored
from cartfolk.stores import credentials, health, lookup

from .scene import TEA, Scene, dump

AT = "2026-10-01T10:00:00"


def woo(key: int, email: str, **more: Any) -> dict[str, Any]:
    return {
        "id": key, "number": str(key), "status": "completed", "currency": "EUR", "total": "10.00",
        "customer_id": 0, "date_created_gmt": AT, "date_modified_gmt": AT, "billing": {"email": email},
        "line_items": [], "refunds": [], "meta_data": [], **more,
    }  # fmt: skip


def test_erasure_incomplete(shop: Scene) -> None:
    name = f"Wilhelmine{shop.number}"
    account = {
        "id": 5, "email": shop.email(), "first_name": name, "last_name": "Q", "role": "customer", "username": name,
        "date_created_gmt": AT, "date_modified_gmt": AT, "billing": {"phone": "+49 30 5550177"}, "shipping": {},
        "meta_data": [],
    }  # fmt: skip
    shop.page("customers", account)
    shop.page("orders", woo(1, shop.email(), billing={"email": shop.email(), "first_name": name}), woo(2, "b@c.de"))
    uploaded = upload.keep("people.csv", [f"E-Mail\n{shop.email().upper()}\n".encode()])
    chosen = Chosen(columns={"E-Mail": "email"}, decimal=",").written()
    ledger.add(shop.conn, "contacts", "user:1", [uploaded], chosen)
    assert upload.table(uploaded).path.exists()
    erasure.erase(shop.conn, emails=[shop.email()], by="user:1")
    assert not upload.table(uploaded).path.exists()
    shop.page("customers", account | {"date_modified_gmt": "2026-10-09T10:00:00"})  # the shop's next sync
    packed = [body for (body,) in shop.rows("select body from delivery where store_id = %s", shop.store)]
    everything = (dump(shop.conn) + "".join(zlib.decompress(body).decode() for body in packed)).lower()
    for sign in (shop.email(), name, "5550177"):
        assert sign.lower() not in everything, sign
    assert shop.contact("b@c.de"), "the other of the same page stays"


def test_import_stuck_on_one_bad_record(shop: Scene) -> None:
    email = shop.email()
    shop.page("orders", woo(1, email), woo(2, email, total="a lot"), woo(3, email))
    assert shop.value("total_number_of_orders") == 2
    (waiting,) = quarantine.listing(shop.conn, shop.store)
    assert (waiting.external_id, waiting.field) == ("2", "total")
    assert waiting.reason
    shop.page("orders", woo(2, email))
    assert shop.value("total_number_of_orders") == 3
    assert quarantine.count(shop.conn, shop.store) == 0


def test_restart_loses_progress(shop: Scene) -> None:
    """Facts are written and the process dies before what follows from them: the next one goes on there."""
    for number in (1, 2):
        body = json.dumps([woo(number, shop.email())]).encode()
        deliveries.store(shop.conn, shop.store, "page", "orders", body, shop.now, lane=deliveries.BULK)
    with psycopg.connect(shop.url, autocommit=True) as mine, psycopg.connect(shop.url, autocommit=True) as identity:
        assert pipeline.drain(mine, identity, pipeline.BULK, 1) == 1
        with mine.transaction(force_rollback=True):  # killed within the second delivery
            assert deliveries.claim(mine, pipeline.BULK, 1)
    shop.handle()
    assert shop.value("total_number_of_orders") == 2
    assert deliveries.waiting(shop.conn).count == 0


@pytest.fixture
def tiny(open_shop: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch) -> Scene:
    """A shop whose connector is in memory."""
    monkeypatch.setattr(registry, "get", lambda platform: TinyShop)
    return open_shop(platform="tiny")


def test_webhooks_lost(tiny: Scene) -> None:
    """No webhook ever comes; the next regular poll brings what changed."""
    orders = rows(2, email=tiny.email())
    connector = TinyShop(credentials.config(tiny.made), {"orders": orders, "customers": {}, "products": {}})
    connector.shared["fingerprint"] = tiny.made.fingerprint
    assert asyncio.run(bulk.backfill(tiny.conn, tiny.made, connector)) == "done"
    tiny.handle()
    assert tiny.value("total_number_of_orders") == 2
    orders |= rows(3, email=tiny.email())
    asyncio.run(poll.poll(tiny.conn, tiny.made, connector))
    tiny.handle()
    assert tiny.value("total_number_of_orders") == 3


def test_paging_misses_or_repeats_rows(shop: Scene) -> None:
    """Pages that overlap, and one that comes twice, because the shop sorts by what changes meanwhile."""
    email = shop.email()
    for numbers in ((1, 2, 3), (3, 4), (4, 5), (1, 2, 3)):
        shop.page("orders", *(woo(n, email) for n in numbers))
    assert shop.values("total_number_of_orders", "total_value_of_orders") == (5, D("50.00"))


def test_missing_orders_by_status_or_number_scheme(shop: Scene) -> None:
    """A word nobody knows does not count until the owner says what it means; the printed number is text."""
    shop.page("orders", woo(1, shop.email(), number="RE-2026/0007", status="packed"))
    found = shop.rows("select number, status_raw, external_id from orders where store_id = %s", shop.store)
    assert found == [("RE-2026/0007", "packed", "1")]
    assert shop.value("total_number_of_orders") in (0, None)
    shop.rule(statuses={"packed": "completed"})
    shop.refresh()
    assert shop.values("total_number_of_orders", "last_order_order_number") == (1, "RE-2026/0007")


def test_deleted_objects_break_later_syncs_or_stay(shop: Scene) -> None:
    kept, gone = shop.order(1), shop.order(2)
    shop.tell(Product("1", "Tea", shop.at, sku="TEA-1"), kept, gone)
    later = shop.at + timedelta(hours=1)
    shop.tell(Deleted("order", "2", later), Deleted("product", "1", later), Deleted("order", "999", later))
    shop.tell(gone, shop.order(999))  # a page read before the deletion, and one that was told of before it came
    assert shop.value("total_number_of_orders") == 1
    lines = shop.rows("select name, sku, total from order_line where contact_id = %s", shop.contact())
    assert (TEA.name, TEA.sku, TEA.total) in lines, "a line keeps what it was"
    shop.tell(Deleted("customer", "nobody", later), replace(kept, updated_at=later, total=D("11.00")))
    assert shop.value("total_value_of_orders") == D("11.00")


def test_staging_copy_writes_into_the_live_account(shop: Scene) -> None:
    assert health.guard(shop.conn, shop.made, "shop.example")
    assert health.guard(shop.conn, shop.made, ""), "a shop that says nothing proves nothing"
    assert not health.guard(shop.conn, shop.made, "staging.example")
    stopped = lookup.by_id(shop.conn, shop.store)
    assert stopped.state != "connected"
    assert "staging.example" in stopped.state_reason


def test_no_one_notices_that_sync_stopped(shop: Scene) -> None:
    deliveries.store(shop.conn, shop.store, "page", "orders", b"[]", shop.ago(minutes=9), lane=deliveries.BULK)
    assert lag.of_all(shop.conn)[shop.store].alarm(now(), 300) == "handling"
    shop.handle()
    assert lag.of_all(shop.conn).get(shop.store, lag.Lag()).alarm(now(), 300) == ""
    assert lag.Lag(polled=shop.ago(hours=1)).alarm(now(), 300) == "polling"


def test_segment_rebuild_slow_or_silently_stale(shop: Scene) -> None:
    """Members follow the facts in the same step, without a rebuild; leaving, too."""
    names = [
        {"type": "property", "property": "email", "operator": "is", "value": shop.email()},
        {"type": "event", "event": "order", "measure": "count", "operator": "greater_equal", "value": 2},
    ]
    root = {"type": "group", "match": "all", "children": names}
    number = stored.create(shop.conn, f"Twice {shop.number}", {"version": 1, "root": root}, "user:1")
    assert build.build(shop.conn, number)
    shop.tell(shop.order(1))
    assert stored.members(shop.conn, number) == []
    shop.tell(shop.order(2))
    assert stored.members(shop.conn, number) == [shop.contact()]
    shop.tell(Deleted("order", "2", shop.now))
    assert stored.members(shop.conn, number) == []
    assert stored.one(shop.conn, number).built_at, "how old an answer is can be shown"


def test_membership_loops(shop: Scene) -> None:
    """Joining a segment that another asks for changes both in one step and leaves nothing waiting."""
    asked = {"type": "property", "property": "email", "operator": "is", "value": shop.email()}
    first = stored.create(shop.conn, f"First {shop.number}", {"version": 1, "root": asked}, "user:1")
    of_first = {"type": "segment", "segment": first, "member": True}
    second = stored.create(shop.conn, f"Second {shop.number}", {"version": 1, "root": of_first}, "user:1")
    for number in (first, second):
        build.build(shop.conn, number)
    shop.tell(shop.order(1))
    assert [stored.members(shop.conn, number) for number in (first, second)] == [[shop.contact()]] * 2
    assert [pipeline.refresh_dirty(shop.conn, lane) for lane in (0, 1)] == [0, 0]
    assert pipeline.sweep(shop.conn, now()) == 0
    assert len(stored.moves(shop.conn, first).rows) == len(stored.moves(shop.conn, second).rows) == 1


def test_csv_import_caps_and_slowness(shop: Scene) -> None:
    """More rows than others take, in one go; the wrong ones come back as a file, the rest is there."""
    lines = [f"{shop.email(f'c{n}')};Ann {n}" for n in range(2_500)]
    lines[1_000] = "no address;Eve"
    text = "E-Mail;Vorname\n" + "\n".join(lines) + "\n"
    entry = upload.keep("people.csv", [text.encode()])
    chosen = Chosen(columns={"E-Mail": "email", "Vorname": "firstname"}, decimal=",").written()
    number = ledger.add(shop.conn, "contacts", "user:1", [entry], chosen)
    assert ledger.start(shop.conn, number, "running", before=["new", "checked"])
    with psycopg.connect(shop.url, autocommit=True) as mine, psycopg.connect(shop.url, autocommit=True) as identity:
        work = jobs.open_work(mine, identity, number)
        while work.step():
            pass
    shop.refresh()
    done = ledger.get(shop.conn, number)
    assert (done.rows, done.created, done.wrong) == (2_500, 2_499, 1)
    assert upload.errors(done).read_text("utf-8-sig").splitlines()[1].startswith("no address;Eve;1002;")
    assert shop.value("firstname", email=shop.email("c2499")) == "Ann 2499"
