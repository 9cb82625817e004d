"""Risk: programs written for HubSpot break here. HubSpot's own Python library against the running program.

The library takes an answer of an unexpected code or shape for nothing (None), so each test looks at what came back.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from cartfolk import erasure
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.identity import suppression
from cartfolk.properties import sorting
from cartfolk.web import listing, narrow

hubspot: Any = pytest.importorskip("hubspot", reason="hubspot-api-client is not installed")


@pytest.fixture
def client(live: str, make_token: Callable[..., str]) -> Any:
    return hubspot.HubSpot(access_token=make_token(), host=live)


def _input(**properties: str) -> Any:
    from hubspot.crm.contacts import SimplePublicObjectInputForCreate

    return SimplePublicObjectInputForCreate(properties=properties, associations=[])


def test_the_life_of_a_contact(client: Any, conn: Connection) -> None:
    from hubspot.crm.contacts import (
        ApiException,
        PublicGdprDeleteInput,
        PublicMergeInput,
        SimplePublicObjectInput,
    )

    basic = client.crm.contacts.basic_api
    made = basic.create(_input(email="Ann@Example.org", firstname="Ann"))
    assert made.id.isdigit()
    assert made.properties["firstname"] == "Ann"
    assert made.properties["hs_object_id"] == made.id
    assert isinstance(made.created_at, datetime)
    with pytest.raises(ApiException) as again:
        basic.create(_input(email="ann@example.org"))
    assert again.value.status == 409
    assert again.value.body.split("Existing ID: ")[1].split('"')[0] == made.id

    read = basic.get_by_id(
        "ann@example.org", id_property="email", properties=["firstname", "lifecyclestage", "nothing"]
    )
    assert (read.id, read.properties["firstname"]) == (made.id, "Ann")
    assert "nothing" not in read.properties
    changed = basic.update(made.id, SimplePublicObjectInput(properties={"firstname": "Anna", "lastname": "Lee"}))
    assert (changed.properties["firstname"], changed.properties["lastname"]) == ("Anna", "Lee")
    past = basic.get_by_id(made.id, properties_with_history=["firstname"]).properties_with_history["firstname"]
    assert [one.value for one in past][:2] == ["Anna", "Ann"]
    sources = conn.execute("select distinct source, by from property_history where source = 'api'").fetchall()
    assert sources == [("api", sources[0][1])]
    assert sources[0][1].startswith("token:")

    other = basic.create(_input(email="second@example.org", firstname="Second"))
    merged = basic.merge(PublicMergeInput(primary_object_id=made.id, object_id_to_merge=other.id))
    assert merged.id == made.id
    assert basic.get_by_id(other.id).id == made.id
    basic.purge(PublicGdprDeleteInput(object_id="ann@example.org", id_property="email"))
    with pytest.raises(ApiException) as gone:
        basic.get_by_id(made.id)
    assert gone.value.status == 404
    left = suppression.unfinished(conn)
    assert len(left) == 1, "the worker, or whoever comes after a killed one, reads the raw deliveries"
    basic.purge(PublicGdprDeleteInput(object_id="ann@example.org", id_property="email"))
    proofs = [erasure.run(conn, number) for number in suppression.unfinished(conn)]
    assert [proof.report["names"] for proof in proofs if proof] == [{"email": 2}, {"email": 1}]


def test_every_contact_once_page_by_page(client: Any) -> None:
    from hubspot.crm.contacts import BatchInputSimplePublicObjectBatchInputForCreate

    inputs = [_input(email=f"p{number}@example.org") for number in range(100)]
    batch = client.crm.contacts.batch_api
    made = batch.create(BatchInputSimplePublicObjectBatchInputForCreate(inputs=inputs))
    assert (made.status, len(made.results)) == ("COMPLETE", 100)
    client.crm.contacts.basic_api.create(_input(email="last@example.org"))
    every = client.crm.contacts.get_all(properties=["email"])
    assert len({one.id for one in every}) == len(every) == 101
    page = client.crm.contacts.basic_api.get_page(limit=7)
    assert page.paging.next.link.startswith("http")
    assert page.paging.next.after in page.paging.next.link


def test_batches_answer_for_each_input(client: Any) -> None:
    from hubspot.crm.contacts import (
        BatchInputSimplePublicObjectBatchInput,
        BatchInputSimplePublicObjectBatchInputUpsert,
        BatchReadInputSimplePublicObjectId,
        SimplePublicObjectBatchInput,
        SimplePublicObjectBatchInputUpsert,
        SimplePublicObjectId,
    )

    batch = client.crm.contacts.batch_api
    ann = client.crm.contacts.basic_api.create(_input(email="ann@example.org"))

    def upsert(email: str, **properties: str) -> Any:
        return SimplePublicObjectBatchInputUpsert(id=email, id_property="email", properties=properties)

    both = batch.upsert(
        BatchInputSimplePublicObjectBatchInputUpsert(
            inputs=[upsert("ann@example.org", firstname="Ann"), upsert("bob@example.org", firstname="Bob")]
        )
    )
    assert [(one.new, one.properties["firstname"]) for one in both.results] == [(False, "Ann"), (True, "Bob")]
    partly = batch.update(
        BatchInputSimplePublicObjectBatchInput(
            inputs=[
                SimplePublicObjectBatchInput(id=ann.id, properties={"lastname": "Lee"}),
                SimplePublicObjectBatchInput(id="999999", properties={"lastname": "Nobody"}),
            ]
        )
    )
    assert (partly.num_errors, partly.errors[0].category) == (1, "OBJECT_NOT_FOUND")
    assert [one.properties["lastname"] for one in partly.results] == ["Lee"]
    read = batch.read(
        BatchReadInputSimplePublicObjectId(
            inputs=[SimplePublicObjectId(id=ann.id), SimplePublicObjectId(id="999999")],
            properties=["lastname"],
            properties_with_history=[],
        )
    )
    assert [one.properties["lastname"] for one in read.results] == ["Lee"]
    assert read.errors[0].context == {"ids": ["999999"]}


def test_search_finds_what_its_filters_say(client: Any) -> None:
    from hubspot.crm.contacts import PublicObjectSearchRequest

    ids = {
        name: client.crm.contacts.basic_api.create(_input(email=f"{name}@{host}", firstname=name, city=city)).id
        for name, host, city in (("ann", "a.org", "Bonn"), ("bob", "b.org", "Bern"), ("cem", "b.org", ""))
    }

    def found(*groups: list[dict[str, Any]], **more: Any) -> list[str]:
        request = PublicObjectSearchRequest(filter_groups=[{"filters": group} for group in groups], **more)
        answer = client.crm.contacts.search_api.do_search(request)
        assert answer.total >= len(answer.results)
        return [name for one in answer.results for name, number in ids.items() if number == one.id]

    def where(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
        return {"propertyName": name, "operator": operator, "value": value, **more}

    assert found() == ["ann", "bob", "cem"]
    assert found([where("city", "EQ", "Bonn")]) == ["ann"]
    assert found([where("city", "NEQ", "Bonn")]) == ["bob"]
    assert found([where("city", "IN", values=["Bonn", "Bern"])]) == ["ann", "bob"]
    assert found([where("city", "NOT_HAS_PROPERTY")], [where("firstname", "EQ", "ann")]) == ["ann", "cem"]
    assert found([where("email", "CONTAINS_TOKEN", "*@b.org")]) == ["bob", "cem"]
    assert found([where("email", "NOT_CONTAINS_TOKEN", "*b.org")]) == ["ann"]
    assert found([where("hs_object_id", "GT", ids["ann"]), where("city", "HAS_PROPERTY")]) == ["bob"]
    assert found([where("createdate", "GTE", "2020-01-01")], sorts=["-hs_object_id"]) == ["cem", "bob", "ann"]
    assert found([where("createdate", "NEQ", "2020-01-01")]) == ["ann", "bob", "cem"]
    assert found([where("createdate", "NOT_IN", values=["2020-01-01", "1600000000000"])]) == ["ann", "bob", "cem"]
    assert found([where("createdate", "IN", values=["2020-01-01", "1600000000000"])]) == []
    made = client.crm.contacts.basic_api.get_by_id(ids["bob"]).properties["createdate"]
    assert found([where("createdate", "IN", values=["2020-01-01", made])]) == ["bob"]
    # Read by slices of time, as synchronisations do, everybody is met once: what was answered lies in its millisecond.
    lower, upper = where("createdate", "LTE", made), where("createdate", "GT", made)
    assert (found([lower]), found([upper])) == (["ann", "bob"], ["cem"])
    assert found([where("createdate", "BETWEEN", made, highValue=made)]) == found([where("createdate", "EQ", made)])
    assert found([where("createdate", "NEQ", made)]) == ["ann", "cem"]
    assert found([where("lastmodifieddate", "LTE", "1600000000000")]) == []
    assert found([where("lastmodifieddate", "GT", "1600000000000")], sorts=["firstname"], limit=2) == ["ann", "bob"]
    assert found(query="bob") == ["bob"]
    page = client.crm.contacts.search_api.do_search(PublicObjectSearchRequest(limit=2))
    assert (page.total, page.paging.next.after) == (3, "2")
    rest = client.crm.contacts.search_api.do_search(PublicObjectSearchRequest(limit=2, after="2"))
    assert ([one.id for one in rest.results], rest.paging) == ([ids["cem"]], None)


def test_search_finds_the_same_few_by_any_way(client: Any, conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked up where they lie side by side, or among everybody; what was rare and looked for long is kept in order."""
    for n in range(12):
        client.crm.contacts.basic_api.create(_input(email=f"p{n}@a.org", city=("Bonn", "Bern", "")[n % 3], zip=str(n)))
    questions = [
        [[("email", "EQ", "P3@a.org")]],
        [[("city", "EQ", "bonn")], [("email", "EQ", "p1@a.org")]],
        [[("city", "EQ", "Bonn"), ("zip", "NEQ", "3")], [("city", "NEQ", "Bonn"), ("email", "CONTAINS_TOKEN", "p1*")]],
        [[("email", "EQ", "p1@a.org")], [("city", "NOT_HAS_PROPERTY", None)]],
        [[("city", "EQ", "Ulm")]],
    ]  # fmt: skip

    def found() -> list[tuple[int, list[str]]]:
        from hubspot.crm.contacts import PublicObjectSearchRequest

        answers = []
        for groups in questions:
            asked = [
                {"filters": [{"propertyName": p, "operator": o, "value": v} for p, o, v in group]} for group in groups
            ]
            request = PublicObjectSearchRequest(filter_groups=asked, sorts=["-hs_object_id"], limit=3)
            answer = client.crm.contacts.search_api.do_search(request)
            answers.append((answer.total, [one.properties["email"] for one in answer.results]))
        return answers

    monkeypatch.setattr(listing, "EXACT", 0)
    by_all = found()
    assert [total for total, _ in by_all] == [1, 5, 5, 5, 0]
    jobs = conn.execute("select args ->> 'name' from procrastinate_jobs where task_name = 'cartfolk.fill_order'")
    assert {name for (name,) in jobs} == {"city", "zip"}
    for name in ("city", "zip"):
        sorting.fill(conn, sorting.key(name, "text"), now())
    by_few = found()
    monkeypatch.setattr(narrow, "FEW", 0)
    assert by_all == by_few == found()


def test_properties_are_made_used_and_put_aside(client: Any) -> None:
    from hubspot.crm.properties import (
        ApiException,
        PropertyCreate,
        PropertyGroupCreate,
        PropertyGroupUpdate,
        PropertyUpdate,
    )

    core, groups = client.crm.properties.core_api, client.crm.properties.groups_api
    group = groups.create("contacts", PropertyGroupCreate(name="erp", label="ERP", display_order=-1))
    assert (group.name, group.archived) == ("erp", False)
    options = [
        {"label": "Gold", "value": "gold", "hidden": False, "displayOrder": 0},
        {"label": "Tin", "value": "tin", "hidden": False, "displayOrder": 1},
    ]
    made = core.create(
        "contacts",
        PropertyCreate(
            name="tier", label="Tier", type="enumeration", field_type="select", group_name="erp", options=options
        ),
    )
    assert (made.name, made.type, made.field_type, len(made.options)) == ("tier", "enumeration", "select", 2)
    contact = client.crm.contacts.basic_api.create(_input(email="ann@example.org", tier="gold"))
    assert contact.properties["tier"] == "gold"
    assert core.update("contacts", "tier", PropertyUpdate(label="Level")).label == "Level"
    assert core.get_by_name("contacts", "tier").label == "Level"
    names = [one.name for one in core.get_all("contacts").results]
    assert {"tier", "email", "total_value_of_orders"} <= set(names)
    core.archive("contacts", "tier")
    assert "tier" not in [one.name for one in core.get_all("contacts").results]
    assert [one.name for one in core.get_all("contacts", archived=True).results] == ["tier"]
    assert "erp" in [one.name for one in groups.get_all("contacts").results]
    assert groups.update("contacts", "erp", PropertyGroupUpdate(label="Stock")).label == "Stock"
    with pytest.raises(ApiException, match="tier"):
        groups.archive("contacts", "erp")
    groups.create("contacts", PropertyGroupCreate(name="spare", label="Spare", display_order=-1))
    groups.archive("contacts", "spare")
    assert "spare" not in [one.name for one in groups.get_all("contacts").results]
