"""What the version in service says now about messages that were predicted before, maybe by another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from learning.encoders import vectors
from learning.heads.champion import Champion, Served
from storage.database.engine import Database
from storage.messages.datasets import Followed
from storage.models import floors

# A score that moved by less is no news.
MOVED_LEAST = 0.05


@dataclass(frozen=True)
class CurrentPrediction:
    """The likeliest label of one message, and which revision of which version says so.

    `is_none`: no label fits, that one only best.
    """

    version: int
    revision: int
    label_id: str
    confidence: float
    margin: float
    is_none: bool = False

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(told: dict[str, Any]) -> CurrentPrediction:
        return CurrentPrediction(
            **{field.name: told[field.name] for field in fields(CurrentPrediction) if field.name in told}
        )

    def differs_from(self, told: dict[str, Any] | None) -> bool:
        """Is this news to someone who was told that, as `to_json` has it?"""
        if told is None:
            return True
        before = CurrentPrediction.from_json(told)
        is_same = (before.version, before.label_id, before.is_none) == (
            self.version,
            self.label_id,
            self.is_none,
        )
        return not is_same or abs(before.confidence - self.confidence) >= MOVED_LEAST


@dataclass(frozen=True)
class Standing:
    """What opinions follow from: the revision in service, and the likeness below which none of its labels fits."""

    served: Served
    floor: float | None

    def is_same(self, other: Standing) -> bool:
        return self.served is other.served and self.floor == other.floor

    @property
    def followed(self) -> Followed:
        return Followed(self.served.version, self.served.revision, self.floor)


class Opinions:
    """Asks the champion of one team, with the vectors that are kept under its encoder."""

    def __init__(self, database: Database, team_id: str, champion: Champion) -> None:
        self._database = database
        self._team_id = team_id
        self._champion = champion

    def standing(self) -> Standing:
        """Return what decides now: another one whenever that changes."""
        served = self._champion.served
        return Standing(served, self._floor(served))

    def of(self, message_ids: Sequence[str]) -> dict[str, CurrentPrediction]:
        """The opinion on each of these messages; those that were erased or can't be read are left out."""
        served = self._champion.served
        found = vectors.of_messages(self._database, served.encoder, message_ids)
        if not found or not served.head.labels:
            return {}
        read = np.stack(list(found.values()))
        probabilities = served.head.probabilities(read)
        floor = self._floor(served)
        is_none = served.head.likeness(read) < (-np.inf if floor is None else floor)
        ranked = np.sort(probabilities, axis=1)[:, ::-1]  # (messages, labels), likeliest first
        margins = ranked[:, 0] - ranked[:, 1] if ranked.shape[1] > 1 else np.ones(len(ranked))
        return {
            message_id: CurrentPrediction(
                served.version,
                served.revision,
                served.head.labels[best],
                float(ranked[row, 0]),
                float(margins[row]),
                bool(is_none[row]),
            )
            for row, (message_id, best) in enumerate(zip(found, probabilities.argmax(axis=1), strict=True))
        }

    def _floor(self, served: Served) -> float | None:
        with self._database.reading() as session:
            return floors.of_version(session, self._team_id, served.version)
