"""The model card: what a version is, in the form that Hugging Face's tools read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from learning.model_files import multilingual
from learning.model_files.hub import described, repository
from learning.text.names import markdown_name

if TYPE_CHECKING:
    from learning.tasks.job import TrainingJob

# What is installed as a package, by its name on the hub.
INSTALLED = {
    None: "sentence-transformers/all-MiniLM-L6-v2",
    multilingual.NAME: "intfloat/multilingual-e5-small",
}
CARD = """---
library_name: transformers
pipeline_tag: text-classification
base_model: {base}
tags: [corrigible]
---

# {title}

An encoder fine-tuned by Corrigible on one team's labelled messages, and the classifier on its vectors
(`head.safetensors`: weights, labels, mean and sharpness). Load the encoder with `AutoModel.from_pretrained`, take the
mean over its tokens and normalize it; subtract `mean` and normalize again; add 0.3 times the normalized `mean`; then
multiply it with the weights.

- Examples learned from: {examples} (fingerprint {data}); labels: {labels}
- Made from: {origin}
- Seed: {seed}
- Libraries: {libraries}
- Serves {served}

## How good it is

{scores}

## How it was trained

```json
{recipe}
```
"""


def write(path: Path, job: TrainingJob, card: dict[str, Any]) -> None:
    """The card of a version. It names labels and quotes no message."""
    base = INSTALLED.get(job.source) or str(job.source)
    path.write_text(
        CARD.format(
            base=repository(base),
            origin=described(base),
            title=job.title,
            examples=card["examples"],
            data=card["data"],
            labels=", ".join(markdown_name(target.name) for target in job.targets),
            seed=job.recipe.seed,
            libraries=", ".join(f"{name} {number}" for name, number in card["libraries"].items()),
            served=_served(card["served"]),
            scores=_scores(card["scores"]),
            recipe=json.dumps({"recipe": card["recipe"], "training": card["training"]}, indent=2),
        ),
        encoding="utf-8",
    )


def _served(form: dict[str, Any]) -> str:
    if form["refused"]:
        return f"by PyTorch: {form['refused']}"
    if form["engine"] == "torch":
        return "by PyTorch"
    if form["accuracy"] is None:
        return "by ONNX Runtime with weights of eight bits (`served/`)"
    plain, small = form["accuracy"]
    return (
        f"by ONNX Runtime with weights of eight bits (`served/`): accuracy {small:.3f} on the holdout, {plain:.3f} "
        "with full weights"
    )


def _scores(scores: dict[str, Any] | None) -> str:
    if scores is None:
        return "Nobody can say yet: no message is held out."
    figures = ("accuracy", "precision", "recall", "macro_f1", "micro_f1", "auc", "ece")
    rows = [f"| {name} | {scores[name]:.3f} |" for name in figures if scores[name] is not None]
    return "\n".join(
        [f"On {scores['messages']} held-out messages:", "", "| figure | value |", "| --- | --- |", *rows]
    )
