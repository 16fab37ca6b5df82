"""Writing: a language model summarizes utterances, long ones stretch by stretch (hierarchical summarization).

Stretches of a long thread are summarized one by one, then their summaries, until few enough sentences are left (Wu et
al., "Recursively Summarizing Books with Human Feedback", 2021). Memory is bounded by the longest stretch.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from learning.summarizing import prompting
from learning.summarizing.language_model import LanguageModel
from learning.summarizing.prompting import Style
from learning.summarizing.thread import Utterance, spoken

STRETCH_TOKENS = 700
WRITTEN_TOKENS = 64
PARAGRAPH = "\n\n"
# Above so many stretches their summaries are summarized again.
STRETCHES_SHOWN = 3


class OutOfTimeError(TimeoutError):
    """The model did not write to its end in time."""


@dataclass
class Effort:
    """What writing has cost so far."""

    read: int = 0
    written: int = 0


class Writer:
    """Writes with one model. Not to be shared by threads."""

    def __init__(self, with_model: LanguageModel) -> None:
        self._with = with_model
        self._begun: Any = None
        self.effort = Effort()

    def write(
        self, utterances: Sequence[Utterance], until: float, tell: Callable[[float], None] = lambda _: None
    ) -> list[str]:
        """The sentences of a summary, none where the model says nothing of use.

        until: of `time.monotonic`; tell: hears the share that is done. Raises OutOfTimeError.
        """
        stretches = prompting.segments(spoken(utterances), self._budget(), self._count)
        work = len(stretches) + (len(stretches) > STRETCHES_SHOWN)
        parts: list[list[str]] = []
        for done, stretch in enumerate(stretches, 1):
            parts.append(self._summarize(prompting.transcript(stretch), until))
            tell(done / work)
        if len(parts) > STRETCHES_SHOWN:
            parts = self._condense([part for part in parts if part], until)
        distinct = {sentence.casefold(): sentence for part in reversed(parts) for sentence in reversed(part)}
        return list(distinct.values())[::-1]

    def _condense(self, parts: list[list[str]], until: float) -> list[list[str]]:
        """Summaries of neighbours are taken together and summarized, until few enough are left."""
        while len(parts) > STRETCHES_SHOWN:
            size = max(2, min(-(-len(parts) // STRETCHES_SHOWN), 8))
            groups = [parts[start : start + size] for start in range(0, len(parts), size)]
            parts = [self._merge(group, until) for group in groups]
        return parts

    def _merge(self, group: list[list[str]], until: float) -> list[str]:
        if len(group) == 1:
            return group[0]
        lines = "\n".join(sentence for part in group for sentence in part)
        return self._summarize(lines, until) or group[0]

    def _summarize(self, text: str, until: float) -> list[str]:
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise OutOfTimeError
        generated = self._generate(self._prompt(text), left_s, self._strangers(text))
        if time.monotonic() > until:
            raise OutOfTimeError
        return prompting.answer(generated)

    def _strangers(self, text: str) -> list[list[int]]:
        """Tokens of the names in the examples that are not in the text: nobody of theirs is in its summary."""
        if self._with.style is not Style.EXAMPLES:
            return []
        names = [name for name in prompting.EXAMPLE_NAMES if name not in text]
        forms = [form for name in names for form in (name, f" {name}")]
        return [self._with.tokenizer(form, add_special_tokens=False)["input_ids"] for form in forms]

    def _generate(self, prompt: str, left_s: float, unwanted: list[list[int]]) -> str:
        import torch

        inputs = self._tokens(prompt)
        read = int(inputs["input_ids"].shape[1])
        with torch.inference_mode():
            [tokens] = self._with.model.generate(
                **inputs,
                max_new_tokens=WRITTEN_TOKENS,
                max_time=left_s,
                do_sample=False,
                num_beams=1,
                bad_words_ids=unwanted or None,
                pad_token_id=self._with.tokenizer.pad_token_id,
                **self._beginning(),
                **self._stop(),
            )
        new = tokens if self._with.is_encoder_decoder else tokens[read:]
        self.effort.read += read
        self.effort.written += len(new)
        return str(self._with.tokenizer.decode(new, skip_special_tokens=True))

    def _stop(self) -> dict[str, Any]:
        """A causal model that goes on with another conversation is stopped; one that knows no line ends can't be."""
        tokenizer = self._with.tokenizer
        known = tokenizer.decode(tokenizer(PARAGRAPH, add_special_tokens=False)["input_ids"])
        if self._with.is_encoder_decoder or PARAGRAPH not in known:
            return {}
        return {"stop_strings": [PARAGRAPH], "tokenizer": tokenizer}

    def _prompt(self, text: str) -> str:
        return prompting.build(self._with.style, text, self._with.tokenizer, self._with.prefix)

    def _beginning(self) -> dict[str, Any]:
        """What a causal model made of the examples that every prompt begins with: read once, then copied."""
        from transformers import DynamicCache

        text = prompting.shown(self._with.style)
        if not text:
            return {}
        if self._begun is None:
            begun = DynamicCache(config=self._with.model.config)
            self._begun = self._with.model(**self._tokens(text), past_key_values=begun).past_key_values
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

    def _budget(self) -> int:
        """Tokens of one stretch: what is left beside prompt and answer, and no more than a model reads well."""
        frame = self._count(self._prompt(""))
        return max(16, min(STRETCH_TOKENS, self._with.longest - frame - WRITTEN_TOKENS))

    def _count(self, text: str) -> int:
        return len(self._with.tokenizer(text, add_special_tokens=False)["input_ids"])
