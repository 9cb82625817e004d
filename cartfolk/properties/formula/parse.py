"""Reads a formula: text → tokens → typed tree. Whatever it cannot mean is refused with a sentence and its place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NoReturn

from django.utils.translation import gettext as _

from cartfolk.properties.catalogue import Property
from cartfolk.properties.formula.functions import ALIASES, FUNCTIONS, OPERATORS
from cartfolk.properties.formula.tree import Call, Constant, Kind, Node, Reference, kind_of

LONGEST = 2_000  # characters
MOST = 200  # operators in a row: each is a bracket in the SQL
DEEPEST = 30  # parts within parts
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |\[\s*(?:properties\.)?(?P<bracket>[a-z][a-z0-9_]*)\s*\]|(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<mark><=|>=|!=|<>|==|&&|\|\||[-+*/%=<>!(),]))""",
    re.VERBOSE,
)
_SAME = {"==": "=", "<>": "!=", "&&": "and", "||": "or", "!": "not"}
_BINDING = (("or",), ("and",), ("=", "!=", "<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"))
_COMPARING = 2  # the level of comparisons; not stands before it
_WORDS = {"and", "or", "not", "true", "false", "if", "then", "else", "elseif", "endif"}
_CLOCK = {"now", "time_since", "time_between_now", "current_time"}


class FormulaError(ValueError):
    """The formula cannot be used; the message says what to change. ``at`` is the place in the text, from 0;
    -1: no place is wrong, but the whole."""

    def __init__(self, sentence: str, at: int = -1) -> None:
        super().__init__(sentence)
        self.at = at


@dataclass(frozen=True, slots=True)
class _Token:
    sort: str  # number text bracket word mark end
    text: str
    at: int


def parse(text: str, known: Mapping[str, Property], *, options: bool = False) -> Node:
    """The tree of a formula over the properties of ``known``. Raises FormulaError. ``options``: a choice may only be
    compared with its options as they are now, for a formula being written; one in use outlives an option."""
    if not text.strip():
        raise FormulaError(_("The formula is empty."), 0)
    if len(text) > LONGEST:
        raise FormulaError(_("The formula is longer than %(most)s characters.") % {"most": LONGEST}, LONGEST)
    return _Parser(_tokens(text), known, options).whole()


def kind_name(kind: Kind) -> str:
    """What people call the kind."""
    return {
        "number": _("a number"), "text": _("a text"), "bool": _("yes or no"), "date": _("a date"),
        "datetime": _("a date with time"), "list": _("a list"),
    }[kind]  # fmt: skip


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            sign = text[at]
            if sign in "\"'":
                raise FormulaError(
                    _("The text that begins with %(text)s does not end.") % {"text": text[at : at + 20]}, at
                )
            raise FormulaError(_("%(sign)s has no meaning here.") % {"sign": sign}, at)
        sort = match.lastgroup
        word = match[sort]
        if sort == "mark" or (sort == "word" and word.lower() in _WORDS):
            sort, word = "mark", _SAME.get(word, word.lower())
        elif sort == "text":
            word = re.sub(r"\\(.)", r"\1", word[1:-1], flags=re.DOTALL)
        found.append(_Token(sort, word, match.start(match.lastgroup)))
        at = match.end()
    return [*found, _Token("end", "", len(text))]


class _Parser:
    """Recursive descent, one method a rule; ``self.here`` is the token not yet read."""

    def __init__(self, tokens: Sequence[_Token], known: Mapping[str, Property], options: bool) -> None:
        self.tokens = tokens
        self.known = known
        self.options = options
        self.place = 0
        self.depth = 0
        self.parts = 0

    @property
    def here(self) -> _Token:
        return self.tokens[self.place]

    def whole(self) -> Node:
        node = self.value()
        if self.here.sort != "end":
            self.refuse(_("%(text)s is not expected here: an operator is missing.") % {"text": self.here.text})
        if node.kind == "list":
            self.refuse(_("A list cannot be the result. Use contains(), length() or concat()."), 0)
        return node

    def refuse(self, sentence: str, at: int | None = None) -> NoReturn:
        raise FormulaError(sentence, self.here.at if at is None else at)

    def take(self, *marks: str) -> _Token | None:
        if self.here.sort == "mark" and self.here.text in marks:
            self.place += 1
            return self.tokens[self.place - 1]
        return None

    def need(self, mark: str) -> None:
        if not self.take(mark):
            found = self.here.text or _("the end")
            self.refuse(_("%(mark)s is missing before %(found)s.") % {"mark": mark, "found": found})

    def value(self, level: int = 0) -> Node:
        """Operators of this level and all that bind more tightly."""
        if level == len(_BINDING):
            return self.signed()
        if level == _COMPARING and (sign := self.take("not")):
            return self.negated(sign)
        node = self.value(level + 1)
        while sign := self.take(*_BINDING[level]):
            self.parts += 1
            if self.parts > MOST:
                self.refuse(_("The formula has more than %(most)s operators.") % {"most": MOST})
            node = self.joined(sign, node, self.value(level + 1))
            if level == _COMPARING and self.here.text in _BINDING[level]:
                self.refuse(_("Compare two values only; join comparisons with and."))
        return node

    def negated(self, sign: _Token) -> Node:
        node = self.deeper(_COMPARING)
        if node.kind != "bool":
            self.refuse(_("not needs yes or no, this is %(kind)s.") % {"kind": kind_name(node.kind)}, sign.at)
        return Call("not", (node,), "bool")

    def limit(self) -> None:
        if self.depth > DEEPEST:
            self.refuse(_("The formula is nested more than %(most)s deep.") % {"most": DEEPEST})

    def deeper(self, level: int = 0) -> Node:
        self.depth += 1
        self.limit()
        node = self.value(level)
        self.depth -= 1
        return node

    def joined(self, sign: _Token, left: Node, right: Node) -> Node:
        if sign.text in ("+", "-") and left.kind in ("date", "datetime") and right.kind == "number":
            days = right if sign.text == "+" else Call("minus", (right,), "number")
            return self.called("add_days", sign, [left, days])
        takes, gives, _sql = OPERATORS[sign.text]
        for side in (left, right):
            if side.kind not in takes:
                wanted = ", ".join(kind_name(kind) for kind in takes)
                self.refuse(
                    _("%(sign)s does not work with %(kind)s, only with: %(wanted)s.")
                    % {"sign": sign.text, "kind": kind_name(side.kind), "wanted": wanted},
                    sign.at,
                )
        self.agree(sign.text, sign.at, (left, right))
        for one, other in ((left, right), (right, left)):
            self.option(one, other, sign.at)
        return Call(sign.text, (left, right), gives)

    def option(self, one: Node, other: Node, at: int) -> None:
        """A choice compared with a word that is none of its options would never be true."""
        if not (self.options and isinstance(one, Reference) and isinstance(other, Constant) and other.kind == "text"):
            return
        options = [option.value for option in self.known[one.name].options]
        if options and other.value not in options:
            told = {"value": other.value, "name": one.name, "options": ", ".join(options[:12])}
            self.refuse(_("%(value)s is no option of %(name)s; those are: %(options)s.") % told, at)

    def agree(self, name: str, at: int, parts: Sequence[Node]) -> None:
        kinds = list(dict.fromkeys(part.kind for part in parts))
        if len(kinds) > 1:
            told = {"name": name, "one": kind_name(kinds[0]), "other": kind_name(kinds[1])}
            hint = " " + _("date(…) makes a day of a moment.") if set(kinds) == {"date", "datetime"} else ""
            self.refuse(_("%(name)s needs values of one kind; here are %(one)s and %(other)s.") % told + hint, at)

    def signed(self) -> Node:
        if sign := self.take("-"):
            self.depth += 1
            self.limit()
            node = self.signed()
            self.depth -= 1
            if node.kind != "number":
                self.refuse(
                    _("A minus sign needs a number, this is %(kind)s.") % {"kind": kind_name(node.kind)}, sign.at
                )
            return Call("minus", (node,), "number")
        return self.one()

    def one(self) -> Node:
        token = self.here
        self.place += 1
        match token.sort:
            case "number":
                if len(token.text) > 30:
                    self.refuse(_("%(text)s is too long a number.") % {"text": token.text}, token.at)
                return Constant(Decimal(token.text), "number")
            case "text":
                return Constant(token.text, "text")
            case "bracket":
                return self.property(token)
            case "word":
                return self.call(token) if self.take("(") else self.property(token)
            case "mark" if token.text == "(":
                node = self.deeper()
                self.need(")")
                return node
            case "mark" if token.text in ("true", "false"):
                return Constant(token.text == "true", "bool")
            case "mark" if token.text == "if":
                return self.call(token) if self.take("(") and self.commas() else self.chain(token)
            case "end":
                self.place -= 1
                self.refuse(_("The formula ends where a value is expected."), token.at)
        self.refuse(_("A value is expected where %(text)s stands.") % {"text": token.text}, token.at)

    def commas(self) -> bool:
        """Whether this "if (" is the function with commas; else the bracket belongs to the condition."""
        depth, place = 1, self.place
        while depth and self.tokens[place].sort != "end":
            token = self.tokens[place]
            if token.sort == "mark":
                depth += {"(": 1, ")": -1}.get(token.text, 0)
                if depth == 1 and token.text == ",":
                    return True
            place += 1
        after = self.tokens[place] if place < len(self.tokens) else self.tokens[-1]
        if after.text != "then" and not any(t.text == "then" for t in self.tokens[place:]):
            return True  # a function with too few arguments: told as such
        self.place -= 1
        return False

    def chain(self, token: _Token) -> Node:
        """if … then … elseif … then … else … endif"""
        condition = self.deeper()
        self.need("then")
        parts = [condition, self.deeper()]
        if other := self.take("elseif"):
            self.depth += 1
            self.limit()
            parts.append(self.chain(other))
            self.depth -= 1
            return self.called("if", token, parts)
        if self.take("else"):
            parts.append(self.deeper())
        self.take("endif")
        return self.called("if", token, parts)

    def property(self, token: _Token) -> Node:
        item = self.known.get(token.text)
        if item is None:
            self.refuse(_("There is no property named %(name)s.") % {"name": token.text}, token.at)
        if item.archived:
            self.refuse(_("%(name)s is archived. Restore it first.") % {"name": token.text}, token.at)
        if not item.stored:
            self.refuse(_("%(name)s changes with every write and cannot be used.") % {"name": token.text}, token.at)
        return Reference(item.name, kind_of(item))

    def call(self, token: _Token) -> Node:
        parts: list[Node] = []
        if not self.take(")"):
            parts.append(self.deeper())
            while self.take(","):
                parts.append(self.deeper())
            self.need(")")
        return self.called(token.text.lower(), token, parts)

    def called(self, name: str, token: _Token, parts: list[Node]) -> Node:
        name = ALIASES.get(name, name)
        row = FUNCTIONS.get(name)
        if row is None:
            if name in _CLOCK:
                self.refuse(
                    _(
                        "%(name)s is not there: a value that changes every moment would not stay true. "
                        "Use today(), which changes at midnight."
                    )
                    % {"name": name},
                    token.at,
                )
            told = {"name": token.text, "known": ", ".join(FUNCTIONS)}
            self.refuse(_("There is no function %(name)s. There are: %(known)s.") % told, token.at)
        if not row.least <= len(parts) <= row.most:
            self.refuse(_("%(usage)s is how it is written.") % {"usage": row.usage}, token.at)
        for place, part in enumerate(parts):
            takes = row.takes[min(place, len(row.takes) - 1)]
            if part.kind not in takes:
                told = {
                    "place": str(place + 1), "name": name, "kind": kind_name(part.kind),
                    "wanted": ", ".join(kind_name(kind) for kind in takes),
                }  # fmt: skip
                self.refuse(_("Value %(place)s of %(name)s is %(kind)s; it takes: %(wanted)s.") % told, token.at)
        if row.same is not None:
            self.agree(name, token.at, parts[row.same :])
        return self.fitted(name, token, parts, row.gives or parts[row.same or 0].kind)

    def fitted(self, name: str, token: _Token, parts: list[Node], kind: Kind) -> Node:
        """What the arguments' kinds make of the function: days of moments, entries of lists, text of anything."""
        match name:
            case "length" if parts[0].kind == "list":
                name = "entries"
            case "contains" if parts[0].kind == "list":
                self.option(parts[0], parts[1], token.at)
                name = "among"
            case "days_between" | "add_days" | "year" | "month" | "day":
                parts = [Call("date", (part,), "date") if part.kind == "datetime" else part for part in parts]
            case "concat":
                parts = [
                    part if part.kind == "text" else Call(f"text of {part.kind}", (part,), "text") for part in parts
                ]
            case "round":
                return self.rounded(token, parts)
            case "date" if parts[0].kind == "date":
                return parts[0]
            case "date" if parts[0].kind == "text":
                return self.day(token, parts[0])
        return Call(name, tuple(parts), kind)

    def rounded(self, token: _Token, parts: list[Node]) -> Node:
        places = parts[1] if len(parts) == 2 else Constant(Decimal(0), "number")
        if not (isinstance(places, Constant) and isinstance(places.value, Decimal) and places.value in range(11)):
            self.refuse(_("The decimals of round() must be a whole number from 0 to 10."), token.at)
        return Call("round", (parts[0], places), "number")

    def day(self, token: _Token, part: Node) -> Node:
        try:
            return (
                Constant(date.fromisoformat(str(part.value)), "date")
                if isinstance(part, Constant)
                else self.no_day(token)
            )
        except ValueError:
            self.no_day(token)

    def no_day(self, token: _Token) -> NoReturn:
        self.refuse(_('date() takes a moment, or a day written as "2026-05-31".'), token.at)
