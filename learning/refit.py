"""Refit the head on everything that people have said so far, and serve it."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass

import numpy as np

from learning import head
from learning.champion import Served
from learning.encoder import Encoder, Vectors
from learning.head import Head
from storage import labels, messages, predictions, resolution, versions
from storage.database import Database
from storage.tables import Label, Version

log = logging.getLogger(__name__)

AT_ONCE = 32
# Of many unread messages so many are read before a fit shows what was learned of them.
FIT_AFTER_LEAST = 256


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
        self._unread: list[str] = []
        self._unreadable: set[str] = set()
        self._read_since = 0
        self._fitted_on = 0

    def read_again(self, most: int | None = None) -> int:
        """Compute the vectors that labelled messages lack under this encoder, of at most `most`; how many they were."""
        with self._database.reading() as session:
            said = list(resolution.labelled(session, self._team_id))
            known = predictions.vectors(session, self.encoder.fingerprint, said)
            missing = [message_id for message_id in said if message_id not in known][:most]
        for start in range(0, len(missing), AT_ONCE):
            self._read(missing[start : start + AT_ONCE])
        return len(missing)

    @property
    def is_behind(self) -> bool:
        """Were there labelled messages at the latest fit that this encoder has not read (imported ones, say)?"""
        return bool(self._unread)

    def catch_up(self) -> bool:
        """Read AT_ONCE of those; is it time to fit again, because all were read, or twice as many as were fitted on?"""
        self._read(self._unread[:AT_ONCE])
        del self._unread[:AT_ONCE]
        self._read_since += AT_ONCE
        return not self._unread or self._read_since >= max(FIT_AFTER_LEAST, self._fitted_on)

    def _read(self, message_ids: list[str]) -> None:
        with self._database.reading() as session:
            found = messages.texts(session, message_ids)
        texts = {message_id: text for message_id, text in found.items() if text}
        self._unreadable.update(set(message_ids) - texts.keys())
        vectors = self._encode(texts) if texts else {}
        with self._database.writing() as session:
            still = messages.texts(session, list(texts))  # edited or erased meanwhile: not what was read
            for message_id, vector in vectors.items():
                if still.get(message_id) == texts[message_id]:
                    predictions.keep_vector(session, message_id, self.encoder.fingerprint, vector)

    def _encode(self, texts: dict[str, str]) -> dict[str, Vectors]:
        """The vector of each message; one that the model fails on must not stop the others."""
        try:
            return dict(zip(texts, self.encoder.encode(list(texts.values())).vectors, strict=True))
        except Exception:
            if len(texts) == 1:
                [message_id] = texts
                self._unreadable.add(message_id)
                log.exception("model failed message=%s", message_id)
                return {}
            alone = [self._encode({message_id: text}) for message_id, text in texts.items()]
            return {message_id: vector for one in alone for message_id, vector in one.items()}

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
        self._unread = [one for one in said if one not in vectors and one not in self._unreadable]
        self._read_since, self._fitted_on = 0, len(vectors)
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
