"""Whatever is wrong when a command starts is one clear message and exit status 1: no trace, no variables."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.cli import health, main
from bot.context.settings import SettingsError
from bot.demo.local_argilla import LocalArgilla
from bot.demo.local_workspace import LocalWorkspace
from learning.argilla.connection import ArgillaUnavailableError
from storage.database.engine import DatabaseDamagedError, open_database
from storage.database.migrate import migrate
from storage.feedback import labels
from tests.bot.command_line import Ended, corrigible
from tests.factories import received
from tests.learning.tiny_models import tiny_model

SECRET = "xoxb-hush"
COMMANDS = [
    ("run",),
    ("status",),
    ("labels",),
    ("resend",),
    ("retrain",),
    ("tune",),
    ("versions",),
    ("promote", "1"),
    ("rollback",),
    ("policy",),
    ("mask",),
    ("export", "out.jsonl"),
    ("import", "in.csv"),
    ("erase", "T1", "--yes"),
]


def is_clear(ended: Ended, *words: str) -> bool:
    """One message with these words, a status that says so, and nothing that only a programmer reads."""
    told = ended.stdout + ended.stderr
    assert ended.returncode in (1, 2), told
    assert len(ended.stderr.strip().splitlines()) == 1, told
    for word in words:
        assert word in ended.stderr, told
    for never in ("Traceback", "locals", SECRET, "should not happen"):
        assert never not in told, told
    return True


def start(folder: Path, *words: str, **environment: str) -> Ended:
    """A command of a bot that is configured for a Slack that nobody reaches."""
    given = {
        "SLACK_BOT_TOKEN": SECRET,
        "SLACK_APP_TOKEN": "xapp-hush",
        "SLACK_API_URL": "http://127.0.0.1:9/",
        "DATABASE_URL": f"sqlite:///{folder}/corrigible.db",
        "LABELS_FILE": str(Path(__file__).parents[3] / "bot" / "labels.toml"),
    }
    return corrigible(folder, *(words or ("run",)), **{**given, **environment})


@pytest.fixture
def database(sqlite_template: Path, tmp_path: Path) -> Path:
    """The file of a database with one team."""
    file = tmp_path / "corrigible.db"
    file.write_bytes(sqlite_template.read_bytes())
    with closing(open_database(f"sqlite:///{file}")) as opened, opened.writing() as session:
        labels.synchronize(session, "T1", [labels.LabelSpec("bug"), labels.LabelSpec("billing")])
    return file


# The database


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_says_that_a_newer_release_changed_the_database(
    words: tuple[str, ...], database: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(database)) as newer:
        newer.execute("UPDATE alembic_version SET version_num = '9999'")
        newer.commit()

    assert is_clear(start(tmp_path, *words), "newer release", "backup")


def damage(file: Path) -> None:
    """Overwrite all pages but the first ones, as a bad disk might."""
    content = bytearray(file.read_bytes())
    content[8_192:] = b"\xa5" * (len(content) - 8_192)
    file.write_bytes(content)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_says_that_the_database_is_damaged(
    words: tuple[str, ...], database: Path, tmp_path: Path
) -> None:
    damage(database)

    assert is_clear(start(tmp_path, *words), "damaged", "backup")


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE label SET examples = '{'",
        "UPDATE label SET source = 'odd'",
        "UPDATE label SET description = CAST(x'ff' AS TEXT)",
        "DROP TABLE correction",
    ],
)
def test_damage_within_a_row_or_to_a_table_is_said_to_be_the_database(
    harm: str, database: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute(harm)

    assert is_clear(start(tmp_path, "labels"), "the database can't be used", "damaged")


@pytest.mark.parametrize(
    "harm",
    ["INSERT INTO alembic_version VALUES ('0018')", "UPDATE alembic_version SET version_num = ''"],
)
@pytest.mark.parametrize("words", [("run",), ("labels",), ("erase", "T1", "--yes")], ids=" ".join)
def test_a_database_of_no_known_release_is_named(
    words: tuple[str, ...], harm: str, database: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute(harm)

    assert is_clear(start(tmp_path, *words), "alembic_version", "Restore a backup")


def test_damage_in_the_middle_that_no_start_would_read_is_found(database: Path) -> None:
    with closing(open_database(f"sqlite:///{database}")) as opened:
        for _ in range(40):
            received(opened, text="y" * 3_000)
    content = bytearray(database.read_bytes())
    last = len(content) - 4_096
    content[last : last + 4_096] = b"\xa5" * 4_096
    database.write_bytes(content)

    with closing(open_database(f"sqlite:///{database}")) as opened:
        migrate(opened)
        with pytest.raises(DatabaseDamagedError, match="restore a backup"):
            opened.check_file(60.0)


def test_a_database_in_a_place_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "folder.db").mkdir()

    assert is_clear(start(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/file/x.db"), "folder can't be made")
    assert is_clear(start(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/folder.db"), "unable to open")


# Settings


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"SLACK_BOT_TOKEN='xoxb-hush\nPORT=1\n", "line 1"),
        (b'PORT=8318\nOPS_CHANNEL="C1\n', "line 2"),
        (b"\xff\xfe\x00", "not UTF-8"),
    ],
)
def test_a_malformed_env_file_is_named_with_its_line(content: bytes, fault: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(content)

    assert is_clear(start(tmp_path), ".env: ", fault)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RECIPE", "{not json hush"),
        ("RECIPE", "[1]"),
        ("SUMMARY_RECIPE", "nothing"),
        ("WORKPLACE", "file/x"),
        ("EXPORTS", "file"),
        ("MODELS_URL", "file/models"),
        ("TIMEZONE", "Mars/Olympus"),
    ],
)
def test_a_setting_that_can_not_be_used_is_named(name: str, value: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")

    assert is_clear(start(tmp_path, **{name: value}), f"{name}: ")


def test_a_local_workspace_that_can_not_be_kept_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"LOCAL_STATE: .*can't be used"):
        LocalWorkspace(0, Path("/dev/null/x"))
    (tmp_path / "state.db").write_bytes(b"no database" * 1_000)
    with pytest.raises(SettingsError, match=r"LOCAL_STATE: .*can't be used"):
        LocalWorkspace(0, tmp_path / "state.db")


def test_an_argilla_that_can_not_be_kept_is_named_and_the_bot_does_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CORRIGIBLE_ARGILLA_PYTHON", sys.executable)
    argilla = LocalArgilla(Path("/dev/null/argilla"), 0)
    argilla.start()

    with pytest.raises(ArgillaUnavailableError, match="can't write to /dev/null/argilla"):
        argilla.access()
    argilla.stop()


# Labels


def test_a_file_that_holds_no_labels_is_named(tmp_path: Path) -> None:
    for name, content in {
        "binary.toml": b"\xff\x00\x01",
        "huge.toml": b"# " + b"x" * 2_000_000,
        "deep.toml": b"a = " + b"[" * 100_000,
        "long.toml": b"a = " + b"1" * 5_000,
        "nul.toml": b'[[label]]\nname = "a\\u0000"\n[[label]]\nname = "b"\n',
    }.items():
        (tmp_path / name).write_bytes(content)
        assert is_clear(start(tmp_path, LABELS_FILE=name), name)
    assert is_clear(start(tmp_path, LABELS_FILE="/dev/zero"), "/dev/zero: can't be read (not a file)")
    assert is_clear(start(tmp_path, LABELS_FILE=str(tmp_path)), "not a file")


# Models


def without_config(folder: Path) -> None:
    (folder / "config.json").unlink()


def without_weights(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def truncated(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def no_json(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def odd_config(folder: Path) -> None:
    (folder / "config.json").write_text("[1, 2]")


def broken_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text('{"model": 1}')


def other_shapes(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["hidden_size"] *= 2
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(
    "harm",
    [without_config, without_weights, truncated, no_json, odd_config, broken_tokenizer, other_shapes],
)
def test_an_encoder_that_can_not_be_read_is_named(
    harm: Callable[[Path], None], database: Path, tmp_path: Path
) -> None:
    folder = Path(tiny_model(tmp_path / "encoder"))
    harm(folder)

    assert is_clear(start(tmp_path, "retrain", ENCODER=str(folder), ENGINE="torch"), "ENCODER", str(folder))


@pytest.mark.parametrize("harm", [without_config, without_weights, no_json, odd_config])
@pytest.mark.parametrize("words", [("run",), ("retrain", "--task", "summarization")], ids=" ".join)
def test_a_summarizer_that_can_not_be_read_is_named(
    words: tuple[str, ...], harm: Callable[[Path], None], database: Path, tmp_path: Path
) -> None:
    folder = Path(tiny_model(tmp_path / "writer"))
    harm(folder)

    assert is_clear(start(tmp_path, *words, SUMMARIZER=str(folder)), "SUMMARIZER", str(folder))


# Anything else


def test_an_error_that_nobody_thought_of_tells_its_place_and_how_to_report_it(
    monkeypatch: pytest.MonkeyPatch, database: Path, tmp_path: Path
) -> None:
    def rows(_settings: object) -> object:
        text_of_a_message = "my salary is wrong"
        raise RuntimeError(text_of_a_message)

    monkeypatch.setattr(health, "rows", rows)

    ended = start(tmp_path, "status")
    traced = start(tmp_path, "--debug", "status")

    assert ended.returncode == traced.returncode == 1
    assert "RuntimeError in tests/bot/app/test_startup_faults.py:" in ended.stderr
    assert "corrigible --debug" in ended.stderr
    assert "salary" not in ended.stdout + ended.stderr
    assert "Traceback" in traced.stderr
    assert SECRET not in traced.stderr
    assert not main.app.pretty_exceptions_enable
