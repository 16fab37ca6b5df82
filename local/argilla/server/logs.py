"""What Argilla's processes write into their logs: nothing of records, whose words its libraries quote as they like."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
import warnings
from pathlib import Path
from typing import Any, TextIO

# Our own lines, and those by which one sees that the server starts and stops.
HEARD = ("local", "uvicorn.error")


class Discreet(logging.LogRecord):
    """A record without a word of a library's, and with an error's place and kind alone."""

    def __init__(
        self,
        name: str,
        level: int,
        pathname: str,
        lineno: int,
        msg: object,
        args: Any,
        exc_info: Any,
        func: str | None = None,
        sinfo: str | None = None,
        **_: Any,
    ) -> None:
        if not any(name == heard or str(name).startswith(f"{heard}.") for heard in HEARD):
            msg, args = "message withheld at %s:%d", (Path(pathname or "").name, lineno)
        super().__init__(name, level, pathname, lineno, msg, args, None, func, sinfo)
        error = exc_info[1] if exc_info else None
        if error:
            self.exc_text = _place(error)


def withhold() -> None:
    """From now on, whichever handlers this process has; the same for what Python would print there by itself."""
    logging.setLogRecordFactory(Discreet)
    sys.excepthook = lambda _kind, error, _trace: _tell(_place(error))
    threading.excepthook = lambda found: _tell(
        _place(found.exc_value) if found.exc_value else "a thread ended"
    )
    sys.unraisablehook = lambda found: _tell(_place(found.exc_value) if found.exc_value else "not raised")
    warnings.showwarning = _tell_warning


def _place(error: BaseException) -> str:
    """Where an error was raised, and its kind."""
    return "".join(traceback.format_tb(error.__traceback__)) + type(error).__qualname__


def _tell_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    del message, file, line  # they may quote people; the parameters bear Python's names
    _tell(f"{category.__qualname__} at {Path(filename).name}:{lineno}")


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
