"""Where the files of versions are kept: under a digest of their content, in a folder or any object store."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from storage.database.file_modes import PRIVATE, restrict, restrict_ours, restrict_tree

BLOCK = 1 << 20
# Digests begin with the form in which they are made; those of earlier releases do not.
FORM = "v2-"
# Those that an address holds itself; a secret key may hold any sign.
CREDENTIALS = re.compile(r"(?<=://).*@|\?.*", re.DOTALL)
KEPT = re.compile(rf"\.?(?:{FORM})?[0-9a-f]{{64}}")


class ArtifactsUrlError(ValueError):
    """MODELS_URL names no place where files can be kept."""

    def __init__(self, url: str, reason: str) -> None:
        shown = CREDENTIALS.sub("", url)
        super().__init__(
            f"MODELS_URL {shown!r} can't be used ({reason}). Give a folder, or the address of an object store such as "
            "s3://bucket/models with its fsspec package installed."
        )


class ArtifactMissingError(LookupError):
    """The files of a version are not there, or are not what was registered."""

    def __init__(self, digest: str, reason: str) -> None:
        super().__init__(f"the files of the model ({digest[:12]}…) can't be used: {reason}")


class ArtifactLeftError(RuntimeError):
    """The files of a version can't be removed now."""

    def __init__(self, digest: str, reason: str) -> None:
        super().__init__(f"the files of the model ({digest[:12]}…) can't be removed: {reason}")


class Artifacts:
    """Folders of files by the digest of their content. What is remote is fetched into `cache` once.

    mode: of folders on this machine; others than this user's group never see anything.
    """

    def __init__(self, url: str, cache: Path, mode: int = PRIVATE) -> None:
        from fsspec.core import url_to_fs
        from fsspec.implementations.local import LocalFileSystem

        try:
            self._files, self._root = url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise ArtifactsUrlError(url, str(error).splitlines()[0]) from error
        self._is_here = isinstance(self._files, LocalFileSystem)
        self._cache = cache
        self._mode = mode

    def put(self, folder: Path) -> str:
        """Keep a folder; the digest by which `get` finds it. Complete before it can be found.

        Raises ValueError if the folder holds anything but plain files and folders.
        """
        digest = digest_of(folder)
        place = f"{self._root}/{digest}"
        if self._files.exists(place):
            if self._is_here or self._is_whole(place, folder):
                return digest
            self._files.rm(place, recursive=True)
        unfinished = f"{self._root}/.{digest}"  # what a process left that died meanwhile is written over
        self._make_root()
        self._files.put(str(folder) + "/", unfinished + "/", recursive=True)
        if self._is_here:
            restrict_tree(Path(unfinished), self._mode)
        self._files.mv(unfinished, place, recursive=True)
        return digest

    def _is_whole(self, place: str, folder: Path) -> bool:
        """Did all files of a folder arrive? A store moves them one by one, and who did that may have died."""
        found = self._files.find(place, detail=True)
        sizes = {PurePosixPath(path).relative_to(place): about["size"] for path, about in found.items()}
        return sizes == {
            PurePosixPath(file.relative_to(folder)): file.stat().st_size for file in _files(folder)
        }

    def get(self, digest: str) -> Path:
        """A folder with the files of a digest, checked. Raises ArtifactMissingError."""
        place = f"{self._root}/{digest}"
        folder = Path(place) if self._is_here else self._cache / digest
        try:
            if not folder.is_dir():
                self._fetch(place, folder)
            found = _digest_as(digest, folder)
        except (OSError, ValueError) as error:
            why = str(error) if isinstance(error, ValueError) else f"{type(error).__name__} at {place}"
            raise ArtifactMissingError(digest, why) from error
        if found != digest:
            raise ArtifactMissingError(digest, "they were changed since they were registered")
        return folder

    def remove(self, digest: str) -> None:
        """Keep the files of a digest no longer, nor what was left of an unfinished copy; harmless if there are none.

        Raises ArtifactLeftError.
        """
        unfinished = list(self._cache.glob(f".{digest}-*"))
        try:
            for place in (f"{self._root}/{digest}", f"{self._root}/.{digest}"):
                self._files.invalidate_cache()
                if self._files.exists(place):
                    self._files.rm(place, recursive=True)
            for folder in (self._cache / digest, *unfinished):
                if folder.exists():
                    shutil.rmtree(folder)
        except OSError as error:
            raise ArtifactLeftError(digest, type(error).__name__) from error

    def restrict(self) -> None:
        """Give the mode that is asked for to what is kept on this machine, also by an older version."""
        if self._is_here:
            restrict_ours(Path(self._root), KEPT, self._mode)

    def _make_root(self) -> None:
        if self._files.exists(self._root):
            return
        self._files.makedirs(self._root, exist_ok=True)
        if self._is_here:
            restrict(Path(self._root), self._mode)

    def _fetch(self, place: str, folder: Path) -> None:
        if self._is_here:
            raise FileNotFoundError(place)
        if any(".." in PurePosixPath(name).parts for name in self._files.find(place)):
            raise ValueError("a name leads out of the folder")
        unfinished = self._cache / f".{folder.name}-{uuid.uuid4().hex[:8]}"
        self._cache.mkdir(parents=True, exist_ok=True)
        try:
            self._files.get(place + "/", str(unfinished) + "/", recursive=True)
            unfinished.rename(folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def digest_of(folder: Path) -> str:
    """SHA-256 over name, length and content of all files of a folder.

    Raises ValueError for anything but plain files and folders: what a link points to may change, or lie elsewhere.
    """
    digest = hashlib.sha256()
    for file in sorted(_files(folder), key=lambda one: _name(one, folder)):
        name = _name(file, folder)
        length, content = _content(file)
        # Each part has a fixed length or says its own: no two folders are the same bytes.
        digest.update(len(name).to_bytes(8, "big") + name + length.to_bytes(8, "big") + content)
    return FORM + digest.hexdigest()


def _digest_as(registered: str, folder: Path) -> str:
    """The digest of a folder, in the form of one that was registered by this release or an earlier one."""
    return digest_of(folder) if registered.startswith(FORM) else _earlier_digest_of(folder)


def _earlier_digest_of(folder: Path) -> str:
    """SHA-256 over names and contents, one after the other: how versions were registered before FORM."""
    digest = hashlib.sha256()
    for file in sorted(_files(folder)):
        digest.update(str(file.relative_to(folder)).encode())
        for block in _blocks(file):
            digest.update(block)
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    for path in (folder, *folder.rglob("*")):
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise ValueError(f"{path} is neither a file nor a folder")
        if stat.S_ISREG(mode):
            yield path


def _name(file: Path, folder: Path) -> bytes:
    return os.fsencode(file.relative_to(folder).as_posix())


def _content(file: Path) -> tuple[int, bytes]:
    """Length and SHA-256 of a file."""
    length, digest = 0, hashlib.sha256()
    for block in _blocks(file):
        length += len(block)
        digest.update(block)
    return length, digest.digest()


def _blocks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as content:
        while block := content.read(BLOCK):
            yield block
