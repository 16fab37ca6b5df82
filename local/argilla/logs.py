"""What Argilla's processes write into their logs: nothing of records, whose words its libraries quote as they like."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import Any

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
            self.exc_text = "".join(traceback.format_tb(error.__traceback__)) + type(error).__qualname__


def withhold() -> None:
    """From now on, whichever handlers this process has."""
    logging.setLogRecordFactory(Discreet)
