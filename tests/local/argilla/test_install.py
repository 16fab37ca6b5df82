"""Making the environment of Argilla's server. That it can be made, `make demo-check` shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.argilla import install as installing
from local.argilla.embedded import ENVIRONMENT

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
