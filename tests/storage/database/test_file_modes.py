"""Who may read what is kept in files."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.database.engine import open_database
from storage.database.file_modes import restrict, restrict_ours, restrict_tree
from storage.database.migrate import migrate

ANOTHER_USER = 12345


def mode(path: Path) -> int:
    return path.lstat().st_mode & 0o7777


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file and a folder in it, which everybody may read."""
    made = tmp_path / "kept"
    (made / "deep").mkdir(parents=True)
    for file in (made / "file", made / "deep" / "file"):
        file.touch()
        file.chmod(0o644)
    for one in (made, made / "deep"):
        one.chmod(0o2755)
    return made


def test_what_is_in_a_folder_is_for_its_owner_alone(folder: Path) -> None:
    restrict_tree(folder)

    assert {mode(folder), mode(folder / "deep")} == {0o2700}
    assert {mode(folder / "file"), mode(folder / "deep" / "file")} == {0o600}


@pytest.mark.parametrize(("wanted", "of_files"), [(0o750, 0o640), (0o770, 0o660)])
def test_its_group_gets_what_it_is_given(folder: Path, wanted: int, of_files: int) -> None:
    restrict_tree(folder)

    restrict_tree(folder, wanted)

    assert mode(folder / "deep") == 0o2000 | wanted
    assert mode(folder / "deep" / "file") == of_files


def test_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    (outside / "file").touch()
    (outside / "file").chmod(0o644)
    (folder / "folder").symlink_to(outside)
    (folder / "link").symlink_to(outside / "file")

    restrict_tree(folder)

    assert mode(outside / "file") == 0o644
    assert mode(outside) == 0o755


def test_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    restrict(tmp_path / "nothing")
    restrict_ours(tmp_path / "nothing", re.compile("file"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_belongs_to_another_user_is_left_alone(folder: Path) -> None:
    os.chown(folder / "file", ANOTHER_USER, -1)

    restrict_tree(folder)

    assert mode(folder / "file") == 0o644


def test_a_folder_that_holds_other_things_too_stays_open_and_so_do_they(folder: Path) -> None:
    restrict_ours(folder, re.compile("deep"))

    assert mode(folder) == 0o2755
    assert mode(folder / "file") == 0o644
    assert mode(folder / "deep" / "file") == 0o600


def test_a_folder_that_holds_nothing_else_is_closed(folder: Path) -> None:
    restrict_ours(folder, re.compile("deep|file"))

    assert mode(folder) == 0o2700


def test_a_database_that_an_older_version_left_open_is_closed_with_the_files_beside_it(
    tmp_path: Path,
) -> None:
    file = tmp_path / "corrigible.db"
    with closing(sqlite3.connect(file)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("CREATE TABLE message (text)")
        left = sorted(tmp_path.glob("corrigible.db*"))
        for one in left:
            one.chmod(0o644)

        database = open_database(f"sqlite:///{file}")
        modes = {one.name: mode(one) for one in left}
        database.close()

    assert modes == {"corrigible.db": 0o600, "corrigible.db-shm": 0o600, "corrigible.db-wal": 0o600}


def test_a_database_goes_on_while_the_same_process_opens_it_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/corrigible.db"
    with closing(open_database(url)) as first:
        migrate(first)
        with first.writing() as session:
            session.connection().exec_driver_sql("SELECT 1")  # it has the lock from now on
            open_database(url).close()
            other = sqlite3.connect(tmp_path / "corrigible.db", timeout=0)
            with closing(other), pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")
