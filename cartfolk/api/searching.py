"""HubSpot's CRM search (filterGroups) as a question of the segment language, asked of the wide tables: of the few
that one of its filters leaves, where those lie side by side (web/narrow.py), else of everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from psycopg import sql

from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.properties.catalogue import PROPERTIES
from cartfolk.properties.jobs import keep_sorted
from cartfolk.properties.read import search_query
from cartfolk.segments import compile as compiler
from cartfolk.segments import tree
from cartfolk.segments.account import context
from cartfolk.segments.language import from_json
from cartfolk.segments.operators import OPERATORS, Kind, kind
from cartfolk.segments.problems import Refused
from cartfolk.web import listing, narrow, properties

from .endpoint import Json, whole
from .problems import Invalid

MOST = 10_000  # results of one query, over all its pages
_LIMIT = 200
_GROUPS, _FILTERS = 10, 50  # more than HubSpot takes
# The time of the last computation stands in a column of its own that is no property's.
_COLUMNS = {"lastmodifieddate": "computed_at"}
_FIRST, _LAST = "1970-01-01T00:00:00Z", "2200-12-31T23:59:59Z"


@dataclass(frozen=True, slots=True)
class Question:
    """A search ready to be asked; ``after`` is an offset."""

    root: tree.Group | None
    known: tree.Context
    words: str
    sort: str
    descending: bool
    limit: int
    after: int


def read(conn: Connection, body: Mapping[str, Any]) -> Question:
    """Raises Invalid for whatever cannot be asked: nothing is passed over in silence."""
    known = context(conn)
    computed = replace(PROPERTIES["lastmodifieddate"], name="computed_at", stored=True)
    known = replace(known, properties={**known.properties, "computed_at": computed})
    groups = body.get("filterGroups") or ([{"filters": body["filters"]}] if body.get("filters") else [])
    if not isinstance(groups, list) or len(groups) > _GROUPS:
        raise Invalid(f"filterGroups must be a list of at most {_GROUPS}.")
    alternatives = [_group(group, known) for group in groups]
    root = None
    if alternatives:
        definition = {"version": 1, "root": {"type": "group", "match": "any", "children": alternatives}}
        try:
            root = cast(tree.Group, from_json(definition, known))
        except Refused as refused:
            raise Invalid(f"There was a problem with the request: {refused}") from None
    sort, descending = _sort(body.get("sorts") or [], known)
    after = whole(body.get("after") or 0, "after", MOST + 1)
    limit = max(1, whole(body.get("limit") or 10, "limit", _LIMIT))
    if after + limit > MOST and after >= MOST:
        raise Invalid(f"A search gives at most {MOST} results; narrow it by a filter (hs_object_id GT the last one).")
    words = search_query(str(body.get("query") or "")[:200])
    return Question(root, known, words, sort, descending, limit, after)


def ask(conn: Connection, question: Question) -> tuple[int, list[int]]:
    """How many contacts there are, and the numbers of this page."""
    condition: sql.Composable = sql.SQL("true")
    joins = sql.SQL("")
    parameters: dict[str, Any] = {}
    beside = {"contact_property": "x"}
    narrowing = few = None
    if question.root is not None:
        compiled = compiler.where(question.root, question.known, row="x", joined=beside)
        condition, joins = sql.SQL(compiled.text), sql.SQL(compiled.joins)
        parameters |= compiled.at(now())
        there, custom = properties.columns(conn)
        narrowing = narrow.narrowing(conn, question.root, question.known, {**there, **custom})
        few = narrow.few(conn, narrowing)
    if few is not None:  # all others need not be looked at
        condition += sql.SQL(" and x.contact_id = any(%(few)s::bigint[])")
        parameters["few"] = few.numbers
    if question.words:
        condition += sql.SQL(
            " and exists (select from contact_list w where w.contact_id = x.contact_id "
            "and w.search @@ %(words)s::tsquery)"
        )
        parameters["words"] = question.words
    matching = sql.SQL("from contact_property x {} where {}").format(joins, condition)
    row = conn.execute(sql.SQL("select count(*) {}").format(matching), parameters).fetchone()
    item = question.known.properties[question.sort]
    key = sql.Identifier("x" if item.table == "contact_property" else "k", question.sort)
    if question.sort == "hs_object_id":  # which every contact has, and an index
        key = sql.Identifier("x", "contact_id")
    order = sql.SQL("{} {} nulls last, x.contact_id").format(key, sql.SQL("desc" if question.descending else "asc"))
    page = sql.SQL(
        "select x.contact_id from contact_property x left join contact_custom k using (contact_id) {} where {} "
        "order by {} limit %(limit)s offset %(after)s"
    ).format(joins, condition, order)
    limit = min(question.limit, MOST - question.after)
    rows = conn.execute(page, parameters | {"limit": limit, "after": question.after}).fetchall()
    total = int(row[0]) if row else 0
    if narrowing is not None and few is None and total <= narrow.FEW and listing.count(conn)[0] > listing.EXACT:
        for name in narrowing.unkept:  # the next time it is asked it need not look at everybody
            keep_sorted(name, (there | custom)[name], custom=name in custom)
    return total, [row[0] for row in rows]


def _group(group: object, known: tree.Context) -> Json:
    filters = group.get("filters") if isinstance(group, dict) else None
    if not isinstance(filters, list) or not filters or len(filters) > _FILTERS:
        raise Invalid(f"Each filter group needs filters, at most {_FILTERS}.")
    return {"type": "group", "match": "all", "children": [_filter(item, known) for item in filters]}


def _filter(item: object, known: tree.Context) -> Json:
    if not isinstance(item, dict):
        raise Invalid("A filter is an object with propertyName, operator and value.")
    told = str(item.get("propertyName") or "")
    name = _COLUMNS.get(told, told)
    if name not in known.properties:
        raise Invalid(f'There is no property "{told}" to filter by.')
    asked = kind(known.properties[name])
    operator, value = str(item.get("operator") or ""), item.get("value")
    moment = asked in (Kind.MOMENT, Kind.DAY)

    def condition(name_: str, value_: Any = None) -> Json:
        return {"type": "property", "property": name, "operator": name_, "value": value_}

    def same(value_: Any, equal: bool) -> Json:
        if moment and (end := _end(value_)) != value_:
            return condition("between" if equal else "not_between", [value_, end])
        return condition("is" if equal else "is_not", value_)

    one = _value(value, asked) if operator not in ("IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY") else None
    match operator:
        case "HAS_PROPERTY":
            return condition("known")
        case "NOT_HAS_PROPERTY":
            return condition("unknown")
        case "EQ" | "NEQ":
            if asked is Kind.LIST:
                return condition("is_any_of" if operator == "EQ" else "is_none_of", [one])
            return same(one, operator == "EQ")
        case "IN" | "NOT_IN":
            several = item.get("values")
            if not isinstance(several, list) or not several:
                raise Invalid(f"{operator} needs values, a list.")
            given = [_value(v, asked) for v in several]
            if asked in OPERATORS["is_any_of"].kinds:
                return condition("is_any_of" if operator == "IN" else "is_none_of", given)
            children = [same(value_, operator == "IN") for value_ in given]
            return {"type": "group", "match": "any" if operator == "IN" else "all", "children": children}
        case "GT" | "GTE" | "LT" | "LTE" if moment:
            # Our spans are inclusive at both ends; "before" and "after" are not.
            day = asked is Kind.DAY
            first, last = (_FIRST[:10], _LAST[:10]) if day else (_FIRST, _LAST)
            return {
                "GT": condition("after", _end(one)),
                "LT": condition("before", one),
                "GTE": condition("between", [one, last]),
                "LTE": condition("between", [first, _end(one)]),
            }[operator]
        case "GT" | "GTE" | "LT" | "LTE":
            ours = {"GT": "greater", "GTE": "greater_equal", "LT": "less", "LTE": "less_equal"}[operator]
            return condition(ours, one)
        case "BETWEEN":
            upper = _value(item.get("highValue"), asked)
            return condition("between", [one, _end(upper) if moment else upper])
        case "CONTAINS_TOKEN" | "NOT_CONTAINS_TOKEN":
            text = str(one)
            if "*" in text.strip("*") or not text.strip("*"):
                raise Invalid(f"{operator} takes a text with * at its beginning or end.")
            ours = {(True, False): "starts_with", (False, True): "ends_with"}.get(
                (text.endswith("*"), text.startswith("*")), "contains"
            )
            return condition(ours if operator == "CONTAINS_TOKEN" else f"not_{ours}", text.strip("*"))
    raise Invalid(f"The operator {operator!r} is not supported.")


def _end(time: Any) -> Any:
    """The end of the millisecond a time names: an answer tells no more of one, and who goes on behind it must neither
    meet nor miss what lies within. A day stays a day."""
    try:
        at = datetime.fromisoformat(time)
    except ValueError:
        return time  # which the language refuses
    return time if len(time) <= 10 or at.microsecond % 1000 else (at + timedelta(microseconds=999)).isoformat()


def _value(value: object, asked: Kind) -> Any:
    """A value as the language reads it: times as ISO text, numbers as text of theirs."""
    if value is None:
        raise Invalid("A filter of this operator needs a value.")
    text = str(value).strip()
    match asked:
        case Kind.MOMENT | Kind.DAY:
            if text.lstrip("-").isdigit():
                try:
                    at = datetime.fromtimestamp(int(text) / 1000, UTC)
                except (OverflowError, ValueError, OSError):
                    raise Invalid(f"{text[:40]} is no time in milliseconds.") from None
                text = at.isoformat().replace("+00:00", "Z")
            return text[:10] if asked is Kind.DAY else text
        case Kind.NUMBER:
            return text
        case Kind.BOOL:
            if text.lower() not in ("true", "false"):
                raise Invalid(f"{text[:40]!r} is neither true nor false.")
            return text.lower() == "true"
    return text


def _sort(sorts: Sequence[object], known: tree.Context) -> tuple[str, bool]:
    if not isinstance(sorts, list) or len(sorts) > 1:
        raise Invalid("sorts takes one order.")
    if not sorts:
        return "hs_object_id", False  # the oldest first
    item = sorts[0]
    if isinstance(item, dict):
        told, descending = str(item.get("propertyName") or ""), item.get("direction") == "DESCENDING"
    else:
        told, descending = str(item).lstrip("-"), str(item).startswith("-")
    name = _COLUMNS.get(told, told)
    if name not in known.properties:
        raise Invalid(f'There is no property "{told}" to sort by.')
    return name, descending
