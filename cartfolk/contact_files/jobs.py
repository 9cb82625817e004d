"""Imports in the background: each chunk in a thread, so that the other jobs go on.

Who works on an import is decided by a lock of the session: it falls with the process, and ``go_on`` finds the import
within a minute.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

import psycopg
from django.conf import settings
from django.utils.translation import gettext_noop
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from cartfolk.core.sql import Connection
from cartfolk.core.time import now
from cartfolk.inbox.files import ledger
from cartfolk.inbox.files.columns import MappingWrong
from cartfolk.inbox.files.table import FileUnreadable

from . import upload
from .contacts import Contacts
from .shop import ShopFiles
from .undo import Undo

log = logging.getLogger(__name__)
GONE = gettext_noop(
    "The uploaded file is not there: it was deleted, or web and worker run on two machines without a shared folder "
    "“imports” in CARTFOLK_DATA. Upload it again."
)
_LOCK = 4028  # first half of the session locks; the second is the import's number


class Work(Protocol):
    def step(self) -> bool: ...


def open_work(conn: Connection, identity_conn: Connection, import_id: int) -> Work:
    """What goes on with an import in the state it is in. Raises FileUnreadable, MappingWrong, ledger.UnknownImport."""
    one = ledger.get(conn, import_id)
    if one.state == "undoing":
        return Undo(conn, import_id)
    if one.kind == "contacts":
        return Contacts(conn, identity_conn, import_id)
    return ShopFiles(conn, identity_conn, import_id)


def alone(conn: Connection, import_id: int) -> bool:
    """Whether this session is the one that works on the import from now on."""
    (mine,) = conn.execute("select pg_try_advisory_lock(%s, %s)", [_LOCK, import_id % (1 << 31)]).fetchone() or (False,)
    return bool(mine)


def start(import_id: int) -> None:
    """Has the worker go on with the import."""
    with suppress(AlreadyEnqueued):
        work_on_import.configure(queueing_lock=f"import-{import_id}").defer(import_id=import_id)


@app.task(name="cartfolk.work_on_import", pass_context=False)
async def work_on_import(import_id: int) -> None:
    """Goes on with a check, a run or an undo until it is over."""
    with _connected() as conn, _connected() as identity:
        if not alone(conn, import_id):
            return
        try:
            work = await asyncio.to_thread(open_work, conn, identity, import_id)
            while await asyncio.to_thread(work.step):
                pass
        except psycopg.OperationalError as error:
            log.warning("Import %s waits for the database: %s", import_id, error)
        except ledger.UnknownImport:
            return
        except FileNotFoundError:
            ledger.finish(conn, import_id, "failed", GONE)
        except (FileUnreadable, MappingWrong, UnicodeDecodeError) as error:
            ledger.finish(conn, import_id, "failed", str(error))
        except Exception as error:
            # where, but not the message: it may quote a row
            log.error(
                "Import %s: %s\n%s", import_id, type(error).__name__, "".join(traceback.format_tb(error.__traceback__))
            )
            ledger.finish(conn, import_id, "failed", f"{type(error).__name__}: {error}".splitlines()[0])


@app.periodic(cron="* * * * *")
@app.task(name="cartfolk.go_on_with_imports", queueing_lock="go-on-with-imports")
async def go_on_with_imports(timestamp: int) -> None:
    """Finds imports whose process died."""
    with _connected() as conn:
        for number in ledger.unfinished(conn):
            with suppress(AlreadyEnqueued):
                await work_on_import.configure(queueing_lock=f"import-{number}").defer_async(import_id=number)


@app.periodic(cron="37 3 * * *")
@app.task(name="cartfolk.forget_import_files", queueing_lock="forget-import-files")
async def forget_import_files(timestamp: int) -> None:
    """Nightly: uploaded files of imports that are over for long."""
    with _connected() as conn:
        upload.forget_old(conn, now() - timedelta(days=upload.DAYS))


def _connected() -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(settings.DATABASE_URL, autocommit=True, options="-c timezone=UTC")
