"""Risks: a view is lost, seen by whom it does not concern, or shows something else than was saved; a bulk edit
changes whom it should not, or cannot be taken back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cartfolk.core.sql import Connection
from cartfolk.properties import definitions
from cartfolk.properties.tests.test_calculated import own
from cartfolk.segments import stored
from cartfolk.web import bulk
from cartfolk.web.models import BulkEdit, SavedView

from .test_filters import condition, filtered, shown, values

__all__ = ["values"]
CONTACTS = reverse("web:contacts")
SAVE = reverse("web:contacts-view-save")
NOT_THERE = f"{CONTACTS}?view=all"  # where acts on a view lead that is not the reader's, or no more


def page(client: Client, address: str = CONTACTS, **parameters: str) -> str:
    return client.get(address, parameters, follow=True).content.decode()


@pytest.fixture
def marta(owner: Client) -> Client:
    from django.contrib.auth.models import User

    client = Client()
    client.force_login(User.objects.create_superuser("marta@example.org", "marta@example.org", "a long pass phrase"))
    return client


def saved(client: Client, name: str, **parameters: str) -> str:
    answer = client.post(SAVE, {"name": name, **parameters})
    return str(answer["Location"])


def change(client: Client, key: object, do: str, **parameters: str) -> Any:
    return client.post(reverse("web:contacts-view", args=[key]), {"do": do, **parameters})


def test_a_view_shows_what_was_saved_until_it_is_saved_anew(owner: Client, values: None) -> None:
    asked = {
        "filters": json.dumps(filtered(condition("city", "is", "Berlin"))),
        "sort": "email",
        "q": "p1",
        "columns": "city,email",
    }
    before = shown(page(owner, **asked))
    address = saved(owner, "Berliner", **asked)
    assert shown(page(owner, address)) == before != []
    assert "Save view" not in page(owner, address)
    changed = page(owner, f"{address}&q=")
    assert len(shown(changed)) == 33
    assert "Save view" in changed
    [row] = SavedView.objects.all()
    change(owner, row.pk, "save", view=str(row.pk), q="")
    assert len(shown(page(owner, address))) == 33


def test_private_views_are_seen_by_their_owner_alone(owner: Client, marta: Client, values: None) -> None:
    saved(owner, "Mine")
    saved(owner, "Ours", shared="on")
    assert ">Mine</a>" in page(owner)
    assert ">Mine</a>" not in page(marta)
    assert ">Ours</a>" in page(marta)
    mine = SavedView.objects.get(name="Mine")
    for do in ("save", "rename", "share", "default", "delete", "left", "restore"):
        assert change(marta, mine.pk, do, name="Stolen")["Location"] == NOT_THERE
    mine.refresh_from_db()
    assert (mine.name, mine.shared, mine.default, mine.deleted_at) == ("Mine", False, False, None)
    for key in ("0", "x", "99999999999999999999", "²"):
        assert change(owner, key, "delete")["Location"] == NOT_THERE
        assert change(owner, key, "restore")["Location"] == NOT_THERE


def test_names_are_wanted_short_and_different(owner: Client, values: None) -> None:
    saved(owner, "Regulars")
    for name, problem in (("  ", "give the view a name"), ("x" * 81, "at most 80"), ("regulars", "already")):
        assert problem in owner.post(SAVE, {"name": name}, follow=True).content.decode()
    assert SavedView.objects.count() == 1


def test_a_deleted_view_comes_back_and_the_default_opens_for_everybody(
    owner: Client, marta: Client, values: None
) -> None:
    saved(owner, "Berliner", filters=json.dumps(filtered(condition("city", "is", "Berlin"))))
    [row] = SavedView.objects.all()
    change(owner, row.pk, "default")
    assert len(shown(page(marta))) == 33
    assert len(shown(page(marta, view="all"))) == 50
    change(owner, row.pk, "delete")
    assert len(shown(page(marta))) == 50
    change(owner, row.pk, "restore")
    assert ">Berliner</a>" in page(owner, view="all")


def test_nobody_hides_anothers_view_from_everybody(owner: Client, marta: Client, values: None) -> None:
    """Made private it would be gone for who did it: no way back, and no page of All contacts as everybody knows it."""
    saved(owner, "Berliner", shared="on")
    [row] = SavedView.objects.all()
    change(owner, row.pk, "default")
    assert 'value="unshare"' not in page(marta, view=str(row.pk))
    change(marta, row.pk, "unshare")
    row.refresh_from_db()
    assert (row.shared, row.default) == (True, True)
    assert 'value="unshare"' in page(owner, view=str(row.pk))
    change(owner, row.pk, "unshare")
    row.refresh_from_db()
    assert (row.shared, row.default) == (False, False)


def test_a_view_comes_back_under_a_name_of_its_own(owner: Client, values: None) -> None:
    saved(owner, "Berliner")
    [row] = SavedView.objects.all()
    change(owner, row.pk, "delete")
    saved(owner, "berliner")
    change(owner, row.pk, "restore")
    assert sorted(SavedView.objects.filter(deleted_at=None).values_list("name", flat=True)) == [
        "Berliner (2)", "berliner"
    ]  # fmt: skip


def test_tabs_move(owner: Client, values: None) -> None:
    for name in ("One", "Two", "Three"):
        saved(owner, name)
    change(owner, SavedView.objects.get(name="Three").pk, "left")
    text = page(owner)
    assert text.index(">One<") < text.index(">Three<") < text.index(">Two<")


EDIT = reverse("web:contacts-edit")


def cities(conn: Connection) -> dict[int, str | None]:
    return dict(conn.execute("select contact_id, city from contact_property").fetchall())


def jobtitles(conn: Connection) -> dict[int, str | None]:
    return dict(conn.execute("select contact_id, jobtitle from contact_custom where jobtitle is not null").fetchall())


def test_a_bulk_edit_of_the_question_changes_all_it_finds_and_nobody_else(
    owner: Client, conn: Connection, values: None
) -> None:
    """The question is asked once: what the edit changes does not change who is edited."""
    asked = {
        "filters": json.dumps(filtered(condition("total_number_of_orders", "greater_equal", 1))),
        "everything": "1",
        "property": "jobtitle",
        "mode": "overwrite",
        "value": "Baker",
    }
    expected = conn.execute("select count(*) from contact_list where total_number_of_orders >= 1").fetchone()
    preview = owner.post(EDIT, asked).content.decode()
    assert expected is not None
    assert f"{expected[0]} contacts change." in preview
    assert jobtitles(conn) == {}, "a preview leaves nothing"
    done = owner.post(EDIT, {**asked, "confirm": "1"}, follow=True).content.decode()
    assert f"{expected[0]} contacts were changed." in done
    assert len(jobtitles(conn)) == expected[0]
    assert conn.execute("select count(*) from audit_event where action = 'contacts.edit'").fetchone() == (1,)


def test_taking_back_restores_each_value_and_spares_later_changes(
    owner: Client, conn: Connection, values: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PART", 3)
    for contact, title in ((1, "Cook"), (2, "Carpenter")):
        edit_one(owner, [contact], "jobtitle", title)
    answer = edit_one(owner, range(1, 9), "jobtitle", "Baker")
    edit_one(owner, [3], "jobtitle", "Judge")
    assert jobtitles(conn) == {n: "Judge" if n == 3 else "Baker" for n in range(1, 9)}
    number = BulkEdit.objects.order_by("-pk")[1].pk
    assert answer.redirect_chain[-1][0].endswith(f"/{number}")
    for _ in range(2):  # twice is once
        owner.post(reverse("web:contacts-edit-undo", args=[number]))
        assert jobtitles(conn) == {1: "Cook", 2: "Carpenter", 3: "Judge"}


def test_taking_back_an_own_value_gives_the_shops_back(owner: Client, conn: Connection, values: None) -> None:
    """What the shop says counts again, not a copy of it that would outlive the shop's next change."""
    before = cities(conn)
    edit_one(owner, range(1, 9), "city", "Bonn")
    owner.post(reverse("web:contacts-edit-undo", args=[BulkEdit.objects.get().pk]))
    after = cities(conn)
    assert {n: after[n] for n in range(9, 131)} == {n: before[n] for n in range(9, 131)}
    own = conn.execute("select count(*) from contact_custom where city is not null and city = 'Bonn'").fetchone()
    assert own == (0,)


def test_a_bulk_edit_killed_between_parts_goes_on_where_it_was(
    owner: Client, conn: Connection, values: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PART", 10)
    part = bulk._part
    calls = iter(range(100))

    def dies(*args: Any) -> bool:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return part(*args)

    chosen = bulk.Selection(tuple(range(1, 41)))
    edit = bulk.ask(conn, "user:1", chosen, "jobtitle", bulk.Mode.OVERWRITE, "Baker")
    monkeypatch.setattr(bulk, "_part", dies)
    with pytest.raises(KeyboardInterrupt):
        bulk.run(conn, edit)
    assert len(jobtitles(conn)) == 20
    monkeypatch.setattr(bulk, "_part", part)
    edit.refresh_from_db()
    bulk.run(conn, edit)
    edit.refresh_from_db()
    assert (edit.state, edit.done, edit.changed, len(jobtitles(conn))) == ("done", 40, 40, 40)
    rows = conn.execute("select count(*) from property_history where source_id = %s", [f"bulk:{edit.pk}"]).fetchone()
    assert rows == (40,)


def test_a_value_that_does_not_fit_is_refused_before_anything_is_written(
    owner: Client, conn: Connection, values: None
) -> None:
    answer = owner.post(EDIT, {"ids": ["1", "2"], "property": "mobilephone", "value": "none", "confirm": "1"})
    assert answer.status_code == 422
    assert BulkEdit.objects.count() == 0
    assert owner.post(EDIT, {"ids": [], "property": "jobtitle", "value": "x", "confirm": "1"}).status_code == 302
    assert BulkEdit.objects.count() == 0


def test_a_time_means_the_same_in_a_bulk_edit_as_in_its_row(owner: Client, conn: Connection, values: None) -> None:
    definitions.create(conn, own("called_at", "datetime"), by="user:1")
    owner.cookies["timezone"] = "Europe/Berlin"
    edit_one(owner, [1], "called_at", "2026-07-01T10:00")
    owner.post("/contacts/2/properties/called_at/edit", {"value": "2026-07-01T10:00"})
    found = conn.execute("select called_at from contact_custom where contact_id in (1, 2)").fetchall()
    assert found == [(datetime(2026, 7, 1, 8, tzinfo=UTC),)] * 2


def test_a_percentage_is_typed_with_its_sign(owner: Client, conn: Connection, values: None) -> None:
    definitions.create(conn, replace(own("rebate"), percent=True), by="user:1")
    edit_one(owner, [1], "rebate", "12.5 %")
    owner.post("/contacts/2/properties/rebate/edit", {"value": "12.5%"})
    found = conn.execute("select rebate from contact_custom where contact_id in (1, 2)").fetchall()
    assert found == [(Decimal("12.5"),)] * 2


def test_another_property_is_never_without_a_way_to_write(owner: Client, values: None) -> None:
    """Chosen for a list, “add” is not there for a name: the form says what would happen instead."""
    asked = {"ids": ["1"], "property": "jobtitle", "mode": "append", "choose": "1"}
    assert 'value="overwrite" checked' in owner.post(EDIT, asked).content.decode()


def test_chosen_contacts_go_into_a_static_segment_once(owner: Client, conn: Connection, values: None) -> None:
    asked = {"filters": json.dumps(filtered(condition("city", "is", "Berlin"))), "everything": "1", "name": "Berlin"}
    for _ in range(2):
        answer = owner.post(reverse("web:contacts-list"), asked, follow=True)
        asked = {"ids": ["1", "3", "6"], "segment": "1"}  # 3 and 6 are in it already
    assert "1 contact was added" in answer.content.decode()
    assert len(stored.members(conn, 1)) == 34
    problem = owner.post(reverse("web:contacts-list"), {"ids": ["1"], "name": "Berlin"})
    assert problem.status_code == 422
    assert owner.post(reverse("web:contacts-list"), {"ids": ["1"], "segment": "99"}).status_code == 422


def edit_one(owner: Client, contacts: Any, name: str, value: str) -> Any:
    asked = {"ids": [str(n) for n in contacts], "property": name, "value": value, "mode": "overwrite", "confirm": "1"}
    return owner.post(EDIT, asked, follow=True)
