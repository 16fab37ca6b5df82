"""The summarizer: has a model write, checks what it wrote against the thread, picks sentences where it must."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from learning.encoders.encoder import Encoder
from learning.summarizing.extractive import Picker
from learning.summarizing.faithfulness import Checker, Sentence
from learning.writing.process import WriterUnavailableError, Written
from learning.writing.prompt_like import is_prompt_like
from learning.writing.reasons import Reason
from learning.writing.thread import Utterance, sentences, spoken

SENTENCES_MOST = 5
QUOTED_MOST = 280
# More messages than this are not all written about: the model gets those that say most of the thread.
READ_MOST = 200
CHUNK = 500
# A single message of fewer words needs no summary.
WORDS_LEAST = 40


class NothingToSummarizeError(ValueError):
    """There are no words to be summarized; the reason says what there is instead."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)


class SummaryEngine(StrEnum):
    """Who spoke."""

    GENERATIVE = "generative"
    EXTRACTIVE = "extractive"


class Writes(Protocol):
    """A generative model, wherever it runs."""

    def write(
        self, utterances: Sequence[Utterance], limit_s: float, tell: Callable[[float], None]
    ) -> Written:
        """Sentences. Raises WriterUnavailableError."""


@dataclass(frozen=True)
class Draft:
    """A summary as a model made it. `covered`: ids of all utterances; `read`: how many of them it was made from.

    `aside`: why it was not the generative model that spoke, in words; empty where it was, or where there is none.
    """

    sentences: tuple[Sentence, ...]
    engine: SummaryEngine
    title: str
    covered: tuple[str, ...]
    people: int
    read: int
    aside: str = ""


class Summarizer:
    """Summarizes with one encoder, one head, and perhaps a model that writes."""

    def __init__(self, encoder: Encoder, picker: Picker, writes: Writes | None, limit_s: float) -> None:
        self._encoder = encoder
        self._picker = picker
        self._writes = writes
        self._limit_s = limit_s

    def summarize(
        self, utterances: Sequence[Utterance], tell: Callable[[float], None] = lambda _: None
    ) -> Draft:
        """A summary of what was said. `tell` hears the share that is done. Raises NothingToSummarizeError."""
        with_words = spoken(utterances)
        if not with_words:
            raise NothingToSummarizeError(_without_words(utterances))
        read = self._most_telling(with_words) if len(with_words) > 1 else _sentences(with_words[0])
        # What reads like an instruction to a bot is content, but no evidence, and hardly what the thread is about.
        told = [one for one in read if not is_prompt_like(one.beginning)]
        checker = Checker(told or read, self._encoder)
        aside = "" if told else Reason.INSTRUCTIONS.value
        if self._writes and told:
            try:
                return self._generate(with_words, read, checker, self._writes, tell)
            except WriterUnavailableError as error:
                aside = str(error)
        return self._extract(with_words, read, told or read, checker, aside)

    def _most_telling(self, utterances: list[Utterance]) -> list[Utterance]:
        """Of a very long thread what says most of it, a share of each stretch; all of it otherwise."""
        if len(utterances) <= READ_MOST:
            return utterances
        stretches = [utterances[start : start + CHUNK] for start in range(0, len(utterances), CHUNK)]
        share = max(1, READ_MOST // len(stretches))
        picked: list[Utterance] = []
        for stretch in stretches:  # vectors of one stretch at a time: memory does not grow with the thread
            vectors = self._encoder.encode([one.line for one in stretch]).vectors
            picked += [stretch[row] for row in self._picker.pick(stretch, vectors, share)]
        return picked

    def _generate(
        self,
        utterances: list[Utterance],
        read: list[Utterance],
        checker: Checker,
        writes: Writes,
        tell: Callable[[float], None],
    ) -> Draft:
        written = writes.write(read, self._limit_s, tell)
        checked = checker.check(written.sentences[:SENTENCES_MOST])
        if not checked:
            raise WriterUnavailableError(Reason.NOTHING_TO_SAY)
        if not any(sentence.is_supported for sentence in checked):
            raise WriterUnavailableError(Reason.UNSUPPORTED)
        return _draft(utterances, read, checked, SummaryEngine.GENERATIVE, written.title)

    def _extract(
        self,
        utterances: list[Utterance],
        read: list[Utterance],
        told: list[Utterance],
        checker: Checker,
        aside: str,
    ) -> Draft:
        picked = self._picker.pick(told, checker.vectors)
        quoted = [_quoted(told[row]) for row in picked]
        return replace(
            _draft(utterances, read, quoted, SummaryEngine.EXTRACTIVE, "sentence picker"), aside=aside
        )


def _sentences(one: Utterance) -> list[Utterance]:
    """One long message as if each of its sentences were said by itself. Raises NothingToSummarizeError."""
    if len(one.line.split()) < WORDS_LEAST:
        raise NothingToSummarizeError(Reason.ONE_SHORT_MESSAGE)
    return [Utterance(one.id, one.speaker, sentence) for sentence in sentences(one.line)]


def _quoted(one: Utterance) -> Sentence:
    return Sentence(f"{one.speaker}: {_beginning(one.line)}", (one.id,), 1.0)


def _beginning(line: str) -> str:
    """As much of a line as is quoted: whole sentences, or as much of the first as there is room for."""
    if len(line) <= QUOTED_MOST:
        return line
    room, end = QUOTED_MOST - len(" …"), 0
    for sentence in sentences(line):
        after = line.index(sentence, end) + len(sentence)
        if after > room:
            break
        end = after
    return f"{line[: end or room].rstrip()} …"


def _draft(
    utterances: list[Utterance],
    read: list[Utterance],
    checked: Sequence[Sentence],
    engine: SummaryEngine,
    title: str,
) -> Draft:
    covered = tuple(one.id for one in utterances)
    people = len({one.speaker for one in utterances})
    return Draft(tuple(checked), engine, title, covered, people, min(len(read), len(covered)))


def _without_words(utterances: Sequence[Utterance]) -> Reason:
    return Reason.NO_WORDS if utterances else Reason.NO_MESSAGES
