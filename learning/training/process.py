"""The training process, seen from its owner: started, listened to, stopped. It dies with whoever started it."""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path
from typing import Protocol

from learning.processes.children import command, end, environment
from learning.tasks.progress import Progress

TRACKED = "tracking"


class TrainingAttempt(Protocol):
    """One attempt at the job of a folder, as its owner sees it."""

    @property
    def progress(self) -> Progress | None:
        """Return how far it is; None before it has said so."""

    @property
    def status(self) -> int | None:
        """0 if it left a result, anything else if it died; None while it runs."""

    def stop(self) -> None:
        """End it now; the next attempt goes on from what this one saved."""


class TrainingProcess:
    """One run of `python -m learning.training FOLDER`.

    It tells on its standard output how far it is, and ends when its standard input does: with its owner, however
    that one dies. Whatever becomes of it, memory of a GPU is free afterwards.

    models_url: where versions are kept; the process may open that store too.
    """

    def __init__(self, folder: Path, threads: int, models_url: str = "") -> None:
        self._latest: Progress | None = None
        quiet = {"HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1", "TOKENIZERS_PARALLELISM": "false"}
        # Read when the libraries are loaded: what torch leaves alone is not to take all processors either.
        bounded = {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
        self._process = subprocess.Popen(  # noqa: S603
            command("learning.training", str(folder)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # libraries may quote what people wrote; the result tells why it failed
            env={**tracking(folder), **environment(models_url), **quiet, **bounded},
            # Ctrl-C in a terminal is for its owner, who stops it. In a session of its own its niceness would be
            # worth nothing: Linux shares processors among sessions first (sched(7), autogroups).
            process_group=0,
        )
        self._listener = threading.Thread(target=self._listen, name="training progress", daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def progress(self) -> Progress | None:
        """Return how far it is; None before it has said so."""
        return self._latest

    @property
    def status(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.poll()

    def stop(self) -> None:
        """End it now; the next attempt goes on from what this one saved."""
        end(self._process, self._listener)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                self._latest = Progress(**json.loads(line))
            except (ValueError, TypeError):
                continue  # something that a library printed


def tracking(folder: Path) -> dict[str, str]:
    """Where trackers keep what they are told of the run of this folder, unless their own variables say otherwise.

    It stays when the folder is removed: beside it, where nothing is that people wrote.
    """
    place = folder.parent / TRACKED
    return {
        "TENSORBOARD_LOGGING_DIR": str(place / "tensorboard" / folder.name),
        "MLFLOW_TRACKING_URI": f"sqlite:///{place / 'mlflow.db'}",
        "MLFLOW_EXPERIMENT_NAME": "corrigible",
        "TRACKIO_DIR": str(place / "trackio"),
    }
