"""Examples of three labels, in words that the tiny models of `tests.learning.tiny_models` know."""

from __future__ import annotations

from learning.training.examples import Example, Target
from learning.training.recipe import Recipe

TARGETS = [
    Target("b", "billing", "invoice"),
    Target("x", "export", "export"),
    Target("p", "praise", "thank you"),
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
