"""Coarse jobs of pages: a bulk edit that is more than the reader waits for."""

from __future__ import annotations

from contextlib import suppress

from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from cartfolk.inbox.jobs import connected

from . import bulk
from .models import BulkEdit


def edit_contacts(edit: BulkEdit) -> None:
    """Has the worker do (or take back) a bulk edit. Asking again while that waits changes nothing."""
    with suppress(AlreadyEnqueued):
        run_edit.configure(queueing_lock=f"bulk-{edit.pk}").defer(number=edit.pk)


@app.task(name="cartfolk.bulk_edit", lock="bulk-edit")
def run_edit(number: int) -> None:
    """One after the other; some thousand contacts a second."""
    edit = BulkEdit.objects.filter(pk=number).first()
    if edit is not None:
        with connected() as conn:
            bulk.run(conn, edit)
