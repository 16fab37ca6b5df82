"""How soon a click is in service with 2,000 labelled messages: from the stored correction to the new head.

Through the production code on SQLite, labels read back from the database each time. Baseline: scikit-learn's
logistic regression fitted to the same vectors, already in memory.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.progress import track

from benchmarks.data import MissingDataError, Row, rows
from benchmarks.report import NO_DATA, Bound, conclude, progress, refuse
from learning.encoder import Encoder, load_encoder
from learning.refit import Refitter
from storage import corrections, labels, messages, predictions
from storage.database import Database, open_database
from storage.labels import LabelSpec
from storage.migrate import migrate
from storage.tables import Correction, Message, Mode, Word

TEAM = "T0BENCH"
LABELLED = 2_000
CLICKS = 20
BOUNDS = (Bound("in_service_max_s", at_most=1.0),)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.refit", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="200 messages and 3 clicks: a smoke test")
    options = parser.parse_args(arguments)
    labelled, clicks = (200, 3) if options.quick else (LABELLED, CLICKS)
    try:
        train = rows("banking77_train.jsonl")
    except MissingDataError as error:
        return refuse(error, NO_DATA)
    chosen = [train[at] for at in np.random.default_rng(0).permutation(len(train))[: labelled + clicks]]
    with tempfile.TemporaryDirectory(prefix="corrigible-") as folder:
        return conclude("refit", _measure(Path(folder), chosen, labelled), BOUNDS)


def _measure(folder: Path, chosen: list[Row], labelled: int) -> dict[str, float]:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    database = open_database(f"sqlite:///{folder}/corrigible.db")
    migrate(database)
    encoder = load_encoder(None, 256, threads=1)
    ids = _store(database, encoder, chosen)
    for message_id, row in track(
        list(zip(ids, chosen, strict=True))[:labelled], "Labelling", console=progress
    ):
        _click(database, message_id, row.label)
    refitter = Refitter(database, TEAM, encoder, "all-MiniLM-L6-v2")
    served = refitter.serve()
    seconds = []
    for message_id, row in track(
        list(zip(ids, chosen, strict=True))[labelled:], "Clicking", console=progress
    ):
        began = time.perf_counter()
        _click(database, message_id, row.label)
        served = refitter.serve(served)
        seconds.append(time.perf_counter() - began)
    database.close()
    baseline_s = _baseline_s(encoder, chosen)
    return {
        "labelled": labelled,
        "in_service_p50_s": float(np.median(seconds)),
        "in_service_max_s": max(seconds),
        "baseline_fit_s": baseline_s,
        "ratio_to_baseline": float(np.median(seconds)) / baseline_s,
    }


def _store(database: Database, encoder: Encoder, chosen: list[Row]) -> list[str]:
    vectors = encoder.encode([row.text for row in chosen]).vectors
    stored = [
        Message(
            team_id=TEAM,
            channel_id="C0",
            ts=str(number),
            user_id="U0",
            text=row.text,
            mode=Mode.REPLY,
            waiting=False,
        )
        for number, row in enumerate(chosen)
    ]
    with database.writing() as session:
        labels.synchronize(session, TEAM, [LabelSpec(name) for name in sorted({row.label for row in chosen})])
        for message, vector in zip(stored, vectors, strict=True):
            messages.receive(session, message)
            predictions.keep_vector(session, message.id, encoder.fingerprint, vector)
    return [message.id for message in stored]


def _click(database: Database, message_id: str, name: str) -> None:
    with database.writing() as session:
        label = labels.propose(session, TEAM, name, by="U0")
        word = Correction(
            message_id=message_id, team_id=TEAM, user_id="U0", label_id=label.id, word=Word.CHANGED
        )
        corrections.add(session, word)


def _baseline_s(encoder: Encoder, chosen: list[Row]) -> float:
    from sklearn.linear_model import LogisticRegression

    vectors = encoder.encode([row.text for row in chosen]).vectors
    began = time.perf_counter()
    LogisticRegression(C=10, max_iter=1000).fit(vectors, [row.label for row in chosen])
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
