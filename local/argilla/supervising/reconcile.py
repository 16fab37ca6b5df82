"""The reconciler's process: brings the index in line with Argilla's database after a start, while the server serves.

The database is what was answered to. A record is written again if the index lacks it, or has it, a response, a
suggestion or a vector of it with another time of its last change; records that the database lacks go. First all that
lists need, then words and vectors. What was done is done: cut off in the middle, the next one finds the rest.
"""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from local.argilla.search import index, line, steps, writes
from local.argilla.search.documents import OF_VECTOR
from local.argilla.search.line import EVERYTHING, Line
from local.argilla.server.progress import FULL
from local.argilla.supervising.truth import Dataset, PartOf, Stamp, Truth

log = logging.getLogger(__name__)

BATCH = 500
ROUNDS = 5
LOOK_S = 0.1
NICE = 5  # who waits for an answer comes first
DONE, FAILED = 0, 1  # exit statuses


@dataclass(frozen=True)
class Difference:
    """Ids of records by what is to be done with them, in a fixed order."""

    records: int
    gone: list[str]
    lists: list[str]
    words: list[str]


@dataclass(frozen=True)
class Held:
    """What the index has of records: stamps, which of them have words, and parts."""

    stamps: dict[str, Stamp]
    worded: set[str]
    parts: set[PartOf]


def main() -> int:
    """Bring it in line; the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor says when
    os.nice(NICE)
    try:
        index.check()
        _wait_until_migrated()
        with closing(Truth(Path(os.environ["ARGILLA_HOME_PATH"]))) as truth:
            reconcile(truth)
    except sqlite3.Error as error:
        return _failed(error)
    return DONE


def _failed(error: sqlite3.Error) -> int:
    log.error("not in line reason=%s", error)
    if index.is_full(error):
        return FULL
    if isinstance(error, sqlite3.DatabaseError) and not index.is_passing(error):
        index.check()  # the next one begins with another index if this one is damaged
    return FAILED


def _wait_until_migrated() -> None:
    while not steps.has_reached(steps.MIGRATED):
        time.sleep(LOOK_S)


def reconcile(truth: Truth) -> None:
    """Bring all published datasets in line."""
    datasets = truth.datasets()
    for gone in _indexed() - {one.id for one in datasets}:
        writes.remove_dataset(gone)
    found = [(one, _settled(truth, one)) for one in datasets]
    line.put(EVERYTHING, Line(0, 0, 0))
    for dataset, differing in found:
        _write_lists(truth, dataset, differing)
    for dataset, differing in found:
        _write_words(truth, dataset, differing)
        log.info(
            "index in line dataset=%s records=%d lists=%d words=%d gone=%d",
            dataset.id,
            differing.records,
            len(differing.lists),
            len(differing.words),
            len(differing.gone),
        )


def _settled(truth: Truth, dataset: Dataset) -> Difference:
    truth.settle(dataset)
    found = compare(truth, dataset)
    writes.remove(found.gone)
    line.put(dataset.id, Line(found.records, len(found.lists), len(found.words)))
    return found


def compare(truth: Truth, dataset: Dataset, among: Sequence[str] | None = None) -> Difference:
    """What is to be done with the records of this dataset, or with these of them."""
    # The index first: what the server writes meanwhile is then newer in the database, and at worst written twice.
    held = _held(dataset.id, among)
    stamps, parts = truth.stamps(dataset, among), truth.parts(dataset, among)
    changed = {id_ for id_, stamp in stamps.items() if held.stamps.get(id_) != stamp}
    other = parts ^ held.parts
    lists = changed | {id_ for id_, kind, *_ in other if kind != OF_VECTOR}
    words = lists | {id_ for id_, *_ in other} | (stamps.keys() - held.worded)
    return Difference(
        len(stamps),
        sorted(held.stamps.keys() - stamps.keys()),
        sorted(lists & stamps.keys()),
        sorted(words & stamps.keys()),
    )


def _indexed() -> set[str]:
    return {one for (one,) in index.reading().execute("SELECT DISTINCT dataset FROM record")}


def _held(dataset: str, among: Sequence[str] | None) -> Held:
    connection = index.reading()
    if among is None:
        chosen, given = "r.dataset = ?", [dataset]
    else:  # found by their ids: SQLite would go through the dataset
        chosen, given = f"r.id IN ({', '.join('?' * len(among))}) AND +r.dataset = ?", [*among, dataset]
    worded = "EXISTS (SELECT 1 FROM passage WHERE passage.record = r.row)"
    rows = connection.execute(
        f"SELECT r.id, r.status, r.updated_at, {worded} FROM record r WHERE {chosen}",  # noqa: S608
        given,
    ).fetchall()
    parts = connection.execute(
        "SELECT r.id, p.kind, p.source, p.changed_at FROM record r CROSS JOIN part p ON p.record = r.row "  # noqa: S608
        f"WHERE {chosen}",
        given,
    ).fetchall()
    return Held(
        {id_: (status, updated) for id_, status, updated, _ in rows},
        {id_ for id_, _, _, is_worded in rows if is_worded},
        set(parts),
    )


def _write_lists(truth: Truth, dataset: Dataset, found: Difference) -> None:
    left = len(found.lists)
    for some in _batches(found.lists):
        _write(lambda ids: writes.write(truth.heads(dataset, ids)), some)
        _write_until_same(truth, dataset, compare(truth, dataset, some).lists)
        left -= len(some)
        line.put(dataset.id, Line(found.records, left, len(found.words)))


def _write_words(truth: Truth, dataset: Dataset, found: Difference) -> None:
    left = len(found.words)
    for some in _batches(found.words):
        _write(lambda ids: writes.add_words(truth.words(dataset, ids)), some)
        _write_until_same(truth, dataset, compare(truth, dataset, some).words)
        left -= len(some)
        line.put(dataset.id, Line(found.records, 0, left))


def _write_until_same(truth: Truth, dataset: Dataset, ids: list[str]) -> None:
    """Write records that changed while they were written: the server may have been there first."""
    for _ in range(ROUNDS):
        if not ids:
            return
        _write(lambda some: writes.write(truth.documents(dataset, some)), ids)
        differing = compare(truth, dataset, ids)
        writes.remove(differing.gone)
        ids = differing.words
    log.warning("not in line dataset=%s records=%d first=%s", dataset.id, len(ids), ids[0])


def _write(write: Callable[[list[str]], None], ids: list[str]) -> None:
    """Write these, but for those of which something can't be written: a search that lacks them is better than none."""
    try:
        write(ids)
    except sqlite3.OperationalError:
        raise
    except Exception as error:
        if type(error) is sqlite3.DatabaseError:  # the file is damaged
            raise
        if len(ids) == 1:
            log.warning("left out record=%s reason=%s", ids[0], type(error).__name__)
            return
        middle = len(ids) // 2
        _write(write, ids[:middle])
        _write(write, ids[middle:])


def _batches(items: list[str]) -> Iterator[list[str]]:
    rest = iter(items)
    while some := list(islice(rest, BATCH)):
        yield some


if __name__ == "__main__":
    sys.exit(main())
