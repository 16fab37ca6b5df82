"""Which part may import which, read from the source; and that importing anything does nothing."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("bot", "learning", "storage", "local")
BESIDE_THE_COMMAND_LINE = {
    "bot/cli/main.py",
    "bot/demo/local_argilla.py",
    "bot/demo/local_workspace.py",
    "bot/demo/replay.py",
    "bot/cli/belief.py",
}
FORBIDDEN = {
    "storage": {"bot", "learning", "local", "slack_bolt", "slack_sdk", "torch", "transformers", "argilla"},
    "learning": {"bot", "local", "slack_bolt", "slack_sdk"},
    "local": {"bot", "learning", "storage", "torch", "transformers"},
}
TRAINING_PROCESS = {f"learning/fine_tuning/{name}.py" for name in ("averaging", "feeding", "model")} | {
    "learning/summary_training/answer_trainer.py"
}
ONE_PLACE = {"argilla", "apscheduler", "ray"}

# Each module of storage is imported before any other of them, but for those that all stand on.
IMPORT_EACH_FIRST = """
import importlib, json, sys
names = json.loads(sys.argv[1])
first = {"storage", "storage.database"} | {f"storage.database.{name}" for name in ("engine", "faults", "file_modes")}
first |= {name for name in names if name.startswith(("storage.tables", "storage.text"))}
for name in sorted(first):
    importlib.import_module(name)
for name in names:
    for known in [one for one in sys.modules if one.startswith("storage.") and one not in first]:
        del sys.modules[known]
        vars(sys.modules["storage"]).pop(known.split(".")[1], None)
    importlib.import_module(name)
"""

# Every module is imported, in a process of its own that notes whatever this starts or opens.
IMPORT_ALL = """
import json, sys, threading
noted = []
def note(event, arguments):
    started = event.startswith("_thread.start") or event in {"subprocess.Popen", "os.fork", "os.posix_spawn"}
    if started or event in {"socket.connect", "socket.bind", "sqlite3.connect"}:
        noted.append(event)
sys.addaudithook(note)
import importlib
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
import logging
print(json.dumps({
    "noted": noted,
    "threads": threading.active_count(),
    "log_handlers": len(logging.getLogger().handlers),
    "packages": sorted({name.partition(".")[0] for name in sys.modules}),
}))
"""


def _files(part: str) -> list[Path]:
    return sorted((ROOT / part).rglob("*.py"))


@cache
def _imports(file: Path) -> frozenset[str]:
    """The full name of everything that a file imports, wherever in it, also for types alone."""
    return frozenset(_every_import(file))


def _every_import(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: write imports in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _packages(file: Path) -> set[str]:
    return {name.partition(".")[0] for name in _imports(file)}


@pytest.mark.parametrize("part", FORBIDDEN)
def test_imports_point_one_way(part: str) -> None:
    wrong = {str(file.relative_to(ROOT)): _packages(file) & FORBIDDEN[part] for file in _files(part)}

    assert _files(part)
    assert {file: names for file, names in wrong.items() if names} == {}


def test_the_local_workspace_is_imported_by_the_command_lines_side_alone() -> None:
    importers = {str(file.relative_to(ROOT)) for file in _files("bot") if "local" in _packages(file)}

    assert importers <= BESIDE_THE_COMMAND_LINE


@pytest.mark.parametrize("package", sorted(ONE_PLACE))
def test_what_may_be_replaced_one_day_is_imported_in_one_place(package: str) -> None:
    importers = [file for part in PARTS for file in _files(part) if package in _packages(file)]

    assert len(importers) <= 1


def test_a_model_that_writes_is_fine_tuned_in_one_place_which_asks_for_the_acceptance_first() -> None:
    trains = "learning.summary_training.fine_tune.fine_tune"
    importers = [file for part in PARTS for file in _files(part) if trains in _imports(file)]

    assert [str(file.relative_to(ROOT)) for file in importers] == ["learning/summary_training/run.py"]


def test_nothing_of_ours_imports_its_tests_or_benchmarks() -> None:
    wrong = {file for part in PARTS for file in _files(part) if _packages(file) & {"tests", "benchmarks"}}

    assert wrong == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "absent"),
    [
        ("storage", {"bot", "learning", "local", "slack_bolt", "slack_sdk", "torch", "transformers"}),
        ("learning", {"argilla", "bot", "local", "slack_bolt", "slack_sdk", "torch", "transformers"}),
        ("local", {"bot", "learning", "storage", "torch", "transformers"}),
        ("bot", {"torch", "transformers"}),
    ],
)
def test_importing_a_module_starts_nothing_opens_nothing_and_loads_no_model(
    part: str, absent: set[str]
) -> None:
    found = _import_all(part)

    assert found["noted"] == []
    assert found["threads"] == 1
    assert found["log_handlers"] == 0
    assert absent.isdisjoint(found["packages"])


@pytest.mark.slow
def test_whichever_module_of_storage_is_imported_first_finds_the_others() -> None:
    names = json.dumps([_module(file) for file in _files("storage") if _is_imported(file)])

    ended = subprocess.run(
        [sys.executable, "-c", IMPORT_EACH_FIRST, names], cwd=ROOT, capture_output=True, text=True
    )

    assert ended.returncode == 0, ended.stderr


def _import_all(part: str) -> dict[str, Any]:
    names = json.dumps([_module(file) for file in _files(part) if _is_imported(file)])
    ended = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, names], cwd=ROOT, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def _module(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _is_imported(file: Path) -> bool:
    """Migrations are run by Alembic, `__main__` by Python, and what extends torch in a process of its own."""
    rooms = {"server", "search", "supervising"}  # of another environment, but for one module
    is_argillas = "local" in file.parts and file.parent.name in rooms and file.stem != "progress"
    is_the_trainers = str(file.relative_to(ROOT)) in TRAINING_PROCESS
    outside = is_argillas or is_the_trainers
    return "migrations" not in file.parts and file.name != "__main__.py" and not outside


def _rooms() -> Iterator[Path]:
    for part in (*PARTS, "benchmarks"):
        yield from sorted({file.parent for file in _files(part) if "versions" not in file.parts})


@pytest.mark.parametrize("room", list(_rooms()), ids=lambda room: str(room.relative_to(ROOT)))
def test_a_room_has_at_most_twelve_modules(room: Path) -> None:
    modules = [file for file in room.glob("*.py") if file.name != "__init__.py"]

    assert len(modules) <= 12


def test_no_two_classes_of_the_production_code_share_a_name() -> None:
    names = Counter(
        node.name
        for part in ("bot", "learning", "storage")
        for file in _files(part)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and "versions" not in file.parts
    )

    assert names
    assert [name for name, times in names.items() if times > 1] == []
