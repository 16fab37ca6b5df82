"""Refit the head on what people have said so far and may be believed at once, and serve it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from learning.data import trust
from learning.data.trust import NO_OPERATORS, Belief
from learning.encoders import vectors
from learning.encoders.embedding_cache import Remembered
from learning.encoders.encoder import Encoder, Vectors
from learning.encoders.vectors import AT_ONCE
from learning.heads import head
from learning.heads.centring import team_mean
from learning.heads.champion import Served
from learning.heads.head import Head
from learning.heads.label_texts import vectors_of
from storage.database.engine import Database
from storage.feedback import labels
from storage.models import predictions, versions
from storage.tables.feedback import Label
from storage.tables.models import Version

# Of many unread messages so many are read before a fit shows what was learned of them.
FIT_AFTER_LEAST = 256
# All own examples of a label count as so many corrections at most: else with the shipped ones, of which each label has
# some ninety, a user's first correction would hardly show in the next similar message.
OWN_COUNT_MOST = 17
# More iterations than a fit needs to come to its end.
UNTIL_SETTLED = 1_000


@dataclass(frozen=True)
class TrainingSet:
    """Labels with their examples. `examples`: (examples, dimensions); `classes`: (examples,), rows of `labels`;
    `counts`: (examples,), as how many corrections each of them counts.

    `fingerprint` changes when a label, an example, an example's label or the `mean` does.
    """

    labels: tuple[Label, ...]
    examples: Vectors
    classes: head.Classes
    counts: Vectors
    mean: Vectors
    messages: int
    fingerprint: str


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
        belief: Belief = NO_OPERATORS,
    ) -> None:
        self.encoder = encoder
        self._belief = belief
        self._database = database
        self._team_id = team_id
        self._encoder_name = encoder_name
        self._version = version
        self.learned = learned
        self._known: dict[str, Vectors] = {}
        self._remembered = Remembered(encoder.fingerprint, encoder.dimensions)
        self.is_settled = True
        self._unread: list[str] = []
        self._unreadable: set[str] = set()
        self._read_since = 0
        self._fitted_on = 0
        # What `fit_aside` made last, and of what.
        self._aside: tuple[str, dict[str, str], Head] | None = None

    def read_again(self, most: int | None = None) -> int:
        """Compute the vectors that labelled messages lack under this encoder, of at most `most`; how many they were."""
        with self._database.reading() as session:
            said = list(trust.for_head(session, self._team_id, self._belief))
            known = predictions.marks(session, self._team_id, self.encoder.fingerprint)
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
        read = vectors.read(self._database, self.encoder, message_ids)
        self._unreadable.update(set(message_ids) - read.keys())

    def serve(self, previous: Served | None = None) -> Served:
        """A head fitted on the labels as they are now.

        Where that would take long and there is a `previous` one, what was said since is learned first: then it
        `is_settled` no more.
        """
        training, version = self._gather()
        self.is_settled = head.is_quick(len(training.labels), len(training.classes))
        start = previous.head if previous and previous.encoder is self.encoder else None
        material, mean, counts = self._material(training), training.mean, training.counts
        if start is None or self.is_settled:
            fitted = head.fit(*material, start, self.learned, mean=mean, counts=counts)
        else:
            fitted = head.nudge(*material, start, self.learned, mean, counts)
        return self._served(version, training, fitted)

    def settle(self, served: Served, go_on: Callable[[], bool]) -> Served:
        """What `serve` left: a head that is fitted to the end, whatever it began with; no new revision of it.

        Where `go_on` says no meanwhile, as near as it came.
        """
        training, version = self._gather()
        is_interrupted = False

        def ask() -> bool:
            nonlocal is_interrupted
            is_interrupted = not go_on()
            return not is_interrupted

        material = self._material(training)
        fitted = head.fit(
            *material, served.head, self.learned, ask, UNTIL_SETTLED, training.mean, counts=training.counts
        )
        self.is_settled = not is_interrupted
        return self._served(version, training, fitted)

    def fit_aside(self, said: Mapping[str, str]) -> Head:
        """What `fit_on` gives, not made again as long as the labels and `said` stay the same."""
        with self._database.reading() as session:
            known = labels.active(session, self._team_id)
        made_of = repr([(label.id, label.name, label.description, label.examples) for label in known])
        if self._aside is None or self._aside[:2] != (made_of, said):
            self._aside = made_of, dict(said), self.fit_on(said)
        return self._aside[2]

    def fit_on(self, said: Mapping[str, str], adapt: head.Adapt = head.adapter_of) -> Head:
        """A head that is served nowhere, fitted on these labels of messages; on as many as a quick fit takes."""
        with self._database.reading() as session:
            known = labels.active(session, self._team_id)
            chosen = sorted(said)[: head.QUICK // max(len(known), 1)]  # ids are random
            read = predictions.vectors(session, self.encoder.fingerprint, chosen)
        own, classes = self._own_examples(known)
        of_own = len(classes)
        row = {label.id: number for number, label in enumerate(known)}
        read = {message_id: vector for message_id, vector in read.items() if said[message_id] in row}
        classes += [row[said[message_id]] for message_id in read]
        described = self._described(known)
        examples = np.vstack([own, *read.values()])
        rows = np.array(classes, dtype=np.int64)
        mean = self._mean(known)
        counts = _counts(rows, of_own)
        return head.fit(
            tuple(row), described, examples, rows, None, self.learned, mean=mean, adapt=adapt, counts=counts
        )

    def mean(self) -> Vectors:
        """(dimensions,): what centres embeddings, the mean of the team's messages, or of its labels' texts at first."""
        with self._database.reading() as session:
            known = labels.active(session, self._team_id)
        return self._mean(known)

    def _mean(self, known: list[Label]) -> Vectors:
        texts = np.vstack([self._described(known), self._own_examples(known)[0]])
        return team_mean(self._database, self._team_id, self.encoder.fingerprint, texts)

    def own_examples(self) -> tuple[Vectors, list[str]]:
        """Vectors of the labels' own examples, (examples, dimensions), and the label id of each."""
        with self._database.reading() as session:
            known = labels.active(session, self._team_id)
        own, classes = self._own_examples(known)
        return own, [known[number].id for number in classes]

    def _own_examples(self, known: list[Label]) -> tuple[Vectors, list[int]]:
        written = [(text, number) for number, label in enumerate(known) for text in label.examples]
        return self._vectors([text for text, _ in written]), [number for _, number in written]

    def _material(self, training: TrainingSet) -> tuple[tuple[str, ...], Vectors, Vectors, head.Classes]:
        described = self._described(training.labels)
        return tuple(label.id for label in training.labels), described, training.examples, training.classes

    def _described(self, known: Sequence[Label]) -> Vectors:
        return self._vectors([description(label) for label in known])

    def _served(self, version: Version, training: TrainingSet, fitted: Head) -> Served:
        with self._database.writing() as session:
            revision = versions.revise(session, version, training.fingerprint, training.messages)
        return Served(version.number, revision.number, self.encoder, fitted, training.mean)

    def _gather(self) -> tuple[TrainingSet, Version]:
        version = self._row()
        with self._database.reading() as session:
            known = labels.active(session, self._team_id)
            said = trust.for_head(session, self._team_id, self._belief)
            marks = predictions.marks(session, self._team_id, self.encoder.fingerprint)
            self._remembered.follow(session, marks)
        missing = said.keys() - self._remembered.messages
        readable = missing - self._unreadable
        self._unread = [one for one in said if one in readable] if readable else []
        read = {one: said[one] for one in said if one not in missing} if missing else said
        self._read_since, self._fitted_on = 0, len(read)
        return self._training_set(known, read), version

    def _row(self) -> Version:
        if self._version is not None:
            with self._database.reading() as session:
                return versions.get(session, self._team_id, self._version)
        of_team = self._team_id, self.encoder.fingerprint, self._encoder_name
        return self._database.write_patiently(lambda session: versions.champion(session, *of_team))

    def _training_set(self, known: list[Label], said: dict[str, str]) -> TrainingSet:
        row = {label.id: number for number, label in enumerate(known)}
        own, of_own = self._own_examples(known)
        classes = np.array([*of_own, *(row[label_id] for label_id in said.values())], dtype=np.int64)
        learned = self._remembered.vectors(list(said))
        mean = self._mean(known)
        return TrainingSet(
            labels=tuple(known),
            examples=np.vstack([own, learned]),
            classes=classes,
            counts=_counts(classes, len(of_own)),
            mean=mean,
            messages=len(said),
            fingerprint=self._fingerprint(known, said, mean),
        )

    def _fingerprint(self, known: list[Label], said: dict[str, str], mean: Vectors) -> str:
        digest = hashlib.sha256(mean.tobytes())
        for label in known:
            digest.update(f"{label.id} {label.name} {label.description} {label.examples}".encode())
        messages = sorted(said)
        digest.update("".join(messages).encode())
        digest.update("".join(map(said.__getitem__, messages)).encode())
        digest.update(b"".join(map(self._remembered.mark, messages)))
        return digest.hexdigest()[:16]

    def _vectors(self, texts: list[str]) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, vectors_of(self.encoder, new), strict=True))
        rows = [self._known[text] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(rows), self.encoder.dimensions)


def description(label: Label) -> str:
    """What the encoder reads for a label: its name in words, and what it is for."""
    words = label.name.replace("_", " ").replace("-", " ")
    return f"{words}: {label.description}" if label.description else words


def _counts(classes: head.Classes, own: int) -> Vectors:
    """As how many corrections each example counts, (examples,): the first `own` are of labels, the others one each."""
    counts = np.ones(len(classes), dtype=np.float32)
    number = np.bincount(classes[:own], minlength=1)
    counts[:own] = np.minimum(1.0, OWN_COUNT_MOST / np.maximum(number, 1))[classes[:own]]
    return counts
