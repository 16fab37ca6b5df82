"""Services that all workers of a test run share: a worker that needs one first starts it.

pytest-xdist runs session fixtures once in each worker and documents a lock file as the way to do something once
in a run ("Making session-scoped fixtures execute only once").
"""

from __future__ import annotations

import fcntl
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from filelock import FileLock

PAUSE_S = 0.1


@contextmanager
def shared(
    folder: Path, name: str, serve: Callable[[], AbstractContextManager[dict[str, Any]]]
) -> Iterator[dict[str, Any]]:
    """Yield what `serve` yields in the worker that asked first.

    That worker stops the service after all others have left. Workers that die leave too: the kernel closes their files.

    Args:
        folder: common to all workers of this run.
        name: of the service.
        serve: starts the service, yields how to reach it as JSON, and stops it.
    """
    lock, about = FileLock(folder / f"{name}.lock"), folder / f"{name}.json"
    with (folder / f"{name}.users").open("w") as users, ExitStack() as owned:
        with lock:
            if not about.exists():
                about.write_text(json.dumps(owned.enter_context(serve())), encoding="utf-8")
                owned.callback(_wait_for_others, lock, about, users)
            known: dict[str, Any] = json.loads(about.read_text(encoding="utf-8"))
            fcntl.flock(users, fcntl.LOCK_SH)
        yield known


def once(folder: Path, name: str, make: Callable[[Path], None]) -> Path:
    """Return the file or folder `name`, made by the first worker that asked.

    What a `make` that fails leaves half-made is nobody's: the next worker begins anew.
    """
    made = folder / name
    with FileLock(folder / f"{name}.lock"):
        if not made.exists():
            beside = Path(tempfile.mkdtemp(dir=folder, prefix=f"{name}-"))
            make(beside / name)
            (beside / name).replace(made)
            beside.rmdir()
    return made


def _wait_for_others(lock: FileLock, about: Path, users: IO[str]) -> None:
    while True:
        with lock:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                about.unlink()  # whoever asks from here on starts another one
                return
        time.sleep(PAUSE_S)
