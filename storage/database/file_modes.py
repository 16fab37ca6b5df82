"""Modes of files that hold what people wrote. New files get theirs by the umask; here older ones are set right."""

from __future__ import annotations

import logging
import os
import re
import stat
from pathlib import Path

PRIVATE = 0o700
SQLITE_FILES = ("", "-wal", "-shm", "-journal")

log = logging.getLogger(__name__)


def restrict(path: Path, mode: int = PRIVATE) -> None:
    """Give a file or folder its group's part of `mode`, and others nothing, unless it is a link or another user's."""
    # By its path: to open a SQLite file, and close it, would release the locks that this process holds on it.
    try:
        found = path.lstat()
        is_folder = stat.S_ISDIR(found.st_mode)
        if found.st_uid != os.geteuid() or not (is_folder or stat.S_ISREG(found.st_mode)):
            return
        wanted = found.st_mode & 0o7700 | mode & (0o070 if is_folder else 0o060)
        if wanted != stat.S_IMODE(found.st_mode):
            path.chmod(wanted)
    except FileNotFoundError:
        return
    except OSError as error:
        log.warning("others may be able to read it path=%s error=%s", path, type(error).__name__)


def restrict_tree(path: Path, mode: int = PRIVATE) -> None:
    """Do so with a file, or with a folder and everything in it. Links are not followed."""
    restrict(
        path, mode
    )  # first: what is in a folder that is closed to others is not exchanged under our hands
    if path.is_symlink() or not path.is_dir():
        return
    try:
        inside = list(path.iterdir())
    except OSError:  # another user's
        return
    for one in inside:
        restrict_tree(one, mode)


def restrict_ours(folder: Path, ours: re.Pattern[str], mode: int = PRIVATE) -> None:
    """Do so with what bears a name of ours in a folder, and with the folder itself if it holds nothing else."""
    try:
        inside = {path: bool(ours.fullmatch(path.name)) for path in folder.iterdir()}
    except OSError:  # there is none yet
        return
    if inside and all(inside.values()):
        restrict(folder, mode)
    for path, is_ours in inside.items():
        if is_ours:
            restrict_tree(path, mode)


def restrict_sqlite(file: Path) -> None:
    """Do so with a SQLite database and the files beside it."""
    for suffix in SQLITE_FILES:
        restrict(Path(f"{file}{suffix}"))
