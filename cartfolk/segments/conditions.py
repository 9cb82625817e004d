"""A definition as one boolean expression, whatever the form of the statement it stands in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from cartfolk.segments import history
from cartfolk.segments.asking import Parameters, ask, fifth, has, of_nothing, sure
from cartfolk.segments.consent import consent
from cartfolk.segments.fields import EVENTS, MEASURES
from cartfolk.segments.operators import OPERATORS, Kind, kind
from cartfolk.segments.sources import Found, found
from cartfolk.segments.tree import (
    Consent,
    Context,
    Event,
    Group,
    Member,
    Node,
    Property,
    Question,
    Store,
)

Having = Callable[[str], str]
"""The condition on a measure, from the measure's SQL."""


class Form(Protocol):
    """How a condition reaches what it is about."""

    def table(self, name: str) -> str:
        """The alias under which the contact's row of a table stands."""

    def measured(self, rows: Found, having: Having, *, nothing: bool, some: bool = False) -> str:
        """The condition on what was found. ``nothing``: what it is for a contact without any such fact; ``some``: it
        is the opposite as soon as there is one."""

    def member(self, segment: int) -> str:
        """The contact is a member of a segment."""


class Conditions:
    """The tree as one boolean expression. Below a negation every condition is made sure to be true or false."""

    def __init__(self, form: Form, parameters: Parameters, context: Context) -> None:
        self.form, self.parameters, self.context = form, parameters, context

    def node(self, node: Node, *, denied: bool = False) -> str:
        match node:
            case Group(match, children):
                if not children:
                    return "true"
                parts = [self.node(child, denied=denied or match == "none") for child in children]
                if match == "none":
                    return f"not ({' or '.join(parts)})"
                return f"({(' and ' if match == 'all' else ' or ').join(parts)})"
            case Property():
                condition = self.property(node)
            case Event():
                condition = self.event(node)
            case Consent(channel, purpose, status):
                rows = consent(channel, purpose, status, self.parameters)
                condition = self.form.measured(rows, lambda state: f"{state} = '{status}'", nothing=status == "unknown")
            case Member(segment, member):
                condition = self.form.member(segment)
                if not member:
                    condition = f"not {sure(condition)}"
            case Store(store, member):
                condition = f"{self.form.table('contact_list')}.store_ids @> array[{int(store)}]::bigint[]"
                if not member:
                    condition = f"not {sure(condition)}"
        return sure(condition) if denied else condition

    def value(self, name: str) -> str:
        """The SQL of a property's value."""
        item = self.context.properties[name]
        column = name.replace('"', '""').replace("%", "%%")
        return f'{self.form.table(item.table)}."{column}"'

    def property(self, node: Property) -> str:
        question, asked = node.question, kind(self.context.properties[node.name])
        operator = OPERATORS[question.operator]
        positive = operator.denies or operator.name
        if positive.startswith(("ever_", "updated_")):
            condition = self.past(node.name, Question(positive, question.value, question.include_unknown), asked)
            return f"not {sure(condition)}" if operator.denies else condition
        if operator.name == "in_fifth":
            cuts = self.context.cuts.get(node.name, ())
            return fifth(question, asked, self.value(node.name), cuts, self.parameters)
        return ask(question, asked, self.value(node.name), self.parameters, self.context, self.value)

    def past(self, name: str, question: Question, asked: Kind) -> str:
        """A question about a property's history."""
        if question.operator.startswith("updated_"):

            def having(changed: str) -> str:
                return ask(question, Kind.MOMENT, changed, self.parameters, self.context, self.value)

            rows = history.changed(name, self.parameters)
            if question.operator.endswith("_property"):  # of two columns: it cannot be asked of one table alone
                condition = having(self.form.measured(rows, itself, nothing=False))
                return condition
            return self.form.measured(rows, having, nothing=question.include_unknown)
        once = self.form.measured(
            history.was(name, question, asked, self.parameters), lambda count: f"{count} > 0", nothing=False, some=True
        )
        now = history.now(question, asked, self.value(name), self.parameters, self.context)
        missing = ""
        if question.include_unknown:
            missing = f" or ({has(self.value(name), asked)}) is not true"
        return f"({sure(once)} or {sure(now)}{missing})"

    def event(self, node: Event) -> str:
        measure = MEASURES[node.measure]
        asked = EVENTS[node.event].fields[node.field].kind if node.field else Kind.NUMBER
        question = node.question
        without = question.include_unknown or OPERATORS[question.operator].without_value
        nothing = of_nothing(question) if measure.empty_is_zero else without
        return self.form.measured(
            found(node, self.parameters, self.context),
            lambda value: ask(question, asked, value, self.parameters, self.context),
            nothing=nothing,
            some=measure.name == "count" and _any_will_do(question, nothing),
        )


def itself(measure: str) -> str:
    return measure


def _any_will_do(question: Question, nothing: bool) -> bool:
    """A count answers the opposite of ``nothing`` from one on, whatever it is."""
    match question:
        case Question("greater_equal" | "less", value):
            return value == 1
        case Question("greater" | "less_equal" | "is" | "is_not", value):
            return value == 0
    return False
