"""Import every module and show every command's help, by the product's own Python: a linter can't see indirect needs."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import warnings
from typing import Any

import typer

PARTS = ("bot", "learning", "storage", "local")


def main() -> None:
    """Raise what the first module or command raises."""
    warnings.simplefilter("error", ImportWarning)
    for part in PARTS:
        importlib.import_module(part)
        for name in modules(part):
            importlib.import_module(name)
    from bot.cli.main import app

    show_help(typer.main.get_command(app), "corrigible")


def modules(part: str) -> list[str]:
    """Return the modules of a package that run in this environment."""
    path = importlib.import_module(part).__path__
    every = [one.name for one in pkgutil.walk_packages(path, f"{part}.")]
    return [name for name in every if not is_elsewhere(name)]


def is_elsewhere(name: str) -> bool:
    """Argilla's server has another environment; Alembic runs migrations, and Python `__main__`."""
    *folder, module = name.split(".")
    is_argillas = folder[:2] == ["local", "argilla"] and len(folder) == 3 and module != "progress"
    return is_argillas or ".migrations." in f"{name}." or name.endswith("__main__")


def show_help(command: Any, name: str) -> None:
    """Print the help of a command and of those below it."""
    status = command.main(["--help"], prog_name=name, standalone_mode=False)
    if status:
        sys.exit(f"{name} --help ended with status {status}")
    for below, one in getattr(command, "commands", {}).items():
        show_help(one, f"{name} {below}")


if __name__ == "__main__":
    main()
