"""Definitions become SQL: a pure function of the tree and what the account has.

``compile``          one statement that gives the contacts of one segment: to build it, or to count it
``where``            the same as joins and a condition beside any row with a contact_id: the contact list's filters
``compile_touched``  one statement that gives, for the contacts in ``ids``, the segments each is in, many at once, and
                     when the clock alone will change that

All three put the same conditions (asking.py, sources.py) into two forms. In the first, every condition about facts
is a grouped sub-select of the contacts that answer it, outer-joined: PostgreSQL makes joins and anti-joins of what
must hold and must not. In the second, the facts of a contact are read once a source, and every distinct condition is
a FILTERed aggregate over them. Run the text with ``Sql.at(now)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from cartfolk.segments.asking import Parameters, bounds, sure
from cartfolk.segments.conditions import Conditions
from cartfolk.segments.due import next_moment
from cartfolk.segments.forms import Joined, Lateral, Survey, narrowed
from cartfolk.segments.tree import Consent, Context, Event, Group, Node, Property, order, uses, walk


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement, or with ``joins`` a condition and the joins it needs."""

    text: LiteralString
    parameters: Parameters
    context: Context
    joins: LiteralString = ""

    def at(self, at: datetime) -> dict[str, Any]:
        """The parameters when it is run at ``at`` (aware)."""
        return {"at": at} | self.parameters.fixed | bounds(self.parameters.times, at, self.context)


def where(root: Node, context: Context, *, row: str, joined: Mapping[str, str] | None = None, prefix: str = "q") -> Sql:
    """The definition as a condition (``text``) and the ``joins`` it needs, beside a row with a contact_id that goes by
    the alias ``row``. ``joined`` names the tables that stand there already, e.g. {"contact_property": "p"}."""
    parameters = Parameters(prefix)
    form = Joined(row, dict(joined or {}), _survey(root, parameters, context).shared())
    condition = Conditions(form, parameters, context).node(root)
    return Sql(condition, parameters, context, form.text())


def compile(root: Node, context: Context) -> Sql:
    """One statement that gives the contact_id of every contact in the segment, once each."""
    parameters = Parameters()
    form = Joined("b", {"contact_property": "b"}, _survey(root, parameters, context).shared())
    form.own = "contact_property"
    if not any(isinstance(node, Property) for node in walk(root)):
        for needed in _needed(root):
            (asked,) = _survey(needed, parameters, context).asked
            if not asked.nothing:  # nobody without such a fact is a member: its sub-select is where to begin
                shared = asked.rows.facts in form.shared
                select = narrowed(asked.rows, asked.having, nothing=False, some=asked.some)
                form.own = asked.rows.facts if shared else select
                break
    condition = Conditions(form, parameters, context).node(root)
    text = f"select b.contact_id from {form.base()} {form.text()} where {condition}"
    return Sql(text, parameters, context)


def _survey(root: Node, parameters: Parameters, context: Context) -> Survey:
    survey = Survey()
    Conditions(survey, parameters, context).node(root)
    return survey


def _needed(root: Node) -> list[Event | Consent]:
    """The conditions about facts that must hold of every member."""
    if isinstance(root, Event | Consent):
        return [root]
    if isinstance(root, Group) and (root.match == "all" or (root.match == "any" and len(root.children) == 1)):
        return [needed for child in root.children for needed in _needed(child)]
    return []


def compile_touched(roots: Mapping[int, Node], context: Context) -> Sql:
    """One statement (contact_id, segments int[], due_at): for every contact in ``ids`` that has its properties, those
    of the segments ``roots`` (by number) it is in, in ascending order, and the first instant after now at which the
    clock alone can change that; null when it never does. A segment that names another of ``roots`` follows its answer
    here; any other it names is looked up in contact_segment."""
    parameters = Parameters()
    form = Lateral("t")
    form.tables["contact_property"] = "p"
    conditions = Conditions(form, parameters, context)
    levels: list[dict[int, str]] = []
    depth: dict[int, int] = {}
    for number in order(roots):
        depth[number] = 1 + max((depth[below] for below in uses(roots[number]) if below in depth), default=-1)
        if depth[number] == len(levels):
            levels.append({})
        levels[depth[number]][number] = sure(conditions.node(roots[number]))
        form.fresh[number] = f"s{depth[number]}.m{int(number)}"
    selects = (", ".join(f"{text} as m{int(number)}" for number, text in level.items()) for level in levels)
    answers = " ".join(
        f"cross join lateral (select {select} offset 0) s{place}" for place, select in enumerate(selects)
    )
    listed = ", ".join(f"case when {form.fresh[number]} then {int(number)} end" for number in sorted(roots))
    due = next_moment(roots.values(), form, parameters, context)
    del form.tables["contact_property"]
    text = (
        "with touched as materialized (select distinct unnest(%(ids)s::bigint[]) as contact_id)"
        f" select t.contact_id, array_remove(array[{listed}]::int[], null) as segments, {due} as due_at"
        " from touched t"
        " cross join lateral (select * from contact_property p where p.contact_id = t.contact_id offset 0) p"
        f" {form.text()} {answers}"
    )
    return Sql(text, parameters, context)
