"""A Trainer that computes logits of the answer alone: a vocabulary is most of what a small model costs."""

from __future__ import annotations

from typing import Any

from torch.nn import functional
from transformers import Trainer

IGNORED = -100


class AnswerTrainer(Trainer):  # type: ignore[misc, unused-ignore]
    """For causal models and batches that are padded on the left, so that their answers end together."""

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """The mean loss of the answers' tokens, over all that make one step."""
        labels = inputs.pop("labels")  # (batch, tokens)
        answers = labels != IGNORED
        longest = int(answers.sum(dim=1).max())
        outputs = model(**inputs, logits_to_keep=longest + 1)
        # The last position's logits say what comes after the end.
        logits, truth = outputs.logits[:, :-1].float(), labels[:, -longest:]
        total = functional.cross_entropy(
            logits.flatten(0, 1), truth.flatten(), ignore_index=IGNORED, reduction="sum"
        )
        loss = total / (answers.sum() if num_items_in_batch is None else num_items_in_batch)
        return (loss, outputs) if return_outputs else loss
