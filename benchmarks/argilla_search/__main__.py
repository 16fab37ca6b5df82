"""How soon the embedded Argilla answers a reviewer who searches among 10,000 and 50,000 records with vectors.

Over HTTP: words with a filter, likeness with a filter, and likeness right after a record was written, a page of 50
each. Baseline: the same server's list of records, a page of 50, which asks its database alone. They take turns, so that
what else the machine does befalls all of them. The 10,000 are logged through the API; the 50,000 are put into the
database, from which the server makes its index. Vectors have 384 dimensions.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from rich.progress import track

from benchmarks.argilla_records.homes import DIMENSIONS, client, make_dataset, make_home
from benchmarks.measuring.data import MissingDataError, Row, rows
from benchmarks.measuring.processes import stoppable
from benchmarks.measuring.report import NO_DATA, BenchmarkError, Bound, conclude, progress, refuse
from local.argilla.embedded import ArgillaNotStartedError, EmbeddedArgilla

Json = dict[str, Any]

LOGGED, FILLED = 10_000, 50_000
QUICK = (500, 1_000)
ROUNDS = 300
WARM_UP = 10
PAGE = 50
BATCH = 500
SHORTEST_WORD = 4
INDEXED_S = 900.0
LOOK_S = 0.5
BOUNDS = (
    Bound("search_p95_ms", at_most=100),
    Bound("similarity_p95_ms", at_most=150),
    Bound("after_write_p95_ms", at_most=150),
    Bound("search_50000_p95_ms", at_most=300),
    Bound("similarity_50000_p95_ms", at_most=300),
    Bound("after_write_50000_p95_ms", at_most=300),
    Bound("ratio_after_write_50000_p50", at_most=2),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.argilla_search", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="500 and 1,000 records and 20 rounds: a smoke test"
    )
    options = parser.parse_args(arguments)
    (logged, filled), rounds = (QUICK, 20) if options.quick else ((LOGGED, FILLED), ROUNDS)
    try:
        chosen = rows("banking77_train.jsonl")
        with stoppable(), tempfile.TemporaryDirectory(prefix="corrigible-") as folder:
            figures = measure(Path(folder), chosen, logged, filled, rounds)
    except MissingDataError as error:
        return refuse(error, NO_DATA)
    except (ArgillaNotStartedError, BenchmarkError, httpx.HTTPError) as error:
        return refuse(error)
    except KeyboardInterrupt:
        return 130
    return conclude("argilla_search", figures, BOUNDS)


def measure(folder: Path, chosen: list[Row], logged: int, filled: int, rounds: int) -> dict[str, float]:
    """Ask for pages of so many logged records, then of so many in the database; the figures."""
    return {
        **_measure_logged(folder / "logged", chosen[:logged], rounds),
        **_measure_filled(folder / "filled", chosen, filled, rounds),
    }


def _measure_logged(home: Path, chosen: list[Row], rounds: int) -> dict[str, float]:
    home.mkdir()
    with EmbeddedArgilla(home, 0) as known, client(known) as api:
        dataset = make_dataset(api)
        began = time.perf_counter()
        _log(api, dataset, chosen)
        logging_s = time.perf_counter() - began
        seconds = _take_turns(Reviewer(api, dataset, chosen), rounds)
    return {
        "records": len(chosen),
        "records_logged_per_s": len(chosen) / logging_s,
        **_figures(seconds, ""),
    }


def _measure_filled(home: Path, chosen: list[Row], records: int, rounds: int) -> dict[str, float]:
    home.mkdir()
    dataset = make_home(home, chosen, records)
    server = EmbeddedArgilla(home, 0)
    with server as known, client(known) as api:
        until = time.monotonic() + INDEXED_S
        while server.progress:
            if time.monotonic() > until:
                raise BenchmarkError(f"the index is not complete after {INDEXED_S:.0f} s")
            time.sleep(LOOK_S)
        seconds = _take_turns(Reviewer(api, dataset, chosen), rounds)
    return {"records_50000": records, **_figures(seconds, "_50000")}


def _figures(seconds: dict[str, list[float]], size: str) -> dict[str, float]:
    def ratio(one: str, to: str) -> float:
        return float(np.median(seconds[one]) / np.median(seconds[to]))

    return {
        **{
            f"{name}{size}_p{at}_ms": _percentile_ms(some, at)
            for name, some in seconds.items()
            for at in (50, 95)
        },
        f"ratio_search{size}_p50": ratio("search", "list"),
        f"ratio_similarity{size}_p50": ratio("similarity", "list"),
        f"ratio_after_write{size}_p50": ratio("after_write", "similarity"),
    }


@dataclass(frozen=True)
class Reviewer:
    """Asks for pages of one dataset."""

    client: httpx.Client
    dataset: str
    chosen: list[Row]

    def list(self, _random: np.random.Generator) -> None:
        """The baseline: any page, without the search engine."""
        path = f"/datasets/{self.dataset}/records"
        self._page(self.client.get(path, params={"limit": PAGE}))

    def search(self, random: np.random.Generator) -> None:
        """A word of some message, among those of a length."""
        words = [
            word
            for word in self.chosen[random.integers(len(self.chosen))].text.split()
            if len(word) >= SHORTEST_WORD
        ]
        self._search({"text": {"q": str(random.choice(words or ["card"]))}}, _length_from(random))

    def similarity(self, random: np.random.Generator) -> None:
        """What is most like some vector, among those of a length."""
        vector = {"name": "meaning", "value": _vector(random)}
        self._search({"vector": vector}, _length_from(random))

    def write(self, random: np.random.Generator) -> None:
        """One record with a vector, as the bot sends it."""
        item = _record(random, self.chosen[random.integers(len(self.chosen))])
        path = f"/datasets/{self.dataset}/records/bulk"
        self.client.post(path, json={"items": [item]}).raise_for_status()

    def _search(self, query: Json, wanted: Json) -> None:
        path = f"/datasets/{self.dataset}/records/search"
        body = {"query": query, "filters": {"and": [wanted]}}
        self._page(self.client.post(path, json=body, params={"limit": PAGE}))

    def _page(self, answer: httpx.Response) -> None:
        if answer.status_code != httpx.codes.OK or "items" not in answer.json():
            raise BenchmarkError(
                f"{answer.request.url.path} answered {answer.status_code}: {answer.text[:200]}"
            )


def _take_turns(reviewer: Reviewer, rounds: int) -> dict[str, list[float]]:
    """Return the seconds that each kind of request took."""
    asked: dict[str, Callable[[np.random.Generator], None]] = {
        "list": reviewer.list,
        "search": reviewer.search,
        "similarity": reviewer.similarity,
        "after_write": reviewer.similarity,
    }
    random = np.random.default_rng(0)
    seconds: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(WARM_UP):
        for ask in asked.values():
            ask(random)
    for _ in track(range(rounds), "Asking", console=progress):
        for name, ask in asked.items():
            if name == "after_write":
                reviewer.write(random)
            began = time.perf_counter()
            ask(random)
            seconds[name].append(time.perf_counter() - began)
    return seconds


def _log(api: httpx.Client, dataset: str, chosen: list[Row]) -> None:
    random = np.random.default_rng(1)
    for first in track(range(0, len(chosen), BATCH), "Logging", console=progress):
        items = [_record(random, row) for row in chosen[first : first + BATCH]]
        api.post(f"/datasets/{dataset}/records/bulk", json={"items": items}).raise_for_status()


def _record(random: np.random.Generator, row: Row) -> Json:
    return {
        "fields": {"text": row.text},
        "metadata": {"label": row.label, "length": len(row.text)},
        "vectors": {"meaning": _vector(random)},
    }


def _vector(random: np.random.Generator) -> list[float]:
    values: list[float] = random.standard_normal(DIMENSIONS).round(4).tolist()
    return values


def _length_from(random: np.random.Generator) -> Json:
    """A filter that about half of the messages of Banking77 pass."""
    scope = {"entity": "metadata", "metadata_property": "length"}
    return {"type": "range", "scope": scope, "ge": int(random.integers(30, 60))}


def _percentile_ms(seconds: list[float], at: int) -> float:
    return float(np.percentile(seconds, at)) * 1000


if __name__ == "__main__":
    sys.exit(main())
