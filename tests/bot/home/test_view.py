from __future__ import annotations

from typing import Any

from bot.home.contents import Look
from bot.home.view import STAGES, home_view
from bot.language.catalogues import speaking
from learning.evaluation.agreement import Agreement
from learning.evaluation.estimate import Interval
from storage.database.jobs import Failing
from storage.models.runs import OPEN
from storage.tables.feedback import Label, LabelSource
from storage.tables.messages import Channel, ChannelState, Mode
from storage.tables.models import Decision, Grounds, Phase, Ruling, Run, Version
from tests.factories import TEAM, measured


def look(**given: Any) -> Look:
    standard: dict[str, Any] = {
        "channels": [],
        "summaries": {},
        "version": Version(team_id=TEAM, number=3, encoder="e", encoder_name="MiniLM", base="e"),
        "promotion": None,
        "run": None,
        "answers": 1234,
        "words": 1,
        "accuracy": measured(97, 100),
        "weeks": [measured(18, 20), None, measured(9, 10)],
        "labels": [],
        "chosen": {},
        "open_questions": 1,
        "retraining_at": 1_800_000_000.0,
        "is_operator": False,
    }
    return Look(**{**standard, **given})


def actions(view: dict[str, Any]) -> list[str]:
    return [
        one["action_id"]
        for block in view["blocks"]
        for one in block.get("elements", [])
        if "action_id" in one
    ]


def text(view: dict[str, Any]) -> str:
    return str(view["blocks"])


def test_accuracy_is_drawn_and_said_in_words() -> None:
    view = home_view(look(), None)

    assert (
        "97% (95% interval: 92% to 99%) of my answers are right, "
        "by 100 messages picked at random and reviewed." in text(view)
    )
    assert "`██████████████████░░` last 7 days: 90% (72% to 98%), 20 messages" in text(view)
    assert "1,234 messages labelled, 1 correction or confirmation." in text(view)


def test_of_a_week_without_data_nothing_is_drawn() -> None:
    seen = text(home_view(look(), None))

    assert seen.count("░`") == 2
    assert "8 to 14 days ago" not in seen
    assert "15 to 21 days ago: 90%" in seen


def test_without_data_there_is_no_chart_and_no_figure() -> None:
    seen = text(home_view(look(accuracy=None, weeks=[]), None))

    assert "Too early to tell how accurate I am" in seen
    assert "░" not in seen
    assert "%" not in seen


def test_channels_are_marks_so_that_slack_hides_the_names_of_private_ones() -> None:
    on = Channel(team_id=TEAM, channel_id="C7", mode=Mode.QUIET, keep_days=90, set_by="U1")

    view = home_view(look(channels=[on]), None)

    assert "<#C7>: puts the label's emoji on every message that a label fits, kept for 90 days" in text(view)


def test_a_closed_channel_says_why_instead_of_what_people_chose() -> None:
    on = Channel(team_id=TEAM, channel_id="C7", mode=Mode.REPLY, set_by="U1")
    archived = ChannelState(team_id=TEAM, channel_id="C7", name="help", archived_at=1.0)

    view = home_view(look(channels=[on], states={"C7": archived}), None)

    assert "<#C7>: archived" in text(view)
    assert "answers every message" not in text(view)


def test_more_channels_than_fit_are_counted_and_no_mark_is_cut_in_two() -> None:
    on = [
        Channel(team_id=TEAM, channel_id=f"C{number:010}", mode=Mode.QUIET, keep_days=90, set_by="U1")
        for number in range(60)
    ]

    view = home_view(look(channels=on), None)

    [told] = [block["text"]["text"] for block in view["blocks"] if "<#C" in text({"blocks": [block]})]
    *lines, more = told.split("\n")
    assert len(told) <= 3_000
    assert all(line.startswith(f"• <#C{number:010}>: ") for number, line in enumerate(lines))
    assert more == f"… and {60 - len(lines)} more"


def test_a_shorter_time_that_will_hold_is_shown_with_its_moment() -> None:
    on = Channel(
        team_id=TEAM, channel_id="C7", mode=Mode.ASK, next_days=1, next_at=1_800_000_000.0, set_by="U1"
    )

    seen = text(home_view(look(channels=[on]), None))

    assert "kept for 1 day from <!date^1800000000^" in seen
    assert "2027-01-15 08:00 UTC" in seen


def test_only_operators_have_buttons_and_only_where_there_is_something_to_go_back_to() -> None:
    promotion = Ruling(
        team_id=TEAM,
        challenger=3,
        champion=2,
        grounds=Grounds.HOLDOUT,
        decision=Decision.PROMOTE,
        reason="2 points better",
    )

    assert actions(home_view(look(promotion=promotion), None)) == []
    assert actions(home_view(look(is_operator=True), None)) == [
        "home_retrain",
        "home_settings",
        "home_edit_labels",
    ]
    view = home_view(look(is_operator=True, promotion=promotion), None)
    assert actions(view) == ["home_retrain", "home_roll_back", "home_settings", "home_edit_labels"]
    assert "in the place of v2, on messages held out for comparison." in text(view)


def test_many_labels_with_long_names_fit_into_what_slack_takes() -> None:
    labels = [
        Label(team_id=TEAM, name=f"{number} {'<&>' * 20}", source=LabelSource.FILE) for number in range(100)
    ]

    view = home_view(look(labels=labels), "https://argilla.example")

    assert "more" in text(view)
    assert all(len(block["text"]["text"]) <= 3_000 for block in view["blocks"] if "text" in block)
    assert actions(view) == ["home_annotate"]
    assert "1 message waits for a first answer" in text(view)


def test_why_argilla_can_not_be_used_is_told_with_what_to_do() -> None:
    failing = Failing("deliver", "key_rejected", 1_800_000_000.0)

    seen = text(home_view(look(argilla=failing), "https://argilla.example"))

    assert "*Argilla can't be used* since <!date^1800000000^" in seen
    assert "it rejects our key: copy ARGILLA_API_KEY again from My settings there." in seen


def test_what_is_told_of_a_run_and_of_a_verdict_is_in_the_readers_language() -> None:
    run = Run(
        team_id=TEAM, cause="100 new labels", phase=Phase.TRAINING, stage="training, epoch 2.0", done=0.42
    )
    promotion = Ruling(
        team_id=TEAM,
        challenger=3,
        champion=2,
        grounds=Grounds.DUEL,
        decision=Decision.PROMOTE,
        reason="30 of 40 answers were for it",
    )
    with speaking("es"):
        seen = text(home_view(look(run=run, promotion=promotion), None))

    assert "en el lugar de v2, por las respuestas de las personas." in seen
    assert "Viene una versión nueva: 42% del entrenamiento está hecho." in seen
    assert "answers were" not in seen
    assert "epoch" not in seen


def test_every_run_that_is_under_way_can_be_told_of() -> None:
    assert STAGES.keys() == set(OPEN)


def test_operators_see_how_far_reviewers_agree() -> None:
    known = Agreement(20, 18, Interval(0.9, 0.711, 0.977), 0.8712)

    view = home_view(look(agreement=known), "http://argilla")
    with speaking("pt"):
        translated = home_view(look(agreement=known), "http://argilla")
    unknown = home_view(look(), "http://argilla")

    assert (
        "Reviewers agree on 18 of 20 messages that several of them answered (95%: 71% to 98%). "
        "Krippendorff's alpha: 0.87" in text(view)
    )
    assert "Os revisores concordam em 18 de 20 mensagens" in text(translated)
    assert "agree" not in text(unknown)
