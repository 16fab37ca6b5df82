from __future__ import annotations

import json
from typing import Any

import pytest

from bot.language.catalogues import speaking
from bot.operators.run_notes import ruling_note, run_note
from bot.slack.blocks import bar
from storage.tables.models import Decision, Grounds, Phase, Ruling, Run, TaskName
from tests.factories import ANA, TEAM


def run(phase: Phase, **given: Any) -> Run:
    standard = {"cause": "100 new labels", "stage": "training, epoch 2.0", "done": 0.42, "asked_by": ""}
    return Run(team_id=TEAM, phase=phase, **{**standard, **given})


def ruling(decision: Decision, **given: Any) -> Ruling:
    standard = {"champion": 1, "challenger": 2, "grounds": Grounds.HOLDOUT, "reason": "macro-F1 rises"}
    return Ruling(team_id=TEAM, decision=decision, **{**standard, **given})


def words(note: dict[str, Any]) -> str:
    return json.dumps(note["blocks"], ensure_ascii=False)


def buttons(note: dict[str, Any]) -> list[tuple[str, str]]:
    """Action and value of each."""
    found = [
        element for block in note["blocks"] if block["type"] == "actions" for element in block["elements"]
    ]
    return [(one["action_id"], one["value"]) for one in found]


def test_while_it_trains_a_note_shows_how_far_it_is_and_offers_nothing() -> None:
    note = run_note(run(Phase.TRAINING), in_service={1})

    assert "Training: a challenger trains" in words(note)
    assert "because of: 100 new labels" in words(note)
    assert f"`{bar(0.42)}` 42% · training, epoch 2.0" in words(note)
    assert buttons(note) == []
    assert note["text"] == "Training: a challenger trains. training, epoch 2.0"


def test_a_run_that_a_person_asked_for_names_them() -> None:
    assert f"asked for by <@{ANA}>" in words(run_note(run(Phase.WAITING, asked_by=ANA), {1}))


@pytest.mark.parametrize("phase", [Phase.SHADOW, Phase.REFUSED, Phase.PROMOTED])
def test_a_version_that_does_not_serve_can_be_promoted_whatever_became_of_its_run(phase: Phase) -> None:
    ended = run(phase, version=2, stage="the holdout can't tell", report={"rows": [["examples", "80"]]})

    assert buttons(run_note(ended, in_service={1})) == [("promote", "2")]
    assert buttons(run_note(ended, in_service={2})) == []
    assert "examples 80" in words(run_note(ended, in_service={1}))


def test_a_run_that_failed_says_why_and_offers_nothing() -> None:
    note = run_note(run(Phase.FAILED, stage="there was not enough memory"), in_service={1})

    assert "Training: a challenger failed" in words(note)
    assert "there was not enough memory" in words(note)
    assert buttons(note) == []


@pytest.mark.parametrize(
    ("decision", "grounds", "said"),
    [
        (
            Decision.PROMOTE,
            Grounds.HOLDOUT,
            "*v2 takes the place of v1*, on messages held out for comparison",
        ),
        (Decision.REFUSE, Grounds.DUEL, "*v2 is refused, v1 stays*, by people's answers"),
        (
            Decision.GO_ON,
            Grounds.HOLDOUT,
            "*v2 runs in shadow beside v1*, on messages held out for comparison",
        ),
        (Decision.ROLL_BACK, Grounds.WATCH, "*v2 is back in the place of v1*, by its corrections"),
        (Decision.ROLL_BACK, Grounds.SWAP, "*v2 is back in the place of v1*, when it was loaded"),
    ],
)
def test_a_ruling_says_what_and_by_what_and_why(decision: Decision, grounds: Grounds, said: str) -> None:
    note = ruling_note(ruling(decision, grounds=grounds), in_service={1})

    assert said in words(note)
    assert "macro-F1 rises" in words(note)


def test_a_promotion_can_be_rolled_back_while_it_serves() -> None:
    promoted = ruling(Decision.PROMOTE, grounds=Grounds.PERSON, made_by=ANA)

    assert buttons(ruling_note(promoted, in_service={2})) == [("roll_back", "2")]
    assert buttons(ruling_note(promoted, in_service={1})) == []
    assert f"by <@{ANA}>" in words(ruling_note(promoted, in_service={2}))


def test_buttons_are_called_by_their_words_and_promoting_asks_once_more() -> None:
    [actions] = [
        block
        for block in run_note(run(Phase.SHADOW, version=2), in_service={1})["blocks"]
        if block["type"] == "actions"
    ]
    [button] = actions["elements"]

    assert button["accessibility_label"].startswith(button["text"]["text"])
    assert button["confirm"]["confirm"]["text"] == "Promote"


def test_nothing_that_people_or_labels_are_called_mentions_anybody() -> None:
    shout = "<!channel> & <@U1>"
    told = run_note(run(Phase.REFUSED, stage=shout, cause=shout, report={"rows": [[shout, "1"]]}), {1})
    ruled = ruling_note(ruling(Decision.REFUSE, reason=shout), {1})

    for note in (told, ruled):
        assert "<!" not in words(note) + note["text"]
        assert "&lt;!channel&gt; &amp;" in words(note)


def test_a_long_reason_is_cut_to_what_slack_takes() -> None:
    note = ruling_note(ruling(Decision.REFUSE, reason="long " * 2_000), {1})

    assert len(note["text"]) <= 3_000
    assert all(len(block["text"]["text"]) <= 3_000 for block in note["blocks"] if block["type"] == "section")


@pytest.mark.parametrize(("done", "full"), [(0.0, 0), (0.5, 10), (1.0, 20), (7.0, 20), (-1.0, 0)])
def test_the_bar_is_as_full_as_the_run_is_far(done: float, full: int) -> None:
    assert bar(done) == "█" * full + "░" * (20 - full)


def test_a_note_says_which_model_it_is_about() -> None:
    of_summaries = TaskName.SUMMARIZATION

    trained = words(run_note(run(Phase.TRAINING, task=of_summaries), set()))
    ruled = words(ruling_note(ruling(Decision.REFUSE, task=of_summaries), set()))

    assert "Training the summarizer: " in trained
    assert "Summaries: v2 is refused" in ruled


def test_a_note_speaks_the_operators_language_and_leaves_reasons_as_they_are() -> None:
    with speaking("es"):
        trained = run_note(run(Phase.SHADOW, version=2), {1})
        ruled = ruling_note(ruling(Decision.PROMOTE, grounds=Grounds.DUEL), {2})

    assert "Entrenamiento: v2 corre en sombra" in words(trained)
    assert "a causa de: 100 new labels" in words(trained)
    assert "Promover de todos modos" in words(trained)
    assert "*v2 toma el lugar de v1*, por las respuestas de las personas\\nmacro-F1 rises" in words(ruled)
    assert "Volver atrás: quitar v2 del servicio" in words(ruled)


@pytest.mark.parametrize(
    ("phase", "version", "told"),
    [
        (Phase.TRAINING, None, "*Switching to multilingual-e5-small*"),
        (Phase.PROMOTED, 2, "*Switching to multilingual-e5-small: v2 was promoted*"),
        (Phase.FAILED, None, "*Switching to multilingual-e5-small: failed*"),
    ],
)
def test_a_switch_is_not_called_training(phase: Phase, version: int | None, told: str) -> None:
    note = run_note(run(phase, version=version, encoder="multilingual", asked_by=ANA), in_service={2})

    assert told in words(note)
