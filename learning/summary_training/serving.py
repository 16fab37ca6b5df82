"""The summarizer in service: follows its alias, and loads what that names when the next summary is asked for."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from learning.encoders.encoder import Encoder
from learning.model_files.artifacts import ArtifactMissingError, Artifacts
from learning.summarizing.extractive import Picker
from learning.summarizing.summarizer import Summarizer
from learning.summary_training.job import PICKER, WRITER
from learning.writing.language_model import WHEEL_TITLE
from learning.writing.process import WritingProcess
from storage.database.engine import Database
from storage.models import versions
from storage.tables.models import TaskName, Version

log = logging.getLogger(__name__)

# In the place of a model's name: sentences are picked, and nothing writes.
NONE = "none"


@dataclass(frozen=True)
class SummarizerSource:
    """What settings say of summaries.

    model: a folder or hub name, None the installed one, NONE none at all; encoder: likewise; limit_s: for one summary.
    """

    model: str | None
    encoder: str | None
    threads: int
    limit_s: float

    @property
    def writes(self) -> bool:
        return self.model != NONE

    @property
    def title(self) -> str:
        """What the version that nobody trained is called."""
        return (self.model or WHEEL_TITLE) if self.writes else "sentence picker"


def champion(session: Session, team_id: str, source: SummarizerSource, encoder: Encoder) -> Version:
    """The version in service; one that is as settings say where they say something else than before.

    A sentence picker depends on the encoder alone: if nothing writes, the one that was trained beside a model that
    writes serves on without it.
    """
    number = versions.in_service(session, team_id, TaskName.SUMMARIZATION)
    if not source.writes and number:
        standing = versions.get(session, team_id, number)
        if standing.artifact and standing.base.partition(" ")[0] == encoder.fingerprint:
            return standing
    base = f"{encoder.fingerprint} {source.title}"
    return versions.champion(session, team_id, base, source.title, TaskName.SUMMARIZATION)


@dataclass(frozen=True)
class _Loaded:
    """A version, ready to summarize."""

    number: int
    summarizer: Summarizer
    writing: WritingProcess | None


class Serving:
    """One process's summarizer. Used by one thread at a time, closed by any."""

    def __init__(
        self,
        database: Database,
        team_id: str,
        artifacts: Artifacts,
        encoder: Encoder,
        source: SummarizerSource,
    ) -> None:
        self._database = database
        self._team_id = team_id
        self._artifacts = artifacts
        self._encoder = encoder
        self._source = source
        self._loaded: _Loaded | None = None
        self._turn = threading.Lock()

    def summarizer(self) -> tuple[Summarizer, int]:
        """What serves now, and the number of its version."""
        with self._database.writing() as session:
            wanted = champion(session, self._team_id, self._source, self._encoder)
        serves = self._loaded
        if serves is None or serves.number != wanted.number:
            serves = self._load(wanted, serves)
            self._swap(serves)
        return serves.summarizer, serves.number

    @property
    def writes_with(self) -> WritingProcess | None:
        """The process in which a model writes, started or not; None if sentences are picked."""
        return self._loaded.writing if self._loaded else None

    def rest(self) -> None:
        """Let go of memory that nobody needed for a while."""
        if self.writes_with:
            self.writes_with.rest()

    def close(self) -> None:
        """End what is under way."""
        self._swap(None)

    def _swap(self, loaded: _Loaded | None) -> None:
        with self._turn:
            before, self._loaded = self._loaded, loaded
        if before is None or before is loaded:
            return
        if before.writing:
            before.writing.close()
        if loaded:
            log.info("summarizer swapped version=%d previous=%d", loaded.number, before.number)

    def _load(self, version: Version, serves: _Loaded | None) -> _Loaded:
        """That version; where its files can't be used, what served before, to which the alias is given back."""
        try:
            return self._with(version.number, self._files(version))
        except (ArtifactMissingError, OSError, ValueError, KeyError, TypeError) as error:
            log.error("summarizer can't serve version=%d error=%s", version.number, type(error).__name__)
            return self._stay(version.number, serves, f"v{version.number} can't serve: {error}")

    def _stay(self, number: int, serves: _Loaded | None, reason: str) -> _Loaded:
        with self._database.writing() as session:
            base = f"{self._encoder.fingerprint} {self._source.title}"
            plain = versions.plain(session, self._team_id, base, self._source.title, TaskName.SUMMARIZATION)
            stays = serves.number if serves else plain.number
            versions.give_back(session, self._team_id, number, stays, reason, TaskName.SUMMARIZATION)
        return serves or self._with(plain.number, None)

    def _files(self, version: Version) -> Path | None:
        return self._artifacts.get(version.artifact) if version.artifact else None

    def _with(self, number: int, folder: Path | None) -> _Loaded:
        picker = Picker.load(folder / PICKER) if folder else Picker()
        source = self._source
        writing = None
        if source.writes:
            is_tuned = folder is not None and (folder / WRITER).is_dir()
            model = str((folder / WRITER).resolve()) if folder and is_tuned else source.model
            writing = WritingProcess(model, source.threads, source.encoder)
        return _Loaded(number, Summarizer(self._encoder, picker, writing, source.limit_s), writing)
