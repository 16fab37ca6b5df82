"""What summaries a run learns from and is judged by: those that people settled, the two kept apart for ever."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from learning.summarizing.job import Lesson
from learning.summarizing.thread import Utterance, spoken
from learning.tasks.task import NothingToLearnError
from storage import splits, summaries, summary_reviews
from storage.database import Database
from storage.tables import Message, Side

# Of a longer conversation the beginning teaches enough.
READ_MOST = 200
MARK = re.compile(r"<@([A-Z0-9]+)>")
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
class Lessons:
    """`training`: what is learned from; `learned`: by summary id, what it should say, people as marks; `holdout`: what
    both summarizers are judged on.
    """

    training: list[Lesson]
    learned: dict[str, str]
    holdout: list[Lesson]


@dataclass(frozen=True)
class _Settled:
    """A summary that people settled, and the messages that it is about, as far as they are read."""

    id: str
    text: str
    covered: list[Message]

    def lesson(self) -> Lesson:
        """With everybody under an invented name, another one in each conversation."""
        first = int.from_bytes(hashlib.sha256(self.id.encode()).digest()[:4])
        names: dict[str, str] = {}

        def name(user_id: str) -> str:
            place = first + len(names)
            again = f" {len(names) // len(NAMES) + 1}" if len(names) >= len(NAMES) else ""
            return names.setdefault(user_id, f"{NAMES[place % len(NAMES)]}{again}")

        said = spoken([Utterance(one.id, name(one.user_id), one.text) for one in self.covered])
        return Lesson(self.id, said, MARK.sub(lambda found: name(found[1]), self.text))


def gather(database: Database, team_id: str, share: float) -> Lessons:
    """What there is to learn from now; a `share` of the conversations is held out, for ever the same ones.

    What shares a message with one that is held out is learned from by nobody. Raises NothingToLearnError.
    """
    training, holdout = _sides(_settled(database, team_id), share)
    if not training:
        raise NothingToLearnError(
            "there is nothing to learn from: nobody has improved a summary yet, or called one good, but for those that "
            "are held out"
        )
    learned = {one.id: one.text for one in training}
    return Lessons([one.lesson() for one in training], learned, [one.lesson() for one in holdout])


def to_learn(database: Database, team_id: str, share: float) -> dict[str, str]:
    """For each summary that may be learned from, what it should say."""
    return {one.id: one.text for one in _sides(_settled(database, team_id), share)[0]}


def _settled(database: Database, team_id: str) -> list[_Settled]:
    with database.reading() as session:
        texts = summary_reviews.settled(session, team_id)
        found = [
            _Settled(one, text, summaries.covered(session, one)[:READ_MOST]) for one, text in texts.items()
        ]
    return [one for one in found if one.text.strip() and one.covered]


def _sides(settled: list[_Settled], share: float) -> tuple[list[_Settled], list[_Settled]]:
    """Drawn by the message that a conversation begins with: its summaries, however many, are on one side."""
    held = [one for one in settled if splits.draw(one.covered[0].id, share) is Side.HOLDOUT]
    theirs = {message.id for one in held for message in one.covered}
    learned = [one for one in settled if theirs.isdisjoint(message.id for message in one.covered)]
    return learned, held
