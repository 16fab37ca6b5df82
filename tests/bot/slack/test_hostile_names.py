"""A name that somebody chose is shown as a name, wherever it goes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, cast

import pytest
from markdown_it import MarkdownIt
from slack_sdk.models.blocks import Block

from bot.app import commands
from bot.classification import correction_modal, shortcut_modals
from bot.classification.card import card
from bot.classification.service import Service
from bot.classification.shortcuts import Glance
from bot.context.metrics import Metrics
from bot.home.contents import Look
from bot.home.held_view import Held, HeldExample, held_blocks
from bot.home.label_editing import LabelEditing, LabelFaultError
from bot.home.view import home_view
from bot.operators.digest_text import digest_text
from bot.operators.run_notes import ruling_note, run_note
from bot.permissions.errors import in_words
from bot.questions import label_question_view
from bot.slack.mrkdwn import as_name, as_plain_name
from bot.slack.payloads import ButtonTarget, Command
from bot.slack.speakers import Speakers
from bot.summaries.card import Shown
from bot.summaries.card import card as summary_card
from learning.argilla import records, schema
from learning.argilla.schema import DatasetPlan
from learning.run_reports import model_card
from learning.text.names import markdown, visible
from storage.database.engine import Database
from storage.feedback import labels
from storage.feedback.corrections import Spoken
from storage.feedback.labels import LabelSpec, RetiredLabelError
from storage.feedback.responses import Verdict
from storage.messages.contents import Content
from storage.messages.label_questions import LabelQuestionAsked
from storage.reports.digests import Confusion, Week
from storage.tables.feedback import Burst, Label, LabelQuestion, LabelSource, Outcome, Word
from storage.tables.messages import Mode
from storage.tables.models import Decision, Grounds, Phase, Ruling, Run
from storage.tables.summaries import Making, Origin, Summary
from tests.factories import ANA, BEN, SUPPORT, TEAM, message, prediction

Json = dict[str, Any]
HOSTILE = (
    "](http://evil.com) ![](http://evil.com/p.png) <!channel> <@U9> <b>b</b> *x* _y_ `z` ~w~ :x: :日本: @here #general "
    "&lt;!here&gt; \u202e\u200b\x1b[31m"
)
INVISIBLE = "\u200b\u2060\u202e\u3164"
# What Slack obeys, of which only what is ours may stand in a text.
OURS = re.compile(r"<@U[123]>|<!date\^[^>]*>|<https://team\.slack\.com/[^>]*\|(\[1\]|message|this message)>")
OBEYED = (
    "http://",
    "evil.com",
    "<",
    ">",
    "*x*",
    "_y_",
    "`z`",
    "~w~",
    ":x:",
    ":日本:",
    "@here",
    "#general",
    "\x1b",
)
# Of what is hidden we write one sign alone, by which we keep words apart.
HIDDEN = re.compile("[\u200b\u202e\u3164\x1b]")


def label(name: str) -> Label:
    return Label(id="l-1", team_id=TEAM, name=name, description=name, source=LabelSource.PROPOSED)


def content(name: str, mode: Mode = Mode.REPLY, **given: Any) -> Content:
    one, known = message("words", id="m1", mode=mode), {"l-1": label(name), "l-2": label("bug")}
    ranked = [["l-1", 0.6], ["l-2", 0.3]]
    said = prediction(one, known["l-1"], ranked=ranked)
    standard: Json = {"words": [], "verdict": None, "choice": None}
    found = {**standard, **given}
    return Content(1, one, said, found["words"], found["verdict"], known, found["choice"])


def chosen(by: str = ANA) -> list[Spoken]:
    return [Spoken("m1", by, "l-1", Word.PROPOSED, 1.0)]


def home(name: str) -> Json:
    look = Look([], {}, None, None, None, 0, 0, None, [], [label(name)], {}, 0, None, True)
    notice = f"{as_name(name)} is saved"
    return home_view(look, None, notice)


def held(name: str) -> Json:
    burst = Burst(id="b1", team_id=TEAM, user_id=ANA, corrections=2, began=1.0, ended=2.0, share_right=0.1)
    link = "https://team.slack.com/archives/C1/p1"
    found = Held(burst, [HeldExample(name, "bug", link), HeldExample("bug", name, link)])
    return {"blocks": [block.to_dict() for block in held_blocks([found], 1)]}


def digest(name: str) -> Json:
    week = Week(1.0, 1, Confusion(name, name, 2), [(ANA, 1)], [name], [])
    return {"text": digest_text(week, None, lambda _: name)}


def run(name: str) -> Json:
    report = {"rows": [["examples", name]]}
    return run_note(
        Run(team_id=TEAM, phase=Phase.REFUSED, cause=name, stage=f"F1 of {name} falls", report=report), set()
    )


def ruling(name: str) -> Json:
    told = f"F1 of {name} falls"
    return ruling_note(
        Ruling(
            team_id=TEAM,
            champion=1,
            challenger=2,
            grounds=Grounds.HOLDOUT,
            decision=Decision.REFUSE,
            reason=told,
        ),
        set(),
    )


def summary(name: str) -> Json:
    made = Summary(
        id="s1", team_id=TEAM, channel_id=SUPPORT, asked_by=ANA, origin=Origin.SHORTCUT, making=Making.DONE,
        sentences=[{"text": f"<@{BEN}> left.", "sources": ["m1"], "supported": True, "unfounded": [], "support": 1.0}],
        engine="generative", title=name, messages=2, people=2, read=2,
    )  # fmt: skip
    speakers = Speakers([ANA, BEN], lambda _: name)
    link = "https://team.slack.com/archives/C1/p1"
    return summary_card(Shown(made, [], [], {"m1": message(id="m1")}, lambda _: link, speakers.named))


def question(name: str) -> Json:
    asked = LabelQuestion(
        message_id="m1", user_id=ANA, suggested="l-2", team_id=TEAM, label_id="l-1", asked_at=1.0
    )
    link = "https://team.slack.com/archives/C1/p1"
    wanted = LabelQuestionAsked(asked, message("words", id="m1"), label(name), label(name))
    return label_question_view.question(wanted, link)


def question_that_ended(name: str) -> Json:
    link = "https://team.slack.com/archives/C1/p1"
    return label_question_view.ended(Outcome.KEPT, label(name), link)


SLACK: dict[str, Callable[[str], Json]] = {
    "card": lambda name: card(content(name)),
    "card that asks": lambda name: card(content(name, Mode.ASK)),
    "card of a duel": lambda name: card(content(name, choice=("l-1", "l-2"))),
    "card that people settled": lambda name: card(content(name, words=chosen())),
    "card that reviewers discarded": lambda name: card(
        content(name, words=chosen(), verdict=Verdict(None, is_tied=False, reviewers=1))
    ),
    "answer of a shortcut": lambda name: shortcut_modals.answer(content(name)),
    "glance": lambda name: shortcut_modals.glance(Glance(label(name), 0.5), "off"),
    "correction": lambda name: correction_modal.correction_view(ButtonTarget("m1", 0), label(name)),
    "menu": lambda name: {"blocks": [], "options": correction_modal.matching([label(name)], "")},
    "question about a label": question,
    "question about a label that ended": question_that_ended,
    "home": home,
    "held back": held,
    "digest": digest,
    "run": run,
    "ruling": ruling,
    "refusal": lambda name: {"text": in_words(RetiredLabelError(name))},
    "refusal in a modal": lambda name: {
        "options": [
            {
                "text": {
                    "type": "plain_text",
                    "emoji": False,
                    "text": in_words(RetiredLabelError(name), as_plain_name),
                }
            }
        ]
    },
}


@pytest.mark.parametrize("surface", SLACK.values(), ids=SLACK.keys())
def test_slack_obeys_nothing_in_a_name(surface: Callable[[str], Json]) -> None:
    _check(surface(HOSTILE))


@pytest.mark.parametrize("surface", SLACK.values(), ids=SLACK.keys())
def test_a_name_that_can_not_be_seen_gets_another_in_slack(surface: Callable[[str], Json]) -> None:
    payload = surface(INVISIBLE)

    _check(payload)
    assert "(unnamed)" in str(payload) or "F1 of falls" in str(payload)  # a sentence does without it


def test_a_summary_names_its_speakers_and_obeys_none_of_them() -> None:
    _check(summary(HOSTILE))
    _check(summary(INVISIBLE))
    assert BEN in str(summary(INVISIBLE))


@pytest.mark.parametrize("name", [HOSTILE, INVISIBLE])
def test_the_list_of_labels_is_inert(database: Database, name: str) -> None:
    with database.writing() as session:
        labels.synchronize(session, TEAM, [LabelSpec(name, name)])

    told = commands.answer(_commands(database), cast(Any, None), Command(TEAM, SUPPORT, ANA, ("labels",)))

    _check({"text": told})
    assert (visible(name) and "evil\u2060.com" in told) or "(unnamed)" in told


def _commands(database: Database) -> Any:
    nobody = cast(Any, None)
    return SimpleNamespace(service=Service(database, TEAM, Metrics(), nobody, nobody, str), operations=nobody)


def test_a_long_description_takes_no_other_labels_place_in_the_list(database: Database) -> None:
    with database.writing() as session:
        labels.synchronize(session, TEAM, [LabelSpec("a", "&" * 1_000), LabelSpec("b"), LabelSpec("c")])

    told = commands.answer(_commands(database), cast(Any, None), Command(TEAM, SUPPORT, ANA, ("labels",)))

    assert isinstance(told, str)
    assert [line.partition(" – ")[0] for line in told.splitlines()] == ["• *a*", "• *b*", "• *c*"]


def test_the_label_that_has_an_emoji_already_is_named_in_plain_text(database: Database) -> None:
    with database.writing() as session:
        labels.synchronize(session, TEAM, [LabelSpec("bug\u202e\x1b[31m", emoji=":bug:"), LabelSpec("b")])
    everybody = cast(Any, SimpleNamespace(check=lambda _by: None))
    entry = {"name": "beetle", "description": "", "emoji": ":bug:", "examples": []}

    with pytest.raises(LabelFaultError) as found:
        LabelEditing(database, TEAM, everybody, [], lambda: None).save(None, entry, ANA)

    assert found.value.faults == {"emoji": "“bug[31m” has this emoji already."}


class Names:
    """Who calls everybody by one name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def person(self, _user_id: str) -> str:
        return self._name

    def channel(self, _channel_id: str) -> str:
        return "#support"


def record(name: str) -> str:
    form = cast(Any, SimpleNamespace(options={}, vector="v", preselects=False))
    question = cast(Any, SimpleNamespace(source="random", meanings=None))
    shown = content(name, words=chosen())
    shown.message.waiting = False
    sent = records.record(shown, question, 1, None, form, Names(name))
    return f"{sent['fields'][schema.SAID]}\n{sent['fields'][schema.PREDICTED]}"


def guidelines(name: str) -> str:
    return DatasetPlan({name: name, "bug": ""}, 1, "v", "V", 3).guidelines.partition("# The labels")[2]


def of_a_model(name: str) -> str:
    figures: Json = {
        "examples": 1,
        "data": "d",
        "libraries": {},
        "recipe": {},
        "training": {},
        "scores": None,
    }
    figures["served"] = {"refused": "", "engine": "torch", "accuracy": None}
    job = SimpleNamespace(
        source=None, title="Run 1", targets=[SimpleNamespace(name=name)], recipe=SimpleNamespace(seed=0)
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "README.md"
        model_card.write(path, cast(Any, job), figures)
        return path.read_text(encoding="utf-8").partition("labels: ")[2].partition("\n")[0]


@pytest.mark.parametrize("surface", [record, guidelines, of_a_model])
@pytest.mark.parametrize("name", [HOSTILE, INVISIBLE])
def test_markdown_shows_a_name_as_it_is(surface: Callable[[str], str], name: str) -> None:
    written = surface(name)

    found = list(_tokens(written))
    shown = "".join(token.content for token in found if token.type == "text")
    assert {token.type for token in found} <= {
        "text",
        "strong_open",
        "strong_close",
        "softbreak",
        "text_special",
    }
    assert (visible(name) or "(unnamed)") in shown.replace("\n", "")
    for active in ("http://", "www.", "evil.com"):  # some readers link addresses that nobody marked as such
        assert active not in written
    assert not HIDDEN.search(written)


def test_an_option_of_argilla_has_a_name_that_can_be_seen() -> None:
    plan = DatasetPlan({INVISIBLE: "", HOSTILE: ""}, 1, "v", "V", 3)

    assert plan.option(INVISIBLE)["text"] == "(unnamed)"
    assert plan.option(HOSTILE)["text"] == visible(HOSTILE)
    assert plan.option(HOSTILE)["value"] == HOSTILE


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("two  words\n", "two words"),
        ("bug\u200b", "bug"),
        ("b\u200dug", "bug"),
        ("\u202egub", "gub"),
        ("a\x1b[31m\x07", "a[31m"),
        ("\u3164\u2800\u115f", ""),
        ("\u0301", ""),
        ("é e\u0301", "é e\u0301"),
        ("👩\u200d🚀 ❤\ufe0f", "👩\u200d🚀 ❤\ufe0f"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("", ""),
        ("e" + "\u0301" * 50, "e" + "\u0301" * 4),
        ("日" + "\u0301\u200d" * 9 + "本", "日" + "\u0301\u200d" * 4 + "\u200d" * 5 + "本"),
        ("ก็่ง שָּׁ", "ก็่ง שָּׁ"),
        ("\U00013441\U0001d159", ""),
    ],
)
def test_what_can_be_seen_of_a_name_stays_and_nothing_else(name: str, seen: str) -> None:
    assert visible(name) == seen


@pytest.mark.parametrize(
    "name", ["bug", "how-to", "data export", "v2.1", "snake_case", "AT&T", "請求書", "c++", "10:30"]
)
def test_an_honest_name_is_shown_as_it_is(name: str) -> None:
    assert as_name(name) == name.replace("&", "&amp;")
    assert as_plain_name(name) == name
    assert "".join(token.content for token in _tokens(markdown(name))) == name


def _tokens(text: str) -> Iterator[Any]:
    for token in MarkdownIt("commonmark", {"html": True}).parse(text):
        if token.type == "inline":
            yield from token.children or ()
        else:
            assert token.type in (
                "paragraph_open",
                "paragraph_close",
                "bullet_list_open",
                "bullet_list_close",
                "list_item_open",
                "list_item_close",
            ), token


def _check(payload: Json) -> None:
    """Nothing in it is obeyed, nothing is hidden, and Slack takes it."""
    for block in payload.get("blocks", []):
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.validate_json()
    for text in _of_kind(payload, "mrkdwn"):
        rest = OURS.sub("", text)
        assert [one for one in OBEYED if one in rest] == [], text
        assert not HIDDEN.search(text)
    for part in _objects(payload):
        if part.get("type") == "plain_text":
            assert part["text"]
            assert not HIDDEN.search(part["text"])
            assert ":x:" not in part["text"] or part["emoji"] is False


def _of_kind(payload: Json, kind: str) -> list[str]:
    outside = [payload["text"]] if isinstance(payload.get("text"), str) and "type" not in payload else []
    return outside + [part["text"] for part in _objects(payload) if part.get("type") == kind]


def _objects(value: object) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _objects(inner)
    if isinstance(value, list):
        for inner in value:
            yield from _objects(inner)
