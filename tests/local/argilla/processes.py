"""The processes of one embedded server, as the kernel knows them."""

from __future__ import annotations

import time
from pathlib import Path

from tests.local.argilla.asking import WAIT_S


def processes(home: Path, part: str = "") -> list[int]:
    """Those that log into this folder, whatever became of their parents; with `part` in the command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            log = (process / "fd" / "2").readlink()
            command = (process / "cmdline").read_bytes().replace(b"\x00", b" ").decode()
        except OSError:  # it has just ended, or is somebody else's
            continue
        if log.parent == home / "logs" and part in command:
            found.append(int(process.name))
    return found


def all_gone(home: Path, within_s: float = 5) -> bool:
    until = time.monotonic() + within_s
    while processes(home) and time.monotonic() < until:
        time.sleep(0.05)
    return not processes(home)


def wait_for(home: Path, part: str) -> None:
    """Until such a process runs. Raises TimeoutError."""
    until = time.monotonic() + WAIT_S
    while not processes(home, part):
        if time.monotonic() > until:
            raise TimeoutError(f"no process with {part!r} within {WAIT_S} s")
        time.sleep(0.05)
