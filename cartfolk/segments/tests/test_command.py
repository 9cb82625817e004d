"""Risk: a list of HubSpot's is made into a segment that asks something else, or half of it is, without a word."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cartfolk import cli
from cartfolk.commands.exits import Exit
from cartfolk.core.sql import Connection
from cartfolk.segments import stored
from cartfolk.segments.tests.test_hubspot import about, between, indexed, tree

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    conn: Connection, database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Run:
    monkeypatch.setenv("DATABASE_URL", database)
    conn.execute("insert into contact_property (contact_id, computed_at, city) values (1, now(), 'Ulm')")
    conn.execute("insert into contact (contact_id, first_seen) values (1, now())")

    def command(*words: str, file: Any = None) -> tuple[int, str, str]:
        if file is not None:
            monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(file)))
        code = cli.main(["segments", *words])
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


def a_list(*filters: dict[str, Any]) -> dict[str, Any]:
    return {"list": {"listId": "12", "name": "From Ulm", "objectTypeId": "0-1", "filterBranch": tree(*filters)}}


ULM = about("city", operationType="STRING", operator="IS_EQUAL_TO", value="Ulm", includeObjectsWithNoValueSet=False)
LATELY = about("createdate", includeObjectsWithNoValueSet=True, **between(indexed("TODAY", days=-60), indexed("NOW")))


def test_a_list_of_hubspot_goes_in_counts_its_members_and_comes_out_as_it_was(conn: Connection, run: Run) -> None:
    assert run("count", "-", file=a_list(ULM))[:2] == (0, '{"count": 1}\n')
    code, out, _err = run("create", "-", file=a_list(ULM, LATELY))
    assert (code, json.loads(out)["name"], json.loads(out)["size"]) == (0, "From Ulm", 1)
    code, out, _err = run("show", "From Ulm", "--hubspot")
    assert (code, json.loads(out)) == (
        0,
        {"name": "From Ulm", "objectTypeId": "0-1", "processingType": "DYNAMIC", "filterBranch": tree(ULM, LATELY)},
    )
    assert run("create", "-", "--name", "Again", file=json.loads(out))[0] == 0
    assert stored.named(conn, "Again").definition == stored.named(conn, "From Ulm").definition


def test_every_filter_that_cannot_be_asked_is_named_and_nothing_is_made(conn: Connection, run: Run) -> None:
    viewed, member = {"filterType": "PAGE_VIEW"}, {"filterType": "IN_LIST", "operator": "IN_LIST", "listId": "12"}
    code, out, err = run("create", "-", file=a_list(ULM, viewed, member))
    assert (code, out) == (Exit.USAGE, "")
    assert "filters[1] (PAGE_VIEW): PAGE_VIEW is not supported. Leave it out." in err
    assert "filters[2] (IN_LIST): 12 is HubSpot's number of a list" in err
    assert "--list NUMBER=SEGMENT" in err
    assert stored.every(conn) == []
    vip = stored.create(conn, "VIP", None, "system")
    assert run("create", "-", "--list", "12=VIP", file=a_list(ULM, member))[0] == 0
    made = stored.named(conn, "From Ulm").definition
    assert made is not None
    assert made["root"]["children"][1] == {"type": "segment", "segment": vip, "member": True}
    assert run("create", "-", "--list", "VIP", file=a_list(ULM))[0] == Exit.USAGE
    assert run("create", "-", "--list", "12=nobody", file=a_list(ULM))[0] == Exit.NOT_FOUND


def test_a_list_that_keeps_its_members_there_is_not_made_one_that_changes_without_a_word(
    conn: Connection, run: Run
) -> None:
    for kind, told in (("SNAPSHOT", True), ("DYNAMIC", False)):
        found = a_list(ULM)
        found["list"] |= {"processingType": kind, "name": kind}
        code, _out, err = run("create", "-", file=found)
        assert (code, "keeps whom it found at first" in err) == (0, told)


def test_what_hubspot_cannot_ask_is_named(conn: Connection, run: Run) -> None:
    orders = {"type": "event", "event": "order", "measure": "count", "operator": "at_least", "value": 2}
    stored.create(conn, "Buyers", {"version": 1, "root": orders}, "system")
    code, out, err = run("show", "Buyers", "--hubspot")
    assert (code, out) == (Exit.USAGE, "")
    assert "root (event): event is not supported." in err
    stored.create(conn, "Chosen", None, "system")
    assert run("show", "Chosen", "--hubspot")[0] == Exit.USAGE
