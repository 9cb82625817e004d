"""Risk: the audit log answers "who did what" with the program's own words, or in one language only."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.translation import gettext, override

import cartfolk
from cartfolk.connectors import registry
from cartfolk.web import logged, words

# Acts that are put together when they happen: what they begin with, and how they may end.
BUILT = {
    "consent.": ("granted", "withdrawn"),
    "view.": ("save", "rename", "share", "unshare", "default", "left", "right", "delete"),
}
ACT = re.compile(r"([a-z_]+)\.[a-z_-]+")
ROOT = Path(cartfolk.__file__).parent


def noting(tree: ast.AST) -> Iterator[ast.Call]:
    """Every ``note(...)`` of the audit log."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("log.note", "audit.note", "acts.note"):
            yield call


def noted(tree: ast.AST) -> Iterator[ast.expr]:
    """The acts they are given."""
    for call in noting(tree):
        yield call.args[1 if ast.unparse(call.func) == "acts.note" else 2]


def written(tree: ast.AST) -> set[str]:
    """Every act a module may write: constants, either side of a choice, what is built, what a table or a parameter
    of its own holds."""
    found: set[str] = set()
    elsewhere = False
    for act in noted(tree):
        if isinstance(act, ast.JoinedStr):
            (start, _end) = act.values
            assert isinstance(start, ast.Constant)
            found |= {f"{start.value}{end}" for end in BUILT[start.value]}
        elif isinstance(act, ast.Constant | ast.IfExp):
            found |= {leaf.value for leaf in ast.walk(act) if isinstance(leaf, ast.Constant)}
        else:
            elsewhere = True
    if elsewhere:
        texts = {leaf.value for leaf in ast.walk(tree) if isinstance(leaf, ast.Constant) and type(leaf.value) is str}
        found |= {text for text in texts if (named := ACT.fullmatch(text)) and named[1] in logged.KINDS}
    return found


SOURCES = [(path, path.read_text("utf-8")) for path in ROOT.rglob("*.py") if "tests" not in path.parts]
TREES = [ast.parse(text) for _path, text in SOURCES if ".note(" in text]
ACTS = sorted({act for tree in TREES for act in written(tree)})


def test_the_acts_are_found() -> None:
    assert {"contact.erased", "contact.email-added", "segment.renamed", "store.secret_shown", "view.left"} <= {*ACTS}


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_act_of_the_audit_log_has_words(language: str) -> None:
    with override(language):
        raw = [act for act in ACTS if logged.act(act) == act or words.say(logged.KINDS, act.split(".")[0]) in act]
        assert raw == [], "these acts are shown as they are stored: give them words in web/logged.py"
        if language == "de":
            same = [text for text in logged.ACTS.values() if gettext(text) == text]
            assert same == [], "these have no German words"


def test_what_an_act_was_done_to_and_its_particulars_have_words() -> None:
    keys: set[str] = set()
    kinds: set[str] = set()
    for tree in TREES:
        for call in noting(tree):
            keys |= {keyword.arg for keyword in call.keywords if keyword.arg}
            texts = [leaf.value for arg in call.args for leaf in ast.walk(arg) if isinstance(leaf, ast.Constant)]
            kinds |= {text[:-1] for text in texts if isinstance(text, str) and re.fullmatch("[a-z_]+:", text)}
    assert keys - set(logged.DETAIL) == set()
    assert kinds - set(logged.TARGET) == set()
    assert logged.target("contact:4,contact:5") == "Contact 4, Contact 5"
    assert logged.detail({"role": "owner", "again": False, "scopes": ["a", "b"]}) == ["role: Owner", "may: a, b"]


def test_every_stream_of_every_connector_has_its_word() -> None:
    streams = {stream for connector in registry.all() for stream in connector.info.streams}
    assert streams - words.STREAMS.keys() == set()
