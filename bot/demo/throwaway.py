"""A bot of its own for one replay: own labels, own database, own workspace, gone at the end."""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from rich.console import Console

from bot.app import models
from bot.context.settings import Settings, read_settings
from learning.encoders.encoder import EncoderNotFoundError, source_of
from learning.processes.children import command, environment

# How messages are read; nothing else of the settings is for a bot that is gone soon, least of all what opens Slack.
READING = (
    "encoder_max_tokens",
    "threads",
    "engine",
    "mask_personal_data",
    "ask_below_margin",
)
# The first start with another encoder exports it, for minutes on a busy machine.
START_S = 600.0
STOP_S = 10.0


class ThrowawayError(RuntimeError):
    """The bot did not start."""


@contextmanager
def throwaway_bot(labels: list[str], console: Console) -> Iterator[str]:
    """The address of a local workspace whose bot knows `labels`, or the labels it ships with where none are given."""
    with tempfile.TemporaryDirectory(prefix="corrigible-") as folder:
        address = f"http://127.0.0.1:{_free_port()}/"
        with console.status("Starting a throw-away bot …"):
            process = _start(Path(folder), labels, address)
        try:
            with console.status("Starting a throw-away bot …"):
                _wait(process, address, Path(folder) / "log")
            yield address
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _start(folder: Path, labels: list[str], address: str) -> subprocess.Popen[bytes]:
    settings = {
        **_of_reading(read_settings()),
        "DATABASE_URL": f"sqlite:///{folder}/corrigible.db",
        "LOCAL_STATE": str(folder / "slack.db"),
        "LOCAL_PORT": address.rsplit(":", 1)[1].rstrip("/"),
        "PORT": str(_free_port()),
    }
    if len(labels) > 1:
        settings["LABELS_FILE"] = str(_write_labels(folder / "labels.toml", labels))
    with (folder / "log").open("wb") as log:
        run, told, nothing = command("corrigible", "run"), environment() | settings, subprocess.DEVNULL
        # In a folder of its own, where there is no `.env`.
        return subprocess.Popen(run, env=told, cwd=folder, stdin=nothing, stdout=log, stderr=log)  # noqa: S603


def _of_reading(chosen: Settings) -> dict[str, str]:
    found = {name.upper(): str(getattr(chosen, name)) for name in READING}
    found["PHONE_REGIONS"] = ",".join(chosen.phone_regions)
    found["LABELS_FILE"] = str(chosen.labels_in(chosen.language).absolute())
    found["EXPORTS"] = str(chosen.kept_exports.absolute())
    if chosen.encoder:
        found["ENCODER"] = _folder(chosen, chosen.encoder)
    return found


def _folder(chosen: Settings, encoder: str) -> str:
    """Where it was fetched or converted to, as a workplace that is gone soon is no place to keep it."""
    models.keep(chosen)
    try:
        return str(Path(source_of(encoder)).absolute())
    except EncoderNotFoundError as error:
        raise ThrowawayError(str(error)) from error


def _write_labels(path: Path, labels: list[str]) -> Path:
    path.write_text("".join(f"[[label]]\nname = {json.dumps(name)}\n\n" for name in labels), encoding="utf-8")
    return path


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise ThrowawayError(f"the bot did not start: {log.read_text(errors='replace').strip()}")
        if _is_on(address):
            return
        time.sleep(0.2)
    raise ThrowawayError(f"the bot did not start within {START_S:.0f} s")


def _is_on(address: str) -> bool:
    try:
        state = httpx.get(f"{address}page/state", params={"user": "U0ANA00001"}, timeout=2).json()
    except (httpx.HTTPError, ValueError):
        return False
    return bool(state.get("bot", {}).get("connected"))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
