"""Definitions as sentences in the reader's language (Django's active one)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal
from django.utils.translation import get_language, gettext, ngettext

from cartfolk.segments import called, labels
from cartfolk.segments.fields import EVENTS, LINE_FIELDS
from cartfolk.segments.fields import Field as FieldKind
from cartfolk.segments.hubspot import Unsaid
from cartfolk.segments.operators import Kind, Unit, kind
from cartfolk.segments.problems import Problem, Refused
from cartfolk.segments.tree import (
    Amount,
    Calendar,
    Consent,
    Context,
    Event,
    Field,
    Group,
    Lines,
    Member,
    Node,
    Other,
    Property,
    Question,
    Scalar,
    Store,
)


def segment(root: Node, context: Context) -> str:
    """The whole definition: "Contacts: city is Berlin and at least 2 orders in the last 90 days"."""
    if isinstance(root, Group) and not root.children:
        return gettext("All contacts")
    return gettext("Contacts: %(conditions)s") % {"conditions": node(root, context)}


def node(item: Node, context: Context) -> str:
    """One condition, or a group with everything in it."""
    match item:
        case Group():
            return _group(item, context)
        case Property(name):
            return _property(item, context.properties[name].label(_language()), context)
        case Event():
            return _event(item, context)
        case Consent(channel, purpose, status):
            told = {
                "purpose": gettext(labels.PURPOSES.get(purpose, purpose)),
                "channel": gettext(labels.CHANNELS.get(channel, channel)),
            }
            return str(labels.CONSENTS[status]) % told
        case Member(number, member):
            name = context.segments[number].name if number in context.segments else str(number)
            text = gettext("is in the segment “%(name)s”") if member else gettext("is not in the segment “%(name)s”")
            return text % {"name": name}
        case Store(number, member):
            name = _store(number, context)
            text = (
                gettext("is known in the store “%(name)s”")
                if member
                else gettext("is not known in the store “%(name)s”")
            )
            return text % {"name": name}


def about(item: Property, context: Context, most: int) -> str:
    """A condition where the property's name stands before it already: "is at least 5". Of many values ``most`` are
    told, and how many there are beside them: "is Berlin or Ulm (+3)"."""
    values, more = item.question.value, 0
    if isinstance(values, tuple) and len(values) > most:
        item, more = replace(item, question=replace(item.question, value=values[:most])), len(values) - most
    return _property(item, "", context).strip() + (f" (+{more})" if more else "")


def problem(refusal: Problem) -> str:
    """A refusal in the reader's language: "Condition 2: there is no store 7."."""
    text, place = refusal.place
    return f"{gettext(text) % place}: {gettext(refusal.text) % refusal.values}"


def refusal(refused: Refused) -> str:
    """Everything that is wrong with a definition, in the reader's language."""
    return " ".join(problem(found) for found in refused.problems)


def unsaid(parts: Iterable[Unsaid]) -> list[str]:
    """What HubSpot's language and ours cannot say of each other, a sentence each."""
    return [f"{part.place} ({gettext(part.about)}): {gettext(part.text) % part.values}" for part in parts]


def _language() -> str:
    return get_language() or "en"


def _locale() -> Locale:
    return Locale.parse("de" if _language().startswith("de") else "en_GB")


def _store(number: int, context: Context) -> str:
    return context.stores[number].name if number in context.stores else str(number)


def _group(group: Group, context: Context) -> str:
    parts = [
        f"({node(child, context)})" if isinstance(child, Group) and len(child.children) > 1 else node(child, context)
        for child in group.children
    ]
    if group.match == "all":
        return _joined(parts, gettext("and"))
    if group.match == "any":
        return _joined(parts, gettext("or"))
    return gettext("none of these: %(conditions)s") % {"conditions": "; ".join(parts)}


def _joined(parts: list[str], word: str) -> str:
    return f" {word} ".join(parts)


def _event(item: Event, context: Context) -> str:
    fields = EVENTS[item.event].fields
    words = labels.FACT if item.field is None and _one(item.question) else labels.FACTS
    facts = " ".join((str(words[item.event]), *_limits(item, context)))
    if item.field is None:
        return _count(item.question, facts, context)
    field = fields[item.field]
    told = _told(field, item.question, item.store, context)
    what = str(labels.MEASURED[item.measure]) % {"field": _what(field, item.question, told), "facts": facts}
    return _question(item.question, field.kind, what, context, told, context.currency if field.money else "")


def _one(question: Question) -> bool:
    """Whether a count is told with a 1: "at least 1 order", and more than none is that as well."""
    return question.value in (1, (1,)) or (question.operator, question.value) == ("greater", 0)


def _count(question: Question, facts: str, context: Context) -> str:
    match question:
        case Question("is" | "less_equal", value) if value == 0:
            return gettext("no %(facts)s") % {"facts": facts}
        case Question("greater", value) if value == 0:
            question = Question("greater_equal", Decimal(1))
    return str(labels.COUNTS[question.operator]) % (_values(question, Kind.NUMBER, context, {}, "") | {"facts": facts})


def _limits(item: Event, context: Context) -> list[str]:
    """What narrows the facts: period, store, conditions on fields and lines."""
    found = []
    if item.period is not None:
        found.append(_period(item.period, context))
    if item.store is not None:
        found.append(gettext("in the store “%(name)s”") % {"name": _store(item.store, context)})
    if item.where:
        conditions = [
            _where(part, EVENTS[item.event].fields[part.name], item.store, context)
            if isinstance(part, Field)
            else _lines(part, item.store, context)
            for part in item.where
        ]
        found.append(gettext("with (%(conditions)s)") % {"conditions": _joined(conditions, gettext("and"))})
    return found


def _where(item: Field, field: FieldKind, store: int | None, context: Context) -> str:
    told = _told(field, item.question, store, context)
    what = _what(field, item.question, told)
    return _question(item.question, field.kind, what, context, told, context.currency if field.money else "")


def _lines(item: Lines, store: int | None, context: Context) -> str:
    conditions = [_where(field, LINE_FIELDS[field.name], store, context) for field in item.where]
    text = gettext("no item with %(conditions)s") if item.none else gettext("an item with %(conditions)s")
    return text % {"conditions": _joined(conditions, gettext("and"))}


def _told(field: FieldKind, question: Question, store: int | None, context: Context) -> Mapping[str, str]:
    """The words for values of a field: of its options, or what the shops call them."""
    if field.options:
        return {option: gettext(labels.STATES.get(option, option)) for option in field.options}
    return called.names(field.name, question.operator, store, context)


def _what(field: FieldKind, question: Question, told: Mapping[str, str]) -> str:
    values = question.value if isinstance(question.value, tuple) else (question.value,)
    named = any(isinstance(value, str) and value in told for value in values)
    return str((labels.CALLED if named and field.name in labels.CALLED else labels.FIELDS)[field.name])


def _period(period: Question, context: Context) -> str:
    match period:
        case Question("in_last", Amount() as value):
            return _span("in_last", value)
        case Question("more_than_ago", Amount() as value):
            return gettext("more than %(time)s ago") % {"time": _span("more_than_ago", value)}
        case Question("between", (lower, upper)):
            if lower is None:
                return gettext("until %(to)s") % {"to": _scalar(cast(Scalar, upper), context, {}, "")}
            if upper is None:
                return gettext("since %(from)s") % {"from": _scalar(lower, context, {}, "")}
            ends = {"from": _scalar(lower, context, {}, ""), "to": _scalar(upper, context, {}, "")}
            return gettext("from %(from)s to %(to)s") % ends
        case Question(_, Calendar() as value):
            return _units(period.operator, value)
    raise ValueError(f"{period} is no period")


def _property(item: Property, what: str, context: Context) -> str:
    defined = context.properties[item.name]
    told = {option.value: option.label(_language()) for option in defined.options}
    currency = context.currency if defined.currency and not defined.currency_in else ""
    return _question(item.question, kind(defined), what, context, told, currency)


def _question(
    question: Question, asked: Kind, what: str, context: Context, told: Mapping[str, str], currency: str
) -> str:
    if question.operator == "in_fifth":
        currency = ""
    values = _values(question, asked, context, told, currency)
    template = str(labels.SENTENCES[question.operator])
    if asked is Kind.LIST and question.operator in ("is_any_of", "is_none_of"):
        template = (
            gettext("%(what)s has %(value)s")
            if question.operator == "is_any_of"
            else gettext("%(what)s has neither %(neither)s")
        )
    elif question.operator == "is_none_of" and isinstance(question.value, tuple) and len(question.value) == 1:
        template = str(labels.SENTENCES["is_not"])
    text = (template % (values | {"what": what})).strip()
    if question.include_unknown:
        text = gettext("(%(condition)s or has no value)") % {"condition": text}
    return text


def _values(
    question: Question, asked: Kind, context: Context, told: Mapping[str, str], currency: str
) -> dict[str, Any]:
    """What a template may name."""
    value = question.value
    match value:
        case None:
            return {}
        case tuple():
            texts = [_scalar(cast(Scalar, item), context, told, currency) for item in value]
            return {
                "value": _joined(texts, gettext("or")),
                "neither": _joined(texts, gettext("nor")),
                "all": _joined(texts, gettext("and")),
                "lower": texts[0],
                "upper": texts[-1],
            }
        case Amount():
            return {"value": _span(question.operator, value)}
        case Calendar():
            return dict.fromkeys(("value", "neither"), _units(question.operator, value))
        case Other(name):
            return {"value": context.properties[name].label(_language())}
    return {"value": _scalar(value, context, told, currency)}


def _scalar(value: Scalar, context: Context, told: Mapping[str, str], currency: str) -> str:
    locale = _locale()
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, Decimal):
        if currency:
            return str(format_currency(value, currency, locale=locale))
        return str(format_decimal(value, locale=locale))
    if isinstance(value, datetime):
        return str(format_datetime(value, "short", tzinfo=context.zone, locale=locale))
    if isinstance(value, date):
        return str(format_date(value, "medium", locale=locale))
    return told.get(value, value)


def _span(operator: str, value: Amount) -> str:
    n = value.amount
    if operator.endswith("in_last"):
        texts = {
            Unit.HOUR: ngettext("in the last hour", "in the last %(count)s hours", n),
            Unit.DAY: ngettext("in the last day", "in the last %(count)s days", n),
            Unit.WEEK: ngettext("in the last week", "in the last %(count)s weeks", n),
            Unit.MONTH: ngettext("in the last month", "in the last %(count)s months", n),
            Unit.YEAR: ngettext("in the last year", "in the last %(count)s years", n),
        }
    elif operator.endswith("in_next"):
        texts = {
            Unit.HOUR: ngettext("in the next hour", "in the next %(count)s hours", n),
            Unit.DAY: ngettext("in the next day", "in the next %(count)s days", n),
            Unit.WEEK: ngettext("in the next week", "in the next %(count)s weeks", n),
            Unit.MONTH: ngettext("in the next month", "in the next %(count)s months", n),
            Unit.YEAR: ngettext("in the next year", "in the next %(count)s years", n),
        }
    else:  # more than so much ago, or ahead
        texts = {
            Unit.HOUR: ngettext("an hour", "%(count)s hours", n),
            Unit.DAY: ngettext("a day", "%(count)s days", n),
            Unit.WEEK: ngettext("a week", "%(count)s weeks", n),
            Unit.MONTH: ngettext("a month", "%(count)s months", n),
            Unit.YEAR: ngettext("a year", "%(count)s years", n),
        }
    return texts[value.unit] % {"count": format_decimal(n, locale=_locale())}


def _units(operator: str, value: Calendar) -> str:
    n = value.count
    match operator:
        case "in_previous":
            texts = {
                Unit.DAY: ngettext("yesterday", "in the previous %(count)s days", n),
                Unit.WEEK: ngettext("in the previous week", "in the previous %(count)s weeks", n),
                Unit.MONTH: ngettext("in the previous month", "in the previous %(count)s months", n),
                Unit.QUARTER: ngettext("in the previous quarter", "in the previous %(count)s quarters", n),
                Unit.YEAR: ngettext("in the previous year", "in the previous %(count)s years", n),
            }
        case "in_following":
            texts = {
                Unit.DAY: ngettext("tomorrow", "in the following %(count)s days", n),
                Unit.WEEK: ngettext("in the following week", "in the following %(count)s weeks", n),
                Unit.MONTH: ngettext("in the following month", "in the following %(count)s months", n),
                Unit.QUARTER: ngettext("in the following quarter", "in the following %(count)s quarters", n),
                Unit.YEAR: ngettext("in the following year", "in the following %(count)s years", n),
            }
        case "before_previous":
            texts = {
                Unit.DAY: ngettext("the previous day", "the previous %(count)s days", n),
                Unit.WEEK: ngettext("the previous week", "the previous %(count)s weeks", n),
                Unit.MONTH: ngettext("the previous month", "the previous %(count)s months", n),
                Unit.QUARTER: ngettext("the previous quarter", "the previous %(count)s quarters", n),
                Unit.YEAR: ngettext("the previous year", "the previous %(count)s years", n),
            }
        case "since_previous":
            told = {"previous": _units("in_previous", value), "this": labels.THIS[value.unit]}
            return gettext("%(previous)s or %(this)s so far") % told
        case "not_since_previous":
            told = {"previous": _units("in_previous", value), "this": labels.THIS[value.unit]}
            return gettext("%(previous)s nor %(this)s so far") % told
        case _:
            return str(labels.THIS[value.unit])
    return texts[value.unit] % {"count": format_decimal(n, locale=_locale())}
