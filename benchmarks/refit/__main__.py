"""How soon a click is in service with 20,000 labelled messages: from the stored correction to the new head.

Through the production code on SQLite, on one thread, what people said read back from the database each time.
Banking77 has 10,003 training rows; the rest are those rows again with other vectors (noise of half a vector's length
added, cosine to the first about 0.9). Clicks come one right after the other, so that nothing is fitted to its end
between them, and every fourth names a wrong label: that moves the head most. Baseline: scikit-learn's logistic
regression fitted to the same vectors, already in memory.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.progress import track
from sqlmodel import Session
from threadpoolctl import threadpool_limits

from benchmarks.measuring.data import MissingDataError, Row, rows
from benchmarks.measuring.report import NO_DATA, Bound, conclude, progress, refuse
from learning.data.trust import Belief
from learning.encoders.encoder import Encoder, Vectors, load_encoder
from learning.heads.champion import Served
from learning.heads.refit import Refitter
from storage.database.engine import Database, open_database
from storage.database.migrate import migrate
from storage.feedback import corrections, labels
from storage.feedback.labels import LabelSpec
from storage.messages import messages
from storage.models import predictions
from storage.tables.feedback import Correction, Word
from storage.tables.messages import Message, Mode

TEAM = "T0BENCH"
LABELLED = 20_000
CLICKS = 20
AT_ONCE = 256
WRONG_EVERY = 4
NOISE = 0.5
BOUNDS = (
    Bound("in_service_max_s", at_most=1.0),
    Bound("accuracy_lost", at_most=0.002),
)


@dataclass(frozen=True)
class Material:
    """Rows with their vectors: (rows, dimensions)."""

    rows: list[Row]
    vectors: Vectors

    def take(self, first: int, last: int) -> Material:
        return Material(self.rows[first:last], self.vectors[first:last])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.refit", description=__doc__)
    parser.add_argument(
        "--labelled", type=int, default=LABELLED, help="how many messages are labelled before"
    )
    parser.add_argument("--quick", action="store_true", help="200 messages and 3 clicks: a smoke test")
    options = parser.parse_args(arguments)
    labelled, clicks = (200, 3) if options.quick else (options.labelled, CLICKS)
    try:
        train, test = rows("banking77_train.jsonl"), rows("banking77_test.jsonl")
    except MissingDataError as error:
        return refuse(error, NO_DATA)
    if options.quick:
        test = test[:: len(test) // 200]
    with tempfile.TemporaryDirectory(prefix="corrigible-") as folder, threadpool_limits(1):
        return conclude("refit", _measure(Path(folder), train, test, labelled, clicks), BOUNDS)


def _measure(folder: Path, train: list[Row], test: list[Row], labelled: int, clicks: int) -> dict[str, float]:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    database = open_database(f"sqlite:///{folder}/corrigible.db")
    migrate(database)
    encoder = load_encoder(None, 256, threads=1)
    order = np.random.default_rng(0).permutation(len(train))
    said = [train[at] for at in order[:clicks]]
    known = _labelled([train[at] for at in order[clicks : clicks + labelled]], labelled, encoder)
    new = Material(said, _encode(encoder, said))
    asked = Material(test, _encode(encoder, test))
    ids = _store(database, encoder, known.rows + new.rows, np.vstack([known.vectors, new.vectors]))
    with database.writing() as session:
        names = {label.name: label.id for label in labels.active(session, TEAM)}
        spoken = zip(ids[:labelled], known.rows, strict=True)
        session.add_all(_word(message_id, names[row.label]) for message_id, row in spoken)
    belief = Belief(operators=frozenset({"U0"}))  # of a newcomer few would be learned from
    refitter = Refitter(database, TEAM, encoder, "all-MiniLM-L6-v2", belief=belief)
    began = time.perf_counter()
    served = refitter.serve()
    at_start_s = time.perf_counter() - began
    served = refitter.settle(served, lambda: True)
    seconds, of_processor = [], []
    for number, message_id in enumerate(track(ids[labelled:], "Clicking", console=progress)):
        shift = number if number % WRONG_EVERY == WRONG_EVERY - 1 else 0
        began, worked = time.perf_counter(), time.process_time()
        with database.writing() as session:
            _say(session, message_id, said[number - shift].label)
        served = refitter.serve(served)
        seconds.append(time.perf_counter() - began)
        of_processor.append(time.process_time() - worked)
    in_haste = _accuracy(served, database, asked)
    began = time.perf_counter()
    refitter.settle(served, lambda: True)
    settled_s = time.perf_counter() - began
    anew = Refitter(database, TEAM, encoder, "all-MiniLM-L6-v2", belief=belief)
    whole = _accuracy(anew.serve(), database, asked)
    database.close()
    baseline_s = _baseline_s(known)
    return {
        "labelled": labelled,
        "in_service_p50_s": float(np.median(seconds)),
        "in_service_max_s": max(seconds),
        "processor_p50_s": float(np.median(of_processor)),
        "processor_max_s": max(of_processor),
        "settled_after_s": settled_s,
        "at_start_s": at_start_s,
        "accuracy_after_clicks": in_haste,
        "accuracy_fitted_anew": whole,
        "accuracy_lost": whole - in_haste,
        "baseline_fit_s": baseline_s,
        "ratio_to_baseline": float(np.median(seconds)) / baseline_s,
    }


def _labelled(real: list[Row], number: int, encoder: Encoder) -> Material:
    """So many rows; where there are not enough, they come again with noise in their vectors."""
    vectors = _encode(encoder, real)
    again = np.arange(number) % len(real)
    found: Vectors = vectors[again]
    noise = np.random.default_rng(1).normal(size=found.shape) * NOISE / np.sqrt(found.shape[1])
    found[len(real) :] += noise[len(real) :].astype(np.float32)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return Material([real[at] for at in again], found)


def _encode(encoder: Encoder, chosen: list[Row]) -> Vectors:
    parts = [chosen[at : at + AT_ONCE] for at in range(0, len(chosen), AT_ONCE)]
    read = [
        encoder.encode([row.text for row in part]).vectors
        for part in track(parts, "Reading", console=progress)
    ]
    return np.vstack(read)


def _store(database: Database, encoder: Encoder, chosen: list[Row], vectors: Vectors) -> list[str]:
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
        for message in stored:
            messages.receive(session, message)
        ids = [message.id for message in stored]
        predictions.keep_vectors(session, encoder.fingerprint, dict(zip(ids, vectors, strict=True)))
    return ids


def _say(session: Session, message_id: str, name: str) -> None:
    label = labels.propose(session, TEAM, name, by="U0")
    corrections.add(session, _word(message_id, label.id))


def _word(message_id: str, label_id: str) -> Correction:
    return Correction(message_id=message_id, team_id=TEAM, user_id="U0", label_id=label_id, word=Word.CHANGED)


def _accuracy(served: Served, database: Database, asked: Material) -> float:
    with database.reading() as session:
        names = {label.id: label.name for label in labels.active(session, TEAM)}
    likeliest = served.head.probabilities(asked.vectors).argmax(axis=1)
    right = [
        names[served.head.labels[at]] == row.label for at, row in zip(likeliest, asked.rows, strict=True)
    ]
    return float(np.mean(right))


def _baseline_s(known: Material) -> float:
    from sklearn.linear_model import LogisticRegression

    began = time.perf_counter()
    LogisticRegression(C=10, max_iter=1000).fit(known.vectors, [row.label for row in known.rows])
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
