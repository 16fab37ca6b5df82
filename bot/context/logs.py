"""Logs: one line an event, with its keys; never message text, names, headers or tokens, at any level.

Our own lines follow LOG_LEVEL. Of libraries, which quote requests and answers at will and set the levels of their own
loggers, errors are noted, as a place in their code. An error is told by `bot/context/traces.py`.
"""

from __future__ import annotations

import contextlib
import logging
import re
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any, TextIO

from bot.context.traces import trace, words

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
TOKEN = re.compile(r"xox[a-z]-[\w-]+|xapp-[\w-]+|(?<=://)[^/\s:@]*:[^@\s/]+(?=@)")
OURS = ("bot", "learning", "storage", "local")
STRANGERS_MOST = 20
STRANGERS_S = 60.0

log = logging.getLogger(__name__)
# For lines that strangers can have written as often as they like.
strangers = logging.getLogger("bot.strangers")


class Sparing(logging.Filter):
    """Lets a line through STRANGERS_MOST times in STRANGERS_S, whatever its values are: nobody fills a disk by it."""

    def __init__(self) -> None:
        super().__init__()
        self._turn = threading.Lock()
        self._written: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Is the line written?"""
        now = time.monotonic()
        with self._turn:
            since, number = self._written.get(record.msg, (now, 0))
            if now - since >= STRANGERS_S:
                since, number = now, 0
            self._written[record.msg] = since, number + 1
        return number < STRANGERS_MOST


strangers.addFilter(Sparing())


class Discreet(logging.LogRecord):
    """A record that holds no word of a library's, and no error: whichever handler gets it has nothing to quote."""

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
        if not _is_ours(name):
            msg, args = "message withheld at %s:%d", (Path(pathname or "").name, lineno)
        if isinstance(args, tuple):
            args = tuple(map(_without_errors, args))
        super().__init__(name, level, pathname, lineno, _without_errors(msg), args, None, func, sinfo)
        error = exc_info[1] if exc_info else None
        self.exc_text = trace(error) if error else None


class Redaction(logging.Formatter):
    """Formats a line and takes out whatever looks like a token or a password, wherever it came from."""

    def format(self, record: logging.LogRecord) -> str:
        return TOKEN.sub("[secret]", super().format(record))


class Handler(logging.StreamHandler[TextIO]):
    """Writes to standard error; of libraries errors alone, whatever levels they set."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(Redaction(FORMAT))
        self.addFilter(lambda record: record.levelno >= logging.ERROR or _is_ours(record.name))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (logging's own name)
        """Name a line that can't be written. Python's own way shows its values."""
        with contextlib.suppress(OSError, ValueError):  # whoever read it is gone
            self.stream.write(f"a log line can't be written name={record.name} line={record.lineno}\n")


def configure_logs(level: str) -> None:
    """Log to standard error from `level` on, also what Python would print there: warnings, and errors of threads."""
    logging.setLogRecordFactory(Discreet)
    logging.basicConfig(level=logging.ERROR, handlers=[Handler()], force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    threading.excepthook = _note_thread
    sys.unraisablehook = _note_unraisable
    warnings.showwarning = _note_warning


def _is_ours(name: str | None) -> bool:
    return bool(name) and str(name).partition(".")[0] in OURS


def _without_errors(value: object) -> object:
    return words(value) if isinstance(value, BaseException) else value


def _note_thread(found: threading.ExceptHookArgs) -> None:
    if found.exc_value and not isinstance(found.exc_value, SystemExit):
        log.error("a thread ended by an error", exc_info=found.exc_value)


def _note_unraisable(found: Any) -> None:
    error: BaseException | None = found.exc_value
    log.error("an error that nobody can catch", exc_info=error or False)


def _note_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    del message, file, line  # they may quote people; the parameters bear Python's names
    log.warning("warning kind=%s at %s:%d", category.__name__, Path(filename).name, lineno)
