"""ROUGE-L: how much of a summary stands, in its order, in the one that people settled."""

from __future__ import annotations

import re

# A word in any script; where words are not divided by spaces each sign is one.
WORD = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W\u0e00-\u0eff\u3040-\u9fff]+")


class _Words:
    """rouge-score's own tokenizer knows Latin letters alone."""

    def tokenize(self, text: str) -> list[str]:
        return WORD.findall(text.casefold())


class Rouge:
    """Scores by rouge-score (Lin, 2004)."""

    def __init__(self) -> None:
        from rouge_score.rouge_scorer import RougeScorer

        self._scorer = RougeScorer(["rougeL"], tokenizer=_Words())

    def score(self, wanted: str, said: str) -> float:
        """F1, 0 to 100."""
        return 100.0 * float(self._scorer.score(wanted, said)["rougeL"].fmeasure)
