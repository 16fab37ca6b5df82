"""`make test-oldest`: the unit tests on the oldest versions that pyproject.toml allows. Standard library only."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENVIRONMENT = ROOT / ".venv-oldest"
PYTHON = str(ENVIRONMENT / "bin" / "python")
REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)(\[[\w,]+\])?(>=(?P<least>[\w.]+))?")


def main() -> None:
    """Install the lower bounds into an environment of their own and run the unit tests in it."""
    pins = ENVIRONMENT / "oldest.txt"
    subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
    pins.write_text("".join(f"{name}=={version}\n" for name, version in oldest().items()), encoding="utf-8")
    install = ["-m", "pip", "install", "--disable-pip-version-check", "-q", "-c", str(pins), "torch"]
    subprocess.run([PYTHON, *install, "-e", ".[dev]"], cwd=ROOT, check=True)
    tests = ["-m", "pytest", "-n", "auto", "--dist", "worksteal", "-m", "not slow"]
    ended = subprocess.run(
        [PYTHON, *tests], cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False
    )
    sys.exit(ended.returncode)


def oldest() -> dict[str, str]:
    """Return the version of each direct dependency: the lower bound, or for tools of the tests the usual one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    usual = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split() if "==" in line)
    extras = project["optional-dependencies"]
    pins = {name: usual[name] for name, _ in map(parsed, extras["dev"]) if name in usual}
    for name, least in map(parsed, [*project["dependencies"], *extras["local"]]):
        if least:
            pins[name] = least
    return pins


def parsed(requirement: str) -> tuple[str, str | None]:
    """Return name and lower bound of a requirement."""
    found = REQUIREMENT.match(requirement)
    assert found, requirement
    return found["name"], found["least"]


if __name__ == "__main__":
    main()
