"""Child processes of ours: how they are called, and how they are ended."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import threading

# The system takes a dead process apart at that one's own low priority: slowly, if the machine has much else to do.
REAPED_S = 60.0

log = logging.getLogger(__name__)


def command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of ours in another Python.

    -P: a folder called like one of our packages, where an operator happens to start the bot, is not imported instead.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def end(process: subprocess.Popen[bytes], listener: threading.Thread) -> None:
    """Kill a child, whatever it does, and leave neither a zombie nor an open pipe. `listener` reads what it writes."""
    if process.poll() is None:
        process.kill()
    try:
        process.wait(REAPED_S)
    except subprocess.TimeoutExpired:  # it hangs in the kernel: nothing more can be done from here
        log.error("a killed process does not end pid=%d", process.pid)
        return
    listener.join(REAPED_S)
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with contextlib.suppress(OSError):  # it died with something unread in the pipe
                pipe.close()
