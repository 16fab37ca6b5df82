"""A team whose versions are transformers of a few kilobytes."""

from __future__ import annotations

from pathlib import Path

from learning.encoders.encoder import load_encoder
from learning.heads.head import Head
from learning.model_files.artifacts import Artifacts
from learning.serving.hot_swap import Following
from learning.serving.registry import HEAD, EncoderSource, Registry
from storage.database.engine import Database
from storage.models import versions
from storage.tables.models import Ruling
from tests.factories import ANA, TEAM, label_set
from tests.learning.tiny_models import tiny_model


class TinyTeam:
    """`base`: the folder of the encoder that settings name."""

    def __init__(self, database: Database, folder: Path, base: str) -> None:
        self.database = database
        self.folder = folder
        self.base = base
        self.known = label_set(database, "invoice", "export")
        self.registry = self.another()

    def another(self) -> Registry:
        """The registry of another replica of the bot."""
        artifacts = Artifacts(str(self.folder / "models"), self.folder / "cache")
        return Registry(self.database, TEAM, artifacts, EncoderSource(self.base, 32, 1))

    def following(self) -> Following:
        return Following(self.database, TEAM, self.registry)

    def version(self, seed: int, answers: dict[str, tuple[str, float]] | None = None) -> int:
        """Register a version as a run would."""
        folder = self.folder / f"trained-{seed}"
        encoder = load_encoder(tiny_model(folder, seed=seed), 32, 1)
        ids = tuple(label.id for label in self.known.values())
        Head(ids, encoder.encode(list(ids)).vectors, 1.0).save(folder / HEAD)
        parent = self.registry.champion()
        with self.database.writing() as session:
            made = versions.register(
                session,
                TEAM,
                f"run {seed}",
                parent,
                encoder.fingerprint,
                self.registry.artifacts.put(folder),
                {"answers": answers or {}},
            )
        return made.number

    def promote(self, number: int) -> None:
        with self.database.writing() as session:
            versions.rule(session, versions.promotion(session, TEAM, number, ANA, "a person wished it"))

    def rulings(self) -> list[Ruling]:
        with self.database.reading() as session:
            return versions.rulings(session, TEAM, 10)

    def in_service(self) -> int | None:
        with self.database.reading() as session:
            return versions.in_service(session, TEAM)
