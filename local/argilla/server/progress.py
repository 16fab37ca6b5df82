"""What the embedded Argilla is busy with: a file in its home while it starts or its index is behind.

Standard library only, as both environments import it.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

SERVING = "serving"
SIZE = 512
FRESH_S = 15.0  # it is written each second; an older one was left by a server that was killed

STEPS = {
    "loading": "loading its code and checking its database",
    "migrated": "loading its interface",
    "opening": "opening its port",
}
FULL = 4  # exit status of the reconciler
TROUBLES = {
    "full": "the disk is full; free some space, and it goes on by itself",
    "failed": "it failed and is tried again; see logs/reconcile.log",
}


@dataclass(frozen=True)
class Progress:
    """How far it is. `left` of `records` are not yet in line in the index; both are None before they are known."""

    step: str
    began: float  # seconds since 1970
    at: float
    records: int | None = None
    left: int | None = None
    trouble: str | None = None

    def words(self) -> str:
        """For an operator."""
        if self.step != SERVING:
            return f"starting for {self.at - self.began:.0f} s: {STEPS.get(self.step, self.step)}"
        if self.records is None or self.left is None:
            far = "checking its search index"
        else:
            done = self.records - self.left
            far = f"rebuilding its search index: {done:,} of {self.records:,} records; searches say so until then"
        return f"{far} ({TROUBLES[self.trouble]})" if self.trouble in TROUBLES else far


def write(home: Path, progress: Progress) -> None:
    """Say it to whoever asks, in the space that the file has: on a full disk too."""
    said = json.dumps(asdict(progress)).encode().ljust(SIZE)
    descriptor = os.open(_file(home), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, said, 0)
    finally:
        os.close(descriptor)


def clear(home: Path) -> None:
    """Remove the progress."""
    _file(home).unlink(missing_ok=True)


def read(home: Path) -> Progress | None:
    """What was said last; None if it is busy with nothing, or does not run."""
    try:
        found = Progress(**json.loads(_file(home).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return found if time.time() - found.at < FRESH_S else None


def _file(home: Path) -> Path:
    return home / "progress.json"
