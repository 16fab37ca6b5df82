"""Language models of a few kilobytes, made on the spot: some say one sentence, the others have random weights."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from learning.writing.language_model import LanguageModel
from learning.writing.thread import Utterance

SPECIAL = ["<pad>", "<unk>", "<s>", "</s>"]
# transformers tries a tokenizer with "abcdef" before it looks for the token of a line's end.
WORDS = [
    *["Conversation:", "Summary:", "---", "Maya", "Tom", "Maya:", "Tom:", "moves", "the", "release", "to"],
    *[
        "\n\n",
        "abcdef",
        "Friday.",
        "HACKED.",
        "tests",
        "are",
        "red.",
        "again",
        "asks",
        "who",
        "fixes",
        "summarize:",
    ],
]
PLACES = 1024
CHAT_TEMPLATE = (
    "{% for message in messages %}<s> {{ message['role'] }} {{ message['content'] }} </s>{% endfor %}"
    "{% if add_generation_prompt %}<s> assistant {% endif %}"
)
SAID = "Maya moves the release to Friday."


def tokenizer(chat: bool = False, ends: bool = False) -> Any:
    """One token a word between spaces. `chat`: has a template; `ends`: puts </s> behind what it reads."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: number for number, word in enumerate(SPECIAL + WORDS)}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if ends:
        words.post_processor = processors.TemplateProcessing(
            single="$A </s>", special_tokens=[("</s>", SPECIAL.index("</s>"))]
        )
    made = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="<pad>", unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )
    made.chat_template = CHAT_TEMPLATE if chat else None
    return made


def random_writer(folder: Path, kind: str, chat: bool = False, places: int = PLACES) -> str:
    """Save a model of this kind with random weights; the folder's name."""
    import torch
    from transformers import (
        BartConfig,
        BartForConditionalGeneration,
        GPT2Config,
        GPT2LMHeadModel,
        LlamaConfig,
        LlamaForCausalLM,
        MBartConfig,
        MBartForConditionalGeneration,
        PegasusConfig,
        PegasusForConditionalGeneration,
        T5Config,
        T5ForConditionalGeneration,
    )

    signs: dict[str, Any] = {
        "vocab_size": len(SPECIAL + WORDS),
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": 3,
    }
    pair: dict[str, Any] = {
        **signs,
        "d_model": 16,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 16,
        "decoder_ffn_dim": 16,
        "max_position_embeddings": places,
        "decoder_start_token_id": 3,
        "forced_eos_token_id": None,
    }
    small = {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2}
    torch.manual_seed(0)
    models: dict[str, Callable[[], Any]] = {
        "t5": lambda: T5ForConditionalGeneration(T5Config(**{**signs, **small, "decoder_start_token_id": 0})),
        "bart": lambda: BartForConditionalGeneration(BartConfig(**pair)),
        "mbart": lambda: MBartForConditionalGeneration(MBartConfig(**pair)),
        "pegasus": lambda: PegasusForConditionalGeneration(PegasusConfig(**pair)),
        "gpt2": lambda: GPT2LMHeadModel(
            GPT2Config(**signs, n_embd=16, n_layer=1, n_head=2, n_positions=places)
        ),
        "llama": lambda: LlamaForCausalLM(
            LlamaConfig(
                **signs,
                hidden_size=16,
                intermediate_size=16,
                num_hidden_layers=1,
                num_attention_heads=2,
                max_position_embeddings=places,
            )
        ),
    }
    models[kind]().save_pretrained(folder)
    tokenizer(chat, ends=kind in ("t5", "bart", "mbart", "pegasus")).save_pretrained(folder)
    return str(folder)


def parrot(folder: Path, says: str = SAID, chat: bool = False, again: bool = False) -> str:
    """Save a Llama that says this after "Summary:", whatever it read; `again`: without an end.

    Its layers add nothing, so the next word depends on the last one alone: no word may stand twice in `says`.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    words = SPECIAL + WORDS
    size = len(words)
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=size + size % 2,
        intermediate_size=4,
        num_hidden_layers=1,
        num_attention_heads=1,
        max_position_embeddings=PLACES,
        pad_token_id=0,
        bos_token_id=2,
        eos_token_id=3,
        tie_word_embeddings=False,
    )
    model = LlamaForCausalLM(config)
    chain = ["Summary:", *says.split()]
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        model.model.embed_tokens.weight.copy_(torch.eye(size, config.hidden_size))
        model.lm_head.weight.zero_()
        for word, following in zip(chain, [*chain[1:], chain[1] if again else "</s>"], strict=True):
            model.lm_head.weight[words.index(following), words.index(word)] = 1.0
    model.save_pretrained(folder)
    tokenizer(chat).save_pretrained(folder)
    return str(folder)


class Noting:
    """A tokenizer that notes the prompts that a model gets to read."""

    def __init__(self, behind: Any) -> None:
        self._behind = behind
        self.prompts: list[str] = []

    def __call__(self, text: str, **options: Any) -> Any:
        if options.get("return_tensors") == "pt":
            self.prompts.append(text)
        return self._behind(text, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)

    def __len__(self) -> int:
        return len(self._behind)


def noting(model: LanguageModel) -> tuple[LanguageModel, list[str]]:
    """The same model, and the prompts that it will have read."""
    notes = Noting(model.tokenizer)
    return LanguageModel(**{**vars(model), "tokenizer": notes}), notes.prompts


def talk(number: int) -> list[Utterance]:
    """A conversation of so many utterances, of about 20 words each."""
    said = (
        "the tests are red again , who fixes the release to Friday.",
        "Tom asks Maya who moves the tests .",
    )
    return [
        Utterance(str(row), "Maya" if row % 2 else "Tom", f"{said[row % 2]} {row} {said[1 - row % 2]}")
        for row in range(number)
    ]


def soon() -> float:
    """A deadline that no tiny model misses, however busy the machine is."""
    return time.monotonic() + 600
