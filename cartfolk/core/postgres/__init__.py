"""The embedded PostgreSQL: a server of our own in the data folder, for whoever has no `DATABASE_URL`.

Every process that uses it holds a *lease*: a shared flock on `lease.lock`, which the kernel releases however
the process ends. The first user starts a *watcher* (a process of its own, `watcher`), which owns the server: it
makes the cluster, starts the server, starts it again when it dies, and stops it `GRACE` seconds after the
last lease is gone. So nothing is left behind by kill -9 of anybody: without users the watcher stops the
server, without the watcher the kernel does (PR_SET_PDEATHSIG), and the next `start()` cleans up and begins
anew.

    DATA/postgres/  cluster/       PGDATA, made beside and renamed when complete
                    run/           the socket, 0700; or a private temporary folder where this path is too long
                    lease.lock     shared: a user · exclusive: the server is being stopped
                    watcher.lock   exclusive: a watcher lives
                    server.json    the address, there only while the server accepts connections
                    stop           seconds a last user grants for a clean shutdown
                    postgres.log   server and watcher, two files of at most LOG_BYTES

PostgreSQL refuses to run as root. See `Stance` for how root runs it without a new account and without opening
a folder to anybody.

    EmbeddedPostgresError
    ├── PostgresMissing           no usable binaries
    ├── PostgresVersionMismatch   no binaries for the major version of the existing cluster
    ├── PostgresStartFailed       with the end of the server's log
    └── DataFolderNotWritable
"""

from __future__ import annotations

from .binaries import OLDEST_MAJOR
from .embedded import EmbeddedPostgres, running_url
from .errors import (
    DataFolderNotWritable,
    EmbeddedPostgresError,
    PostgresMissing,
    PostgresStartFailed,
    PostgresVersionMismatch,
)

__all__ = [
    "OLDEST_MAJOR",
    "DataFolderNotWritable",
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "PostgresMissing",
    "PostgresStartFailed",
    "PostgresVersionMismatch",
    "running_url",
]
