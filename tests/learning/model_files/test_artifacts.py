from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest
from fsspec.core import url_to_fs
from fsspec.implementations.memory import MemoryFile

from learning.model_files.artifacts import ArtifactMissingError, Artifacts, ArtifactsUrlError, digest_of


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


def test_a_copy_that_a_dead_process_left_half_moved_in_a_store_is_made_whole(
    folder: Path, tmp_path: Path
) -> None:
    url = f"memory://{tmp_path.name}"
    digest = Artifacts(url, tmp_path / "a cache").put(folder)
    store, root = url_to_fs(url)
    first, *_ = store.find(f"{root}/{digest}")
    store.rm(first)

    again = Artifacts(url, tmp_path / "a cache").put(folder)

    assert again == digest
    assert Artifacts(url, tmp_path / "another cache").get(digest).is_dir()


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


def test_a_version_that_an_earlier_release_registered_is_still_found(folder: Path, tmp_path: Path) -> None:
    earlier = hashlib.sha256(b"deep/config{}weights123").hexdigest()
    kept = tmp_path / "store" / earlier
    shutil.copytree(folder, kept)
    artifacts = Artifacts(str(tmp_path / "store"), tmp_path / "cache")

    assert artifacts.get(earlier) == kept
    (kept / "weights").write_bytes(b"1234")
    with pytest.raises(ArtifactMissingError, match="changed since they were registered"):
        artifacts.get(earlier)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": b"bc"}, {"ab": b"c"}),
        ({"a": b"1", "b": b"2"}, {"a": b"1b2"}),
        ({"a": b"", "b": b""}, {"ab": b""}),
        ({"a": b"1"}, {"a": b"1", "b": b""}),
        ({"a/b": b"1"}, {"a": b"/b1"}),
    ],
)
def test_folders_with_other_names_or_contents_have_another_digest(
    one: dict[str, bytes], other: dict[str, bytes], tmp_path: Path
) -> None:
    digests = [digest_of(written(tmp_path / name, files)) for name, files in (("x", one), ("y", other))]

    assert digests[0] != digests[1]


def written(folder: Path, files: dict[str, bytes]) -> Path:
    """A folder of these files."""
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def link_to_a_file(folder: Path) -> None:
    (folder / "weights").unlink()
    (folder.parent / "weights").write_bytes(b"123")
    (folder / "weights").symlink_to(folder.parent / "weights")


def link_to_a_folder(folder: Path) -> None:
    (folder / "deep").rename(folder.parent / "deep")
    (folder / "deep").symlink_to(folder.parent / "deep")


def link_to_nothing(folder: Path) -> None:
    (folder / "more").symlink_to("nowhere")


def link_in_its_place(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to(folder.with_name("elsewhere"))


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


@pytest.mark.parametrize(
    "change", [link_to_a_file, link_to_a_folder, link_to_nothing, link_in_its_place, pipe]
)
def test_links_and_special_files_are_neither_kept_nor_served(
    change: Callable[[Path], None], folder: Path, tmp_path: Path
) -> None:
    artifacts = Artifacts(str(tmp_path / "store"), tmp_path / "cache")
    digest = artifacts.put(folder)
    change(tmp_path / "store" / digest)
    change(folder)

    with pytest.raises(ArtifactMissingError, match="neither a file nor a folder"):
        artifacts.get(digest)
    with pytest.raises(ValueError, match="neither a file nor a folder"):
        artifacts.put(folder)


def test_a_name_in_a_store_that_leads_out_of_the_cache_is_not_fetched(folder: Path, tmp_path: Path) -> None:
    artifacts = Artifacts("memory://leading-out", tmp_path / "cache")
    digest = artifacts.put(folder)
    files = fsspec.filesystem("memory")
    files.store[f"/leading-out/{digest}/../../out"] = MemoryFile(files, f"/{digest}/../../out", b"evil")

    with pytest.raises(ArtifactMissingError, match="leads out of the folder"):
        artifacts.get(digest)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "address",
    [
        "nowhere://me:secret@store/models",
        "nowhere://me:a/secret@store/models",
        "nowhere://me:a@secret@store/models",
        "nowhere://store/models?key=secret",
    ],
)
def test_an_address_that_can_not_be_used_is_shown_without_its_password(address: str) -> None:
    with pytest.raises(ArtifactsUrlError) as refused:
        Artifacts(address, Path("cache"))

    assert "nowhere://store/models" in str(refused.value)
    assert "secret" not in str(refused.value)
