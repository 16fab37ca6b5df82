"""The card of a summary: what it says, on which messages each sentence rests, who made it, and how to say it better."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
)

from bot.language.catalogues import N_, _, many
from bot.slack.blocks import bar, context, message, person, section
from bot.slack.mrkdwn import as_name, clipped, escape
from bot.slack.payloads import Json
from bot.summaries.reasons import of_summary
from bot.web_api import replies
from learning.model_files import hub
from storage.summaries.summaries import edited
from storage.tables.feedback import Status
from storage.tables.messages import Message
from storage.tables.summaries import Making, Opinion, Summary, SummaryAnswer, SummaryWord

GOOD, BAD, EDIT, UNDO = "summary_good", "summary_bad", "summary_edit", "summary_undo"
METADATA = "corrigible_summary"
SAID = {
    Opinion.GOOD: N_("{person} good"),
    Opinion.BAD: N_("{person} bad"),
    Opinion.EDITED: N_("{person} edited"),
}
TEXT_MOST = 2_900
UNSUPPORTED = N_("[I found nothing in the messages that says this]")
DELETED = N_(
    "This summary was removed: a message that it was made from was deleted. Ask again for a new one."
)


@dataclass(frozen=True)
class Shown:
    """A summary as it is shown: its rows, the messages its sentences rest on by id, and people's names by mark.

    `link`: the address of a message; `named`: a text with names in the place of marks; `is_outdated`: a message that it
    was made from says something else now.
    """

    summary: Summary
    words: Sequence[SummaryWord]
    answers: Sequence[SummaryAnswer]
    sources: dict[str, Message]
    link: Callable[[Message], str]
    named: Callable[[str], str]
    is_outdated: bool = False


def card(shown: Shown) -> Json:
    """Arguments of chat.postMessage, chat.update and chat.postEphemeral."""
    summary = shown.summary
    if summary.making is Making.ERASED:
        return message(escape(_(DELETED)), [section(_(DELETED))])
    if summary.making is Making.FAILED:
        why = of_summary(summary.failed)
        return message(escape(why), [section(escape(why))])
    if summary.making is Making.WAITING:
        told = " ".join([_("Summarizing …"), *([of_summary(summary.aside)] if summary.aside else [])])
        return message(escape(told), [section(f"{told}\n`{bar(summary.done)}` {summary.done:.0%}")])
    title = _("Summary of {messages} by {people}").format(
        messages=many("{number} message", "{number} messages", summary.messages),
        people=many("{number} person", "{number} people", summary.people),
    )
    better = _better(shown)
    said = escape(shown.named(better)) if better else "\n".join(_sentences(shown))
    blocks: list[Block] = [section(f"*{title}*"), *_sections(said)]
    blocks += [context(_made(shown)), _buttons(shown)]
    if shown.words:
        blocks.append(
            context(
                " · ".join(_(SAID[word.opinion]).format(person=person(word.user_id)) for word in shown.words)
            )
        )
    return message(escape(f"{title}: {plain_text(shown)}"), blocks)


def plain_text(shown: Shown) -> str:
    """What the summary says now, with names and without links."""
    text = _better(shown) or " ".join(one["text"] for one in shown.summary.sentences)
    return shown.named(text)


def metadata(summary_id: str) -> Json:
    """By this the card of a summary is found again in its thread."""
    return replies.metadata(METADATA, "summary_id", summary_id)


def _sentences(shown: Shown) -> list[str]:
    return [f"• {_sentence(shown, one)}" for one in shown.summary.sentences]


def _sentence(shown: Shown, one: Json) -> str:
    links = [
        f"<{shown.link(shown.sources[message_id])}|[{number}]>"
        for number, message_id in enumerate((id_ for id_ in one["sources"] if id_ in shown.sources), 1)
    ]
    parts = [escape(shown.named(one["text"])), *links]
    if not one["supported"]:
        parts.append(escape(_(UNSUPPORTED)))
    elif one["unfounded"]:
        words = escape(", ".join(one["unfounded"]))
        parts.append(_("[not in the messages: {words}]").format(words=words))
    return " ".join(parts)


def _polished(shown: Shown) -> SummaryAnswer | None:
    submitted = [one for one in shown.answers if one.status is Status.SUBMITTED and one.text]
    return submitted[-1] if submitted else None


def _better(shown: Shown) -> str:
    """What people wrote in the place of the summary, reviewers first; empty where nobody did."""
    polished, word = _polished(shown), edited(shown.words)
    if polished:
        return polished.text
    return word.text if word else ""


def _made(shown: Shown) -> str:
    summary = shown.summary
    is_edited = bool(_better(shown))
    by = _by(shown, is_edited)
    if summary.aside:
        by += f"; {escape(of_summary(summary.aside))}"
    if summary.read < summary.messages:
        by += "; " + many(
            "{number} of the messages was read closely",
            "{number} of the messages were read closely",
            summary.read,
        )
    if shown.is_outdated:
        by += "; " + _("about an earlier text: a message was edited since")
    links = "" if is_edited else _(" · [1] leads to the message that a sentence rests on")
    return f"{by}{links}"


def _by(shown: Shown, is_edited: bool) -> str:
    summary = shown.summary
    version = f" (v{summary.version})" if summary.version else ""
    model = f"{as_name(hub.title(_(summary.title)))}{version}"
    if is_edited and _polished(shown):
        return _("polished by a reviewer; the first draft was by {model}").format(model=model)
    if is_edited:
        return _("edited; the first draft was by {model}").format(model=model)
    if summary.engine == "generative":
        return _("written by {model}, which can be wrong").format(model=model)
    return _("sentences picked{version} from what was said").format(version=version)


def _buttons(shown: Shown) -> ActionsBlock:
    def button(text: str, action_id: str, what: str) -> ButtonElement:
        return ButtonElement(text=text, action_id=action_id, value=shown.summary.id, accessibility_label=what)

    elements = [
        button(_("Good"), GOOD, _("This summary is good")),
        button(_("Bad"), BAD, _("This summary is bad")),
        button(_("Edit"), EDIT, _("Say what this summary should say")),
    ]
    if shown.words:
        elements.append(button(_("Undo"), UNDO, _("Undo your own feedback on this summary")))
    return ActionsBlock(block_id="summary_actions", elements=elements)


def _sections(text: str) -> list[Block]:
    """Slack allows 3,000 characters a section: whole lines as far as they fit."""
    sections: list[str] = [""]
    for line in text.split("\n"):
        if len(sections[-1]) + len(line) > TEXT_MOST and sections[-1]:
            sections.append("")
        sections[-1] += f"{clipped(line, TEXT_MOST)}\n"
    return [section(one.rstrip("\n")) for one in sections if one.strip()]
