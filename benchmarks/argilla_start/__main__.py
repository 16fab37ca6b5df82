"""How soon the embedded Argilla serves 10,000 and 50,000 records: after a clean stop, a kill -9 and a deleted index.

Every record has a 384-dimensional vector and a suggestion, every fifth a response, all written within the last
minutes. `ready`: from the start until it answers. `listed`: until a page of records comes with the right total.
`searched`: until words and likeness find all there is. A search before that has to say that it is incomplete: one that
answers with less is counted as wrong. Baseline: the start of an empty home.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.progress import track

from benchmarks.argilla_records.homes import DIMENSIONS, client, make_home
from benchmarks.measuring.data import MissingDataError, Row, rows
from benchmarks.measuring.processes import stoppable
from benchmarks.measuring.report import NO_DATA, BenchmarkError, Bound, Figures, conclude, progress, refuse
from local.argilla.embedded import ArgillaNotStartedError, EmbeddedArgilla

SIZES = {10_000: 15.0, 50_000: 30.0}  # records, and seconds within which it serves
QUICK = {300: 60.0}
LONGEST_S = 900.0
LOOK_S = 0.25
INCOMPLETE = 503
PAGE = 50
BATCH = 100
WORD = "card"
WORDS = re.compile(r"\w+")

Json = dict[str, Any]


@dataclass(frozen=True)
class Start:
    """Seconds from the start on, and searches that answered with less than there is."""

    ready_s: float
    listed_s: float
    searched_s: float
    wrong: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.argilla_start", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="300 records: a smoke test")
    sizes = QUICK if parser.parse_args(arguments).quick else SIZES
    try:
        chosen = rows("banking77_train.jsonl")
        with stoppable(), tempfile.TemporaryDirectory(prefix="corrigible-") as folder:
            figures = measure(Path(folder), chosen, list(sizes))
    except MissingDataError as error:
        return refuse(error, NO_DATA)
    except (ArgillaNotStartedError, BenchmarkError, httpx.HTTPError) as error:
        return refuse(error)
    except KeyboardInterrupt:
        return 130
    return conclude("argilla_start", figures, bounds(sizes))


def bounds(sizes: dict[int, float]) -> list[Bound]:
    """It serves in time after each kind of stop, and answers with nothing that is wrong."""
    in_time = [
        Bound(f"{kind}_{size}_ready_s", at_most=within_s)
        for size, within_s in sizes.items()
        for kind in ("clean", "killed", "deleted")
    ]
    in_proportion = [Bound(bound.figure.replace("ready_s", "ready_ratio"), at_most=2) for bound in in_time]
    return [*in_time, *in_proportion, Bound("wrong_answers", at_most=0)]


def measure(folder: Path, chosen: list[Row], sizes: list[int]) -> Figures:
    """Start each size after each kind of stop; the figures."""
    figures: dict[str, float] = {"empty_ready_s": _empty(folder / "empty")}
    wrong = 0
    for size in track(sizes, "Starting", console=progress):
        home = folder / str(size)
        home.mkdir()
        dataset = make_home(home, chosen, size)
        for kind, start in _starts(home, dataset, chosen, size).items():
            wrong += start.wrong
            figures |= {
                f"{kind}_{size}_ready_s": start.ready_s,
                f"{kind}_{size}_listed_s": start.listed_s,
                f"{kind}_{size}_searched_s": start.searched_s,
                f"{kind}_{size}_ready_ratio": start.ready_s / figures["empty_ready_s"],
            }
    return {**figures, "wrong_answers": wrong}


def _empty(home: Path) -> float:
    home.mkdir()
    with EmbeddedArgilla(home, 0):  # the first start makes the database
        pass
    began = time.perf_counter()
    with EmbeddedArgilla(home, 0):
        return time.perf_counter() - began


def _starts(home: Path, dataset: str, chosen: list[Row], size: int) -> dict[str, Start]:
    """In this order, as each start leaves an index that is in line, which the next one finds after its own stop."""
    texts = (chosen[number % len(chosen)].text for number in range(size))
    having = sum(WORD in WORDS.findall(text.lower()) for text in texts)
    return {
        "deleted": _start(home, dataset, having, _stop),
        "clean": _start(home, dataset, having, _kill_while_logging),
        "killed": _start(home, dataset, having, _stop),
    }


def _start(home: Path, dataset: str, having: int, end: Callable[[EmbeddedArgilla, Reviewer], None]) -> Start:
    server = EmbeddedArgilla(home, 0)
    began = time.perf_counter()
    known = server.start()
    with client(known) as api:
        reviewer = Reviewer(api, dataset)
        try:
            ready_s = time.perf_counter() - began
            every = reviewer.stored()
            reviewer.search_until({}, every)
            listed_s = time.perf_counter() - began
            reviewer.search_until({"query": {"text": {"q": WORD}}}, having)
            alike = {"vector": {"name": "meaning", "value": [1.0] * DIMENSIONS}}
            reviewer.search_until({"query": alike}, min(every, PAGE))
            return Start(ready_s, listed_s, time.perf_counter() - began, reviewer.wrong)
        finally:
            end(server, reviewer)


class Reviewer:
    """Asks the API of one server for one dataset."""

    def __init__(self, api: httpx.Client, dataset: str) -> None:
        self._api = api
        self._records = f"/datasets/{dataset}/records"
        self.wrong = 0

    def stored(self) -> int:
        """How many records the database has."""
        answer = self._api.get(self._records, params={"limit": 1}).raise_for_status()
        return int(answer.json()["total"])

    def search_until(self, query: Json, total: int) -> None:
        """Search until there are so many; count answers that have others without saying that they are incomplete."""
        until = time.perf_counter() + LONGEST_S
        while time.perf_counter() < until:
            answer = self._api.post(f"{self._records}/search", json=query, params={"limit": PAGE})
            if answer.is_success and answer.json()["total"] == total:
                return
            self.wrong += answer.status_code != INCOMPLETE
            time.sleep(LOOK_S)
        raise BenchmarkError(f"a search found no {total} records within {LONGEST_S:.0f} s")

    def log(self) -> None:
        """Log records until the server is gone."""
        items = [{"fields": {"text": "Written while the server dies"}} for _ in range(BATCH)]
        with suppress(httpx.HTTPError):
            while self._api.post(f"{self._records}/bulk", json={"items": items}).is_success:
                pass


def _stop(server: EmbeddedArgilla, _reviewer: Reviewer) -> None:
    server.stop()


def _kill_while_logging(server: EmbeddedArgilla, reviewer: Reviewer) -> None:
    before = reviewer.stored()
    logging = threading.Thread(target=reviewer.log)
    logging.start()
    until = time.perf_counter() + LONGEST_S
    while reviewer.stored() < before + 2 * BATCH and time.perf_counter() < until:
        time.sleep(LOOK_S)
    server.kill()
    logging.join()


if __name__ == "__main__":
    sys.exit(main())
