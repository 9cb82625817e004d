"""A statement that is asked for by name is there: a renamed one must not be found by a merchant."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from cartfolk.core.sql import Statements

ROOT = Path(__file__).parents[1]


def asked() -> Iterator[tuple[str, Statements, str]]:
    """Every `Q["name"]` of the code: module, its statements, the name."""
    for path in sorted((ROOT / "cartfolk").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [n for n in ast.walk(tree) if isinstance(n, ast.Subscript) and isinstance(n.slice, ast.Constant)]
        if not any(_owner(node) for node in names):
            continue
        module = importlib.import_module(
            ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        )
        for node in names:
            owner = _statements(module, node.value)
            if owner is not None:
                yield module.__name__, owner, node.slice.value  # type: ignore[attr-defined]


def _owner(node: ast.Subscript) -> str:
    """The name in capitals a statement is taken from: Q, WRITE, queries.Q."""
    value = node.value
    name = value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else ""
    return name if name.isupper() else ""


def _statements(module: ModuleType, value: ast.expr) -> Statements | None:
    if isinstance(value, ast.Attribute):
        inner = getattr(module, value.value.id, None) if isinstance(value.value, ast.Name) else None
        found = getattr(inner, value.attr, None)
    else:
        found = getattr(module, value.id, None) if isinstance(value, ast.Name) else None
    return found if isinstance(found, Statements) else None


def test_every_statement_asked_for_is_there() -> None:
    missing = [(module, name) for module, owner, name in asked() if name not in owner]
    assert missing == []
