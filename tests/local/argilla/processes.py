"""The processes of one embedded server, as the kernel knows them."""

from __future__ import annotations

from pathlib import Path


def processes(home: Path, part: str = "") -> list[int]:
    """Those that log into this folder, whatever became of their parents; with `part` in the command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            log = (process / "fd" / "2").readlink()
            command = (process / "cmdline").read_bytes().replace(b"\x00", b" ").decode()
        except OSError:  # it has just ended, or is somebody else's
            continue
        if log.parent == home / "logs" and part in command:
            found.append(int(process.name))
    return found


def parent_and_state(pid: int) -> tuple[int, str]:
    """Raises OSError where there is no such process."""
    state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    return int(parent), state


def is_alive(pid: int) -> bool:
    try:
        return parent_and_state(pid)[1] != "Z"
    except OSError:
        return False


def family(pid: int) -> dict[int, str]:
    """This process and all below it, each with its command line."""
    members = {pid: ""}
    everything = sorted(int(one.name) for one in Path("/proc").glob("[0-9]*"))
    for _ in range(3):  # the supervisor, what it starts, and what these start
        for one in everything:
            try:
                if one in members or parent_and_state(one)[0] in members:
                    members[one] = Path(f"/proc/{one}/cmdline").read_bytes().replace(b"\x00", b" ").decode()
            except OSError:  # it has just ended
                continue
    return members


def living(members: dict[int, str]) -> list[str]:
    """The command lines of those that are still there."""
    return [command for pid, command in members.items() if is_alive(pid)]


def child(supervisor: int, part: str) -> int | None:
    """The supervisor's own child with this in its command line."""
    found = [pid for pid, command in family(supervisor).items() if part in command]
    own = [pid for pid in found if is_alive(pid) and parent_and_state(pid)[0] == supervisor]
    return own[0] if own else None
