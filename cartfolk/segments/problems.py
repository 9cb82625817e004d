"""What is wrong with a definition, as sentences that name the condition.

The texts are English templates; ``sentence.problem`` tells them in the reader's language. Nothing here knows Django:
``gettext_noop`` only marks a text for translation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cartfolk.segments.tree import Scalar

Path = tuple[int, ...]
"""The place of a condition: positions from 0, down from the root's children."""


def gettext_noop(text: str) -> str:
    return text


CONDITION = gettext_noop("Condition %(number)s")
IN_GROUP = gettext_noop("Condition %(number)s in group %(group)s")
ROOT = gettext_noop("The segment")


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal. ``part`` names what in the condition is wrong, for a form: property, operator, value, field,
    where.0 ..."""

    path: Path
    text: str
    values: Mapping[str, Scalar | int] = field(default_factory=dict)
    part: str = ""

    @property
    def place(self) -> tuple[str, dict[str, str]]:
        """Where, as a template and its values."""
        if not self.path:
            return ROOT, {}
        number = str(self.path[-1] + 1)
        if len(self.path) == 1:
            return CONDITION, {"number": number}
        return IN_GROUP, {"number": number, "group": ".".join(str(step + 1) for step in self.path[:-1])}

    def __str__(self) -> str:
        where, values = self.place
        return f"{where % values}: {self.text % self.values}"


class Refused(ValueError):
    """A definition that cannot be asked; ``problems`` says why, condition by condition. Change what they name."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(" ".join(map(str, problems)))
        self.problems = problems
