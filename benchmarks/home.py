"""How soon the App Home is seen at a million stored messages: from opening the tab to the view in Slack.

The whole bot as its own process on SQLite, over the local workspace's wire. Baseline: the same with a thousand
messages, in the same run. One message in fifty was corrected; all were written in the last 35 days. The first opening
comes while the bot that just started still reads what it knows, and is told apart.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rich.progress import track
from sqlalchemy import insert
from sqlmodel import SQLModel

from benchmarks.report import Bound, conclude, progress
from benchmarks.rig import ANA, SUPPORT, ours
from learning.encoder import load_encoder
from learning.label_file import read_label_file
from local.slack.person import Person
from local.slack.seed import TEAM_ID
from storage import labels
from storage.database import Database, open_database
from storage.migrate import migrate
from storage.tables import Card, Correction, Message, Mode, Prediction, Vector, Word, new_id

SMALL, LARGE = 1_000, 1_000_000
OPENED = 20
CORRECTED_EACH = 50
DAYS_S = 35 * 86_400
AT_ONCE = 10_000
LABELS = Path(__file__).parent.parent / "labels.toml"
BOUNDS = (Bound("large_max_s", at_most=1.0),)

Row = tuple[type[SQLModel], dict[str, object]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.home", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="ten thousand messages: a smoke test")
    options = parser.parse_args(arguments)
    large = 10_000 if options.quick else LARGE
    with tempfile.TemporaryDirectory(prefix="corrigible-") as folder:
        small_s = _opened_s(Path(folder, "small"), SMALL)
        large_s = _opened_s(Path(folder, "large"), large)
    small_p50_s, large_p50_s = float(np.median(small_s)), float(np.median(large_s))
    figures = {
        "messages": large,
        "small_p50_s": small_p50_s,
        "small_max_s": max(small_s),
        "large_first_s": large_s[0],
        "large_p50_s": large_p50_s,
        "large_max_s": max(large_s[1:]),
        "ratio_to_small": large_p50_s / small_p50_s,
    }
    return conclude("home", figures, BOUNDS)


def _opened_s(folder: Path, messages: int) -> list[float]:
    folder.mkdir()
    database = open_database(f"sqlite:///{folder}/corrigible.db")
    migrate(database)
    _fill(database, messages)
    database.close()
    # Thousands of corrections that come at once would set off a training run on the same cores.
    with ours(folder, RETRAIN_AFTER_LABELS="0") as rig, Person(rig.address, ANA) as person:
        return [_open_s(person) for _ in range(OPENED)]


def _open_s(person: Person) -> float:
    began = time.perf_counter()
    person.home()
    return time.perf_counter() - began


def _fill(database: Database, messages: int) -> None:
    with database.writing() as session:
        labels.synchronize(session, TEAM_ID, read_label_file(LABELS))
    with database.reading() as session:
        label_ids = [label.id for label in labels.active(session, TEAM_ID)]
    fingerprint = load_encoder(None, 256, threads=1).fingerprint
    groups = [range(start, min(start + AT_ONCE, messages)) for start in range(0, messages, AT_ONCE)]
    for group in track(groups, f"Storing {messages:,} messages", console=progress):
        rows = [row for number in group for row in _rows(number, messages, label_ids, fingerprint)]
        with database.writing() as session:
            for table in (Message, Prediction, Card, Vector, Correction):
                found = [values for of, values in rows if of is table]
                if found:
                    session.connection().execute(insert(table), found)


def _rows(number: int, messages: int, label_ids: list[str], fingerprint: str) -> Iterator[Row]:
    """One message with all that is stored of it."""
    message_id, at = new_id(), time.time() - DAYS_S * (1 - number / messages)
    chosen, other = label_ids[number % len(label_ids)], label_ids[(number + 1) % len(label_ids)]
    ours = {"team_id": TEAM_ID}
    where = {"channel_id": SUPPORT, "ts": f"{at:.6f}"}
    said = {"user_id": ANA, "text": "Where is my invoice?", "mode": Mode.REPLY, "waiting": False}
    yield Message, {"id": message_id, **ours, **where, **said, "received_at": at}
    made = {"version": 1, "revision": 0, "label_id": chosen, "confidence": 0.9, "margin": 0.8, "cut": False}
    ranked = {"ranked": [[chosen, 0.9], [other, 0.1]]}
    yield Prediction, {"id": new_id(), "message_id": message_id, **ours, **made, **ranked, "created_at": at}
    shown = {"wanted": 1, "shown": 1, "due": False, "due_at": at, "attempted": True, "attempts": 1}
    posted = {"message_id": message_id, **ours, "channel_id": SUPPORT, "thread_ts": f"{at:.6f}"}
    yield Card, {**posted, **shown, "ts": f"{at:.6f}", "reaction": "", "claimed_until": 0.0}
    if number % CORRECTED_EACH:
        return
    vector = np.random.default_rng(number).standard_normal(384).astype("<f2")
    yield Vector, {"message_id": message_id, "encoder": fingerprint, "float16": vector.tobytes()}
    word = {"id": new_id(), "message_id": message_id, "user_id": ANA, "word": Word.CHANGED}
    yield Correction, {**word, **ours, "label_id": other, "created_at": at}


if __name__ == "__main__":
    sys.exit(main())
