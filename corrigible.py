"""The entry point `corrigible`, and `python -m corrigible`.

It bears a name of its own: the packages behind it are called `bot`, `learning`, `storage` and `local`, and another
package of such a name in the same environment would be imported instead of ours.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

OURS = ("bot", "learning", "storage", "local")


def main() -> None:
    """Run the command line, or say which package hides one of ours."""
    if hidden := _hidden():
        where = "; ".join(f"{name} is imported from {place}" for name, place in hidden.items())
        sys.exit(
            f"Corrigible can't start because other packages hide its own: {where}. "
            "Install Corrigible into a virtual environment of its own."
        )
    try:
        from bot.cli.main import main as run
    except ModuleNotFoundError as error:
        sys.exit(f"The package {error.name} is missing: install Corrigible again, with what it needs.")
    run()


def _hidden() -> dict[str, str]:
    """Return which of our packages would be imported from elsewhere, and from where."""
    home = Path(__file__).resolve().parent
    found = {name: _place(name) for name in OURS}
    return {name: str(place) for name, place in found.items() if place != home / name}


def _place(name: str) -> Path | None:
    spec = find_spec(name)
    if spec is None:
        return None
    if spec.origin:
        return Path(spec.origin).resolve().parent
    return next((Path(one).resolve() for one in spec.submodule_search_locations or ()), None)


if __name__ == "__main__":
    main()
