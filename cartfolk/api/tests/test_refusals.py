"""Risk: a token does more than it was given, a bad request writes half of itself, a refusal says nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from django.test import Client

from cartfolk.api.urls import urlpatterns
from cartfolk.core.sql import Connection
from cartfolk.web.tokens import Scope

CONTACTS = "/crm/v3/objects/contacts"


def _post(client: Client, path: str, body: Any) -> Any:
    return client.post(path, json.dumps(body), content_type="application/json")


def _addresses() -> list[tuple[str, str, Scope]]:
    found = []
    for pattern in urlpatterns[:-1]:  # the last one is everything else
        path = str(pattern.pattern).removeprefix("^").removesuffix("/?$")
        path = path.replace("(?:contacts?|CONTACTS?|0-1)", "contacts")
        path = path.replace("(?P<contact>[^/]+)", "1").replace("(?P<name>[^/]+)", "city")
        actions: dict[str, tuple[Scope, Any]] = pattern.callback.actions  # type: ignore[union-attr]
        found += [(f"/{path}", method, scope) for method, (scope, _action) in actions.items()]
    return found


def test_every_endpoint_wants_a_token_that_has_its_scope(make_token: Callable[..., str]) -> None:
    addresses = _addresses()
    assert len(addresses) > 20
    for path, method, scope in addresses:

        def ask(token: str, path: str = path, method: str = method) -> Any:
            headers = {"authorization": f"Bearer {token}"} if token else {}
            return Client().generic(method, path, b"{}", "application/json", headers=headers)

        assert ask("").status_code == 401, path
        assert ask("cf_guess").status_code == 401, path
        others = make_token(*(other for other in Scope if other != scope))
        refused = ask(others)
        assert refused.status_code == 403, path
        assert refused.json()["category"] == "MISSING_SCOPES"
        assert refused.json()["errors"][0]["context"]["requiredGranularScopes"] == [scope.value]
        assert ask(make_token(scope)).status_code not in (401, 403, 500), f"{method} {path}"


def test_a_signed_in_browser_is_no_token(database: str) -> None:
    from django.contrib.auth.models import User

    client = Client()
    client.force_login(User.objects.create_superuser("o@example.org", "o@example.org", "x"))
    assert client.get(CONTACTS).status_code == 401


def test_a_contact_is_written_entirely_or_not_at_all(api: Client, conn: Connection) -> None:
    bad = {"email": "ann@example.org", "firstname": "Ann", "nonsense": "1", "total_value_of_orders": "5"}
    refused = _post(api, CONTACTS, {"properties": bad})
    assert refused.status_code == 400
    body = refused.json()
    assert (body["status"], body["category"]) == ("error", "VALIDATION_ERROR")
    told = json.loads(body["message"].partition(": ")[2])
    assert {(one["name"], one["error"]) for one in told} == {
        ("nonsense", "PROPERTY_DOESNT_EXIST"),
        ("total_value_of_orders", "READ_ONLY_VALUE"),
    }
    assert conn.execute("select count(*) from contact").fetchone() == (0,)


def test_bad_inputs_of_a_batch_leave_the_good_ones(api: Client) -> None:
    inputs = [
        {"properties": {"email": "ann@example.org", "firstname": "Ann"}},
        {"properties": {"email": "no address"}},
        {"properties": {"firstname": "Nobody"}},
    ]
    answer = _post(api, f"{CONTACTS}/batch/create", {"inputs": inputs})
    assert answer.status_code == 207
    assert [one["properties"]["firstname"] for one in answer.json()["results"]] == ["Ann"]
    assert answer.json()["numErrors"] == 2
    again = _post(api, f"{CONTACTS}/batch/create", {"inputs": inputs[:1]})
    assert (again.status_code, again.json()["errors"][0]["category"]) == (207, "CONFLICT")
    too_many = _post(api, f"{CONTACTS}/batch/create", {"inputs": inputs * 40})
    assert too_many.status_code == 400


def test_one_address_belongs_to_one_contact(api: Client) -> None:
    ann, bob = (
        _post(api, CONTACTS, {"properties": {"email": f"{name}@example.org"}}).json()["id"] for name in ("ann", "bob")
    )
    body = json.dumps({"properties": {"email": "Ann@example.org"}})
    refused = api.patch(f"{CONTACTS}/{bob}", body, content_type="application/json")
    assert (refused.status_code, refused.json()["message"]) == (409, f"Contact already exists. Existing ID: {ann}")
    body = json.dumps({"properties": {"email": "robert@example.org"}})
    assert api.patch(f"{CONTACTS}/{bob}", body, content_type="application/json").status_code == 200
    renamed = api.get(f"{CONTACTS}/bob@example.org?idProperty=email").json()
    assert (renamed["id"], renamed["properties"]["email"]) == (bob, "robert@example.org")


def test_what_no_text_can_hold_is_refused_before_anything_is_written(api: Client, conn: Connection) -> None:
    strange = [
        {"firstname": "half \ud83d"}, {"firstname": "nul \0"}, {"firstname": {"a": 1}}, {"firstname": ["Ann"]},
        {"city\ud800": "Ulm"}, {"email": ["a@example.org"]}, {"email": "a\ud800@example.org"},
    ]  # fmt: skip
    inputs = [{"properties": {"email": f"a{n}@example.org"} | one} for n, one in enumerate(strange)]
    for one in inputs:
        refused = _post(api, CONTACTS, one)
        assert (refused.status_code, refused.json()["category"]) == (400, "VALIDATION_ERROR"), one
    good = {"properties": {"email": "good@example.org", "firstname": "Ann \U0001f680"}}
    answer = _post(api, f"{CONTACTS}/batch/create", {"inputs": [*inputs, good]})
    assert (answer.status_code, answer.json()["numErrors"], len(answer.json()["results"])) == (207, len(inputs), 1)
    assert conn.execute("select count(*) from contact").fetchone() == (1,)
    for path, body in (
        (f"{CONTACTS}/search", {"query": "\ud800"}),
        (f"{CONTACTS}/search", {"filters": [{"propertyName": "city", "operator": "EQ", "value": "a\0"}]}),
        (f"{CONTACTS}/batch/read", {"inputs": [{"id": "\ud800@example.org"}], "idProperty": "email"}),
        ("/crm/v3/properties/contacts/groups", {"name": "g", "label": "\0"}),
    ):
        assert _post(api, path, body).status_code == 400, path
    for text in ("[" * 50_000, '{"properties": {"email": "' + "x" * 3_000_000 + '"}}', "{"):
        refused = api.post(CONTACTS, text, content_type="application/json")
        assert (refused.status_code, refused.json()["category"]) == (400, "VALIDATION_ERROR")


def test_a_database_that_goes_away_is_something_to_try_again(api: Client, conn: Connection, database: str) -> None:
    def ended() -> bool:
        """Ends the connection of the request as soon as it waits."""
        waiting = "datname = current_database() and wait_event_type = 'Lock'"
        return bool(conn.execute(f"select pg_terminate_backend(pid) from pg_stat_activity where {waiting}").fetchall())

    with psycopg.connect(database) as other, ThreadPoolExecutor(1) as pool:
        other.execute("lock table contact_property in access exclusive mode")
        asked = pool.submit(_post, api, f"{CONTACTS}/search", {})
        while not asked.done() and not ended():
            time.sleep(0.02)
        answer = asked.result(30)
    assert (answer.status_code, answer.json()["category"]) == (503, "SERVICE_UNAVAILABLE")
    assert answer.headers["Retry-After"]
    assert _post(api, f"{CONTACTS}/search", {}).status_code == 200


def test_one_person_twice_in_a_batch_is_made_once_and_said(api: Client) -> None:
    inputs = [
        {"properties": {"email": "ann@example.org", "firstname": "Ann"}},
        {"properties": {"email": "ANN@example.org", "firstname": "Other"}},
        {"properties": {"phone": "+49 30 123456", "firstname": "Bob"}},
        {"properties": {"phone": "0049 30 123456", "firstname": "Other"}},
    ]
    answer = _post(api, f"{CONTACTS}/batch/create", {"inputs": inputs}).json()
    assert [one["properties"]["firstname"] for one in answer["results"]] == ["Ann", "Bob"]
    assert [one["category"] for one in answer["errors"]] == ["CONFLICT", "CONFLICT"]
    named = {"id": "cem@example.org", "idProperty": "email", "properties": {"firstname": "Cem"}}
    twice = _post(api, f"{CONTACTS}/batch/upsert", {"inputs": [named, named]}).json()
    assert [one["new"] for one in twice["results"]] == [True, False]


def test_an_address_that_is_not_here_is_told_in_json(api: Client) -> None:
    for path in (
        "/crm/v3/objects/companies", "/crm/v3/lists/search", "/crm/v4/objects/contacts/1/associations/deals",
        "/contacts/v1/lists/all/contacts/all", "/account-info/v3/details", "/oauth/v1/token",
    ):  # fmt: skip
        for answer in (api.get(path), _post(api, path, {})):
            assert (answer.status_code, answer.json()["category"]) == (404, "OBJECT_NOT_FOUND")
            assert path in answer.json()["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"filterGroups": [{"filters": [{"propertyName": "nothing", "operator": "EQ", "value": "1"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "city", "operator": "LIKE", "value": "1"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "city", "operator": "EQ"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "createdate", "operator": "GT", "value": "soon"}]}]},
        {"filterGroups": [{"filters": []}]},
        {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "CONTAINS_TOKEN", "value": "a*n"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "CONTAINS_TOKEN", "value": "*"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "hs_email_optout", "operator": "EQ", "value": "maybe"}]}]},
        {"filterGroups": "all"},
        {"sorts": ["nothing"]},
        {"after": "x"},
        {"after": "10000"},
        {"properties": "email"},
    ],
)
def test_a_search_that_cannot_be_asked_is_refused_not_passed_over(api: Client, body: Any) -> None:
    refused = _post(api, f"{CONTACTS}/search", body)
    assert (refused.status_code, refused.json()["category"]) == (400, "VALIDATION_ERROR")


def test_a_label_that_is_taken_is_refused_with_who_has_it(api: Client) -> None:
    asked = {"type": "string", "fieldType": "text", "groupName": "contactinformation"}
    path = "/crm/v3/properties/contacts"
    refused = _post(api, path, asked | {"name": "town", "label": " city "})
    assert refused.status_code == 400
    assert "The property city has the label" in refused.json()["message"]
    assert _post(api, path, asked | {"name": "town", "label": "Town"}).status_code == 201
    renamed = api.patch(f"{path}/town", json.dumps({"label": "City"}), content_type="application/json")
    assert renamed.status_code == 400
    assert api.get(f"{path}/town").json()["label"] == "Town"


def test_what_a_property_cannot_be_is_refused_and_the_rest_is_as_asked(api: Client) -> None:
    path = "/crm/v3/properties/contacts"
    asked = {"type": "enumeration", "fieldType": "checkbox", "groupName": "contactinformation", "description": "Old"}
    options = [{"label": o.upper(), "value": o, "displayOrder": n} for o, n in (("c", -1), ("b", 2), ("a", 1))]
    unique = asked | {"name": "key", "label": "Key", "type": "string", "fieldType": "text", "hasUniqueValue": True}
    assert _post(api, path, unique).status_code == 400
    made = _post(api, path, asked | {"name": "roles", "label": "Roles", "options": options}).json()
    assert [option["value"] for option in made["options"]] == ["a", "b", "c"]
    cleared = api.patch(f"{path}/roles", json.dumps({"description": ""}), content_type="application/json")
    assert cleared.json()["description"] == ""
    ours = api.patch(f"{path}/city", json.dumps({"label": "Town"}), content_type="application/json")
    assert "belongs to Cartfolk" in ours.json()["message"]
    assert _post(api, f"{path}/batch/archive", {"inputs": [{"name": "roles"}, {"name": "city"}]}).status_code == 400
    assert api.get(f"{path}/roles").status_code == 200, "all of a batch or nothing"
    assert _post(api, f"{path}/batch/archive", {"inputs": [{"name": "roles"}, {"name": "none"}]}).status_code == 204
    assert api.get(f"{path}/roles").status_code == 404


def test_a_semicolon_in_front_adds_to_a_list_and_none_replaces_it(api: Client) -> None:
    path = "/crm/v3/properties/contacts"
    options = [{"label": o, "value": o} for o in "abc"]
    described = {"type": "enumeration", "fieldType": "checkbox", "groupName": "contactinformation", "options": options}
    assert _post(api, path, described | {"name": "roles", "label": "Roles"}).status_code == 201
    number = _post(api, CONTACTS, {"properties": {"email": "ann@example.org", "roles": ";b"}}).json()["id"]
    for sent, after in ((";a", "b;a"), (";c;a", "b;a;c"), ("a", "a"), (";", "a"), ("", None)):
        body = json.dumps({"properties": {"roles": sent, "firstname": sent or "-"}})
        answer = api.patch(f"{CONTACTS}/{number}", body, content_type="application/json").json()
        assert answer["properties"]["roles"] == after, sent
    refused = api.patch(
        f"{CONTACTS}/{number}", json.dumps({"properties": {"roles": ";d"}}), content_type="application/json"
    )
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "INVALID_OPTION")


def test_a_day_is_taken_as_hubspots_milliseconds_too(api: Client) -> None:
    path = "/crm/v3/properties/contacts"
    described = {"type": "date", "fieldType": "date", "groupName": "contactinformation"}
    _post(api, path, described | {"name": "birthday", "label": "Birthday"})
    for n, sent in enumerate(("1577836800000", 1577836800000, "2020-01-01", "2020-01-01T00:00:00.000Z")):
        made = _post(api, CONTACTS, {"properties": {"email": f"p{n}@example.org", "birthday": sent}}).json()
        assert made["properties"]["birthday"] == "2020-01-01", sent


def test_a_slash_a_singular_and_a_list_with_commas_are_the_same(api: Client) -> None:
    _post(api, f"{CONTACTS}/", {"properties": {"email": "ann@example.org", "firstname": "Ann", "city": "Bonn"}})
    for address in (
        "/crm/v3/objects/contact?properties=firstname,city",
        "/crm/v3/objects/0-1/?properties=firstname&properties=city",
    ):
        [one] = api.get(address).json()["results"]
        assert {"firstname", "city"} <= set(one["properties"])
    assert "paging" not in api.get(CONTACTS).json()
    assert api.post(CONTACTS, "{", content_type="application/json").status_code == 400
