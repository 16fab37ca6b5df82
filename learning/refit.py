"""Refit the head on everything that people have said so far, and serve it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from learning import head
from learning.champion import Served
from learning.encoder import Encoder, Vectors
from learning.head import Head
from storage import labels, messages, predictions, resolution, versions
from storage.database import Database
from storage.tables import Label, Version

AT_ONCE = 32


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
    """Fits heads for one team over one encoder, whose vectors of the labels' texts are computed once.

    `version` and `learned` are those of a fine-tuned encoder: its number, and the head that it was trained with.
    """

    def __init__(
        self,
        database: Database,
        team_id: str,
        encoder: Encoder,
        encoder_name: str,
        version: int | None = None,
        learned: Head | None = None,
    ) -> None:
        self.encoder = encoder
        self._database = database
        self._team_id = team_id
        self._encoder_name = encoder_name
        self._version = version
        self.learned = learned
        self._known: dict[str, Vectors] = {}

    def read_again(self) -> int:
        """Compute the vectors that labelled messages lack under this encoder; how many they were."""
        with self._database.reading() as session:
            said = list(resolution.labelled(session, self._team_id))
            known = predictions.vectors(session, self.encoder.fingerprint, said)
            missing = [message_id for message_id in said if message_id not in known]
        for start in range(0, len(missing), AT_ONCE):
            self._read(missing[start : start + AT_ONCE])
        return len(missing)

    def _read(self, message_ids: list[str]) -> None:
        with self._database.reading() as session:
            texts = messages.texts(session, message_ids)
        vectors = self.encoder.encode(list(texts.values())).vectors
        with self._database.writing() as session:
            still = messages.texts(session, list(texts))  # edited or erased meanwhile: not what was read
            for (message_id, text), vector in zip(texts.items(), vectors, strict=True):
                if still.get(message_id) == text:
                    predictions.keep_vector(session, message_id, self.encoder.fingerprint, vector)

    def serve(self, previous: Served | None = None) -> Served:
        """A head fitted on the labels as they are now; begins from `previous` to be quick."""
        training, version = self._gather()
        fitted = head.fit(
            tuple(label.id for label in training.labels),
            self._vectors([description(label) for label in training.labels]),
            training.examples,
            training.classes,
            start=previous.head if previous else None,
            learned=self.learned,
        )
        with self._database.writing() as session:
            revision = versions.revise(session, version, training.fingerprint, training.messages)
        return Served(version.number, revision.number, self.encoder, fitted)

    def _gather(self) -> tuple[TrainingSet, Version]:
        version = self._row()
        with self._database.reading() as session:
            known = labels.active(session, self._team_id)
            said = resolution.labelled(session, self._team_id)
            vectors = predictions.vectors(session, self.encoder.fingerprint, list(said))
        return self._training_set(known, said, vectors), version

    def _row(self) -> Version:
        with self._database.writing() as session:
            if self._version is not None:
                return versions.get(session, self._team_id, self._version)
            return versions.champion(session, self._team_id, self.encoder.fingerprint, self._encoder_name)

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
            examples=np.array(examples, dtype=np.float32).reshape(len(examples), self.encoder.dimensions),
            classes=np.array(classes, dtype=np.int64),
            messages=len(learned),
        )

    def _vectors(self, texts: list[str]) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, self.encoder.encode(new).vectors, strict=True))
        rows = [self._known[text] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(rows), self.encoder.dimensions)


def description(label: Label) -> str:
    """What the encoder reads for a label: its name in words, and what it is for."""
    words = label.name.replace("_", " ").replace("-", " ")
    return f"{words}: {label.description}" if label.description else words
