"""The card of a summarizer, in the form that Hugging Face's tools read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from learning.model_files.hub import described, repository
from learning.writing.language_model import WHEEL_TITLE

if TYPE_CHECKING:
    from learning.summary_training.job import SummaryJob

CARD = """---
library_name: transformers
pipeline_tag: summarization
{base}tags: [corrigible]
---

# {title}

A summarizer made by Corrigible from summaries that one team settled: `picker.json` is the head of a sentence picker;
the folder `writer`, where there is one, is a model that Hugging Face's `Auto` classes load.

- Summaries learned from: {examples} (fingerprint {data})
- Made from: {origin}
- Seed: {seed}
- Acceptance of Slack's policy under which a model that writes was trained: {acceptance}
- Libraries: {libraries}

## How good it is

{scores}

## How it was trained

```json
{recipe}
```
"""


def write(path: Path, job: SummaryJob, card: dict[str, Any]) -> None:
    """The card of a version. It quotes nothing that people wrote."""
    source = job.writing.source if job.writing else None
    base = f"base_model: {repository(source) if source else WHEEL_TITLE}\n" if job.writing else ""
    path.write_text(
        CARD.format(
            base=base,
            origin=described(source) if source else WHEEL_TITLE if job.writing else "no model that writes",
            title=job.title,
            examples=card["examples"],
            data=card["data"],
            seed=job.recipe.seed,
            acceptance=card["acceptance"] or "none was trained",
            libraries=", ".join(f"{name} {number}" for name, number in card["libraries"].items()),
            scores=_scores(card["scores"]),
            recipe=json.dumps({"recipe": card["recipe"], "training": card["training"]}, indent=2),
        ),
        encoding="utf-8",
    )


def _scores(scores: dict[str, Any] | None) -> str:
    if scores is None:
        return "Nobody can say yet: no summary is held out."
    return (
        f"On {scores['summaries']} held-out summaries: ROUGE-L {scores['rouge_l']:.1f}; "
        f"{scores['unfounded']:.0%} of the sentences were marked as unsupported."
    )
