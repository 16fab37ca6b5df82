"""Makes the environment of Argilla's server: `python -m local.argilla.install`. Standard library only.

The server pins old releases of much that the bot uses too, so the two can't share an environment.
"""

from __future__ import annotations

import subprocess
import sys

from local.argilla.embedded import ENVIRONMENT, REQUIREMENTS


def install() -> str | None:
    """Make the environment in the working folder; return what went wrong, if anything."""
    python = str(ENVIRONMENT / "bin" / "python")
    options = ("--disable-pip-version-check", "--quiet", "--requirement", str(REQUIREMENTS))
    for command in (
        [sys.executable, "-m", "venv", str(ENVIRONMENT)],
        [python, "-m", "pip", "install", *options],
    ):
        ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if ended.returncode:
            said = (ended.stderr or ended.stdout).strip()
            return f"Argilla could not be installed; `{' '.join(command)}` ended with:\n{said}"
    return None


if __name__ == "__main__":
    sys.exit(install())
