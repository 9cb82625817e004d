"""/crm/v3/properties/contacts: the properties and groups of this account."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from cartfolk.core.time import now
from cartfolk.properties import definitions
from cartfolk.properties.catalogue import Group, Option, Property
from cartfolk.properties.catalogue.model import Type
from cartfolk.properties.defined import load
from cartfolk.segments.jobs import properties_changed
from cartfolk.web.tokens import Scope

from .endpoint import Answer, Call, Json, endpoint, inputs
from .problems import Conflict, Invalid, NotFound, Problem
from .reading import text

# (type, fieldType) there -> type here; what is not listed by both goes by the type alone.
_READ: Mapping[tuple[str, str], str] = {
    ("string", "textarea"): "text",
    ("string", "html"): "text",
    ("string", "phonenumber"): "phone",
    ("phone_number", "phonenumber"): "phone",
}
_TYPES = {"string", "number", "date", "datetime", "enumeration", "bool"}
_WRITTEN: Mapping[str, tuple[str, str]] = {
    "string": ("string", "text"),
    "text": ("string", "textarea"),
    "email": ("string", "text"),
    "url": ("string", "text"),
    "phone": ("string", "phonenumber"),
    "number": ("number", "number"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
    "enumeration": ("enumeration", "select"),
    "bool": ("bool", "booleancheckbox"),
}


def shown(item: Property, place: int = 0) -> Json:
    """A property as HubSpot describes one."""
    type_, field = _WRITTEN[item.type]
    if item.multi:
        type_, field = "enumeration", "checkbox"
    if item.formula:
        field = "calculation_equation"
    told: Json = {
        "name": item.name,
        "label": item.label_en,
        "type": type_,
        "fieldType": field,
        "description": item.definition_en,
        "groupName": item.group,
        "options": [_option(option, number) for number, option in enumerate(item.options)],
        "displayOrder": place,
        "calculated": bool(item.computed or item.formula),
        "externalOptions": False,
        "hasUniqueValue": item.name in ("email", "hs_object_id"),
        "hidden": item.hidden,
        "hubspotDefined": not item.custom,
        "formField": item.editable,
        "archived": item.archived,
        "modificationMetadata": {
            "archivable": item.custom,
            "readOnlyDefinition": not item.custom,
            "readOnlyValue": not item.editable,
        },
    }
    return told | ({"calculationFormula": item.formula} if item.formula else {})


def _option(option: Option, place: int) -> Json:
    return {"label": option.label_en, "value": option.value, "hidden": option.hidden, "displayOrder": place}


def read(body: Mapping[str, Any], old: Property | None = None) -> Property:
    """The property a request describes, laid over the old one. Raises Invalid."""
    for name in ("name", "label", "type", "fieldType", "groupName") if old is None else ():
        if not isinstance(body.get(name), str) or not body[name]:
            raise Invalid(f"{name} is missing.")
    type_, multi = (old.type, old.multi) if old else ("string", False)
    if old is None or "type" in body or "fieldType" in body:
        asked, field = (
            str(body.get(key) or default) for key, default in zip(("type", "fieldType"), _WRITTEN[type_], strict=True)
        )
        if asked not in _TYPES and (asked, field) not in _READ:
            raise Invalid(f"There is no type {asked!r}; it is one of {', '.join(sorted(_TYPES))}.")
        type_ = cast(Type, _READ.get((asked, field), asked))
        multi = asked == "enumeration" and field == "checkbox"
        if old and shown(old)["type"] == asked and not multi and not old.multi:
            type_ = old.type
    label = str(body.get("label") or (old.label_en if old else ""))
    description = str(body.get("description", old.definition_en if old else "") or "")
    if body.get("hasUniqueValue") is True and old is None:
        raise Invalid("hasUniqueValue is not supported: only email and hs_object_id name one contact.")
    base = old or Property(
        name=str(body.get("name")),
        label_en="",
        label_de="",
        group="",
        type=type_,
        definition_en="",
        definition_de="",
        computed=False,
        custom=True,
    )
    return replace(
        base,
        label_en=label,
        label_de=base.label_de if old and label == base.label_en else label,
        group=str(body.get("groupName") or base.group),
        type=type_,
        multi=multi,
        definition_en=description,
        definition_de=base.definition_de if old and description == base.definition_en else description,
        options=_options(body["options"]) if "options" in body and type_ == "enumeration" else base.options,
        hidden=bool(body.get("hidden", base.hidden)),
        formula=_formula(body, base),
    )


def _formula(body: Mapping[str, Any], base: Property) -> str | None:
    """The formula asked for. What our language does not know is named when the definition is checked."""
    told = body.get("calculationFormula", base.formula)
    if told is not None and not isinstance(told, str):
        raise Invalid("calculationFormula must be a text.")
    field = str(body.get("fieldType") or "")
    if field.startswith("calculation_") and field != "calculation_equation":
        raise Invalid(f"{field} is not supported; use fieldType calculation_equation with a calculationFormula.")
    if field == "calculation_equation" and not told:
        raise Invalid("calculationFormula is missing.")
    return told or None


def _options(told: object) -> tuple[Option, ...]:
    if not isinstance(told, list) or not all(isinstance(item, dict) and item.get("value") for item in told):
        raise Invalid("options must be a list of objects with label and value.")
    last = len(told)  # where those of no place, or of -1, come

    def place(item: Json) -> float:
        at = item.get("displayOrder")
        return at if isinstance(at, int | float) and at >= 0 else last

    return tuple(
        Option(
            str(i["value"]), str(i.get("label") or i["value"]), str(i.get("label") or i["value"]), bool(i.get("hidden"))
        )
        for i in sorted(told, key=place)
    )


def _all(call: Call) -> Answer:
    archived = call.archived()
    known = load(call.conn, archived=archived).properties.values()
    return Answer({"results": [shown(item, place) for place, item in enumerate(known) if item.archived == archived]})


def _one(call: Call, name: str) -> Answer:
    archived = call.archived()
    return Answer(shown(_known(call, name, archived)))


def _made(call: Call) -> Answer:
    return Answer(shown(_create(call, call.body)), 201)


def _changed(call: Call, name: str) -> Answer:
    item = read(call.body, _known(call, name))
    _done(call, lambda: definitions.change(call.conn, item, by=call.actor))
    return Answer(shown(item))


def _archived(call: Call, name: str) -> Answer:
    _known(call, name)
    _done(call, lambda: definitions.archive(call.conn, name, by=call.actor))
    return Answer(None, 204)


def _batch_read(call: Call) -> Answer:
    archived = call.body.get("archived") is True
    return _batch(call, lambda item: shown(_known(call, str(item.get("name")), archived)), 200)


def _batch_made(call: Call) -> Answer:
    return _batch(call, lambda item: shown(_create(call, item)), 201)


def _batch_archived(call: Call) -> Answer:
    known = load(call.conn).properties
    with call.conn.transaction():  # all of them or, when one is refused, none
        for name in dict.fromkeys(str(item.get("name")) for item in inputs(call.body)):
            if name in known:
                _archived(call, name)
    return Answer(None, 204)


def _batch(call: Call, act: Callable[[Json], Json], status: int) -> Answer:
    started = now()
    results: list[Json] = []
    errors: list[Problem] = []
    for item in inputs(call.body):
        try:
            results.append(act(item))
        except Problem as problem:
            errors.append(problem)
    body: Json = {"status": "COMPLETE", "results": results, "startedAt": text(started), "completedAt": text(now())}
    if errors:
        body |= {"numErrors": len(errors), "errors": [error.part() for error in errors]}
    return Answer(body, 207 if errors else status)


def _create(call: Call, body: Mapping[str, Any]) -> Property:
    item = read(body)
    if item.name in load(call.conn, archived=True).properties:
        raise Conflict(f"A property named '{item.name}' already exists.")
    _done(call, lambda: definitions.create(call.conn, item, by=call.actor))
    return item


def _known(call: Call, name: str, archived: bool = False) -> Property:
    item = load(call.conn, archived=archived).properties.get(name)
    if item is None:
        raise NotFound(f"Property '{name[:80]}' does not exist", context={"propertyName": [name[:80]]})
    return item


def _done(call: Call, act: Callable[[], None]) -> None:
    try:
        act()
        properties_changed(call.conn)
    except definitions.BadDefinition as bad:
        raise Invalid(str(bad)) from None


def _group(group: Group, place: int = 0) -> Json:
    return {"name": group.name, "label": group.label_en, "displayOrder": place, "archived": False}


def _groups(call: Call) -> Answer:
    return Answer({"results": [_group(group, n) for n, group in enumerate(load(call.conn).groups.values())]})


def _group_made(call: Call) -> Answer:
    name, label = str(call.body.get("name") or ""), str(call.body.get("label") or "")
    if name in load(call.conn).groups:
        raise Conflict(f"A property group named '{name[:80]}' already exists.")
    _done(call, lambda: definitions.create_group(call.conn, name, label, label, by=call.actor))
    return Answer(_group(Group(name, label, label)), 201)


def _group_read(call: Call, name: str) -> Answer:
    groups: Sequence[Group] = [group for group in load(call.conn).groups.values() if group.name == name]
    if not groups:
        raise NotFound(f"Property group '{name[:80]}' does not exist")
    return Answer(_group(groups[0]))


def _group_changed(call: Call, name: str) -> Answer:
    _group_read(call, name)
    old = load(call.conn).groups[name]
    label = str(call.body.get("label") or old.label_en)
    german = old.label_de if label == old.label_en else label
    _done(call, lambda: definitions.change_group(call.conn, name, label, german, by=call.actor))
    return _group_read(call, name)


def _group_deleted(call: Call, name: str) -> Answer:
    _group_read(call, name)
    _done(call, lambda: definitions.delete_group(call.conn, name, by=call.actor))
    return Answer(None, 204)


collection = endpoint(GET=(Scope.PROPERTIES_READ, _all), POST=(Scope.PROPERTIES_WRITE, _made))
one = endpoint(
    GET=(Scope.PROPERTIES_READ, _one),
    PATCH=(Scope.PROPERTIES_WRITE, _changed),
    DELETE=(Scope.PROPERTIES_WRITE, _archived),
)
batch_read = endpoint(POST=(Scope.PROPERTIES_READ, _batch_read))
batch_create = endpoint(POST=(Scope.PROPERTIES_WRITE, _batch_made))
batch_archive = endpoint(POST=(Scope.PROPERTIES_WRITE, _batch_archived))
groups = endpoint(GET=(Scope.PROPERTIES_READ, _groups), POST=(Scope.PROPERTIES_WRITE, _group_made))
group = endpoint(
    GET=(Scope.PROPERTIES_READ, _group_read),
    PATCH=(Scope.PROPERTIES_WRITE, _group_changed),
    DELETE=(Scope.PROPERTIES_WRITE, _group_deleted),
)
