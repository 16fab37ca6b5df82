"""What an operator wants to know of retraining, in the words of `corrigible status`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from learning.encoders.encoder import title
from learning.model_files.hub import described
from learning.tasks.recipe import SEARCHED, found
from storage.database import jobs
from storage.models import disagreements, runs, splits, tunings, versions
from storage.tables.models import Decision, Phase, Side, TaskName
from storage.workspaces import acceptances

RULINGS_SHOWN = 3
DECIDED = {
    Decision.PROMOTE: "v{challenger} promoted over v{champion}",
    Decision.REFUSE: "v{challenger} refused, v{champion} stays",
    Decision.GO_ON: "v{challenger} in shadow beside v{champion}",
    Decision.ROLL_BACK: "back to v{challenger} from v{champion}",
}


def rows(session: Session, team_id: str, named: Mapping[str, Any], encoder: str) -> Iterator[tuple[str, str]]:
    """Name and value of each figure. named: what RECIPE names; encoder: what ENCODER names, as people read it."""
    yield from _recipe(session, team_id, named)
    yield from _encoder(session, team_id, encoder)
    latest = runs.latest(session, team_id)
    if latest:
        yield "latest training run", f"{latest.phase.value}, because of {latest.cause}: {latest.stage}"
    of_summaries = runs.latest(session, team_id, TaskName.SUMMARIZATION)
    if of_summaries:
        became = f"{of_summaries.phase.value}, because of {of_summaries.cause}: {of_summaries.stage}"
        yield "latest training run of the summarizer", became
    accepted = acceptances.standing(session, team_id)
    if accepted:
        by = f"{accepted.accepted_by} accepted Slack's policy, {_time(accepted.accepted_at)}"
        yield "training of a model that writes, if SUMMARIZER names one", by
    if latest and latest.phase is Phase.SHADOW:
        contested = disagreements.of_run(session, latest.id)
        asked = sum(one.asked_at is not None for one in contested)
        yield "disagreements of the two", f"{len(contested)}, asked about {asked} of them"
    sides = list(splits.sides(session, team_id).values())
    yield "held out for ever", f"{sides.count(Side.HOLDOUT)} of {len(sides)} labelled messages"
    for ruling in versions.rulings(session, team_id, RULINGS_SHOWN):
        what = DECIDED[ruling.decision].format(challenger=ruling.challenger, champion=ruling.champion)
        yield f"ruling of {_time(ruling.made_at)}", f"{what}: {ruling.reason}"
    for job in jobs.every(session, team_id):
        last = f"last done {_time(job.succeeded_at)}" if job.succeeded_at else "not done yet"
        failed = f", failed: {job.failed}" if job.failed else ""
        yield f"schedule: {job.name}", f"next {_time(job.due_at)}, {last}{failed}"


def _encoder(session: Session, team_id: str, named: str) -> Iterator[tuple[str, str]]:
    """Which one counts, and how far a switch to another one is."""
    number = versions.in_service(session, team_id)
    standing = versions.get(session, team_id, number) if number else None
    if standing and versions.switched_to(session, team_id, standing.base):
        until = "until a roll back, or until ENCODER names another one than now"
        yield (
            "encoder",
            f"{described(standing.encoder_name)}: an operator switched to it, instead of {named}, {until}",
        )
    elif standing:
        yield "encoder", f"{described(standing.encoder_name)}, as ENCODER says"
    switch = runs.latest_switch(session, team_id)
    if switch:
        became = f"{switch.phase.value}, {switch.done:.0%} done: {switch.stage}"
        yield f"switch to {title(switch.encoder)}", became


def _recipe(session: Session, team_id: str, named: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a search found, and which of it counts."""
    tuning = tunings.find(session, team_id)
    if tuning is None:
        return
    counts = found(named, tuning.recipe)
    what = ", ".join(f"{key} {_figure(value)}" for key, value in counts.items())
    overruled = ", ".join(key for key in SEARCHED if key in tuning.recipe and key in named)
    by = f"; for {overruled} RECIPE counts" if overruled else ""
    score = f"{_time(tuning.made_at)}, macro-F1 {tuning.score:.3f} in cross-validation"
    yield "recipe by `corrigible tune` (drop it: tune --reset)", f"{what or 'nothing'}{by} ({score})"


def _figure(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _time(moment: float) -> str:
    return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M")
