"""Migrations that run a room's SQL file, forward only, with a lock time-out."""

from __future__ import annotations

from pathlib import Path

from django.db import migrations


def run_sql(migration_file: str, name: str) -> migrations.RunSQL:
    """The SQL file ``name`` beside the migration. A waiting lock gives up after 5 s instead of blocking the shop."""
    text = Path(migration_file).with_name(name).read_text(encoding="utf-8")
    return migrations.RunSQL("set local lock_timeout = '5s';\n" + text, migrations.RunSQL.noop)
