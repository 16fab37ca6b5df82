"""The baselines: the first three turns, and sumy's LexRank and TextRank over the turns."""

from __future__ import annotations

import re
from typing import Any

from benchmarks.summaries.dialogues import Dialogue

LEAD = 3
PICKED = 2


def lead(dialogue: Dialogue) -> str:
    """LEAD-3: the beginning."""
    return " ".join(dialogue.turns[:LEAD])


def lexrank(dialogue: Dialogue) -> str:
    """Erkan & Radev, 2004, as sumy has it."""
    from sumy.summarizers.lex_rank import LexRankSummarizer

    return _picked(dialogue, LexRankSummarizer())


def textrank(dialogue: Dialogue) -> str:
    """Mihalcea & Tarau, 2004, as sumy has it."""
    from sumy.summarizers.text_rank import TextRankSummarizer

    return _picked(dialogue, TextRankSummarizer())


class _Turns:
    """sumy's own tokenizer fetches data from the network; turns are sentences here."""

    language = "english"

    def to_sentences(self, paragraph: str) -> tuple[str, ...]:
        return tuple(line for line in paragraph.split("\n") if line.strip())

    def to_words(self, sentence: str) -> tuple[str, ...]:
        return tuple(re.findall(r"\w+", sentence))


def _picked(dialogue: Dialogue, summarizer: Any) -> str:
    from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence

    turns = _Turns()
    sentences = [Sentence(turn, turns) for turn in dialogue.turns]
    picked = summarizer(ObjectDocumentModel([Paragraph(sentences)]), PICKED)
    return " ".join(str(sentence) for sentence in picked)
