"""Transformers of a few kilobytes with random weights, made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from learning.encoders.encoder import Encoder
from learning.engines.pytorch import TorchEngine
from learning.engines.tokens import Read, Tokenizer
from tests.factories import ENCODER

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
WORDS = ["where", "is", "my", "invoice", "the", "export", "crashes", "thank", "you"]
SMALL: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
}


def tiny_model(folder: Path, kind: str = "bert", seed: int = 0, layers: int = 1) -> str:
    """Save a model of this kind with its tokenizer, as a hub would hold them; the folder's name."""
    import torch
    from transformers import (
        BertConfig,
        BertModel,
        DistilBertConfig,
        DistilBertModel,
        ModernBertConfig,
        ModernBertModel,
        RobertaConfig,
        RobertaModel,
        XLMRobertaConfig,
        XLMRobertaModel,
    )

    size: dict[str, Any] = {"vocab_size": len(SPECIAL) + len(WORDS), "pad_token_id": 0}
    torch.manual_seed(seed)
    models: dict[str, Callable[[], Any]] = {
        "bert": lambda: BertModel(
            BertConfig(**size, **{**SMALL, "num_hidden_layers": layers}, max_position_embeddings=64)
        ),
        "modernbert": lambda: ModernBertModel(
            ModernBertConfig(
                **size,
                **SMALL,
                max_position_embeddings=64,
                bos_token_id=2,
                eos_token_id=3,
                cls_token_id=2,
                sep_token_id=3,
            )
        ),
        "distilbert": lambda: DistilBertModel(
            DistilBertConfig(**size, dim=16, n_layers=1, n_heads=2, hidden_dim=16, max_position_embeddings=64)
        ),
        "roberta": lambda: RobertaModel(RobertaConfig(**size, **SMALL, max_position_embeddings=65)),
        "xlm-roberta": lambda: XLMRobertaModel(XLMRobertaConfig(**size, **SMALL, max_position_embeddings=65)),
    }
    models[kind]().save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return str(folder)


def tokenizer() -> Any:
    """One token a word."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: number for number, word in enumerate(SPECIAL + WORDS)}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_input_names=["input_ids", "attention_mask"],
    )


class Reader(Tokenizer):
    """A tokenizer that notes what it reads, and fails on a text that holds the word `unreadable`."""

    def __init__(self) -> None:
        super().__init__(tokenizer().backend_tokenizer, 0, 64)
        self.seen: list[str] = []

    def read(self, texts: list[str]) -> Read:
        if any("unreadable" in one for one in texts):
            raise RuntimeError("the tokenizer panicked")
        self.seen += texts
        return super().read(texts)


def tiny_encoder(folder: Path, reader: Reader) -> Encoder:
    """An encoder that reads through `reader`."""
    from transformers import AutoModel

    engine = TorchEngine(AutoModel.from_pretrained(tiny_model(folder)).eval())
    return Encoder(engine, reader, "tiny")


def three_dimensional() -> Encoder:
    """The encoder whose vectors the rows of `tests.factories` have."""
    from transformers import BertConfig, BertModel

    size: dict[str, Any] = {**SMALL, "hidden_size": 3, "num_attention_heads": 1}
    config = BertConfig(
        vocab_size=len(SPECIAL) + len(WORDS), pad_token_id=0, max_position_embeddings=64, **size
    )
    return Encoder(TorchEngine(BertModel(config).eval()), Reader(), ENCODER)
