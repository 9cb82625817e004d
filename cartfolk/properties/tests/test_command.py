"""Risk: the command line says done and the property is not there, or deletes what was only asked about."""

from __future__ import annotations

import json

import pytest

from cartfolk import cli
from cartfolk.properties.defined import load


@pytest.fixture
def run(database, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", database)

    def command(*words):
        code = cli.main(["properties", *words])
        return code, capsys.readouterr()

    return command


def test_a_property_from_making_to_deleting(conn, run):
    conn.execute("insert into contact (contact_id, first_seen) values (1, now())")
    assert (
        run("create", "size", "--label", "Size", "--label-de", "Größe", "--type", "list", "--option", "s|Small|Klein")[
            0
        ]
        == 0
    )
    code, told = run("create", "sizes", "--label", "Sizes", "--type", "whole", "--formula", "coalesce(length(size), 0)")
    assert (code, told.out) == (0, "sizes is made.\n")
    assert conn.execute("select sizes from contact_custom where contact_id = 1").fetchone() == (0,), (
        "calculated at once"
    )
    assert run("archive", "size")[0] == 2, "a formula reads it"
    code, told = run("create", "wrong", "--label", "W", "--type", "number", "--formula", "sqrt(1)")
    assert code == 2
    assert "sqrt" in told.err
    assert run("edit", "sizes", "--formula", "coalesce(length(size), 7)", "--hide")[0] == 0
    assert conn.execute("select sizes from contact_custom where contact_id = 1").fetchone() == (7,)
    assert load(conn).properties["sizes"].hidden
    shown = json.loads(run("show", "size", "--json")[1].out)
    assert shown["uses"]["formulas"] == ["Sizes"]
    own = [json.loads(line)["name"] for line in run("list", "--own", "--json")[1].out.splitlines()]
    assert own == ["size", "sizes"]
    assert run("archive", "sizes")[0] == 0
    code, told = run("delete", "sizes")
    assert code == 2
    assert "1 contacts" in told.err
    assert "sizes" in load(conn, archived=True).properties
    assert run("restore", "sizes")[0] == 0
    run("archive", "sizes")
    assert run("delete", "sizes", "--yes")[0] == 0
    assert "sizes" not in load(conn, archived=True).properties
    assert run("show", "nowhere")[0] == 6
