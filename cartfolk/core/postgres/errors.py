"""What keeps the embedded server from running; every message says what to do."""

from __future__ import annotations


class EmbeddedPostgresError(Exception):
    """The embedded server cannot be used; the message says what to do."""


class PostgresMissing(EmbeddedPostgresError):
    """No PostgreSQL that fits is installed."""


class PostgresVersionMismatch(EmbeddedPostgresError):
    """The cluster in the data folder was made by a major version that is not installed."""


class PostgresStartFailed(EmbeddedPostgresError):
    """The server (or initdb) ended instead of accepting connections."""


class DataFolderNotWritable(EmbeddedPostgresError):
    """This user may not write in the data folder."""
