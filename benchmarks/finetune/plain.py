"""What fine-tuning is compared with: `AutoModelForSequenceClassification` and the Trainer as their guide shows them.

The TrainingArguments are those of transformers' guide to text classification: rate 2e-5, batches of 16, weight decay
0.01 (https://huggingface.co/docs/transformers/tasks/sequence_classification).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from learning.encoders.encoder import source_of
from learning.heads.head import Classes

RATE, BATCH, DECAY = 2e-5, 16, 0.01


@dataclass(frozen=True)
class Plain:
    """Predicted rows of the given texts, (texts,), and how many examples per second it trained on."""

    said: Classes
    examples_per_s: float


def train_plainly(
    texts: Sequence[str],
    classes: Classes,
    labels: int,
    asked: Sequence[str],
    epochs: float,
    seed: int,
    threads: int,
    max_tokens: int,
    folder: Path,
) -> Plain:
    """Train on `texts` whose labels are `classes`, (texts,), and ask. In bf16 where there is a GPU that can."""
    import torch
    from datasets import Dataset
    from transformers import (
        AutoModelForSequenceClassification,
        AutoTokenizer,
        DataCollatorWithPadding,
        PrinterCallback,
        Trainer,
        TrainingArguments,
        set_seed,
    )

    set_seed(seed)
    torch.set_num_threads(threads)
    tokenizer = AutoTokenizer.from_pretrained(source_of(None))
    model = AutoModelForSequenceClassification.from_pretrained(source_of(None), num_labels=labels)

    def read(some: Sequence[str], right: Sequence[int]) -> Dataset:
        return Dataset.from_dict(
            {**tokenizer(list(some), truncation=True, max_length=max_tokens), "labels": list(right)}
        )

    has_gpu = torch.cuda.is_available()
    trainer = Trainer(
        model=model,
        args=TrainingArguments(
            output_dir=str(folder),
            learning_rate=RATE,
            per_device_train_batch_size=BATCH,
            per_device_eval_batch_size=128,
            num_train_epochs=epochs,
            weight_decay=DECAY,
            bf16=has_gpu and torch.cuda.is_bf16_supported(),
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=not has_gpu,
            dataloader_pin_memory=has_gpu,
            seed=seed,
        ),
        train_dataset=read(texts, classes.tolist()),
        data_collator=DataCollatorWithPadding(tokenizer),
    )
    trainer.remove_callback(PrinterCallback)
    speed = float(trainer.train().metrics["train_samples_per_second"])
    logits = np.asarray(trainer.predict(read(asked, [0] * len(asked))).predictions)
    return Plain(logits.argmax(axis=1).astype(np.int64), speed)
