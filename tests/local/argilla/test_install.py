"""Making the environment of Argilla's server, and its command line. That it can be made, `make demo-check` shows."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from local.argilla import install as installing
from local.argilla.embedded import ENVIRONMENT, interpreter

pytestmark = pytest.mark.slow


def test_what_pip_says_is_shown_if_a_requirement_can_not_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = tmp_path / "requirements.txt"
    wanted.write_text("./a-package-that-is-not-there\n")
    monkeypatch.setattr(installing, "REQUIREMENTS", wanted)

    fault = installing.install()

    assert (tmp_path / ENVIRONMENT / "bin" / "python").exists()
    assert fault
    assert "could not be installed" in fault
    assert "a-package-that-is-not-there" in fault


@pytest.mark.parametrize("asked", [(), ("database", "users"), ("database", "users", "create")])
def test_the_command_line_of_the_installed_server_starts(asked: tuple[str, ...]) -> None:
    command = [str(interpreter()), "-m", "argilla_server", *asked, "--help"]

    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (ended.returncode, "Usage:" in ended.stdout) == (0, True), ended.stderr[-1000:]
