"""`make demo-check`: a clone of the last commit starts, answers, learns and stops, as a new user would see it.

It has environments of its own, which never see the development extra, and needs the standard library alone. What
it can't see from outside runs inside: `conversation.py` and `imports.py`, by the clone's own Python.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
import uuid
from pathlib import Path

from tests.fresh_clone.terminal import EndedError, Terminal

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
START_S = 1_800.0  # bounds a hang: installing takes a minute or three
STOP_S = 120.0
# What a user's shell has; nothing that another environment or a `.env` may have set.
KEPT = re.compile(
    r"PATH|HOME|USER|SHELL|LANG|LC_.*|TMPDIR|XDG_.*|PIP_.*|.*_PROXY|.*_proxy|SSL_.*|.*_CA_BUNDLE"
)
MARK = "CORRIGIBLE_DEMO_CHECK"
WORKSPACE = re.compile(r"in its own small Slack: (http://127\.0\.0\.1:\d+/)")
ARGILLA = re.compile(r"work in Argilla: (http://\S+)")
READY = "Ctrl-C stops it."
FAULTS = re.compile(r"Warning|Traceback|Error|error:|/site-packages/")


class FailedError(Exception):
    """The clone does not do what a new user expects of it."""


def main() -> None:
    """Check the last commit, or the one that is given."""
    parser = argparse.ArgumentParser(prog="make demo-check", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="makes the environments")
    parser.add_argument("--commit", default="HEAD")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="corrigible-demo-") as place:
        try:
            check(Path(place), given.python, given.commit)
        except FailedError as fault:
            sys.exit(f"demo-check failed: {fault}")
    say("a fresh clone starts, answers, learns and stops")


def check(place: Path, python: str, commit: str) -> None:
    """Clone, start, converse, stop, start and stop again, then look at the environment and the wheel."""
    clone = place / "corrigible"
    run(["git", "clone", "--quiet", "--no-checkout", str(ROOT), str(clone)], place)
    run(["git", "checkout", "--quiet", "--detach", revision(commit)], clone)
    environment = plain_environment()
    command = ["make", "run", f"PYTHON={python}"]

    first = start("first start, with everything it installs", command, clone, environment)
    try:
        check_screen(first, clone)
        check_argilla(first)
        converse(clone, first, environment)
    finally:
        stop(first, environment)
    stop(start("second start", ["make", "run"], clone, environment), environment)

    ours = clone / ".venv" / "bin"
    run([str(ours / "python"), "-m", "pip", "check"], clone, environment)
    run([str(ours / "python"), "-m", "bot.cli.main", "--help"], clone, environment)
    run([str(ours / "python"), str(HERE / "imports.py")], clone, environment)
    say("pip check is clean; every module imports; every command has its --help")
    check_wheel(clone, place, environment)


def check_wheel(clone: Path, place: Path, environment: dict[str, str]) -> None:
    """Install the wheel instead of the clone, and run it in an empty folder."""
    python, wheels, empty = str(clone / ".venv" / "bin" / "python"), place / "wheels", place / "empty"
    empty.mkdir()
    run([python, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(wheels), "."], clone, environment)
    [wheel] = wheels.glob("corrigible-*.whl")
    run(
        [python, "-m", "pip", "install", "-q", "--no-deps", "--force-reinstall", str(wheel)],
        empty,
        environment,
    )
    command = [str(clone / ".venv" / "bin" / "corrigible"), "run"]
    terminal = start("the wheel's first start, without Argilla", command, empty, environment)
    try:
        check_screen(terminal, empty)
        expect(
            "corrigible argilla install" in terminal.text, "it does not say how to install Argilla", terminal
        )
        converse(clone, terminal, environment)
    finally:
        stop(terminal, environment)


def start(name: str, command: list[str], folder: Path, environment: dict[str, str]) -> Terminal:
    """Run in a terminal until the screen says that it is ready."""
    began = time.monotonic()
    terminal = Terminal(command, folder, environment)
    try:
        terminal.read_until(lambda text: WORKSPACE.search(text) is not None, START_S)
        took_s = time.monotonic() - began
        terminal.read_until(lambda text: READY in text, START_S)
    except EndedError as error:
        terminal.kill()
        raise FailedError(f"{name}: {error}") from None
    say(f"{name}: an address after {took_s:.0f} s, all ready after {time.monotonic() - began:.0f} s")
    return terminal


def check_screen(terminal: Terminal, folder: Path) -> None:
    """Expect addresses and hints alone; the hint names a label of the user's own file."""
    expect(
        not FAULTS.search(terminal.text), "something besides addresses and hints is on the screen", terminal
    )
    hint = re.search(r"choose “(.+?)”", terminal.text)
    labels = tomllib.loads((folder / "labels.toml").read_text(encoding="utf-8"))["label"]
    expect(
        hint and hint[1] in {one["name"] for one in labels},
        "the hint names no label of labels.toml",
        terminal,
    )


def check_argilla(terminal: Terminal) -> None:
    """Expect Argilla at the address on the screen."""
    found = ARGILLA.search(terminal.text)
    if found is None:
        raise FailedError(f"no address of Argilla. The screen:\n{terminal.text}")
    with urllib.request.urlopen(found[1], timeout=60) as answer:
        expect(answer.status == 200, "Argilla does not answer", terminal)


def converse(clone: Path, terminal: Terminal, environment: dict[str, str]) -> None:
    """Post, read the card, correct it, and see the next similar message labelled right."""
    found = WORKSPACE.search(terminal.text)
    assert found
    python = str(clone / ".venv" / "bin" / "python")
    monitoring = f"http://127.0.0.1:{environment['PORT']}/metrics"
    run([python, str(HERE / "conversation.py"), found[1], monitoring], clone, environment)
    say("a message got its card, was corrected, and the next similar one was labelled right")


def stop(terminal: Terminal, environment: dict[str, str]) -> None:
    """Press Ctrl-C: exit status 0, and no process is left."""
    began = time.monotonic()
    status = terminal.interrupt(STOP_S)
    left = processes_with(environment[MARK])
    for pid, _ in left:
        os.kill(pid, signal.SIGKILL)
    expect(status == 0, f"Ctrl-C ended it with status {status}", terminal)
    expect(not left, f"processes were left: {left}", terminal)
    say(f"Ctrl-C: status 0 after {time.monotonic() - began:.0f} s, nothing left")


def plain_environment() -> dict[str, str]:
    """Return what a new user's shell has, free ports, and a mark by which all processes are found again."""
    kept = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
    ports = dict(zip(("LOCAL_PORT", "PORT", "LOCAL_ARGILLA_PORT"), map(str, free_ports(3)), strict=True))
    return {**kept, **ports, "TERM": "dumb", "COLUMNS": "300", MARK: uuid.uuid4().hex}


def free_ports(number: int) -> list[int]:
    """Return ports that nobody listens on just now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def processes_with(mark: str) -> list[tuple[int, str]]:
    """Return each process whose environment holds the mark: `ps` shows it on Linux and macOS alike."""
    listed = subprocess.run(
        ["ps", "axeww", "-o", "pid=,command="], capture_output=True, text=True, errors="replace", check=True
    ).stdout
    found = [
        line.strip().partition(" ")
        for line in listed.splitlines()
        if mark in line and " ps axeww" not in line
    ]
    return [(int(pid), command[:80]) for pid, _, command in found if int(pid) != os.getpid()]


def revision(commit: str) -> str:
    """Return the full name of a commit."""
    shown = ["git", "rev-parse", commit]
    return subprocess.run(shown, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> None:
    """Run to the end. Raises FailedError with what was printed."""
    ended = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise FailedError(f"{' '.join(command)} ended with status {ended.returncode}:\n{ended.stdout}")


def expect(holds: object, otherwise: str, terminal: Terminal) -> None:
    """Raise FailedError unless it holds, with what is on the screen."""
    if not holds:
        raise FailedError(f"{otherwise}. The screen:\n{terminal.text}")


def say(text: str) -> None:
    """Tell how far it is."""
    print(f"demo-check: {text}", flush=True)


if __name__ == "__main__":
    main()
