"""Swapping under load: 200 swaps between two tiny models whose answers differ, while messages are predicted.

The baseline is the same stream in the same run before the first swap. Every second swap loads the version's files,
checks them, reads and fits, as a promotion does; the others are roll backs to the version that stayed loaded.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress
from sqlmodel import select

from benchmarks.measuring.report import Bound, conclude, progress
from learning.classifying.micro_batches import BATCH, Classifier
from learning.encoders.encoder import load_encoder
from learning.heads.head import Head
from learning.model_files.artifacts import Artifacts
from learning.serving.hot_swap import Following
from learning.serving.registry import HEAD, EncoderSource, Registry
from storage.database.engine import Database, open_database
from storage.database.migrate import migrate
from storage.feedback import labels
from storage.feedback.labels import LabelSpec
from storage.messages import messages
from storage.models import versions
from storage.tables.messages import Message, Mode
from storage.tables.models import Prediction

TEAM = "T0"
MESSAGES, BEFORE, SWAPS, RATE = 10_000, 3_000, 200, 100
WORDS = [f"word{number}" for number in range(40)]
NAMES = ("word1", "word2", "word3", "word4")
MAX_TOKENS = 16
BOUNDS = (
    Bound("answers", at_least=MESSAGES),
    Bound("mixed", at_most=0),
    Bound("lost", at_most=0),
    Bound("swaps", at_least=SWAPS),
    Bound("p99_ratio", at_most=1.5),
)


@dataclass
class Stage:
    """One team with two versions, and the texts that are written to it."""

    database: Database
    following: Following
    classifier: Classifier
    texts: list[str]
    roll_backs: list[float] = field(default_factory=list)
    promotions: list[float] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.swap", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a twentieth of it: a smoke test")
    options = parser.parse_args(arguments)
    part = 20 if options.quick else 1
    with tempfile.TemporaryDirectory(prefix="corrigible-") as folder:
        figures = measure(Path(folder), MESSAGES // part, BEFORE // part, SWAPS // part)
    return conclude("swap", figures, BOUNDS)


def measure(folder: Path, number: int, before: int, swaps: int) -> dict[str, float]:
    """`before` messages without, `number` messages with `swaps` swaps among them."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    stage = set_up(folder)
    with Progress(console=progress) as shown:
        quiet = _stream(stage, before, 0, shown.add_task("Before", total=before), shown)
        busy = _stream(stage, number, swaps, shown.add_task("Swapping", total=number), shown)
    mixed, seen = _mixed(stage)
    stage.database.close()
    p99 = [float(np.quantile(latencies, 0.99)) for latencies in (quiet, busy)]
    return {
        "answers": len(busy),
        "lost": number - len(busy),
        "mixed": mixed,
        "versions_that_answered": seen,
        "swaps": len(stage.promotions) + len(stage.roll_backs),
        "before_p99_ms": 1_000 * p99[0],
        "swapping_p99_ms": 1_000 * p99[1],
        "p99_ratio": p99[1] / p99[0],
        "before_p50_ms": 1_000 * float(np.median(quiet)),
        "swapping_p50_ms": 1_000 * float(np.median(busy)),
        "promotion_p50_s": float(np.median(stage.promotions)),
        "roll_back_p50_s": float(np.median(stage.roll_backs)),
        "roll_back_max_s": max(stage.roll_backs),
    }


def set_up(folder: Path) -> Stage:
    """A database with two versions of a tiny random model; the first one serves."""
    database = open_database(f"sqlite:///{folder}/corrigible.db")
    migrate(database)
    with database.writing() as session:
        labels.synchronize(session, TEAM, [LabelSpec(name) for name in NAMES])
        ids = tuple(label.id for label in labels.active(session, TEAM))
    base = _tiny(folder / "base", seed=0)
    # Nothing stays loaded but what serves and the one before: each promotion reads its files.
    artifacts = Artifacts(str(folder / "models"), folder / "cache")
    registry = Registry(database, TEAM, artifacts, EncoderSource(base, MAX_TOKENS, 1), kept=0)
    following = Following(database, TEAM, registry)
    trained = folder / "trained"
    encoder = load_encoder(_tiny(trained, seed=1), MAX_TOKENS, 1)
    Head(ids, 5 * encoder.encode(list(NAMES)).vectors[::-1].copy(), 1.0).save(trained / HEAD)
    with database.writing() as session:
        parent = versions.get(session, TEAM, 1)
        digest = registry.artifacts.put(trained)
        versions.register(session, TEAM, "run", parent, encoder.fingerprint, digest, {})
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(WORDS, 6)) for _ in range(200)]
    return Stage(database, following, Classifier(database, TEAM, following.champion, 0.3), texts)


def _tiny(folder: Path, seed: int) -> str:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    vocabulary = {word: number for number, word in enumerate(["[PAD]", "[UNK]", *WORDS])}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))  # noqa: S106
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    torch.manual_seed(seed)
    size: dict[str, Any] = {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
    }
    BertModel(BertConfig(vocab_size=len(vocabulary), pad_token_id=0, **size)).save_pretrained(folder)
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, **special)
    tokenizer.model_input_names = ["input_ids", "attention_mask"]
    tokenizer.save_pretrained(folder)
    return str(folder)


def _stream(stage: Stage, number: int, swaps: int, task: Any, shown: Progress) -> list[float]:
    """Write `number` messages at RATE a second while `swaps` swaps are made; seconds until each was answered."""
    over = threading.Event()
    began = time.time()
    predicting = threading.Thread(target=_predict, args=(stage, over))
    swapping = threading.Thread(target=_swap, args=(stage, swaps, 0.95 * number / RATE))
    predicting.start()
    swapping.start()
    _write(stage, number, task, shown)
    swapping.join()
    with stage.database.reading() as session:
        while messages.count_waiting(session, TEAM):
            time.sleep(0.01)
            session.rollback()
    over.set()
    predicting.join()
    return _latencies(stage, began)


def _write(stage: Stage, number: int, task: Any, shown: Progress) -> None:
    began = time.perf_counter()
    for at in range(number):
        time.sleep(max(0.0, began + at / RATE - time.perf_counter()))
        text = stage.texts[at % len(stage.texts)]
        one = Message(
            team_id=TEAM, channel_id="C0", ts=f"{time.time():.9f}", user_id="U0", text=text, mode=Mode.REPLY
        )
        with stage.database.writing() as session:
            messages.receive(session, one)
        shown.advance(task)


def _predict(stage: Stage, over: threading.Event) -> None:
    while not over.is_set():
        if len(stage.classifier.predict_waiting().messages) < BATCH:
            time.sleep(0.005)


def _swap(stage: Stage, swaps: int, within_s: float) -> None:
    """Promote and roll back in turns, evenly; each takes from the moved alias to what is served."""
    began = time.perf_counter()
    for number in range(swaps):
        time.sleep(max(0.0, began + number * within_s / swaps - time.perf_counter()))
        moved = time.perf_counter()
        with stage.database.writing() as session:
            if number % 2 == 0:
                versions.rule(session, versions.promotion(session, TEAM, 2, "", "a benchmark"))
            else:
                versions.rule(session, versions.roll_back(session, TEAM, "", "a benchmark"))
        if stage.following.follow():
            taken = time.perf_counter() - moved
            (stage.promotions if number % 2 == 0 else stage.roll_backs).append(taken)


def _latencies(stage: Stage, since: float) -> list[float]:
    answered = select(Message.received_at, Prediction.created_at).join(
        Prediction,
        Prediction.message_id == Message.id,  # type: ignore[arg-type]
    )
    with stage.database.reading() as session:
        rows = session.exec(answered.where(Message.received_at >= since)).all()
    return [created - received for received, created in rows]


def _mixed(stage: Stage) -> tuple[int, int]:
    """Answers that are not what the version that they name says of the text, and how many versions answered."""
    served = {stage.following.champion.served.version: stage.following.champion.served}
    other = 2 if 1 in served else 1
    served[other] = stage.following.load(other)
    said = {
        (number, text): ranking.label_id
        for number, one in served.items()
        for text, ranking in zip(stage.texts, one.rank(stage.texts), strict=True)
    }
    rows = select(Message.text, Prediction.version, Prediction.label_id).join(
        Prediction,
        Prediction.message_id == Message.id,  # type: ignore[arg-type]
    )
    with stage.database.reading() as session:
        found = session.exec(rows).all()
    mixed = sum(said[version, text] != label_id for text, version, label_id in found)
    return mixed, len({version for _, version, _ in found})


if __name__ == "__main__":
    sys.exit(main())
