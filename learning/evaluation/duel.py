"""The duel: champion and challenger run side by side, and people say which was right where the two disagree.

It may be looked at after every answer, and it ends as soon as the answers are clear. `evidence` is an e-process: where
the share of hits truly is at most the limit, it ever reaches NEEDED with probability 1 / NEEDED at most, however often
one looks (Ville, 1939; Ramdas, Grünwald, Vovk & Shafer, "Game-theoretic statistics and safe anytime-valid inference",
Statistical Science 38, 2023).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from storage.tables.models import Decision

NEEDED = 20.0
# Beta's parameters for the share of informative answers that side with the better model, cut off below a half. Gains
# of 2 and 5 points come with shares of about 0.6 to 0.8. With 200 answers at most, as chance and median of answers:
#   share            0.50     0.55      0.60          0.65         0.70        0.80
#   Beta(1, 1)       3.2 %    16 %      58 %, 168     94 %, 68     100 %, 37   100 %, 17
#   Beta(12, 8)      3.1 %    21 %      67 %, 137     97 %, 61     100 %, 37   100 %, 18
# A uniform prior spends half of itself on shares above 0.75, for which a few answers are enough anyway; one that is
# nearer to a half, as Beta(10, 10), needs 43 answers at 0.70.
PRIOR = (12.0, 8.0)
LARGEST_EXPONENT = 700.0
SHOWN_MOST = 1_000


@dataclass(frozen=True)
class DuelStanding:
    """How a duel stands. `won`, `lost`: answers; evidence: NEEDED or more decides; reason: for people in Slack."""

    decision: Decision
    won: int
    lost: int
    evidence_for: float
    evidence_against: float
    reason: str


def decide(won: int, lost: int, asked: int, most: int) -> DuelStanding:
    """Promote, refuse, or go on asking.

    won, lost: questions in which the challenger was right, or the champion; asked: all that were answered, also those
    in which neither was right; most: how many are asked before a challenger that was not shown better is refused.
    """
    favour = evidence(won, lost, 0.5, PRIOR)
    against = evidence(lost, won, 0.5, PRIOR)
    if favour >= NEEDED:
        decision, reason = Decision.PROMOTE, _sided("challenger", won, won + lost, favour)
    elif against >= NEEDED:
        decision, reason = Decision.REFUSE, _sided("champion", lost, won + lost, against)
    elif asked >= most:
        decision = Decision.REFUSE
        reason = f"{asked} questions did not show a gain: {_sided('challenger', won, won + lost, favour)}"
    else:
        decision, reason = Decision.GO_ON, f"so far, {_sided('challenger', won, won + lost, favour)}"
    return DuelStanding(decision, won, lost, favour, against, reason)


def evidence(hits: int, misses: int, limit: float, prior: tuple[float, float]) -> float:
    """How many times as likely hits and misses are with a share of hits above `limit` than with `limit` itself.

    prior: Beta's parameters; the likelihood is averaged over it, cut off below `limit` (0 < limit < 1). Where it is
    below what a float holds it is 0, and where above, some 1e304.
    """
    from scipy.special import betaln

    alpha, beta = prior
    before = betaln(alpha, beta) + _log_above(limit, alpha, beta)
    after = betaln(alpha + hits, beta + misses) + _log_above(limit, alpha + hits, beta + misses)
    at_limit = hits * math.log(limit) + misses * math.log1p(-limit)
    return math.exp(min(after - before - at_limit, LARGEST_EXPONENT))


def _log_above(limit: float, alpha: float, beta: float) -> float:
    """Logarithm of the probability that a Beta variable is above `limit`."""
    from scipy.special import betainc

    above = float(betainc(beta, alpha, 1 - limit))
    return math.log(above) if above > 0 else -math.inf


def spoken(found: float) -> str:
    """Evidence in words."""
    shown = math.floor(10 * found) / 10  # rounded up, 19.97 would read as if it were enough
    return f"evidence {shown:g}, needs {NEEDED:g}" if found < SHOWN_MOST else f"evidence above {SHOWN_MOST:,}"


def _sided(with_whom: str, times: int, of: int, found: float) -> str:
    return (
        f"people sided with the {with_whom} in {times} of {of} messages on which the two disagree and one is right "
        f"({spoken(found)})"
    )
