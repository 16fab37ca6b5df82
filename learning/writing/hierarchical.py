"""Writing: a language model summarizes utterances, long ones stretch by stretch (hierarchical summarization).

Stretches of a long thread are summarized one by one, then their summaries, until few enough sentences are left (Wu et
al., "Recursively Summarizing Books with Human Feedback", 2021). Memory is bounded by the longest stretch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from learning.writing import prompting
from learning.writing.decoding import WRITTEN_TOKENS, Decoder, Effort
from learning.writing.language_model import LanguageModel
from learning.writing.thread import Utterance, spoken

STRETCH_TOKENS = 700
# Above so many stretches their summaries are summarized again.
STRETCHES_SHOWN = 3


class OutOfTimeError(TimeoutError):
    """The model did not write to its end in time."""


# Which of some candidates, lists of sentences, says best what the lines say: its number.
Choose = Callable[[Sequence[str], Sequence[Sequence[str]]], int]


def first(_lines: Sequence[str], _candidates: Sequence[Sequence[str]]) -> int:
    """The likeliest one."""
    return 0


class Writer:
    """Writes with one model, so many `candidates` of what people will read. Not to be shared by threads."""

    def __init__(self, with_model: LanguageModel, choose: Choose = first, candidates: int = 1) -> None:
        self._with = with_model
        self._choose = choose
        self._shown = Decoder(with_model, candidates)
        self._between = Decoder(with_model, 1)  # what is only summarized again needs no choice

    @property
    def effort(self) -> Effort:
        """What writing has cost so far."""
        shown, between = self._shown.effort, self._between.effort
        return Effort(shown.read + between.read, shown.written + between.written)

    def write(
        self, utterances: Sequence[Utterance], until: float, tell: Callable[[float], None] = lambda _: None
    ) -> list[str]:
        """The sentences of a summary, none where the model says nothing of use.

        until: of `time.monotonic`; tell: hears the share that is done. Raises OutOfTimeError.
        """
        stretches = prompting.segments(spoken(utterances), self._budget(), self._count)
        is_long = len(stretches) > STRETCHES_SHOWN
        decoder = self._between if is_long else self._shown
        parts: list[list[str]] = []
        for done, stretch in enumerate(stretches, 1):
            parts.append(self._summarize(prompting.transcript(stretch), until, decoder))
            tell(done / (len(stretches) + is_long))
        if is_long:
            parts = self._condense([part for part in parts if part], until)
        distinct = {sentence.casefold(): sentence for part in reversed(parts) for sentence in reversed(part)}
        return list(distinct.values())[::-1]

    def _condense(self, parts: list[list[str]], until: float) -> list[list[str]]:
        """Summaries of neighbours are taken together and summarized, until few enough are left."""
        while len(parts) > STRETCHES_SHOWN:
            size = max(2, min(-(-len(parts) // STRETCHES_SHOWN), 8))
            groups = [parts[start : start + size] for start in range(0, len(parts), size)]
            decoder = self._shown if len(groups) <= STRETCHES_SHOWN else self._between
            parts = [self._merge(group, until, decoder) for group in groups]
        return parts

    def _merge(self, group: list[list[str]], until: float, decoder: Decoder) -> list[str]:
        if len(group) == 1:
            return group[0]
        lines = "\n".join(sentence for part in group for sentence in part)
        return self._summarize(lines, until, decoder) or group[0]

    def _summarize(self, text: str, until: float, decoder: Decoder) -> list[str]:
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise OutOfTimeError
        candidates = [prompting.answer(one) for one in decoder.candidates(self._prompt(text), text, left_s)]
        if time.monotonic() > until:
            raise OutOfTimeError
        usable = [one for one in candidates if one]
        return usable[self._choose(text.split("\n"), usable)] if usable else []

    def _prompt(self, text: str) -> str:
        return prompting.build(self._with.style, text, self._with.tokenizer, self._with.prefix)

    def _budget(self) -> int:
        """Tokens of one stretch: what is left beside prompt and answer, and no more than a model reads well."""
        frame = self._count(self._prompt(""))
        return max(16, min(STRETCH_TOKENS, self._with.longest - frame - WRITTEN_TOKENS))

    def _count(self, text: str) -> int:
        return len(self._with.tokenizer(text, add_special_tokens=False)["input_ids"])
