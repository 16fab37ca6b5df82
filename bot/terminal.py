"""The terminal that the bot runs in."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


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
