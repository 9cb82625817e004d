"""Risk: a token does more than it was given, a bad request writes half of itself, a refusal says nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

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
    for pattern in urlpatterns:
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


@pytest.mark.parametrize(
    "body",
    [
        {"filterGroups": [{"filters": [{"propertyName": "nothing", "operator": "EQ", "value": "1"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "city", "operator": "LIKE", "value": "1"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "city", "operator": "EQ"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "createdate", "operator": "GT", "value": "soon"}]}]},
        {"filterGroups": [{"filters": []}]},
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
