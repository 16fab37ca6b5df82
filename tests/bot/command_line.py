"""`corrigible …`, as an operator types it, but in this process: starting another takes seconds."""

from __future__ import annotations

import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from bot.cli import main as cli
from bot.context.logs import OURS
from tests.local.running import free_port

WIDTH = 200
OF_THE_BOT = ("SLACK_", "DATABASE_URL", "ENCODER", "LABELS_FILE", "PORT", "HOST", "LOCAL_")


@dataclass(frozen=True)
class Ended:
    """What a command said, and its exit status."""

    returncode: int
    stdout: str
    stderr: str


def corrigible(folder: Path, *words: str, **environment: str) -> Ended:
    """Run a command in `folder`, with these variables and no others that concern it."""
    said, complained, status = StringIO(), StringIO(), 0
    with ExitStack() as stack:
        stack.enter_context(chdir(folder))
        stack.enter_context(patch.dict(os.environ, _environment(environment), clear=True))
        stack.enter_context(patch.object(sys, "argv", ["corrigible", *words]))
        stack.enter_context(patch.object(sys, "excepthook", sys.excepthook))
        for console in (cli.out, cli.err):
            stack.enter_context(patch.object(console, "_width", WIDTH))
        stack.enter_context(own_logs())
        stack.enter_context(redirect_stdout(said))
        stack.enter_context(redirect_stderr(complained))
        try:
            cli.main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
    return Ended(status, said.getvalue(), complained.getvalue())


def _environment(given: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_BOT)}
    # An operator's own bot may listen at the usual port.
    return {"LOCAL_PORT": str(free_port()), **kept, **given}


@contextmanager
def own_logs() -> Iterator[None]:
    """A command sets up logging, and the modes of files, for its whole process; afterwards all is as it was."""
    root, mask = logging.getLogger(), os.umask(0o022)
    handlers, root.handlers, level = root.handlers, [], root.level
    levels = {name: logging.getLogger(name).level for name in OURS}
    factory = logging.getLogRecordFactory()
    with (
        patch.object(threading, "excepthook", threading.excepthook),
        patch.object(sys, "unraisablehook", sys.unraisablehook),
        patch.object(warnings, "showwarning", warnings.showwarning),
    ):
        try:
            yield
        finally:
            os.umask(mask)
            root.handlers = handlers
            root.setLevel(level)
            logging.setLogRecordFactory(factory)
            for name, before in levels.items():
                logging.getLogger(name).setLevel(before)
