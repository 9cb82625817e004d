"""Joins and leaves noted before 0003, a row a membership, are there after it."""

from __future__ import annotations

from pathlib import Path

from cartfolk.core.sql import Connection

MIGRATION = Path(__file__).parents[1] / "migrations" / "0003_log_by_evaluation.sql"


def test_what_was_noted_a_row_a_membership_is_there_after_the_update(conn: Connection) -> None:
    conn.execute("create schema before")
    conn.execute("set search_path to before")
    try:
        conn.execute(
            "create table segment_log (contact_id bigint not null, log_id bigint generated always as identity,"
            " segment_id integer not null, at timestamptz not null, joined boolean not null, reason text not null,"
            " historic boolean not null, constraint segment_log_pkey primary key (contact_id, log_id))"
        )
        conn.execute("create index segment_log_segment on segment_log (segment_id, log_id desc)")
        conn.execute(
            "insert into segment_log (contact_id, segment_id, at, joined, reason, historic) values"
            " (1, 7, '2026-01-01Z', true, 'sync', false), (1, 5, '2026-01-01Z', true, 'sync', false),"
            " (2, 7, '2026-01-01Z', true, 'sync', false), (1, 7, '2026-01-02Z', false, 'clock', false),"
            " (1, 9, '2026-01-02Z', true, 'clock', false)"
        )
        conn.execute(MIGRATION.read_text())  # type: ignore[arg-type]
        rows = conn.execute(
            "select contact_id, reason, joined, parted from segment_log order by log_id, contact_id"
        ).fetchall()
        assert sorted(rows[:2]) == [(1, "sync", [5, 7], []), (2, "sync", [7], [])]
        assert rows[2:] == [(1, "clock", [9], [7])]
    finally:
        conn.execute("reset search_path")
        conn.execute("drop schema before cascade")
