"""A message as a record in Argilla: what is sent of it, and how a record names its message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from learning.argilla import schema
from learning.encoders.encoder import Vectors
from learning.text.names import markdown_name
from storage.feedback import questions
from storage.messages.contents import Content
from storage.tables.feedback import Answer, Question, Status, Word
from storage.tables.models import Prediction

ERASED = "(erased)"
ROUND_DIGITS = 4
SAID = {
    Word.CONFIRMED: "confirmed",
    Word.CHANGED: "chose",
    Word.PROPOSED: "proposed",
    Word.REACTED: "chose, by a reaction,",
}
AGREE, DIFFER, AMONG = "none", "people and model", "among people"


class DisplayNames(Protocol):
    """What channels and people are called where records are read."""

    def channel(self, channel_id: str) -> str:
        """A channel's name."""

    def person(self, user_id: str) -> str:
        """A person's name, as far as the team wishes it to be told."""


@dataclass(frozen=True)
class RecordForm:
    """How records of one dataset are written: ids of its questions by name, its options, its vector field.

    `us` is the id of the user whose API key we use. `preselects`: is what the model says suggested, or only shown?
    """

    dataset_id: str
    questions: dict[str, str]
    options: frozenset[str]
    vector: str
    us: str
    preselects: bool = True


class Suggestion(Protocol):
    """What a model says of a message, and which one it is."""

    @property
    def version(self) -> int: ...
    @property
    def revision(self) -> int: ...
    @property
    def label_id(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def margin(self) -> float: ...
    @property
    def is_none(self) -> bool: ...


def external_id(message_id: str, round_: int) -> str:
    """The id of a record: the message's own, and with the number of the round where it is asked once more."""
    return message_id if round_ == 1 else f"{message_id}:{round_}"


def message_of(external: str | None) -> tuple[str, int] | None:
    """The message and round that a record stands for; None where it is none of ours."""
    message_id, _, round_ = (external or "").partition(":")
    if len(message_id) != 32 or not (round_ or "1").isdecimal() or len(round_) > ROUND_DIGITS:
        return None
    return message_id, int(round_ or 1)


def record(
    content: Content,
    question: Question,
    round_: int,
    vector: Vectors | None,
    form: RecordForm,
    names: DisplayNames,
) -> dict[str, Any]:
    """One record for Argilla's bulk upsert. Metadata is always whole: what is left out would be wiped."""
    sent: dict[str, Any] = {
        "external_id": external_id(content.message.id, round_),
        "fields": {schema.TEXT: content.message.text, schema.SAID: _said(content, names)},
        "metadata": _metadata(content, _source(question, round_), names),
        "suggestions": [],
    }
    if prediction := _prediction(content):
        say(sent, prediction, {one.id: one.name for one in content.labels.values()}, form)
    if vector is not None:
        sent["vectors"] = {form.vector: [float(number) for number in vector]}
    return sent


def _source(question: Question, round_: int) -> str:
    return "tie" if round_ > questions.first_round(question) else question.source


def say(record: dict[str, Any], said: Suggestion, names: Mapping[str, str], form: RecordForm) -> None:
    """Have a record say what a model says of its message. `names`: of labels, by id."""
    name = names.get(said.label_id, "")
    record["metadata"] |= {
        schema.VERSION: version(said.version, said.revision),
        schema.SCORE: _share(said.confidence),
        schema.MARGIN: _share(said.margin),
    }
    if not form.preselects:
        record["fields"][schema.PREDICTED] = _predicted(name, said)
    elif said.is_none:
        record["suggestions"] = []
    elif name in form.options:
        record["suggestions"] = [
            {
                "question_id": form.questions[schema.LABEL],
                "value": name,
                "score": _share(said.confidence),
                "agent": version(said.version, said.revision),
                "type": "model",
            }
        ]


def _predicted(name: str, said: Suggestion) -> str:
    if said.is_none:
        return f"**none of the labels**, closest: {markdown_name(name)}"
    return f"**{markdown_name(name)}**, {said.confidence:.0%} sure"


def as_now(
    record: Mapping[str, Any], said: Suggestion, names: Mapping[str, str], form: RecordForm
) -> dict[str, Any]:
    """What to send of a record that Argilla has, as it has it, for it to say that; all else stays."""
    sent = {"external_id": record["external_id"], "metadata": dict(record.get("metadata") or {})}
    if not form.preselects:
        sent["fields"] = dict(record["fields"])
    say(sent, said, names, form)
    return sent


def answered_before(content: Content, form: RecordForm) -> list[dict[str, Any]]:
    """The verdict of reviewers who worked in a dataset that is gone, as an answer of ours: nobody is asked again."""
    verdict = content.verdict
    if verdict is None or verdict.is_tied:
        return []
    if verdict.label_id is None:
        return [{"user_id": form.us, "status": "discarded", "values": None}]
    label = content.labels[verdict.label_id].name
    if label not in form.options:
        return []
    return [{"user_id": form.us, "status": "submitted", "values": {schema.LABEL: {"value": label}}}]


def given_here(given: Iterable[Answer], names: Mapping[str, str], form: RecordForm) -> list[dict[str, Any]]:
    """Return the responses to a record that was deleted since. `names`: of labels, by id."""
    latest = {one.reviewer: one for one in sorted(given, key=lambda one: one.answered_at)}
    responses: list[dict[str, Any]] = []
    for reviewer, one in latest.items():
        label = names.get(one.label_id or "")
        if one.status is Status.DISCARDED:
            responses.append({"user_id": reviewer, "status": "discarded", "values": None})
        elif label in form.options:
            values = {schema.LABEL: {"value": label}}
            responses.append({"user_id": reviewer, "status": "submitted", "values": values})
    return responses


def erased(message_id: str, round_: int) -> dict[str, Any]:
    """A record without anything of its message: by sending it Argilla's own id is learned, and then deleted."""
    return {"external_id": external_id(message_id, round_), "fields": {schema.TEXT: ERASED}}


def _said(content: Content, names: DisplayNames) -> str | None:
    lines = []
    for word in content.words:
        label = markdown_name(content.labels[word.label_id].name)
        lines.append(f"- {markdown_name(names.person(word.user_id))} {SAID[word.word]} **{label}**")
    return "\n".join(lines) or None


def _metadata(content: Content, source: str, names: DisplayNames) -> dict[str, Any]:
    return {
        schema.CHANNEL: names.channel(content.message.channel_id),
        schema.DISAGREEMENT: _disagreement(content),
        schema.SOURCE: source,
    }


def _prediction(content: Content) -> Prediction | None:
    """Return the prediction for the text; there is none yet if it was just edited."""
    return None if content.message.waiting else content.prediction


def version(number: int, revision: int) -> str:
    return f"v{number}.{revision}"


def _share(value: float) -> float:
    return round(min(max(value, 0.0), 1.0), 4)


def _disagreement(content: Content) -> str:
    chosen = {word.label_id for word in content.words}
    if len(chosen) > 1:
        return AMONG
    prediction = _prediction(content)
    if prediction is None or not chosen:
        return AGREE
    return DIFFER if prediction.is_none or chosen - {prediction.label_id} else AGREE
