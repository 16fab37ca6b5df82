from __future__ import annotations

from pathlib import Path

import pytest

from learning.artifacts import ArtifactMissingError, Artifacts, ArtifactsUrlError, digest_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    (made / "deep").mkdir(parents=True)
    (made / "weights").write_bytes(b"123")
    (made / "deep" / "config").write_text("{}")
    return made


@pytest.mark.parametrize("url", ["{}/store", "file://{}/store", "memory://{}"])
def test_what_is_kept_is_found_again_wherever_it_is_kept(url: str, folder: Path, tmp_path: Path) -> None:
    artifacts = Artifacts(url.format(tmp_path), tmp_path / "cache")

    digest = artifacts.put(folder)

    assert digest_of(artifacts.get(digest)) == digest
    assert artifacts.put(folder) == digest
    assert (artifacts.get(digest) / "deep" / "config").read_text() == "{}"


def test_files_that_were_changed_or_are_gone_are_not_served(folder: Path, tmp_path: Path) -> None:
    artifacts = Artifacts(str(tmp_path / "store"), tmp_path / "cache")
    digest = artifacts.put(folder)
    (tmp_path / "store" / digest / "weights").write_bytes(b"1234")

    with pytest.raises(ArtifactMissingError, match="changed since they were registered"):
        artifacts.get(digest)
    with pytest.raises(ArtifactMissingError, match="FileNotFoundError"):
        artifacts.get("0" * 64)


def test_an_address_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ArtifactsUrlError, match="MODELS_URL 'nowhere://x' can't be used"):
        Artifacts("nowhere://x", Path("cache"))


@pytest.mark.parametrize(("mode", "folders", "files"), [(0o700, 0o700, 0o600), (0o750, 0o750, 0o640)])
def test_a_group_may_read_models_only_where_that_is_set(
    folder: Path, tmp_path: Path, mode: int, folders: int, files: int
) -> None:
    artifacts = Artifacts(str(tmp_path / "store"), tmp_path / "cache", mode)
    kept = tmp_path / "store" / artifacts.put(folder)

    assert {path.stat().st_mode & 0o777 for path in (kept.parent, kept, kept / "deep")} == {folders}
    assert {path.stat().st_mode & 0o777 for path in kept.rglob("*") if path.is_file()} == {files}


def test_models_that_an_older_version_left_open_are_closed_and_their_neighbours_left_alone(
    folder: Path, tmp_path: Path
) -> None:
    artifacts = Artifacts(str(tmp_path / "store"), tmp_path / "cache")
    kept = tmp_path / "store" / artifacts.put(folder)
    neighbour = tmp_path / "store" / "notes.txt"
    neighbour.touch()
    for path in (kept.parent, kept, kept / "weights", neighbour):
        path.chmod(0o755)

    artifacts.restrict()

    assert kept.stat().st_mode & 0o077 == (kept / "weights").stat().st_mode & 0o077 == 0
    assert kept.parent.stat().st_mode & 0o077 == neighbour.stat().st_mode & 0o077 == 0o055
