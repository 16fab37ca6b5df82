"""ROUGE-L: how much of a summary stands, in its order, in the one that people settled."""

from __future__ import annotations

from learning.text.linear import Pattern

# Comparing takes time by the words of one text times those of the other.
WORDS_MOST = 1_000
# A word in any script; where words are not divided by spaces each sign is one.
WORD = Pattern(
    r"[\x{0e00}-\x{0eff}\x{3040}-\x{30ff}\x{3400}-\x{9fff}\x{f900}-\x{faff}]"
    r"|(?:[^\pC\pM\pP\pS\pZ\x{0e00}-\x{0eff}\x{3040}-\x{9fff}]|_)+"
)


class _Words:
    """rouge-score's own tokenizer knows Latin letters alone."""

    def tokenize(self, text: str) -> list[str]:
        return WORD.findall(text.casefold())[:WORDS_MOST]


class Rouge:
    """Scores by rouge-score (Lin, 2004)."""

    def __init__(self) -> None:
        from rouge_score.rouge_scorer import RougeScorer

        self._scorer = RougeScorer(["rougeL"], tokenizer=_Words())

    def score(self, wanted: str, said: str) -> float:
        """F1, 0 to 100."""
        return 100.0 * float(self._scorer.score(wanted, said)["rougeL"].fmeasure)
