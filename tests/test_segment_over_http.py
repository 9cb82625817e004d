"""Risk: between the shop's own records and a segment's members somebody is lost or added: a shop over real HTTP, its
whole history imported, then an order by webhook, and each brand's buyers compared with the shop's own account."""

from __future__ import annotations

from cartfolk.connectors.bigcommerce.tests.shop import start
from cartfolk.connectors.bigcommerce.tests.test_end_to_end import Linked
from cartfolk.connectors.woocommerce.tests.door import Door
from cartfolk.core.sql import Connection
from cartfolk.segments import build, stored

EMAIL = "somebody.else@example.com"


def bought(brand: str) -> dict[str, object]:
    where = [{"field": "brand", "operator": "is", "value": brand}]
    counted = {"measure": "count", "operator": "at_least", "value": 1, "where": where}
    return {"version": 1, "root": {"type": "event", "event": "line", **counted}}


def people(linked: Linked) -> dict[str, int]:
    """The contact of each account and of each guest, by the names the shop's own account has for them: an order of
    nobody is a contact too, but nobody's in that account."""
    accounts = linked.conn.execute(
        "select 'customer:' || external_id, contact_id from account where external_id not like 'order:%'"
    ).fetchall()
    guests = linked.conn.execute("select 'guest:' || value, contact_id from identity where kind = 'email'").fetchall()
    return dict(guests + accounts)


def expected(linked: Linked) -> dict[str, set[int]]:
    """Who bought of each brand, as the shop itself says."""
    contacts, found = people(linked), dict[str, set[int]]()
    for name, person in linked.shop.truth()["people"].items():
        for brand in person["brands"]:
            found.setdefault(brand, set()).add(contacts[name])
    return found


def members(linked: Linked, segments: dict[str, int]) -> dict[str, set[int]]:
    known = set(people(linked).values())
    return {brand: known & set(stored.members(linked.conn, number)) for brand, number in segments.items()}


def test_who_bought_a_brand_is_whom_the_shop_says(conn: Connection, database: str) -> None:
    door, segments = Door(), dict[str, int]()

    def follow_buyers_of(*brands: str) -> None:
        for brand in brands:
            segments[brand] = stored.create(conn, brand, bought(brand), "user:1")
            assert build.build(conn, segments[brand])

    with start(seed=12, customers=25) as shop:
        linked = Linked(conn, database, shop, door)
        follow_buyers_of("Nordlicht", "Kessel")  # filled by the import, contact by contact
        assert linked.backfill() == "done"
        follow_buyers_of("Marlow", "Ostwind", "Feder & Faden")  # built over everybody
        before = expected(linked)
        assert members(linked, segments) == before
        assert all(buyers and len(buyers) < len(people(linked)) for buyers in before.values())

        shop.act("order", email=EMAIL, goods=3)
        linked.follow()
        after, stranger = expected(linked), people(linked)[f"guest:{EMAIL}"]
        assert members(linked, segments) == after
        assert after != before
        assert {brand: buyers - {stranger} for brand, buyers in after.items()} == before, "nobody else moved"
        moves = conn.execute("select joined, parted, reason from segment_log where contact_id = %s", [stranger])
        joined = sorted(number for brand, number in segments.items() if stranger in after[brand])
        assert moves.fetchall() == [(joined, [], "sync")]
    door.close()
