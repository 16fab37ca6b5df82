"""What people's edits teach the sentence picker, in service with the next summary."""

from __future__ import annotations

import threading

from learning.encoder import Encoder
from learning.summarizing.extractive import Choice, Picker, chosen_by, describe, fit
from learning.summarizing.thread import Utterance, spoken
from storage import summaries, summary_reviews
from storage.database import Database

# Of a longer thread the beginning teaches enough.
READ_MOST = 200


class Choosing:
    """Fits a team's picker to what people made of its summaries; again only when they said something new."""

    def __init__(self, database: Database, team_id: str) -> None:
        self._database = database
        self._team_id = team_id
        self._turn = threading.Lock()
        self._known: dict[tuple[str, str, str], Choice] = {}
        self._fitted: tuple[str, dict[str, str], Picker] | None = None

    def picker(self, encoder: Encoder) -> Picker:
        """The picker as people would have it, for vectors of this encoder."""
        with self._turn:
            with self._database.reading() as session:
                settled = summary_reviews.settled(session, self._team_id)
            if self._fitted is None or self._fitted[:2] != (encoder.fingerprint, settled):
                choices = {key: self._choice(key, encoder) for key in self._keys(encoder, settled)}
                self._known = choices
                self._fitted = encoder.fingerprint, settled, fit(list(choices.values()))
            return self._fitted[2]

    @staticmethod
    def _keys(encoder: Encoder, settled: dict[str, str]) -> list[tuple[str, str, str]]:
        return [(encoder.fingerprint, summary_id, text) for summary_id, text in settled.items()]

    def _choice(self, key: tuple[str, str, str], encoder: Encoder) -> Choice:
        if key in self._known:
            return self._known[key]
        _, summary_id, text = key
        with self._database.reading() as session:
            covered = summaries.covered(session, summary_id)[:READ_MOST]
        # A text keeps people as marks; so do these, and who spoke counts as a word that was chosen.
        said = spoken([Utterance(one.id, f"<@{one.user_id}>", one.text) for one in covered])
        vectors = encoder.encode([one.line for one in said]).vectors
        return Choice(describe(said, vectors), chosen_by(text, said))
