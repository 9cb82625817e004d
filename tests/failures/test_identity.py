"""Who is who: one person twice, two people as one, names damaged."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal as D

import psycopg

from cartfolk import pipeline
from cartfolk.connectors.canonical import Address, Customer, Line
from cartfolk.identity.resolve import lock_for_refresh

from .scene import Scene


def test_email_change_makes_a_second_contact(shop: Scene) -> None:
    old, new = shop.email("old"), shop.email("new")
    shop.tell(Customer("7", old, shop.ago(days=9)), shop.order(1, customer_id="7", email=old))
    shop.tell(Customer("7", new, shop.ago(days=2)))
    shop.tell(shop.order(2, customer_id="7", email=new), Customer("7", old, shop.ago(days=9)))  # and an old version
    assert shop.contacts() == 1
    assert shop.contact(old) == shop.contact(new)
    assert shop.values("total_number_of_orders", "email", email=new) == (2, new)


def test_guests_missing_empty_or_doubled(shop: Scene) -> None:
    """Most orders are guests': a contact with the order's own name, the later account in the same one."""
    home = Address(first_name="Mia", last_name="Koch", city="Ulm", country="DE")
    shop.tell(shop.order(1, billing=home), lane=pipeline.BULK)
    assert shop.values("firstname", "lastname", "city", "total_number_of_orders") == ("Mia", "Koch", "Ulm", 1)
    shop.tell(Customer("9", shop.email().upper(), shop.ago(hours=2), first_name="Mia"))
    shop.tell(shop.order(2, customer_id="9"))
    assert shop.contacts() == 1
    assert shop.value("total_number_of_orders") == 2


def test_same_email_in_other_case_is_a_new_contact(shop: Scene) -> None:
    email = f"Zoë.{shop.number}@Example.NET"
    spelt = [email, f"  {email.upper()} ", email.replace("ë", "e\u0308"), email.lower()]
    for number, told in enumerate(spelt):
        shop.tell(shop.order(number, email=told))
    assert shop.contacts() == 1
    assert shop.value("total_number_of_orders", email=email.lower()) == 4
    assert shop.rows("select original from identity where value = %s", email.lower())[0][0] in [
        e.strip() for e in spelt
    ]
    dotted = shop.email("zo.e")
    shop.tell(shop.order(9, email=dotted), shop.order(10, email=shop.email("zoe")))
    assert shop.contact(dotted) != shop.contact(shop.email("zoe")), "dots are not folded: elsewhere they are two people"


def test_text_damage(shop: Scene) -> None:
    """Entities decoded once, four-byte characters, right-to-left, a plus in the address, a megabyte of one object."""
    at = "2026-10-01T10:00:00"
    email = f"r&d+tea.{shop.number}@example.net"
    shop.page(
        "customers",
        {
            "id": 1, "email": email, "first_name": "R&amp;D &lt;b&gt; 🍵", "last_name": "שלום &amp;amp; Söhne",
            "role": "customer", "username": "rd", "date_created_gmt": at, "date_modified_gmt": at, "meta_data": [
                {"id": 1, "key": "notes", "value": "ß" * (1 << 20)}], "billing": {}, "shipping": {},
        },
    )  # fmt: skip
    found = shop.values("firstname", "lastname", "email", email=email)
    assert found == ("R&D <b> 🍵", "שלום &amp; Söhne", email)


def test_races_and_lost_updates(shop: Scene) -> None:
    """Four workers bring the same people's orders at once: one contact each, nothing lost, nothing doubled."""

    def work(worker: int) -> None:
        with (
            psycopg.connect(shop.url, autocommit=True) as conn,
            psycopg.connect(shop.url, autocommit=True) as identity,
        ):
            for number in range(10):
                told = [
                    shop.order(number, email=shop.email(f"p{number % 3}")),
                    Customer(str(number % 3), shop.email(f"p{number % 3}"), shop.ago(days=worker + 1)),
                    shop.order(100 * worker + 50 + number, email=shop.email("all")),
                ]
                with conn.transaction():
                    pipeline.apply(conn, identity, [pipeline.Received(r, shop.store, shop.now) for r in told], 0)
                pipeline.refresh_dirty(conn, 0)

    workers = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(60)
    shop.refresh()
    assert shop.contacts() == 4
    assert [shop.value("total_number_of_orders", email=shop.email(f"p{n}")) for n in range(3)] == [4, 3, 3]
    assert shop.value("total_number_of_orders", email=shop.email("all")) == 40
    # Of two who compute one contact the second waits: else the one that saw less could write last.
    contact = shop.contact(shop.email("all"))
    with psycopg.connect(shop.url) as first, psycopg.connect(shop.url) as second:
        assert lock_for_refresh(first, [contact]) == [contact]
        late = threading.Thread(target=pipeline.refresh, args=(second, [contact], shop.now, "live"))
        late.start()
        late.join(0.5)
        assert late.is_alive()
        first.commit()
        late.join(20)
        assert not late.is_alive()


def test_webhooks_duplicated_late_or_out_of_order(shop: Scene) -> None:
    first = shop.order(1, "10.00")
    last = replace(first, total=D("8.00"), updated_at=first.updated_at + timedelta(hours=2), lines=(
        Line("Tea", D(1), D("8.00"), sku="TEA-2"),))  # fmt: skip
    middle = replace(first, total=D("99.00"), updated_at=first.updated_at + timedelta(hours=1))
    for told in (last, first, middle, last, first):
        shop.tell(told)
        assert shop.values("total_number_of_orders", "total_value_of_orders") == (1, D("8.00"))
    assert shop.rows("select sku from order_line where contact_id = %s", shop.contact()) == [("TEA-2",)]
