"""The list's paging: complete, without duplicates, in order, forwards and back, whatever the sort and search."""

from __future__ import annotations

import pytest

from cartfolk.core.sql import Connection
from cartfolk.web import listing, properties

SORTS = [sign + name for name in (*listing.LIST_SORTS, "firstname", "computed_first_name") for sign in ("", "-")]


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("search", ["", "person", "p1"])
def test_paging_is_complete_both_ways(conn: Connection, people: int, sort: str, search: str) -> None:
    columns = properties.columns(conn)
    if listing.sort_for(sort.lstrip("-"), columns) is None:
        pytest.skip("the catalogue has no such column")
    expected = {"": people, "person": people, "p1": 1 + 10 + 31}[search]
    page = listing.page(conn, listing.Question(sort=sort, search=search, size=17, columns=columns))
    forward = [row["contact_id"] for row in page.rows]
    assert page.first
    while page.after:
        last = page
        page = listing.page(
            conn, listing.Question(sort=sort, search=search, after=page.after, size=17, columns=columns)
        )
        assert page.rows, last
        forward += [row["contact_id"] for row in page.rows]
    assert len(forward) == len(set(forward)) == expected
    back = [row["contact_id"] for row in page.rows]
    while page.before:
        page = listing.page(
            conn, listing.Question(sort=sort, search=search, before=page.before, size=17, columns=columns)
        )
        back = [row["contact_id"] for row in page.rows] + back
    assert back == forward


@pytest.mark.parametrize("text", ["'", "a & b", "!:*", "\\", "x:*|y", "o'brien", "(", "@", "<->"])
def test_any_search_text_is_harmless(conn: Connection, people: int, text: str) -> None:
    listing.page(conn, listing.Question(search=text))


@pytest.mark.parametrize("cursor", ["x", "bm90anNvbg", "WyJhIiwgImIiXQ", "WyJub3QgYSBkYXRlIiwgMV0"])
def test_foreign_cursor_is_told(conn: Connection, people: int, cursor: str) -> None:
    with pytest.raises(listing.CursorInvalid):
        listing.page(conn, listing.Question(after=cursor))
