"""The model as it is trained: the encoder with the pooling that serves, and a classifier on its vectors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import PrinterCallback, Trainer

from learning.engines.pytorch import pool
from learning.heads.centring import intercept
from learning.heads.head import Head


class UnknownArchitectureError(ValueError):
    """An encoder whose layers can't be found, so that none of them can be frozen."""

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"the layers of {kind} can't be told apart: leave frozen_layers at 0 for this encoder"
        )


class VectorClassifier(nn.Module):
    """Logits from the cosine-like product of a text's centred vector with one row of weights a label.

    mean: (dimensions,), what centring subtracts; None leaves vectors as they are.
    """

    def __init__(
        self,
        encoder: Any,
        weights: Tensor,
        class_weights: Tensor | None,
        label_smoothing: float,
        consistency: float,
        mean: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.mean: Tensor | None
        self.intercept: Tensor | None
        self.register_buffer("mean", mean, persistent=False)
        added = None if mean is None else torch.from_numpy(intercept(mean.numpy()))
        self.register_buffer("intercept", added, persistent=False)
        self.weights = nn.Parameter(weights.clone())
        self.consistency = consistency
        self.loss = nn.CrossEntropyLoss(weight=class_weights, label_smoothing=label_smoothing)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor | None = None
    ) -> dict[str, Tensor]:
        """input_ids, attention_mask: (batch, tokens); labels: (batch,). Gives logits (batch, labels), and loss.

        In training each text is read twice, and differing from oneself costs (R-Drop: Liang et al., 2021).
        """
        if labels is None:
            return {"logits": self._logits(input_ids, attention_mask)}
        if not (self.training and self.consistency):
            logits = self._logits(input_ids, attention_mask)
            return {"loss": self.loss(logits.float(), labels), "logits": logits}
        both = self._logits(torch.cat([input_ids, input_ids]), torch.cat([attention_mask, attention_mask]))
        first, second = both.float().chunk(2)
        wrong = self.loss(both.float(), torch.cat([labels, labels]))
        return {"loss": wrong + self.consistency * divergence(first, second), "logits": first}

    def _logits(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        vectors = pool(hidden, attention_mask).to(self.weights.dtype)
        if self.mean is not None and self.intercept is not None:
            vectors = nn.functional.normalize(vectors - self.mean, dim=1) + self.intercept
        return vectors @ self.weights.T


class QuietTrainer(Trainer):
    """The Trainer, printing nothing; `learning_collator` makes the batches that are learned from, and no others."""

    def __init__(self, learning_collator: Any, **options: Any) -> None:
        super().__init__(**options)
        self.learning_collator = learning_collator
        self.remove_callback(PrinterCallback)

    def get_train_dataloader(self) -> DataLoader[Any]:
        """What is measured keeps its words, also where the recipe leaves some out of what is learned from."""
        usual, self.data_collator = self.data_collator, self.learning_collator
        try:
            return super().get_train_dataloader()
        finally:
            self.data_collator = usual


def divergence(first: Tensor, second: Tensor) -> Tensor:
    """Mean of the Kullback–Leibler divergences both ways, of logits (batch, labels)."""
    one, other = (nn.functional.log_softmax(logits, dim=1) for logits in (first, second))
    both = (
        nn.functional.kl_div(one, other, log_target=True, reduction="batchmean"),
        nn.functional.kl_div(other, one, log_target=True, reduction="batchmean"),
    )
    return (both[0] + both[1]) / 2


def freeze(encoder: Any, layers: int) -> None:
    """Leave the embeddings and the lowest `layers` layers as they are. Raises UnknownArchitectureError."""
    if not layers:
        return
    stack = _stack(encoder)
    if stack is None:
        raise UnknownArchitectureError(type(encoder).__name__)
    frozen = {id(weight) for layer in stack[:layers] for weight in layer.parameters()}
    frozen |= _embedded(encoder, stack)
    for weight in encoder.parameters():  # what adapters have frozen stays so
        weight.requires_grad = weight.requires_grad and id(weight) not in frozen


def heights(encoder: Any) -> dict[int, float]:
    """How high each weight lies, by its id: 0 for embeddings, 1 for the top layer and what is above it."""
    stack = _stack(encoder)
    found = {id(weight): 1.0 for weight in encoder.parameters()}
    if stack is None:
        return found
    found |= dict.fromkeys(_embedded(encoder, stack), 0.0)
    for number, layer in enumerate(stack, start=1):
        found |= {id(weight): number / len(stack) for weight in layer.parameters()}
    return found


def _stack(encoder: Any) -> nn.ModuleList | None:
    """The layers, lowest first."""
    lists = (module for module in encoder.modules() if isinstance(module, nn.ModuleList))
    return max(lists, key=len, default=None)


def _embedded(encoder: Any, stack: nn.ModuleList) -> set[int]:
    """Ids of the weights below the layers."""
    inside = {id(weight) for weight in stack.parameters()}
    named = {id(weight) for name, weight in encoder.named_parameters() if "embed" in name}
    return (named | {id(weight) for weight in encoder.get_input_embeddings().parameters()}) - inside


def with_lora(encoder: Any, rank: int, seed: int) -> Any:
    """The encoder with low-rank adapters on all its linear layers (Hu et al., 2022); itself where `rank` is 0."""
    if not rank:
        return encoder
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    config = LoraConfig(r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules="all-linear")
    return get_peft_model(encoder, config)


def merged(encoder: Any) -> Any:
    """The encoder with its adapters' weights added to its own, as it serves."""
    return encoder.merge_and_unload() if hasattr(encoder, "merge_and_unload") else encoder


def save(folder: Path, encoder: Any, tokenizer: Any, head: Head, head_name: str) -> None:
    """Write encoder and tokenizer as `transformers` loads them, and the head beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder.to(torch.float32).cpu().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    head.save(folder / head_name)
