"""The notes in the operators' channel: how a training run goes, what was ruled, and what operators can do about it."""

from __future__ import annotations

from collections.abc import Sequence

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    MarkdownTextObject,
    SectionBlock,
)

from bot.mrkdwn import clipped, escape
from bot.payloads import Json
from storage.tables import Decision, Grounds, Phase, Ruling, Run, TaskName

PROMOTE, ROLL_BACK = "promote", "roll_back"
BAR = 20
VERDICTS = {
    Phase.WAITING: "waits",
    Phase.TRAINING: "trains",
    Phase.SHADOW: "runs in shadow",
    Phase.PROMOTED: "was promoted",
    Phase.REFUSED: "was refused",
    Phase.FAILED: "failed",
}
TRAINING = {TaskName.CLASSIFICATION: "Training", TaskName.SUMMARIZATION: "Training the summarizer"}
RULED = {
    Decision.PROMOTE: "v{challenger} takes the place of v{champion}",
    Decision.REFUSE: "v{challenger} is refused, v{champion} stays",
    Decision.GO_ON: "v{challenger} runs in shadow beside v{champion}",
    Decision.ROLL_BACK: "v{challenger} is back in the place of v{champion}",
}
BY = {
    Grounds.HOLDOUT: "on the holdout",
    Grounds.DUEL: "by people's answers",
    Grounds.WATCH: "by its corrections",
    Grounds.SWAP: "when it was loaded",
    Grounds.PERSON: "by a person",
}


def run_note(run: Run, in_service: set[int]) -> Json:
    """Arguments of chat.postMessage and chat.update for a run."""
    name = f"v{run.version}" if run.version else "a challenger"
    title = f"{TRAINING[run.task]}: {name} {VERDICTS[run.phase]}"
    blocks: list[Block] = [_section(f"*{escape(title)}*\n{_why(run)}")]
    if run.phase in (Phase.WAITING, Phase.TRAINING):
        blocks.append(_section(f"`{bar(run.done)}` {run.done:.0%} · {escape(run.stage)}"))
    else:
        blocks.append(_section(escape(run.stage)))
    blocks += (
        [_context(" · ".join(f"{name} {value}" for name, value in run.report.get("rows", [])))]
        if run.report
        else []
    )
    if run.version and run.version not in in_service and run.phase is not Phase.FAILED:
        blocks.append(ActionsBlock(elements=[promote_button(run.version)]))
    return _message(f"{title}. {run.stage}", blocks)


def ruling_note(ruling: Ruling, in_service: set[int]) -> Json:
    """Arguments of chat.postMessage for a ruling."""
    what = RULED[ruling.decision].format(challenger=ruling.challenger, champion=ruling.champion)
    what = f"Summaries: {what}" if ruling.task is TaskName.SUMMARIZATION else what
    by = f"by <@{ruling.made_by}>" if ruling.made_by else BY[ruling.grounds]
    blocks: list[Block] = [_section(f"*{what}*, {by}\n{escape(ruling.reason)}")]
    if ruling.decision is Decision.PROMOTE and ruling.challenger in in_service:
        blocks.append(ActionsBlock(elements=[roll_back_button(ruling.challenger)]))
    return _message(f"{what}: {ruling.reason}", blocks)


def bar(done: float) -> str:
    """A progress bar of letters."""
    full = round(BAR * min(max(done, 0.0), 1.0))
    return "█" * full + "░" * (BAR - full)


def promote_button(number: int) -> ButtonElement:
    return ButtonElement(
        text="Promote anyway",
        action_id=PROMOTE,
        value=str(number),
        accessibility_label=f"Promote anyway: put v{number} into service",
        confirm=ConfirmObject(
            title="Promote anyway?",
            text=f"v{number} answers from now on. You can roll back at any time.",
            confirm="Promote",
            deny="Cancel",
        ),
    )


def roll_back_button(number: int) -> ButtonElement:
    return ButtonElement(
        text="Roll back",
        action_id=ROLL_BACK,
        value=str(number),
        style="danger",
        accessibility_label=f"Roll back: take v{number} out of service",
    )


def _why(run: Run) -> str:
    if run.asked_by.startswith(("U", "W")):
        return f"asked for by <@{run.asked_by}>"
    return f"because of: {escape(run.cause)}"


def _section(text: str) -> SectionBlock:
    return SectionBlock(text=MarkdownTextObject(text=clipped(text, 2_900)))


def _context(text: str) -> ContextBlock:
    return ContextBlock(elements=[MarkdownTextObject(text=clipped(escape(text), 2_900))])


def _message(text: str, blocks: Sequence[Block]) -> Json:
    return {"text": clipped(escape(text), 2_900), "blocks": [block.to_dict() for block in blocks]}
