"""What a question costs: one point an object, times how many of it are asked for; 1000 points at most at once."""

from __future__ import annotations

from typing import Any

from graphql import FieldNode, InlineFragmentNode, OperationDefinitionNode, SelectionSetNode
from graphql.utilities import value_from_ast_untyped

from .schema import understood

MOST = 1000


def cost(query: str, variables: dict[str, Any]) -> int:
    """Points; nothing for what is not GraphQL."""
    document, _problems = understood(query)
    return sum(
        _selection(each.selection_set, variables)
        for each in document.definitions
        if isinstance(each, OperationDefinitionNode)
    )


def _selection(chosen: SelectionSetNode, variables: dict[str, Any]) -> int:
    total = 0
    for each in chosen.selections:
        if isinstance(each, InlineFragmentNode):
            total += _selection(each.selection_set, variables)
        elif isinstance(each, FieldNode) and each.selection_set is not None:
            inner = _selection(each.selection_set, variables)
            # The objects of a list cost; the list around them (nodes, edges) does not.
            if each.name.value in ("nodes", "edges", "node") and not each.arguments:
                total += inner + 1
            else:
                total += _times(each, variables) * (inner or 1)
    return total


def _times(field: FieldNode, variables: dict[str, Any]) -> int:
    for argument in field.arguments:
        value = value_from_ast_untyped(argument.value, variables)
        if argument.name.value == "first" and isinstance(value, int):
            return value
        if argument.name.value == "ids" and isinstance(value, list):
            return len(value)
    return 1
