"""What every connector must hold, as one pytest class to inherit.

A platform's test gives `platform`, and a fixture `shop`: a running shop with ``url``, ``key``, ``secret``,
``truth()``, ``act()``, ``new_key()``, ``post_fault()`` and ``clear_faults()`` (the simulator's handle). Where the
platform differs, it says so by the class's own words: which credentials, which key of a row is its id, which
field cannot be read when spoiled, which faults its shop knows.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from .base import Connector, Page, StoreConfig
from .canonical import Order, Refund
from .errors import CredentialsInvalid, PermissionMissing, RetryLater
from .registry import opened

Use = Callable[[Connector], Awaitable[Any]]


FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "rate_limit", "every": 3, "retry_after": 0},
    {"kind": "server_error", "every": 3},
    {"kind": "firewall", "every": 4},
    {"kind": "truncated", "every": 4},
    {"kind": "notice"},
)


class Conformance:
    """Inherit it as ``class TestShop(Conformance): platform = "..."``."""

    platform: ClassVar[str]
    wrong: ClassVar[Mapping[str, str]] = {"secret": "cs_wrong"}  # credentials the shop does not know
    scopes: ClassVar[Mapping[str, str]] = {"read": "webhooks"}  # scope of a lesser key -> the step that fails
    blind: ClassVar[str] = "write"  # scope of a key that may not read; empty = there is none
    spoiled: ClassVar[tuple[str, Any]] = ("total", "twelve")  # an order's raw field, and what nobody can read there
    faults: ClassVar[tuple[str, ...]] = ("rate_limit", "server_error", "firewall", "truncated", "notice")

    def row_id(self, stream: str, row: Mapping[str, Any]) -> str:
        """The id of a raw row, as the records read from it have it."""
        return str(row["id"])

    def ids(self, stream: str, body: bytes) -> list[str]:
        return [self.row_id(stream, row) for row in json.loads(body)]

    def credentials(self, shop: Any) -> dict[str, str]:
        """The shop's own credentials, by the names of the connect form's fields."""
        return {"key": shop.key, "secret": shop.secret}

    def lesser(self, shop: Any, scope: str) -> dict[str, str]:
        """Credentials of that scope only."""
        key, secret = shop.new_key(scope)
        return {"key": key, "secret": secret}

    def config(self, shop: Any, **changes: Any) -> StoreConfig:
        keys = self.credentials(shop) | changes.pop("credentials", {})
        given = {"url": shop.url, "webhook_secret": "s3cret-of-the-store", "allow_private_address": True}
        return StoreConfig(credentials=keys, **{**given, **changes})

    def use(self, shop: Any, what: Use, **changes: Any) -> Any:
        async def run() -> Any:
            config = self.config(shop, **changes)
            async with opened(self.platform, config, patience=0.02, timeout=5) as connector:
                return await what(connector)

        return asyncio.run(run())

    async def everything(self, connector: Connector, stream: str) -> list[str]:
        async def walk(window: Any) -> list[str]:
            found: list[str] = []
            cursor = None
            while True:
                page = await connector.page(window, cursor)
                assert page.rows == len(self.ids(stream, page.body))
                assert not connector.read(stream, page.body, datetime.now(UTC)).bad
                found += self.ids(stream, page.body)
                cursor = page.cursor
                if cursor is None:
                    return found

        windows = await connector.windows(stream, datetime.now(UTC))
        assert len({window.key for window in windows}) == len(windows)
        return [key for found in await asyncio.gather(*map(walk, windows)) for key in found]

    async def poll(self, connector: Connector, stream: str, since: datetime) -> list[str]:
        found: list[str] = []
        cursor = None
        seen: set[str] = set()  # a full overlap is read again and again: once round is all there is
        while True:
            page = await connector.changes(stream, cursor, since)
            assert page.cursor is not None
            found += self.ids(stream, page.body)
            if page.rows < connector.page_size or page.cursor in seen:
                return found
            cursor = page.cursor
            seen.add(cursor)

    def test_check_is_content_with_a_good_key(self, shop: Any) -> None:
        report = self.use(shop, lambda c: c.check())
        assert report.ok, report.steps
        assert report.shop_name == shop.name
        assert report.home_currency
        assert report.fingerprint

    def test_check_says_what_is_wrong(self, shop: Any) -> None:
        wrong = self.use(shop, lambda c: c.check(), credentials=dict(self.wrong))
        assert [step.name for step in wrong.steps if not step.ok] == ["keys"]
        told = [wrong]
        for scope, failing in self.scopes.items():
            lesser = self.use(shop, lambda c: c.check(), credentials=self.lesser(shop, scope))
            assert [step.name for step in lesser.steps if not step.ok] == [failing]
            told.append(lesser)
        nowhere = self.use(shop, lambda c: c.check(), url="http://127.0.0.1:9")
        assert [step.name for step in nowhere.steps if not step.ok] == ["address"]
        private = self.use(shop, lambda c: c.check(), allow_private_address=False)
        assert "private network" in private.steps[0].message
        for report in (*told, nowhere):
            assert not any(secret in repr(report) for secret in self.credentials(shop).values() if len(secret) > 8)

    def test_counts_equal_the_truth(self, shop: Any) -> None:
        counts = self.use(shop, lambda c: c.counts())
        truth = shop.truth(people=False)
        assert (counts["orders"], counts["customers"]) == (truth["orders"], truth["customers"])

    def test_windows_side_by_side_are_the_whole_history_once(self, shop: Any) -> None:
        truth = shop.truth(people=False)
        for stream in ("orders", "customers"):

            async def run(connector: Connector, stream: str = stream) -> list[str]:
                return await self.everything(connector, stream)

            found = self.use(shop, run)
            assert len(found) == len(set(found)) == truth[stream]

    @pytest.mark.parametrize("stream", ["orders", "customers"])
    def test_resumes_from_any_checkpoint(self, shop: Any, stream: str) -> None:
        async def walk(connector: Connector) -> None:
            window = (await connector.windows(stream, datetime.now(UTC)))[0]
            pages: list[tuple[str | None, Page]] = []
            cursor: str | None = None
            while True:
                page = await connector.page(window, cursor)
                pages.append((cursor, page))
                cursor = page.cursor
                if cursor is None:
                    break
            for cursor, page in pages:
                again = await type(connector)(connector.config, connector.transport).page(window, cursor)
                assert self.ids(stream, again.body) == self.ids(stream, page.body)

        self.use(shop, walk)

    def test_changes_find_what_happened_during_a_backfill(self, shop: Any) -> None:
        async def run(connector: Connector) -> None:
            since = datetime.now(UTC) - timedelta(seconds=5)
            some = await self.everything(connector, "orders")
            shop.act("touch", order_id=some[0])
            shop.act("refund", order_id=shop.act("order", email="new@example.com")["id"], amount="1.00")
            account = shop.act("register", email="fresh@example.com")["id"]
            older = (await self.everything(connector, "customers"))[0]
            shop.act("change_customer", customer_id=older, first_name="Renamed")
            assert some[0] in await self.poll(connector, "orders", since)
            assert {str(account), older} <= set(await self.poll(connector, "customers", since))

        self.use(shop, run)

    def test_fetch_leaves_out_what_is_gone_and_dates_refunds(self, shop: Any) -> None:
        order = shop.act("order", email="guest@example.com")["id"]
        shop.act("refund", order_id=order, amount="1.00")

        async def run(connector: Connector) -> None:
            page = await connector.fetch("orders", [str(order), "999999999"])
            first = connector.read("orders", page.body, datetime.now(UTC))
            assert first == connector.read("orders", page.body, datetime.now(UTC)), "reading is pure"
            (found,) = [each for each in first.records if isinstance(each, Order)]
            (refund,) = found.refunds
            assert isinstance(refund, Refund)
            assert refund.amount > 0
            assert refund.created_at is not None

        self.use(shop, run)

    def test_a_bad_row_is_reported_and_its_page_goes_on(self, shop: Any) -> None:
        async def run(connector: Connector) -> None:
            rows = self.ids("orders", (await connector.changes("orders", None, datetime(2000, 1, 1, tzinfo=UTC))).body)
            body = json.loads((await connector.fetch("orders", rows[:3])).body)
            field, nonsense = self.spoiled
            body[1][field] = nonsense
            mapped = connector.read("orders", json.dumps(body).encode(), datetime.now(UTC))
            assert [bad.field for bad in mapped.bad] == [field]
            assert mapped.bad[0].external_id == self.row_id("orders", body[1])
            assert len([each for each in mapped.records if isinstance(each, Order)]) == 2

        self.use(shop, run)

    def test_odd_bodies_are_reported_and_never_raise(self, shop: Any) -> None:
        async def run(connector: Connector) -> None:
            rows = self.ids("orders", (await connector.changes("orders", None, datetime(2000, 1, 1, tzinfo=UTC))).body)
            good = json.loads((await connector.fetch("orders", rows[:1])).body)
            mixed = json.dumps([*good, 5])
            notice = "Notice: Undefined index $lines[2] in plugin.php\n"
            for body in (mixed.encode("utf-16"), mixed.encode("utf-8-sig"), (notice + mixed).encode()):
                mapped = connector.read("orders", body, datetime.now(UTC))
                assert len([each for each in mapped.records if isinstance(each, Order)]) == 1, body[:20]
                assert [bad.raw for bad in mapped.bad] == ["5"]
            for odd in (
                '{"orders":[1,2]}',
                "5",
                "null",
                '"[]"',
                "{",
                "",
                "[[[]]]",
                '{"id":{}}',
                "<p>[1]</p>",
                "[" * 50_000,
            ):
                mapped = connector.read("orders", odd.encode(), datetime.now(UTC))
                assert not mapped.records
                assert mapped.bad, odd[:20]
                assert all(bad.reason for bad in mapped.bad)

        self.use(shop, run)

    @pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault["kind"])
    def test_faults_lose_no_rows(self, shop: Any, fault: dict[str, Any]) -> None:
        if fault["kind"] not in self.faults:
            pytest.skip(f"{self.platform} is not known for this")
        truth = shop.truth(people=False)["customers"]
        shop.post_fault(**fault)
        try:
            found = self.use(shop, lambda c: self.everything(c, "customers"))
        finally:
            shop.clear_faults()
        assert len(found) == len(set(found)) == truth

    def test_a_lasting_fault_asks_to_come_back(self, shop: Any) -> None:
        shop.post_fault("firewall")
        try:
            with pytest.raises(RetryLater, match="web page instead of data"):
                self.use(shop, lambda c: c.counts())
        finally:
            shop.clear_faults()

    def test_a_wrong_key_stops_the_store(self, shop: Any) -> None:
        with pytest.raises(CredentialsInvalid):
            self.use(shop, lambda c: c.counts(), credentials=dict(self.wrong))
        if self.blind:
            with pytest.raises(PermissionMissing):
                self.use(shop, lambda c: c.counts(), credentials=self.lesser(shop, self.blind))
