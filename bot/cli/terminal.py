"""The terminal that the bot runs in, and what it says there of an error."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import walk_tb

from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import sqltypes

from bot.context.settings import SettingsError
from storage.database.engine import DatabaseBusyError, DatabaseUnavailableError, DatabaseUrlError
from storage.database.faults import WORDS, reason_of

HOME = Path(__file__).parents[2]
# Their own words say what is wrong and what to do.
CLEAR = SettingsError, DatabaseUrlError, DatabaseUnavailableError


def explain(error: Exception) -> str:
    """What to tell of an error with which a command ended: no trace, no variables, nothing that people wrote."""
    if isinstance(error, CLEAR):
        return str(error)
    if isinstance(error, DBAPIError | DatabaseBusyError | sqlite3.Error):
        reason = reason_of(error)
        return f"the database can't be used: {WORDS.get(reason, reason)}"
    if isinstance(error, ValueError | LookupError | TypeError) and _is_of_a_row(error):
        return f"the database can't be used: {WORDS['corrupt']}"
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror or type(error).__name__}"
    return (
        f"This should not happen: {type(error).__name__} in {_place(error)}. Nothing more is shown because it might "
        "hold what people wrote. Run the command again as `corrigible --debug …` to see the trace, and report it."
    )


def _is_of_a_row(error: BaseException) -> bool:
    """Was it raised while a row was read, because it holds a value that we never wrote?"""
    return any(frame.f_code.co_filename == sqltypes.__file__ for frame, _ in walk_tb(error.__traceback__))


def _place(error: BaseException) -> str:
    """The last of our own lines that the error passed."""
    place = "an unknown place"
    for frame, line in walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(HOME):
            place = f"{file.relative_to(HOME)}:{line}"
    return place


@contextmanager
def foreground() -> Iterator[None]:
    """Take the terminal for this process alone, so that Ctrl-C reaches us and not the `make` that started us.

    Otherwise make dies of the same Ctrl-C, and reports an error although the bot stopped as it should.
    Does nothing where there is no terminal, or it is ours already.
    """
    group = os.getpgrp()
    if not sys.stdin.isatty() or group == os.getpid() or os.tcgetpgrp(0) != group:
        yield
        return
    os.setpgid(0, 0)
    _give_terminal_to(os.getpid())
    try:
        yield
    finally:
        _give_terminal_to(group)


def _give_terminal_to(group: int) -> None:
    # Who is not in the foreground is stopped by SIGTTOU for changing it, unless the signal is ignored.
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.tcsetpgrp(0, group)
    signal.signal(signal.SIGTTOU, before)
