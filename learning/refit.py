"""Refit the head on everything that people have said so far, and serve it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from learning import head
from learning.champion import Served
from learning.encoder import Encoder, Vectors
from storage import labels, predictions, resolution, versions
from storage.database import Database
from storage.resolution import State
from storage.tables import Label, Version


@dataclass(frozen=True)
class TrainingSet:
    """Labels with their examples. `examples`: (examples, dimensions); `classes`: (examples,), rows of `labels`."""

    labels: tuple[Label, ...]
    examples: Vectors
    classes: head.Classes
    messages: int

    @property
    def fingerprint(self) -> str:
        """Changes when a label, an example or an example's label does."""
        digest = hashlib.sha256()
        for label in self.labels:
            digest.update(f"{label.id} {label.name} {label.description}".encode())
        digest.update(self.examples.tobytes())
        digest.update(self.classes.tobytes())
        return digest.hexdigest()[:16]


class Refitter:
    """Fits heads for one team over one encoder, whose vectors of the labels' texts are computed once."""

    def __init__(self, database: Database, team_id: str, encoder: Encoder, encoder_name: str) -> None:
        self._database = database
        self._team_id = team_id
        self._encoder = encoder
        self._encoder_name = encoder_name
        self._known: dict[str, Vectors] = {}

    def serve(self, previous: Served | None = None) -> Served:
        """A head fitted on the labels as they are now; begins from `previous` to be quick."""
        training, version = self._gather()
        fitted = head.fit(
            tuple(label.id for label in training.labels),
            self._vectors([description(label) for label in training.labels]),
            training.examples,
            training.classes,
            start=previous.head if previous else None,
        )
        with self._database.writing() as session:
            revision = versions.revise(session, version, training.fingerprint, training.messages)
        return Served(version.number, revision.number, self._encoder, fitted)

    def state(self) -> State:
        """Changes with everything that people say or answer."""
        with self._database.reading() as session:
            return resolution.state(session, self._team_id)

    def _gather(self) -> tuple[TrainingSet, Version]:
        with self._database.writing() as session:
            version = versions.champion(session, self._team_id, self._encoder.fingerprint, self._encoder_name)
        with self._database.reading() as session:
            known = labels.active(session, self._team_id)
            said = resolution.labelled(session, self._team_id)
            vectors = predictions.vectors(session, self._encoder.fingerprint, list(said))
        return self._training_set(known, said, vectors), version

    def _training_set(
        self, known: list[Label], said: dict[str, str], vectors: dict[str, Vectors]
    ) -> TrainingSet:
        row = {label.id: number for number, label in enumerate(known)}
        written = [(text, row[label.id]) for label in known for text in label.examples]
        learned = [(vectors[message], row[label]) for message, label in said.items() if message in vectors]
        examples = [*self._vectors([text for text, _ in written]), *(vector for vector, _ in learned)]
        classes = [number for _, number in written] + [number for _, number in learned]
        return TrainingSet(
            labels=tuple(known),
            examples=np.array(examples, dtype=np.float32).reshape(len(examples), self._encoder.dimensions),
            classes=np.array(classes, dtype=np.int64),
            messages=len(learned),
        )

    def _vectors(self, texts: list[str]) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, self._encoder.encode(new).vectors, strict=True))
        rows = [self._known[text] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(rows), self._encoder.dimensions)


def description(label: Label) -> str:
    """What the encoder reads for a label: its name in words, and what it is for."""
    words = label.name.replace("_", " ").replace("-", " ")
    return f"{words}: {label.description}" if label.description else words
