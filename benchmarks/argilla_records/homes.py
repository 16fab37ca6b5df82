"""A home of the embedded Argilla with as many records as a benchmark wants, made in seconds."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import httpx

from benchmarks.measuring.data import Row
from benchmarks.measuring.processes import ROOT
from benchmarks.measuring.report import BenchmarkError
from local.argilla.embedded import EmbeddedArgilla, SignIn, interpreter

Json = dict[str, Any]

DIMENSIONS = 384
WAIT_S = 120.0


def client(known: SignIn) -> httpx.Client:
    """The API as the owner."""
    headers = {"X-Argilla-Api-Key": known.api_key}
    return httpx.Client(base_url=f"{known.url}/api/v1", headers=headers, timeout=WAIT_S, trust_env=False)


def make_dataset(api: httpx.Client) -> str:
    """One dataset with a text, a question, two metadata properties and vectors, published; its id."""
    workspace = _made(api, "/workspaces", {"name": "bench"})
    dataset = _made(api, "/datasets", {"name": "bench", "workspace_id": workspace})
    parts: list[tuple[str, Json]] = [
        ("fields", {"name": "text", "title": "Text", "required": True, "settings": {"type": "text"}}),
        ("questions", {"name": "why", "title": "Why", "required": True, "settings": {"type": "text"}}),
        ("metadata-properties", {"name": "label", "title": "Label", "settings": {"type": "terms"}}),
        ("metadata-properties", {"name": "length", "title": "Length", "settings": {"type": "integer"}}),
        ("vectors-settings", {"name": "meaning", "title": "Meaning", "dimensions": DIMENSIONS}),
    ]
    for part, described in parts:
        _made(api, f"/datasets/{dataset}/{part}", described)
    api.put(f"/datasets/{dataset}/publish").raise_for_status()
    return dataset


def make_home(folder: Path, chosen: list[Row], records: int) -> str:
    """A home whose database has so many records and whose index has none of them; the id of their dataset."""
    with EmbeddedArgilla(folder, 0) as known, client(known) as api:
        dataset = make_dataset(api)
    texts = folder / "texts.json"
    texts.write_text(json.dumps([[row.text, row.label] for row in chosen]), encoding="utf-8")
    given = ("--home", str(folder), "--dataset", dataset, "--texts", str(texts), "--records", str(records))
    ended = subprocess.run(  # noqa: S603
        [str(interpreter()), "-m", "benchmarks.argilla_records.filling", *given],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise BenchmarkError(f"the database could not be filled: {ended.stderr.strip()[-500:]}")
    return dataset


def _made(api: httpx.Client, path: str, body: Json) -> str:
    answer = api.post(path, json=body)
    if not answer.is_success:
        raise BenchmarkError(f"{path} answered {answer.status_code}: {answer.text[:200]}")
    return str(answer.json()["id"])
