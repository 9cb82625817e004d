"""Risk: a formula made by a program is taken and then means something else, or is refused without a reason."""

from __future__ import annotations

from cartfolk.properties import calculated
from cartfolk.properties.defined import load

AT = "/crm/v3/properties/contacts"
GIVEN = {
    "name": "per_order", "label": "Per order", "type": "number", "fieldType": "calculation_equation",
    "groupName": "contactinformation",
}  # fmt: skip


def test_a_formula_is_made_changed_and_what_the_language_lacks_is_named(conn, api):
    def post(**more):
        return api.post(AT, GIVEN | more, content_type="application/json")

    made = post(calculationFormula="total_value_of_orders / total_number_of_orders")
    assert made.status_code == 201
    assert (made.json()["calculated"], made.json()["fieldType"]) == (True, "calculation_equation")
    assert conn.execute(
        "select count(*) from procrastinate_jobs where task_name = 'cartfolk.calculate'"
    ).fetchone() == (1,)
    changed = {"calculationFormula": "if is_present(phone) then 1 else 0"}
    assert api.patch(f"{AT}/per_order", changed, content_type="application/json").status_code == 200
    assert load(conn).properties["per_order"].formula == changed["calculationFormula"]
    assert calculated.progress(conn).waiting
    for formula, says in (("sqrt(1)", "sqrt"), ("time_since(createdate)", "today()"), ("nowhere + 1", "nowhere")):
        refused = post(name="other", calculationFormula=formula)
        assert refused.status_code == 400
        assert says in refused.json()["message"]
    assert "calculation_rollup" in post(name="other", fieldType="calculation_rollup").json()["message"]
    assert "missing" in post(name="other").json()["message"]
    value = {"properties": {"email": "a@example.org", "per_order": "5"}}
    assert api.post("/crm/v3/objects/contacts", value, content_type="application/json").status_code == 400
