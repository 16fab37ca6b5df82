"""Decoding: from a prompt to what a model may go on with, the likeliest first."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass
from typing import Any

from learning.writing import prompting
from learning.writing.language_model import LanguageModel
from learning.writing.prompting import Style

WRITTEN_TOKENS = 64
PARAGRAPH = "\n\n"
# Of the other candidates: close to what is likely, and not the same each time.
TEMPERATURE, TOP_P = 0.5, 0.9
# The same conversation is summarized in the same words.
SEED = 0


@dataclass
class Effort:
    """What writing has cost so far, in tokens."""

    read: int = 0
    written: int = 0


class Decoder:
    """Decodes with one model. Not to be shared by threads."""

    def __init__(self, with_model: LanguageModel, candidates: int) -> None:
        self._with = with_model
        self._others = candidates - 1
        self._begun: Any = None
        self.effort = Effort()

    def candidates(self, prompt: str, text: str, limit_s: float) -> list[str]:
        """What may follow `prompt`, in which `text` is what people said: the likeliest, and others as time is left."""
        import torch

        until = time.monotonic() + limit_s
        inputs = self._tokens(prompt)
        with torch.inference_mode():
            read = int(inputs["input_ids"].shape[1])
            found = self._generate(inputs, until, self._beginning(read), text, do_sample=False)
            written = [self._read(inputs, found.sequences)]
            took_s = limit_s - (until - time.monotonic())
            if self._others and until - time.monotonic() > 2 * took_s:
                torch.manual_seed(SEED)
                written.append(self._sample(inputs, found, until, text))
        return [one for some in written for one in some]

    def _sample(self, inputs: Any, found: Any, until: float, text: str) -> list[str]:
        """Other candidates, together: what was read once is not read again."""
        sampling = {"do_sample": True, "temperature": TEMPERATURE, "top_p": TOP_P}
        if self._with.is_encoder_decoder:
            again = self._generate(inputs, until, {}, text, num_return_sequences=self._others, **sampling)
            return self._read(inputs, again.sequences)
        known = found.past_key_values
        try:
            known.crop(int(inputs["input_ids"].shape[1]) - 1 - int(known.get_seq_length()))
            known.batch_repeat_interleave(self._others)
        except (AttributeError, NotImplementedError, ValueError):
            return []  # a model that does not keep all of what it read
        repeated = {name: rows.repeat(self._others, 1) for name, rows in inputs.items()}
        again = self._generate(repeated, until, {"past_key_values": known}, text, **sampling)
        return self._read(repeated, again.sequences)

    def _generate(self, inputs: Any, until: float, known: dict[str, Any], text: str, **chosen: Any) -> Any:
        return self._with.model.generate(
            **inputs,
            **known,
            max_new_tokens=WRITTEN_TOKENS,
            max_time=max(until - time.monotonic(), 0.01),
            num_beams=1,
            bad_words_ids=self._strangers(text) or None,
            pad_token_id=self._with.tokenizer.pad_token_id,
            return_dict_in_generate=True,
            **self._stop(),
            **chosen,
        )

    def _read(self, inputs: Any, sequences: Any) -> list[str]:
        read = 0 if self._with.is_encoder_decoder else int(inputs["input_ids"].shape[1])
        self.effort.read += int(inputs["input_ids"].numel())
        self.effort.written += int(sequences[:, read:].numel())
        texts: list[str] = self._with.tokenizer.batch_decode(sequences[:, read:], skip_special_tokens=True)
        return texts

    def _strangers(self, text: str) -> list[list[int]]:
        """Tokens of the names in the examples that are not in the text: nobody of theirs is in its summary."""
        if self._with.style is not Style.EXAMPLES:
            return []
        names = [name for name in prompting.EXAMPLE_NAMES if name not in text]
        forms = [form for name in names for form in (name, f" {name}")]
        return [self._with.tokenizer(form, add_special_tokens=False)["input_ids"] for form in forms]

    def _stop(self) -> dict[str, Any]:
        """A causal model that goes on with another conversation is stopped; one that knows no line ends can't be."""
        tokenizer = self._with.tokenizer
        known = tokenizer.decode(tokenizer(PARAGRAPH, add_special_tokens=False)["input_ids"])
        if self._with.is_encoder_decoder or PARAGRAPH not in known:
            return {}
        return {"stop_strings": [PARAGRAPH], "tokenizer": tokenizer}

    def _beginning(self, tokens: int) -> dict[str, Any]:
        """What a causal model made of the examples that a prompt of so many tokens begins with: read once, copied."""
        from transformers import DynamicCache

        text = prompting.shown(self._with.style)
        if not text:
            return {}
        if self._begun is None:
            begun = DynamicCache(config=self._with.model.config)
            self._begun = self._with.model(**self._tokens(text), past_key_values=begun).past_key_values
        if self._begun.get_seq_length() >= tokens:
            return {}  # the prompt was cut within the examples
        return {"past_key_values": copy.deepcopy(self._begun)}

    def _tokens(self, prompt: str) -> Any:
        # A chat template has written the special tokens already.
        adds = self._with.style is not Style.CHAT
        most = self._with.longest - (0 if self._with.is_encoder_decoder else WRITTEN_TOKENS)
        inputs = self._with.tokenizer(
            prompt, return_tensors="pt", truncation=True, max_length=most, add_special_tokens=adds
        )
        inputs.pop("token_type_ids", None)
        return inputs
