"""Risk: a command that works where Django is set up already, as in tests, and fails in a terminal.

A command learns the address of its database first (``program.database``) and only then may anything read Django's
settings: whoever imports such a module before finds no database, or no apps.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator

from .machine import ROOT

OPENS = ("_opened", "database")
PROBE = """
import importlib, sys
from django.conf import settings
for module in sys.argv[1:]:
    try:
        importlib.import_module(module)
    except Exception as error:
        print(module, type(error).__name__)
    if settings.configured:
        sys.exit(module + " reads the settings")
"""


def opens(node: ast.AST) -> bool:
    calls = [item.context_expr for item in node.items] if isinstance(node, ast.With) else []
    names = [ast.unparse(call.func).rpartition(".")[2] for call in calls if isinstance(call, ast.Call)]
    return any(name in OPENS for name in names)


def early() -> Iterator[str]:
    """The modules commands import before they know their database."""
    for path in (ROOT / "cartfolk" / "commands").glob("*.py"):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(function, ast.FunctionDef) or not any(map(opens, function.body)):
                continue
            before = function.body[: next(place for place, item in enumerate(function.body) if opens(item))]
            for item in before:
                if isinstance(item, ast.ImportFrom) and item.module and not item.level:
                    for name in item.names:
                        inner = (ROOT / item.module.replace(".", "/") / f"{name.name}.py").exists()
                        yield f"{item.module}.{name.name}" if inner else item.module


def test_no_command_reads_the_settings_before_it_knows_its_database() -> None:
    modules = sorted(set(early()))
    assert "cartfolk.segments.presets" in modules
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *modules], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
