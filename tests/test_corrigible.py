"""The entry point, from an environment in which our packages may not be the ones that are imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from corrigible import OURS

ROOT = Path(__file__).parents[1]


def started(path: str) -> subprocess.CompletedProcess[str]:
    """Ask for help, with another folder before ours on the import path."""
    command = [sys.executable, "-c", "from corrigible import main; main()", "--help"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([path, str(ROOT)])}
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=path, timeout=300)


@pytest.mark.slow
def test_another_package_of_the_same_name_is_named_instead_of_a_traceback(tmp_path: Path) -> None:
    hiding = tmp_path / OURS[-1]
    hiding.mkdir()
    (hiding / "__init__.py").touch()

    ended = started(str(tmp_path))

    assert ended.returncode == 1
    assert f"local is imported from {hiding}" in ended.stderr
    assert "virtual environment of its own" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
def test_nothing_is_said_of_other_packages_if_none_hides_ours(tmp_path: Path) -> None:
    ended = started(str(tmp_path))

    assert ended.returncode == 0, ended.stderr
    assert "A Slack bot that takes correction" in ended.stdout
