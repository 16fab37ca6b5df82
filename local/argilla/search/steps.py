"""What the server says to the supervisor and the reconciler, by files in its folder for temporary ones."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

LOADING, MIGRATED, OPENING = "loading", "migrated", "opening"
STEPS = (LOADING, MIGRATED, OPENING)


def reach(step: str) -> None:
    """Say that this step of the start is reached."""
    draft = _file("step.new")
    draft.write_text(step, encoding="utf-8")
    draft.replace(_file("step"))


def reached() -> str:
    """Return the latest step; the first one if none was said."""
    try:
        found = _file("step").read_text(encoding="utf-8")
    except FileNotFoundError:
        return LOADING
    return found if found in STEPS else LOADING


def has_reached(step: str) -> bool:
    return STEPS.index(reached()) >= STEPS.index(step)


def fall_behind() -> None:
    """Say that the index misses something that was to be written into it."""
    with suppress(OSError):  # no space: the next start finds it
        _file("behind").touch()


def has_fallen_behind() -> bool:
    """Was it said since the last time that this was asked?"""
    try:
        _file("behind").unlink()
    except FileNotFoundError:
        return False
    return True


def _file(name: str) -> Path:
    return Path(os.environ["ARGILLA_HOME_PATH"]) / "tmp" / name
