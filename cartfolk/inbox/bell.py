"""The bell: wakes the workers from the doors without slowing them.

PostgreSQL lets transactions that notify commit one after the other only, so the doors never notify in
the transaction that stores. A thread of each web process does it for all of them, at most every 10 ms.
"""

from __future__ import annotations

import logging
import threading
import time

import psycopg

from .deliveries import ring

log = logging.getLogger(__name__)
_PAUSE = 0.01  # seconds


class Bell:
    """Rings in the background. A ring that is lost costs half a second: the workers look by themselves."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None

    def ring(self) -> None:
        """Returns at once."""
        self._wanted.set()
        if self._thread is None or not self._thread.is_alive():
            with self._start:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        from django.db import connection

        try:
            while self._wanted.wait():
                self._wanted.clear()
                try:
                    connection.ensure_connection()
                    ring(connection.connection)
                except Exception as error:
                    # Without the database there is nothing to tell; the next ring connects again.
                    log.debug("The bell could not ring: %s", error)
                    connection.close()
                    if isinstance(error, psycopg.OperationalError):
                        time.sleep(1)
                time.sleep(_PAUSE)
        finally:
            connection.close()


BELL = Bell()
