"""/crm/v3/objects/contacts: list, read, create, change, batches, search, merge, erase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from cartfolk import erasure, merging, people
from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.identity import merges, normalise
from cartfolk.people import NewPerson
from cartfolk.properties.defined import load
from cartfolk.web.tokens import Scope

from . import reading, searching, writing
from .endpoint import Answer, Call, Json, endpoint, inputs
from .problems import Conflict, Invalid, NotFound, NotSupported, Problem
from .reading import Q, objects, text
from .writing import Change

PAGE, PAGE_WITH_HISTORY = 100, 50


def _listed(call: Call) -> Answer:
    with_history = call.names("propertiesWithHistory")
    if call.archived():
        return Answer({"results": []})  # nothing is archived here: a contact is there, or erased
    limit = max(1, call.number("limit", 10, PAGE_WITH_HISTORY if with_history else PAGE))
    after = call.number("after", 0, 2**62)
    rows = call.conn.execute(Q["page"], {"after": after, "limit": limit + 1}).fetchall()
    numbers = [row[0] for row in rows[:limit]]
    found = objects(call.conn, numbers, call.names("properties"), with_history)
    body: Json = {"results": [found[number] for number in numbers if number in found]}
    if len(rows) > limit:
        query = [(k, v) for k in call.request.GET for v in call.request.GET.getlist(k) if k != "after"]
        query.append(("after", str(numbers[-1])))
        link = f"{settings.PUBLIC_URL}{call.request.path}?{urlencode(query)}"
        body["paging"] = {"next": {"after": str(numbers[-1]), "link": link}}
    return Answer(body)


def _created(call: Call) -> Answer:
    properties = writing.told(call.body)
    writing.check(load(call.conn).properties, properties)
    _not_there(call.conn, properties)
    return Answer(_written(call, Change(None, properties)), 201)


def _read(call: Call, contact: str) -> Answer:
    number = _found(call.conn, contact, call.request.GET.get("idProperty"))
    return Answer(_shown(call, number, call.names("properties"), call.names("propertiesWithHistory")))


def _changed(call: Call, contact: str) -> Answer:
    number = _found(call.conn, contact, call.request.GET.get("idProperty"))
    properties = writing.told(call.body)
    writing.check(load(call.conn).properties, properties)
    return Answer(_written(call, Change(number, properties)))


def _archived(call: Call, contact: str = "") -> Answer:
    raise NotSupported("Contacts are not archived here. To erase one for good use gdpr-delete.")


def _batch_read(call: Call) -> Answer:
    started = now()
    asked = inputs(call.body)
    by = call.body.get("idProperty")
    numbers = _numbers(call.conn, [str(item.get("id", "")) for item in asked], by)
    names, past = _texts(call.body, "properties"), _texts(call.body, "propertiesWithHistory")
    found = objects(call.conn, [n for n in numbers if n is not None], names, past)
    results = [found[n] for n in dict.fromkeys(numbers) if n is not None and n in found]
    missing = [str(item.get("id", "")) for item, n in zip(asked, numbers, strict=True) if n not in found]
    errors: list[Problem] = [NotFound("Could not get some contacts.", context={"ids": missing})] if missing else []
    return _batch(started, results, errors)


def _batch_created(call: Call) -> Answer:
    return _batch_written(call, lambda item: None, 201)


def _batch_changed(call: Call) -> Answer:
    def target(item: Json) -> int:
        return _found(call.conn, str(item.get("id", "")), item.get("idProperty"))

    return _batch_written(call, target, 200)


def _batch_upserted(call: Call) -> Answer:
    """By e-mail address (idProperty email): who is not there is made, with the address as its e-mail."""
    started, known = now(), load(call.conn).properties
    changes: list[Change] = []
    answers: list[Problem | None] = []
    for item in inputs(call.body):
        try:
            if item.get("idProperty") != "email":
                raise Invalid("idProperty must be email: no other property names one contact.")
            properties = {"email": str(item.get("id", ""))} | writing.told(item)
            writing.check(known, properties)
            [number] = people.find(call.conn, [NewPerson(str(item.get("id", "")))])
        except (Problem, people.NobodyNamed) as refused:
            answers.append(refused if isinstance(refused, Problem) else Invalid(str(refused)))
        else:
            changes.append(Change(number, properties))
            answers.append(None)
    return _batch_of(call, started, changes, answers, 200, upsert=True)


def _search(call: Call) -> Answer:
    question = searching.read(call.conn, call.body)
    total, numbers = searching.ask(call.conn, question)
    found = objects(call.conn, numbers, _texts(call.body, "properties"))
    body: Json = {"total": total, "results": [found[number] for number in numbers if number in found]}
    if question.after + len(numbers) < min(total, searching.MOST):
        body["paging"] = {"next": {"after": str(question.after + len(numbers))}}
    return Answer(body)


def _merged(call: Call) -> Answer:
    kept = _found(call.conn, str(call.body.get("primaryObjectId", "")), None)
    gone = _found(call.conn, str(call.body.get("objectIdToMerge", "")), None)
    try:
        merging.merge(call.conn, kept, [gone], "By the API", call.actor)
    except merging.CannotMerge as refused:
        raise Invalid(str(refused)) from None
    return Answer(_shown(call, kept))


def _erased(call: Call) -> Answer:
    """The contact is gone with the answer; the worker goes on with the raw deliveries, which outlasts a client's
    patience. Whoever is not there is kept out all the same when named by address."""
    asked = str(call.body.get("objectId", ""))
    try:
        if call.body.get("idProperty") == "email":
            number = erasure.ask(call.conn, emails=[asked], by=call.actor)
        else:
            number = erasure.ask(call.conn, contacts=[_found(call.conn, asked, None)], by=call.actor)
    except erasure.NobodyToErase as nobody:
        raise NotFound(str(nobody)) from None
    erasure.run(call.conn, number, raw=False)
    erasure.start(number)
    return Answer(None, 204)


def _batch_written(call: Call, target: Any, status: int) -> Answer:
    started, known = now(), load(call.conn).properties
    changes: list[Change] = []
    answers: list[Problem | None] = []
    named: set[str] = set()
    for item in inputs(call.body):
        try:
            number, properties = target(item), writing.told(item)
            writing.check(known, properties)
            if number is None:
                _not_there(call.conn, properties)
                _not_twice(properties, named)
        except Problem as refused:
            answers.append(refused)
        else:
            changes.append(Change(number, properties))
            answers.append(None)
    return _batch_of(call, started, changes, answers, status)


def _batch_of(
    call: Call, started: Any, changes: Sequence[Change], refused: Sequence[Problem | None], status: int, **more: bool
) -> Answer:
    """Writes what was not refused; ``refused`` has None where a change belongs."""
    written = iter(zip(changes, writing.apply(call.conn, changes, call.actor), strict=True)) if changes else iter(())
    errors: list[Problem] = []
    numbers: list[tuple[int, bool]] = []
    for problem in refused:
        if problem is not None:
            errors.append(problem)
            continue
        change, answer = next(written)
        if isinstance(answer, Problem):
            errors.append(answer)
        else:
            numbers.append((answer, change.contact is None and all(answer != number for number, _new in numbers)))
    names = sorted({*reading.DEFAULT, *(name for change in changes for name in change.properties)})
    found = objects(call.conn, [number for number, _new in numbers], names)
    results = [
        found[number] | ({"new": new} if more.get("upsert") else {}) for number, new in numbers if number in found
    ]
    return _batch(started, results, errors, status)


def _batch(started: Any, results: list[Json], errors: Sequence[Problem], status: int = 200) -> Answer:
    body: Json = {
        "status": "COMPLETE",
        "results": results,
        "requestedAt": text(started),
        "startedAt": text(started),
        "completedAt": text(now()),
    }
    if errors:
        body |= {"numErrors": len(errors), "errors": [error.part() for error in errors]}
    return Answer(body, 207 if errors else status)


def _written(call: Call, change: Change) -> Json:
    [answer] = writing.apply(call.conn, [change], call.actor)
    if isinstance(answer, Problem):
        raise answer
    return _shown(call, answer, [*reading.DEFAULT, *change.properties])


def _shown(call: Call, number: int, properties: Sequence[str] = (), past: Sequence[str] = ()) -> Json:
    """One contact. Raises NotFound: it was merged or erased a moment ago."""
    found = objects(call.conn, [number], properties, past)
    if number not in found:
        raise NotFound(f"Object not found. objectId {number} was merged or erased meanwhile.")
    return found[number]


def _not_there(conn: Connection, properties: Mapping[str, Any]) -> None:
    """Raises Conflict in the words programs cut the number from."""
    [there] = people.find(conn, [writing.person(properties)])
    if there is not None:
        raise Conflict(f"Contact already exists. Existing ID: {there}")


def _not_twice(properties: Mapping[str, Any], named: set[str]) -> None:
    """Raises Conflict for somebody an earlier input of the batch makes; ``named`` are those, and grows."""
    who = writing.person(properties)
    name = normalise.email(who.email) or normalise.phone(who.phone) or ""
    if name in named:
        raise Conflict(f"Contact already exists. Another input of this batch is {name} too.")
    named.add(name)


def _found(conn: Connection, asked: str, by: object) -> int:
    """The contact's number now; of a merged one the kept contact's. Raises NotFound."""
    [number] = _numbers(conn, [asked], by)
    if number is None:
        raise NotFound("resource not found", context={"id": [asked[:80]]})
    return number


def _numbers(conn: Connection, asked: Sequence[str], by: object) -> list[int | None]:
    if by == "email":
        good = {text: normalise.email(text) for text in asked}
        named = [text for text, email in good.items() if email]
        known = dict(zip(named, people.find(conn, [NewPerson(text) for text in named]), strict=True))
        return [known.get(text) for text in asked]
    if by not in (None, "", "hs_object_id"):
        raise Invalid("idProperty must be email or hs_object_id: no other property names one contact.")
    numbers = [int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None for text in asked]
    kept = merges.standing(conn, {n for n in numbers if n is not None})
    alive = {row[0] for row in conn.execute(Q["alive"], {"contacts": sorted(set(kept.values()))})}
    there = {asked: stands for asked, stands in kept.items() if stands in alive}
    return [there.get(n) if n is not None else None for n in numbers]


def _texts(body: Mapping[str, Any], name: str) -> list[str]:
    found = body.get(name) or []
    if not isinstance(found, list):
        raise Invalid(f"{name} must be a list.")
    return [str(item) for item in found]


collection = endpoint(GET=(Scope.CONTACTS_READ, _listed), POST=(Scope.CONTACTS_WRITE, _created))
one = endpoint(
    GET=(Scope.CONTACTS_READ, _read),
    PATCH=(Scope.CONTACTS_WRITE, _changed),
    DELETE=(Scope.CONTACTS_WRITE, _archived),
)
batch_read = endpoint(POST=(Scope.CONTACTS_READ, _batch_read))
batch_create = endpoint(POST=(Scope.CONTACTS_WRITE, _batch_created))
batch_update = endpoint(POST=(Scope.CONTACTS_WRITE, _batch_changed))
batch_upsert = endpoint(POST=(Scope.CONTACTS_WRITE, _batch_upserted))
batch_archive = endpoint(POST=(Scope.CONTACTS_WRITE, _archived))
search = endpoint(POST=(Scope.CONTACTS_READ, _search))
merge = endpoint(POST=(Scope.CONTACTS_WRITE, _merged))
gdpr_delete = endpoint(POST=(Scope.PRIVACY_ERASE, _erased))
