"""What summaries a run learns from and is judged by: those that people settled, the two kept apart for ever."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlmodel import Session

from learning.data import trust
from learning.data.trust import Belief
from learning.summary_training.job import SummaryExample
from learning.tasks.task import NothingToLearnError
from learning.writing.thread import MARK, Utterance, spoken
from storage.database.engine import Database
from storage.models import splits
from storage.summaries import reviews, summaries
from storage.tables.models import Side

# Of a longer conversation the beginning teaches enough.
READ_MOST = 200
# A model is to learn how people summarize, not who they are.
NAMES = (
    *(
        "Ada",
        "Bruno",
        "Carla",
        "Dmitri",
        "Elena",
        "Farid",
        "Greta",
        "Hugo",
        "Ines",
        "Jonas",
        "Kenji",
        "Lucia",
    ),
    *("Marta", "Nils", "Olga", "Pedro", "Quinn", "Rosa", "Samir", "Teresa", "Ugo", "Vera", "Wanda", "Yusuf"),
)


@dataclass(frozen=True)
class SummaryExamples:
    """`training`: what is learned from; `learned`: by summary id, what it should say, people as marks; `holdout`: what
    both summarizers are judged on.
    """

    training: list[SummaryExample]
    learned: dict[str, str]
    holdout: list[SummaryExample]


def gather(database: Database, team_id: str, share: float, belief: Belief) -> SummaryExamples:
    """What there is to learn from now; a `share` of the conversations is held out, for ever the same ones.

    What shares a message with one that is held out is learned from by nobody. Raises NothingToLearnError.
    """
    settled = _settled(database, team_id, share, belief)
    if not settled.training:
        raise NothingToLearnError(
            "there is nothing to learn from: no reviewer or trusted user has improved a summary yet, or called "
            "one good, but for those that are held out"
        )
    with database.reading() as session:
        training = [_lesson(session, *one) for one in settled.training.items()]
        holdout = [_lesson(session, *one) for one in settled.holdout.items()]
    return SummaryExamples(training, settled.training, holdout)


def to_learn(database: Database, team_id: str, share: float, belief: Belief) -> dict[str, str]:
    """For each summary that may be learned from, what it should say."""
    return _settled(database, team_id, share, belief).training


@dataclass(frozen=True)
class _Settled:
    """What summaries should say, by their ids, on the two sides."""

    training: dict[str, str]
    holdout: dict[str, str]


def _settled(database: Database, team_id: str, share: float, belief: Belief) -> _Settled:
    """Drawn by the message that a conversation begins with: its summaries, however many, are on one side.

    Reviewers and trusted users settle them: what one is fine-tuned on lasts, as with labels.
    """
    with database.reading() as session:
        _, believed = trust.read(session, team_id, belief)
        settled = reviews.settled(session, team_id, believed)
        texts = {one: text for one, text in settled.items() if text.strip()}
        sources = summaries.sources(session, list(texts))
    held = {one for one, covered in sources.items() if splits.draw(covered[0], share) is Side.HOLDOUT}
    theirs = {message_id for one in held for message_id in sources[one]}
    return _Settled(
        {one: texts[one] for one, covered in sources.items() if theirs.isdisjoint(covered)},
        {one: texts[one] for one in sources if one in held},
    )


def _lesson(session: Session, summary_id: str, text: str) -> SummaryExample:
    """With everybody under an invented name, another one in each conversation."""
    first = int.from_bytes(hashlib.sha256(summary_id.encode()).digest()[:4])
    names: dict[str, str] = {}

    def name(user_id: str) -> str:
        place = first + len(names)
        again = f" {len(names) // len(NAMES) + 1}" if len(names) >= len(NAMES) else ""
        return names.setdefault(user_id, f"{NAMES[place % len(NAMES)]}{again}")

    covered = summaries.covered(session, summary_id)[:READ_MOST]
    said = spoken([Utterance(one.id, name(one.user_id), one.text) for one in covered])
    return SummaryExample(summary_id, said, MARK.sub(lambda found: name(found["user"]), text))
