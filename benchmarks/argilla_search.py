"""How soon the embedded Argilla answers a reviewer who searches among 10,000 records with 384-dimensional vectors.

Over HTTP on a fresh server: words with a filter, and likeness with a filter, a page of 50 each. Baseline: the same
server's list of records, a page of 50, which asks its database alone. The three take turns, so that what else the
machine does befalls all of them.
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

from benchmarks.data import MissingDataError, Row, rows
from benchmarks.processes import stoppable
from benchmarks.report import NO_DATA, BenchmarkError, Bound, conclude, progress, refuse
from local.argilla.embedded import ArgillaNotStartedError, EmbeddedArgilla

Json = dict[str, Any]

RECORDS = 10_000
ROUNDS = 300
WARM_UP = 10
DIMENSIONS = 384
PAGE = 50
BATCH = 500
WAIT_S = 120.0
SHORTEST_WORD = 4
BOUNDS = (Bound("search_p95_ms", at_most=100), Bound("similarity_p95_ms", at_most=150))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.argilla_search", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="500 records and 20 rounds: a smoke test")
    options = parser.parse_args(arguments)
    records, rounds = (500, 20) if options.quick else (RECORDS, ROUNDS)
    try:
        chosen = rows("banking77_train.jsonl")[:records]
        with stoppable(), tempfile.TemporaryDirectory(prefix="corrigible-") as folder:
            figures = measure(Path(folder), chosen, rounds)
    except MissingDataError as error:
        return refuse(error, NO_DATA)
    except (ArgillaNotStartedError, BenchmarkError, httpx.HTTPError) as error:
        return refuse(error)
    except KeyboardInterrupt:
        return 130
    return conclude("argilla_search", figures, BOUNDS)


def measure(folder: Path, chosen: list[Row], rounds: int) -> dict[str, float]:
    """Log these rows as records and ask for pages of them; the figures."""
    with EmbeddedArgilla(folder, 0) as known:
        headers = {"X-Argilla-Api-Key": known.api_key}
        with httpx.Client(
            base_url=f"{known.url}/api/v1", headers=headers, timeout=WAIT_S, trust_env=False
        ) as client:
            dataset = _make_dataset(client)
            began = time.perf_counter()
            _log(client, dataset, chosen)
            logging_s = time.perf_counter() - began
            seconds = _take_turns(Reviewer(client, dataset, chosen), rounds)
    return {
        "records": len(chosen),
        "records_logged_per_s": len(chosen) / logging_s,
        **{f"{name}_p{at}_ms": _percentile_ms(some, at) for name, some in seconds.items() for at in (50, 95)},
        "ratio_search_p50": float(np.median(seconds["search"]) / np.median(seconds["list"])),
        "ratio_similarity_p50": float(np.median(seconds["similarity"]) / np.median(seconds["list"])),
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
    }
    random = np.random.default_rng(0)
    seconds: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(WARM_UP):
        for ask in asked.values():
            ask(random)
    for _ in track(range(rounds), "Asking", console=progress):
        for name, ask in asked.items():
            began = time.perf_counter()
            ask(random)
            seconds[name].append(time.perf_counter() - began)
    return seconds


def _make_dataset(client: httpx.Client) -> str:
    workspace = _made(client, "/workspaces", {"name": "bench"})
    dataset = _made(client, "/datasets", {"name": "bench", "workspace_id": workspace})
    parts: list[tuple[str, Json]] = [
        ("fields", {"name": "text", "title": "Text", "required": True, "settings": {"type": "text"}}),
        ("questions", {"name": "why", "title": "Why", "required": True, "settings": {"type": "text"}}),
        ("metadata-properties", {"name": "label", "title": "Label", "settings": {"type": "terms"}}),
        ("metadata-properties", {"name": "length", "title": "Length", "settings": {"type": "integer"}}),
        ("vectors-settings", {"name": "meaning", "title": "Meaning", "dimensions": DIMENSIONS}),
    ]
    for part, described in parts:
        _made(client, f"/datasets/{dataset}/{part}", described)
    client.put(f"/datasets/{dataset}/publish").raise_for_status()
    return dataset


def _made(client: httpx.Client, path: str, body: Json) -> str:
    answer = client.post(path, json=body)
    if not answer.is_success:
        raise BenchmarkError(f"{path} answered {answer.status_code}: {answer.text[:200]}")
    return str(answer.json()["id"])


def _log(client: httpx.Client, dataset: str, chosen: list[Row]) -> None:
    random = np.random.default_rng(1)
    for first in track(range(0, len(chosen), BATCH), "Logging", console=progress):
        items = [_record(random, row) for row in chosen[first : first + BATCH]]
        client.post(f"/datasets/{dataset}/records/bulk", json={"items": items}).raise_for_status()


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
