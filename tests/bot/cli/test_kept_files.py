"""Files that an older version left open to other users of the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.cli.kept_files import restrict
from bot.context.settings import Settings

RUN, DIGEST, EXPORT = "0" * 32, "v2-" + "0" * 64, "0" * 16
OURS = (
    f"training/{RUN}/job.json",
    f"training/exports/{EXPORT}/model.onnx",
    "training/hub/pins/team--model.json",
    "training/tracking/mlflow.db",
    f"models/{DIGEST}/head.safetensors",
    "local-slack.db",
    "argilla/credentials.json",
)


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which everything is kept by default, which every user may read."""
    monkeypatch.chdir(tmp_path)
    for name in OURS:
        written(tmp_path / "var" / name)
    return tmp_path / "var"


def written(file: Path) -> None:
    """A file and its folders that every user may read."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    file.chmod(0o644)
    for folder in list(file.parents)[: len(file.relative_to(Path.cwd()).parts) - 1]:
        folder.chmod(0o755)


def opened(folder: Path) -> set[str]:
    """What other users may read."""
    found = [folder, *folder.rglob("*")]
    return {str(one.relative_to(folder)) for one in found if one.stat().st_mode & 0o077}


def test_all_of_it_is_closed_when_the_bot_starts(var: Path) -> None:
    restrict(Settings(_env_file=None))

    assert opened(var) == set()


def test_what_is_not_ours_stays_as_it_was(var: Path) -> None:
    written(var / "training" / "notes.txt")

    restrict(Settings(_env_file=None))

    assert opened(var) == {"training", "training/notes.txt"}
