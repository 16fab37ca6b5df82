"""Examples of three labels, in words that the tiny models of `tests.learning.tiny_models` know."""

from __future__ import annotations

from typing import Any

from learning.data.examples import Example, LabelTarget
from learning.evaluation.gate import GateLimits
from learning.tasks.job import TrainingJob
from learning.tasks.recipe import Recipe

TARGETS = [
    LabelTarget("b", "billing", "invoice"),
    LabelTarget("x", "export", "export"),
    LabelTarget("p", "praise", "thank you"),
]
TEXTS = {
    "b": ("where is my invoice", "my invoice", "is my invoice where"),
    "x": ("the export crashes", "where is the export", "my export crashes"),
    "p": ("thank you", "thank you thank you", "you thank"),
}
QUICK = Recipe(epochs=3, batch_size=4, learning_rate=1e-2, max_tokens=16, seed=3)


def examples(times: int = 4) -> list[Example]:
    return [
        Example(f"{label}{number}", texts[number % len(texts)], label)
        for label, texts in TEXTS.items()
        for number in range(times)
    ]


def job(encoder: str, **given: Any) -> TrainingJob:
    """The job of training a classifier from the encoder of a folder, which also is the champion's."""
    some = examples()
    return TrainingJob(
        title="Training run 1",
        source=encoder,
        champion=None,
        targets=list(TARGETS),
        training=some,
        groups=list(range(len(some))),
        said=some,
        holdout=some[:6],
        recipe=QUICK,
        limits=GateLimits(),
        max_tokens=16,
        threads=1,
        **given,
    )
