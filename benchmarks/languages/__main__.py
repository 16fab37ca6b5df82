"""Measures how the default and the multilingual encoder predict English, Portuguese and Spanish messages.

First with the shipped labels in that language, before anybody corrected anything. Then with eight other labels whose
examples are English: how many fewer of the same messages are right in Spanish?
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from benchmarks.measuring.report import Bound, conclude, progress, refuse
from bot.context.settings import SHIPPED_IN
from bot.context.shipped_labels import labels_of
from bot.language.catalogues import LANGUAGES
from learning.encoders.encoder import Encoder, EncoderNotFoundError, title
from learning.encoders.serving import load_small
from learning.heads.champion import Served
from learning.heads.refit import Refitter
from learning.model_files import hub, multilingual
from storage.database.engine import open_database
from storage.database.migrate import migrate
from storage.feedback import labels
from storage.feedback.labels import LabelSpec

DATA = Path(__file__).parent
MESSAGES, DEVELOPMENT, INTENTS = (f"{name}.toml" for name in ("messages", "development", "intents"))
TEAM = "T0LANGUAGES"
MAX_TOKENS = 256
FOLDS = 3
RESAMPLED = 2_000
# Two-sided 95 %.
DEVIATIONS = 1.96
DEFAULT = "default"
BOUNDS = {
    DEFAULT: (Bound("default_en", at_least=0.85),),
    multilingual.NAME: (
        Bound("multilingual_en", at_least=0.80),
        Bound("multilingual_pt", at_least=0.83),
        Bound("multilingual_es", at_least=0.78),
        Bound("multilingual_lost_in_spanish", at_most=0.08),
    ),
}

Right = NDArray[np.bool_]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.languages", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the default encoder alone: a smoke test")
    parser.add_argument("--encoder", action="append", help="a folder or hub name instead of both encoders")
    parser.add_argument("--development", action="store_true", help="the messages on which labels are written")
    options = parser.parse_args(arguments)
    names = options.encoder or ([DEFAULT] if options.quick else list(BOUNDS))
    messages = read(DEVELOPMENT if options.development else MESSAGES)
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as place:
        hub.keep_in(Path(place, "hub"))
        for name in names:
            try:
                encoder = load(name, Path(place))
            except EncoderNotFoundError as error:
                return refuse(error)
            found = {**measure(encoder, messages), **taught_in_english(encoder, read(INTENTS))}
            figures |= {f"{_short(name)}_{figure}": value for figure, value in found.items()}
    return conclude("languages", figures, [bound for name in names for bound in BOUNDS.get(name, ())])


def read(file: str) -> dict[str, dict[str, list[str]]]:
    """The tables of one file of messages."""
    return tomllib.loads((DATA / file).read_text(encoding="utf-8"))


def load(name: str, place: Path) -> Encoder:
    """An encoder as it serves on a processor. Raises EncoderNotFoundError."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    return load_small(None if name == DEFAULT else name, MAX_TOKENS, 1, place / "exports")


def _short(name: str) -> str:
    return hub.title(title(name)) if name not in BOUNDS else name


def measure(encoder: Encoder, messages: dict[str, dict[str, list[str]]]) -> dict[str, float]:
    """The share of right answers in each language, with the labels that are shipped in it."""
    figures: dict[str, float] = {}
    for language in LANGUAGES:
        served = serve(encoder, labels_of(SHIPPED_IN[language]))
        right = is_right(served, messages[language], f"In {language}")
        low, high = wilson(right)
        figures |= {language: float(right.mean()), f"{language}_low": low, f"{language}_high": high}
    return figures


def taught_in_english(encoder: Encoder, intents: dict[str, dict[str, list[str]]]) -> dict[str, float]:
    """The share of right answers to messages of which the English ones of other folds were examples.

    lost_in_spanish: how many fewer are right in Spanish, with an interval from resampled pairs (Efron, 1979).
    """
    english, spanish = [], []
    for fold in range(FOLDS):
        specs = [
            LabelSpec(intent, examples=tuple(_without(texts["en"], fold)))
            for intent, texts in intents.items()
        ]
        served = serve(encoder, specs)
        asked = {
            language: {intent: texts[language][fold::FOLDS] for intent, texts in intents.items()}
            for language in ("en", "es")
        }
        english.append(is_right(served, asked["en"], f"Taught in en, asked in en, {fold + 1}"))
        spanish.append(is_right(served, asked["es"], f"Taught in en, asked in es, {fold + 1}"))
    in_english, in_spanish = np.concatenate(english), np.concatenate(spanish)
    lost = in_english.astype(float) - in_spanish
    chosen = np.random.default_rng(0).integers(len(lost), size=(RESAMPLED, len(lost)))
    low, high = np.quantile(lost[chosen].mean(axis=1), [0.025, 0.975])
    return {
        "taught_asked_in_english": float(in_english.mean()),
        "taught_asked_in_spanish": float(in_spanish.mean()),
        "lost_in_spanish": float(lost.mean()),
        "lost_in_spanish_low": float(low),
        "lost_in_spanish_high": float(high),
    }


def _without(texts: list[str], fold: int) -> Iterator[str]:
    return (text for at, text in enumerate(texts) if at % FOLDS != fold)


def serve(encoder: Encoder, specs: list[LabelSpec]) -> Served:
    """Return what a bot with these labels and no corrections serves."""
    with tempfile.TemporaryDirectory() as place, closing(open_database(f"sqlite:///{place}/db")) as database:
        migrate(database)
        with database.writing() as session:
            labels.synchronize(session, TEAM, specs)
            known = {label.id: label.name for label in labels.active(session, TEAM)}
        return _named(Refitter(database, TEAM, encoder, "measured").serve(), known)


def _named(served: Served, known: dict[str, str]) -> Served:
    """Return the same with the names of labels instead of their ids."""
    names = tuple(known[label_id] for label_id in served.head.labels)
    return replace(served, head=replace(served.head, labels=names))


def is_right(served: Served, messages: dict[str, list[str]], what: str) -> Right:
    """For each message, was it right? They are read one by one, as they come in Slack."""
    rows = [(text, label) for label, texts in messages.items() for text in texts]
    return np.array(
        [
            served.rank([text])[0].label_id == label
            for text, label in track(rows, description=what, console=progress)
        ]
    )


def wilson(right: Right) -> tuple[float, float]:
    """The interval for the share of right ones (Wilson, 1927)."""
    number, share, squared = len(right), float(right.mean()), DEVIATIONS**2
    middle = share + squared / (2 * number)
    half = DEVIATIONS * math.sqrt(share * (1 - share) / number + squared / (4 * number**2))
    return (middle - half) / (1 + squared / number), (middle + half) / (1 + squared / number)


if __name__ == "__main__":
    sys.exit(main())
