"""The registry: from a version's number to a model that can serve, checked against what its trainer said."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from learning.data.trust import NO_OPERATORS, Belief
from learning.encoders.encoder import Encoder, EncoderNotFoundError, load_encoder, title
from learning.encoders.serving import load_on_gpu, load_small
from learning.heads.head import Head
from learning.heads.refit import Refitter
from learning.model_files.artifacts import ArtifactMissingError, Artifacts
from storage.database.engine import Database
from storage.messages import messages
from storage.models import versions
from storage.tables.models import Version

log = logging.getLogger(__name__)

PROCESSOR = "cpu"
HEAD = "head.safetensors"
# The champion, the version before it for a roll back, and a challenger.
KEPT = 3
# Of the trainer's own answers so many may differ: messages are edited. More is another model.
DIFFERENT_MOST = 0.1
TOLERANCE = 0.02


class UnusableVersionError(RuntimeError):
    """A version can't serve."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"v{number} can't serve: {reason}")
        self.number = number


@dataclass(frozen=True)
class EncoderSource:
    """The encoder that settings name, and how texts are read. `exports`: where files of encoders for ONNX Runtime are
    kept, by which a processor serves; None where PyTorch does. `device`: PROCESSOR, or a GPU's name for PyTorch.
    """

    name: str | None
    max_tokens: int
    threads: int
    exports: Path | None = None
    device: str = PROCESSOR

    @property
    def is_on_gpu(self) -> bool:
        return self.device != PROCESSOR

    @property
    def title(self) -> str:
        return title(self.name)


class Registry:
    """Loads versions of one team; the latest `kept` stay loaded."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        artifacts: Artifacts,
        source: EncoderSource,
        kept: int = KEPT,
        belief: Belief = NO_OPERATORS,
    ) -> None:
        """`belief`: from whom heads learn at once, and runs for good."""
        self._database = database
        self._team_id = team_id
        self._kept = kept
        self._loaded: dict[int, Refitter] = {}
        self._turn = threading.Lock()
        self.artifacts = artifacts
        self.source = source
        self.belief = belief
        self.base = _base(source)

    def champion(self) -> Version:
        """The version in service; one of the encoder that settings name where they name another than before."""
        with self._database.writing() as session:
            return versions.champion(session, self._team_id, self.base.fingerprint, self.source.title)

    def plain(self) -> Version:
        """The version that is the encoder that settings name, as it is."""
        with self._database.writing() as session:
            return versions.plain(session, self._team_id, self.base.fingerprint, self.source.title)

    def source_of(self, version: Version) -> EncoderSource:
        """The encoder that a version is made from: what an operator switched to, or else what settings name."""
        if version.base == self.base.fingerprint:
            return self.source
        with self._database.reading() as session:
            switched = versions.switched_to(session, self._team_id, version.base)
        return replace(self.source, name=switched.card[versions.SETTING]) if switched else self.source

    def switch(self, name: str) -> Version:
        """The version that is the encoder of this name, loaded beside what serves. Raises EncoderNotFoundError."""
        source = replace(self.source, name=name)
        encoder, instead_of = _base(source).fingerprint, self.base.fingerprint
        with self._database.writing() as session:
            return versions.switch(session, self._team_id, encoder, source.title, name, instead_of)

    def load(self, number: int) -> Refitter:
        """A version, ready to fit heads. Raises UnusableVersionError, VersionNotFoundError."""
        with self._turn:
            if number in self._loaded:
                self._loaded[number] = self._loaded.pop(number)  # used last
                return self._loaded[number]
        with self._database.reading() as session:
            version = versions.get(session, self._team_id, number)
        found = self._from_files(version) if version.artifact else self._from_settings(version)
        with self._turn:
            self._loaded[number] = found
            while len(self._loaded) > self._kept:
                del self._loaded[next(iter(self._loaded))]
        return found

    def check(self, number: int, refitter: Refitter) -> None:
        """Compare answers to stored messages with the trainer's own. Raises UnusableVersionError."""
        with self._database.reading() as session:
            told = dict(versions.get(session, self._team_id, number).card.get("answers", {}))
            texts = messages.texts(session, list(told))
        learned = refitter.learned
        if not texts or learned is None:
            return
        # One by one, as the trainer read them: in exports of earlier releases a vector depends on its batch.
        vectors = np.vstack([refitter.encoder.encode([text]).vectors for text in texts.values()])
        probabilities = learned.probabilities(vectors)
        row = {label_id: column for column, label_id in enumerate(learned.labels)}
        different = sum(
            told[message_id][0] not in row
            or abs(float(found[row[told[message_id][0]]]) - told[message_id][1]) > TOLERANCE
            for message_id, found in zip(texts, probabilities, strict=True)
        )
        if different > max(1, DIFFERENT_MOST * len(texts)):
            raise UnusableVersionError(
                number, f"it answers {different} of {len(texts)} messages otherwise than when it was trained"
            )

    def _from_settings(self, version: Version) -> Refitter:
        name, number = version.encoder_name, version.number
        try:
            encoder = _base(self.source_of(version))
        except EncoderNotFoundError as error:
            raise UnusableVersionError(number, str(error)) from error
        if version.encoder != encoder.fingerprint:
            raise UnusableVersionError(number, f"it needs the encoder {name}")
        return Refitter(self._database, self._team_id, encoder, name, number, belief=self.belief)

    def _from_files(self, version: Version) -> Refitter:
        try:
            folder = self.artifacts.get(str(version.artifact))
            encoder = self._encoder(folder)
            learned = Head.load(folder / HEAD)
        except (ArtifactMissingError, EncoderNotFoundError) as error:
            raise UnusableVersionError(version.number, str(error)) from error
        except Exception as error:  # libraries have no one exception for files that are not as they should be
            reason = f"its head can't be read ({type(error).__name__})"
            raise UnusableVersionError(version.number, reason) from error
        if not learned.fits(encoder.dimensions):
            raise UnusableVersionError(version.number, "its head belongs to another encoder")
        if encoder.fingerprint != version.encoder:
            raise UnusableVersionError(version.number, "its files hold another encoder than was registered")
        name = version.encoder_name
        return Refitter(self._database, self._team_id, encoder, name, version.number, learned, self.belief)

    def _encoder(self, folder: Path) -> Encoder:
        return _load(replace(self.source, name=str(folder)))


@lru_cache(maxsize=2)
def _base(source: EncoderSource) -> Encoder:
    """Loaded once for all teams of a process: what settings name, and what an operator switched to."""
    return _load(source)


def _load(source: EncoderSource) -> Encoder:
    found = load_on_gpu(source.name, source.max_tokens, source.threads) if source.is_on_gpu else None
    if found:
        return found
    if source.exports is None:
        return load_encoder(source.name, source.max_tokens, source.threads)
    return load_small(source.name, source.max_tokens, source.threads, source.exports)
