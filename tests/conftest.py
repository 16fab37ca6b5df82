"""What all tests share; `tests/README.md` says what is started once in a run, and what each test has of its own."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from learning.writing import process
from local.argilla.embedded import EmbeddedArgilla, SignIn
from storage.database.engine import Database, open_database
from tests import databases
from tests.local.browser import chromium, connected
from tests.sharing import once, shared

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
if "EXPORTS" not in os.environ:  # the encoder is exported once for all tests; who first reads this removes it
    os.environ["EXPORTS"] = tempfile.mkdtemp(prefix="corrigible-exports-")
    atexit.register(shutil.rmtree, os.environ["EXPORTS"], ignore_errors=True)

gc.disable()  # until the tests begin: what is imported is no garbage, and looking for some takes a fifth of the time

SLOW_FIXTURES = {"argilla", "browser", "postgresql_url"}
JOURNEYS = Path(__file__).parent / "journeys"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make check` leaves out."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        callspec = getattr(item, "callspec", None)
        is_on_postgresql = callspec is not None and "postgresql" in callspec.params.values()
        if fixtures & SLOW_FIXTURES or is_on_postgresql or JOURNEYS in item.path.parents:
            item.add_marker("slow")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Set aside what was imported: collecting garbage would look through it again and again."""
    gc.freeze()
    gc.enable()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Start one worker more than there are cores, four at most: journeys mostly wait for processes of others.

    The quick tests wait for nothing, and each worker imports everything.
    """
    cores = os.cpu_count() or 1
    return min(4, cores if config.option.markexpr == "not slow" else cores + 1)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run have in common."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session", autouse=True)
def patient_owners_of_writers() -> Iterator[None]:
    """A writing process gives way to all else: on a busy machine it may take minutes to load its model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "START_S", 3_600.0)
        yield


@pytest.fixture(scope="session")
def argilla(run_folder: Path) -> Iterator[SignIn]:
    """A real Argilla of this run; each test takes a dataset of its own."""

    @contextmanager
    def serve() -> Iterator[dict[str, Any]]:
        with EmbeddedArgilla(run_folder / "argilla", 0) as known:
            yield asdict(known)

    with shared(run_folder, "argilla-server", serve) as known:
        yield SignIn(**known)


@pytest.fixture(scope="session")
def postgresql_url(run_folder: Path) -> Iterator[str]:
    """A real PostgreSQL of this run; `{}` stands for the name of a database."""
    with shared(run_folder, "postgresql", databases.postgresql) as known:
        yield str(known["url"])


@pytest.fixture(scope="session")
def browser(run_folder: Path) -> Iterator[Browser]:
    """A real Chromium of this run, without a window; each test takes a context of its own."""
    with shared(run_folder, "chromium", chromium) as known, connected(known["url"]) as browser:
        yield browser


@pytest.fixture(scope="session")
def sqlite_template(run_folder: Path) -> Path:
    """A SQLite file with the tables of this release."""
    return once(run_folder, "template.db", databases.make_sqlite_template)


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with the tables of this release; `on_both` asks for one of each kind."""
    with databases.copied(request, tmp_path) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'corrigible.db'}"
        return
    server: str = request.getfixturevalue("postgresql_url")
    with databases.postgresql_database(server, "template0") as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database of this release, empty."""
    opened = open_database(database_url)
    yield opened
    opened.close()
