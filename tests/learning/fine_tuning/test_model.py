from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from datasets import Dataset
from transformers import AutoConfig, AutoModel, AutoTokenizer, TrainingArguments

from learning.encoders.encoder import load_encoder
from learning.engines.pytorch import pool
from learning.fine_tuning.feeding import Augmenting, Collator
from learning.fine_tuning.model import (
    QuietTrainer,
    UnknownArchitectureError,
    VectorClassifier,
    divergence,
    freeze,
    heights,
    merged,
    with_lora,
)
from learning.tasks.recipe import Recipe
from tests.learning.tiny_models import tiny_model

TEXTS = ["where is my invoice", "thank you", "the export crashes the export crashes"]
ASKED_BY_PEFT = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")


def three_layers(kind: str, folder: Path) -> Any:
    """A model of this kind with random weights and three layers."""
    torch.manual_seed(0)
    config = AutoConfig.from_pretrained(tiny_model(folder, kind))
    size = {"n_layers": 3} if kind == "distilbert" else {"num_hidden_layers": 3}
    return AutoModel.from_config(type(config)(**{**config.to_dict(), "layer_types": None, **size}))


def read(folder: str) -> dict[str, torch.Tensor]:
    return dict(AutoTokenizer.from_pretrained(folder)(TEXTS, padding=True, return_tensors="pt"))


def trainable(encoder: Any) -> set[str]:
    return {name for name, weight in encoder.named_parameters() if weight.requires_grad}


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta", "modernbert", "xlm-roberta"])
def test_the_vectors_in_training_are_those_that_serve(kind: str, tmp_path: Path) -> None:
    folder = tiny_model(tmp_path, kind)
    inputs = read(folder)
    with torch.inference_mode():
        hidden = AutoModel.from_pretrained(folder).eval()(**inputs).last_hidden_state
        pooled = pool(hidden, inputs["attention_mask"]).numpy()

    served = load_encoder(folder, 16, 1).encode(TEXTS).vectors

    assert np.abs(pooled - served).max() < 1e-6


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta", "modernbert", "xlm-roberta"])
def test_of_each_kind_embeddings_and_the_lowest_layers_are_frozen_and_no_others(
    kind: str, tmp_path: Path
) -> None:
    encoder = three_layers(kind, tmp_path)
    everything = trainable(encoder)

    freeze(encoder, 2)

    frozen = everything - trainable(encoder)
    assert {name for name in everything if "embed" in name} <= frozen
    layers = {name: name.partition("layer.")[2] or name.partition("layers.")[2] for name in everything}
    assert {name for name, rest in layers.items() if rest[:2] in ("0.", "1.")} <= frozen
    assert {name for name, rest in layers.items() if rest[:2] == "2."} <= trainable(encoder)
    assert any(rest[:2] == "2." for rest in layers.values())


def test_without_layers_to_freeze_all_is_trained(tmp_path: Path) -> None:
    encoder = three_layers("bert", tmp_path)
    everything = trainable(encoder)

    freeze(encoder, 0)

    assert trainable(encoder) == everything


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta", "modernbert", "xlm-roberta"])
def test_weights_lie_between_the_embeddings_and_the_top_layer(kind: str, tmp_path: Path) -> None:
    encoder = three_layers(kind, tmp_path)

    height = heights(encoder)

    found = {name: height[id(weight)] for name, weight in encoder.named_parameters()}
    for name, at in found.items():
        layer = name.partition("layer.")[2] or name.partition("layers.")[2]
        expected = (int(layer[0]) + 1) / 3 if layer else 0.0 if "embed" in name else 1.0
        assert at == pytest.approx(expected), name
    assert len(set(found.values()) - {1.0}) == 3


def test_texts_that_are_read_twice_alike_cost_nothing_more_and_others_do() -> None:
    one, other = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([[0.0, 2.0], [0.0, 1.0]])

    assert divergence(one, one) == 0
    assert divergence(one, other) == divergence(other, one) > 0


def test_in_training_the_two_readings_of_a_text_are_compared_and_one_is_answered(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path)
    inputs = {**read(folder), "labels": torch.tensor([0, 1, 1])}
    torch.manual_seed(0)
    plain, consistent = (
        VectorClassifier(AutoModel.from_pretrained(folder), 20 * torch.randn(2, 16), None, 0.0, weight)
        for weight in (0.0, 5.0)
    )
    consistent.load_state_dict(plain.state_dict())

    assert consistent.train()(**inputs)["logits"].shape == (3, 2)
    assert consistent.eval()(**inputs)["loss"] == plain.eval()(**inputs)["loss"]
    losses = []
    for model in (plain, consistent):
        torch.manual_seed(1)
        losses.append(np.mean([model.train()(**inputs)["loss"].item() for _ in range(20)]))
    assert losses[1] > losses[0]


def test_an_encoder_without_layers_is_named() -> None:
    with pytest.raises(UnknownArchitectureError, match=r"Linear .*frozen_layers at 0"):
        freeze(torch.nn.Linear(2, 2), 1)


@ASKED_BY_PEFT
def test_freezing_beside_adapters_trains_only_the_upper_adapters(tmp_path: Path) -> None:
    encoder = with_lora(three_layers("bert", tmp_path), 2, seed=0)

    freeze(encoder, 2)

    assert trainable(encoder)
    assert all("lora" in name for name in trainable(encoder))
    assert not any("layer.0." in name or "layer.1." in name for name in trainable(encoder))


@ASKED_BY_PEFT
@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta", "modernbert", "xlm-roberta"])
def test_merged_adapters_say_what_they_said_before(kind: str, tmp_path: Path) -> None:
    folder = tiny_model(tmp_path, kind)
    inputs = read(folder)
    plain = AutoModel.from_pretrained(folder).eval()
    encoder = with_lora(AutoModel.from_pretrained(folder), 2, seed=0).eval()
    with torch.no_grad():
        for name, weight in encoder.named_parameters():
            if "lora_B" in name:  # these begin at zero
                weight.normal_(0, 0.3)
        before = encoder(**inputs).last_hidden_state
        after = merged(encoder)(**inputs).last_hidden_state
        without = plain(**inputs).last_hidden_state

    assert torch.allclose(before, after, atol=1e-5)
    assert not torch.allclose(before, without, atol=1e-2)


def test_words_are_left_out_of_what_is_learned_from_and_of_nothing_that_is_measured(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "base")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(["where is my invoice the export crashes thank you"])["input_ids"][0]
    rows = Dataset.from_list([{"input_ids": ids, "labels": 0}] * 20)
    trainer = QuietTrainer(
        Augmenting(tokenizer, Recipe(augmentation=0.5), None),
        model=VectorClassifier(AutoModel.from_pretrained(folder), torch.zeros(2, 16), None, 0.0, 0.0),
        args=TrainingArguments(
            str(tmp_path / "run"), use_cpu=True, dataloader_pin_memory=False, remove_unused_columns=False
        ),
        data_collator=Collator(tokenizer),
    )
    trainer.train_dataset = trainer.eval_dataset = rows

    learned = tokens(trainer.get_train_dataloader())
    assert min(learned) < len(ids)
    assert np.mean(learned) < 0.8 * len(ids)
    assert set(tokens(trainer.get_eval_dataloader())) == {len(ids)}
    assert set(tokens(trainer.get_test_dataloader(rows))) == {len(ids)}


def tokens(batches: Iterable[dict[str, torch.Tensor]]) -> list[int]:
    """How many each row has."""
    return [int(number) for batch in batches for number in batch["attention_mask"].sum(dim=1)]
