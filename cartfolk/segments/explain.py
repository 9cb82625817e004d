"""Why a contact is in a segment or not: every condition with its answer and the contact's own value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cartfolk.core.sql import Connection
from cartfolk.segments import history
from cartfolk.segments.asking import Parameters, sure
from cartfolk.segments.compile import Sql
from cartfolk.segments.conditions import Conditions, itself
from cartfolk.segments.consent import consent
from cartfolk.segments.forms import Lateral
from cartfolk.segments.operators import OPERATORS
from cartfolk.segments.problems import Path
from cartfolk.segments.sources import found
from cartfolk.segments.tree import Consent, Context, Event, Group, Node, Property


@dataclass(frozen=True, slots=True)
class Reason:
    """One node's answer. ``value`` is what the contact has: of a property its value (of a question about its last
    change that moment), of an event condition the measure, of a consent its state; None for groups, segments and
    stores. ``children`` of groups."""

    path: Path
    node: Node
    holds: bool
    value: Any = None
    children: tuple[Reason, ...] = ()

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Reason]]:
        """This answer and those below it, top-down, each with how deep it stands."""
        yield depth, self
        for child in self.children:
            yield from child.walk(depth + 1)


def explain(conn: Connection, root: Node, contact_id: int, context: Context, at: datetime) -> Reason | None:
    """The whole tree with its answers for one contact at ``at``; None when there is no such contact."""
    sql = statement(root, context)
    with conn.cursor() as cursor:
        row = cursor.execute(sql.text, sql.at(at) | {"ids": [contact_id]}).fetchone()
    return None if row is None else _reason(root, (), iter(row))


def statement(root: Node, context: Context) -> Sql:
    """One row for the contact in ``ids``: answer and value of every condition, top-down."""
    parameters = Parameters()
    form = Lateral("t", {"contact_property": "p"})
    conditions = Conditions(form, parameters, context)
    columns = []
    for leaf in _leaves(root):
        columns += [sure(conditions.node(leaf)), _value(leaf, conditions)]
    del form.tables["contact_property"]
    text = (
        f"select {', '.join(columns) or 'null'} from unnest(%(ids)s::bigint[]) as t (contact_id)"
        f" join contact_property p on p.contact_id = t.contact_id {form.text()}"
    )
    return Sql(text, parameters, context)


def _leaves(node: Node) -> Iterator[Node]:
    if isinstance(node, Group):
        for child in node.children:
            yield from _leaves(child)
    else:
        yield node


def _value(leaf: Node, conditions: Conditions) -> str:
    form, parameters, context = conditions.form, conditions.parameters, conditions.context
    match leaf:
        case Property(name, question):
            if "updated" in (OPERATORS[question.operator].denies or question.operator):
                return form.measured(history.changed(name, parameters), itself, nothing=False)
            return conditions.value(name)
        case Event():
            return form.measured(found(leaf, parameters, context), itself, nothing=False)
        case Consent(channel, purpose, status):
            return form.measured(consent(channel, purpose, status, parameters), itself, nothing=False)
    return "null"


def _reason(node: Node, path: Path, row: Iterator[Any]) -> Reason:
    if not isinstance(node, Group):
        return Reason(path, node, next(row), next(row))
    children = tuple(_reason(child, (*path, place), row) for place, child in enumerate(node.children))
    answers = [child.holds for child in children]
    holds = {"all": all(answers), "any": any(answers), "none": not any(answers)}[node.match]
    return Reason(path, node, holds, None, children)
