"""corrigible replay: reads files, plays the person, counts what is right."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from bot.demo.replay import ReplayError, ReplayRow, Score, find, read_rows, replay
from bot.demo.throwaway import throwaway_bot
from tests.local.running import Slack, free_port, workspace
from tests.running import bot, settings


@pytest.fixture
def slack() -> Iterator[Slack]:
    with workspace() as running:
        yield running


def test_jsonl_and_csv_hold_the_same_rows(tmp_path: Path) -> None:
    jsonl, csv = tmp_path / "rows.jsonl", tmp_path / "rows.CSV"
    jsonl.write_text('{"text": "It crashes, again", "label": "bug"}\n', encoding="utf-8")
    csv.write_text('label,text\nbug,"It crashes, again"\n', encoding="utf-8")

    assert (
        read_rows(jsonl, is_labelled=True)
        == read_rows(csv, is_labelled=True)
        == [ReplayRow("It crashes, again", "bug")]
    )


def test_an_export_is_replayed_as_it_was_written_in_slack(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("text,label,message_id\n'=1+1 is wrong,'-,m1\n", encoding="utf-8")

    assert read_rows(file, is_labelled=True) == [ReplayRow("=1+1 is wrong", "-")]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "holds no rows"),
        ("{}\n", "row 1: no text"),
        ('{"text": "a", "label": "b"}\nnot json\n', "row 2: no text"),
        ('{"text": "a"}\n', "row 1: no label; --correct needs"),
    ],
)
def test_a_file_that_can_not_be_replayed_is_named_with_its_row(
    tmp_path: Path, content: str, fault: str
) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(content, encoding="utf-8")

    with pytest.raises(ReplayError, match=fault):
        read_rows(file, is_labelled=True)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match=r"absent\.jsonl can't be read"):
        read_rows(tmp_path / "absent.jsonl", is_labelled=False)


def test_the_first_and_the_last_answers_are_counted_apart() -> None:
    score = Score([False] * 200 + [True] * 200)

    assert (score.first(), score.last()) == (0.0, 1.0)


@pytest.mark.slow
def test_the_bot_learns_from_the_person_that_a_replay_plays(slack: Slack, tmp_path: Path) -> None:
    # More than enough: a message may be read before the head that a correction led to is in service.
    texts = [f"What a loud parrot, for the {number}. time" for number in range(16)]
    rows = [ReplayRow(text, "Parrots") for text in texts]
    screen = StringIO()
    with bot(slack, settings(tmp_path, f"sqlite:///{tmp_path}/corrigible.db")):
        score = replay(rows, f"{slack.url}/", True, Console(file=screen, width=200))

    assert score.right[0] is False
    assert score.right[-1] is True
    assert f"of {len(rows)} messages" in screen.getvalue()


def test_no_workspace_is_found_where_none_runs(tmp_path: Path) -> None:
    assert find(settings(tmp_path, "sqlite:///x.db", local_port=free_port())) is None


@pytest.mark.slow
def test_a_throw_away_bot_answers_with_the_labels_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORRIGIBLE_ARGILLA_PYTHON", str(tmp_path / "absent"))  # nobody reviews here
    rows = [ReplayRow("My invoice is wrong", "billing"), ReplayRow("The app crashes", "bug")]
    screen = StringIO()

    score = replay(rows, None, False, Console(file=screen, width=200))

    assert score.right == [True, True]
    assert "First 200: 100.0%" in screen.getvalue()


@pytest.mark.slow
def test_a_throw_away_bot_serves_its_own_workspace_whatever_the_settings_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "ARGILLA_API_KEY": "key"}
    written = {**opens, "ARGILLA_API_URL": "https://argilla.example", "ASK_BELOW_MARGIN": "0.7"}
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in written.items()))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "postgresql://bot:hush@db.example/corrigible")

    with throwaway_bot(
        ["bug", "billing"], Console(file=StringIO())
    ):  # goes on once its own workspace has a bot
        [known] = [one.environ() for one in psutil.Process().children() if "corrigible" in one.cmdline()]

    assert opens.keys() & known.keys() == set()
    assert known["DATABASE_URL"].startswith("sqlite:///")
    assert known["ASK_BELOW_MARGIN"] == "0.7"
