"""What serving is compared with: `transformers.pipeline("text-classification")` as its documentation shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from learning.encoders.encoder import source_of

LABELS = 77


def plain_pipeline(device: str) -> Callable[[list[str]], object]:
    """Reads texts there, by the shipped encoder with a classifier of LABELS labels."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

    source = source_of(None)
    model = AutoModelForSequenceClassification.from_pretrained(source, num_labels=LABELS)
    tokenizer = AutoTokenizer.from_pretrained(source)
    classify: Any = pipeline("text-classification", model=model, tokenizer=tokenizer, device=device)
    return lambda texts: classify(texts)
