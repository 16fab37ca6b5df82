"""What an operator wants to know of reviewers and of whom to believe, in the words of `corrigible status`."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime

from sqlmodel import Session

from learning.data import trust
from learning.data.trust import AdmittedLabels, Belief
from learning.evaluation import accuracy, agreement
from learning.heads.none_of_these import PROMISE_MIN
from learning.heads.offering import OFFERED, OFFERED_MAX
from storage.deliveries import outbox
from storage.feedback import accidental_responses, bursts, questions
from storage.feedback import responses as answers
from storage.models import floors
from storage.reports import estimates
from storage.tables.feedback import Panel
from storage.tables.models import Basis, Floor

DAY_S = 86_400.0
BURSTS_SHOWN = 5
CAUTIOUS = {
    Basis.RESPONSES: "nothing is called that",
    Basis.LABELLED: "labelled messages decide, cautiously",
    Basis.POOL: "the least likely of all messages are called that",
    Basis.NOTHING: "nothing is called that",
}


def rows(session: Session, team_id: str, per_day: int, belief: Belief) -> Iterator[tuple[str, str]]:
    """Name and value of each figure."""
    yield from _outbox(session, team_id)
    yield from _questions(session, team_id, per_day)
    yield from _estimate(session, team_id)
    yield from _none(session, team_id)
    yield from _offers(session, team_id)
    if not belief.operators:
        yield "operators", "none, so only reviewers and imports vouch for corrections: set OPERATORS"
    yield from _labels(trust.admitted(session, team_id, belief))
    for burst in bursts.waiting(session, team_id, BURSTS_SHOWN):
        began = datetime.fromtimestamp(burst.began).astimezone().strftime("%Y-%m-%d %H:%M")
        said = f"{burst.corrections} corrections from {began} on, about {burst.share_right:.0%} right"
        yield f"held back until an operator decides on the Home tab: {burst.user_id}", said


def agreement_rows(session: Session, team_id: str, panels: Collection[Panel]) -> Iterator[tuple[str, str]]:
    """How far reviewers agree, where several of them answered the same message."""
    found = agreement.read(session, team_id, panels)
    if found is None:
        yield "reviewers agree", "not known yet: no message was answered by two"
        return
    low, high = (f"{100 * share:.0f} %" for share in (found.share.low, found.share.high))
    told = f"on {found.agreed} of {found.messages} messages that several answered (95 % interval {low} to {high})"
    alpha = "" if found.alpha is None else f", Krippendorff's alpha {found.alpha:.2f}"
    yield "reviewers agree", told + alpha


def _outbox(session: Session, team_id: str) -> Iterator[tuple[str, str]]:
    backlog = outbox.backlog(session, team_id)
    since = f", the oldest for {_age(time.time() - backlog.oldest)}" if backlog.oldest else ""
    yield "messages waiting for Argilla", f"{backlog.messages}{since}"
    for reason, number in outbox.refusals(session, team_id).items():
        yield "refused by Argilla (try again: corrigible resend)", f"{number}: {reason}"


def _age(seconds: float) -> str:
    for unit, length in (("days", DAY_S), ("hours", 3_600.0), ("minutes", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def _questions(session: Session, team_id: str, per_day: int) -> Iterator[tuple[str, str]]:
    sources = questions.by_source(session, team_id)
    asked = ", ".join(f"{source} {number}" for source, number in sorted(sources.items()))
    today = questions.asked(session, team_id, time.time() - DAY_S).total
    yield "reviewers asked about", f"{sum(sources.values())} messages" + (f" ({asked})" if asked else "")
    yield "of the budget, in 24 hours", f"{today} of {per_day}"
    answered, waiting = answers.count(session, team_id), questions.open_ones(session, team_id)
    bulk = accidental_responses.count_bulk(session, team_id)
    marked = f", {bulk} of them in bulk" if bulk else ""
    yield "answered by reviewers", f"{answered}{marked}, {waiting} wait for a first answer"
    slips = accidental_responses.count(session, team_id)
    if slips.found:
        said = f"{slips.found} not counted, {slips.asked} asked again, {slips.answered} answered since"
        yield "accidental responses (the suggestion, within a second)", said


def _estimate(session: Session, team_id: str) -> Iterator[tuple[str, str]]:
    found = accuracy.latest(session, team_id)
    if found:
        value, low, high = (
            f"{100 * one:.0f} %" for one in (found.share.value, found.share.low, found.share.high)
        )
        told = f"{value} (95 %: {low} to {high}, {found.messages} answers)"
    else:
        told = "no answers yet"
    yield "accuracy, by messages picked at random", told
    saved = estimates.latest(session, team_id).get("saved")
    if saved:
        yield "labels saved against random", saved


def _none(session: Session, team_id: str) -> Iterator[tuple[str, str]]:
    """Say what is promised about messages that are called none of the labels, and how that went."""
    found = floors.latest(session, team_id)
    if found is None or not found.share:
        yield "none of my labels", "never said" if found else "not said yet"
        return
    if found.basis is Basis.RESPONSES and found.messages >= PROMISE_MIN:
        told = f"promised: at least {1 - found.share:.0%} of messages that have a label get one"
        told += f" (made of {found.messages} random responses)"
    else:
        responses = int(found.made_of["responses"])
        told = f"no guarantee yet: {responses} of {PROMISE_MIN} random responses that have a label"
        told += f"; until then {CAUTIOUS[found.basis]}"
    yield "none of my labels", told
    seen = floors.coverage(session, team_id)
    observed = (
        f"{seen.labelled} of {seen.messages} ({seen.labelled / seen.messages:.0%})" if seen.messages else ""
    )
    yield "got a label, of random responses that have one", observed or "no responses yet"


def _offers(session: Session, team_id: str) -> Iterator[tuple[str, str]]:
    """Say what is promised about the labels that questions offer, and how that went."""
    found = floors.latest(session, team_id)
    yield "labels that a question offers", _promised(found) if found else f"the {OFFERED} likeliest"
    seen = floors.offers(session, team_id)
    if found is None or not (found.offers_at or seen.questions):
        return
    observed = "no responses yet"
    if seen.questions:
        promised = f", promised {1 - found.offers_share:.0%}" if found.offers_at else ""
        observed = f"in {seen.right} of {seen.questions} ({seen.right / seen.questions:.0%}{promised})"
    yield "the right label was among those offered, of random responses to questions", observed


def _promised(found: Floor) -> str:
    if not found.offers_share:
        return f"always the {OFFERED} likeliest"
    if found.offers_at is None:
        needed = (
            f"{found.questions} of {PROMISE_MIN} random responses to messages that a question would be about"
        )
        return f"no guarantee yet: {needed}; until then the {OFFERED} likeliest"
    made_of = f"(made of {found.questions} random responses)"
    if not found.offers_at:
        missing = (
            f"even the {OFFERED_MAX} likeliest miss the right one more often than {found.offers_share:.0%}"
        )
        return f"no guarantee: {missing}, so these are offered {made_of}"
    return f"promised: at least {1 - found.offers_share:.0%} of questions offer the right one {made_of}"


def _labels(found: AdmittedLabels) -> Iterator[tuple[str, str]]:
    grounds = Counter(str(grounds) for _, grounds in found.admitted.values())
    doubts = Counter(str(doubt) for doubt in found.held_back.values())
    yield "labels to fine-tune on", _counted(grounds)
    if doubts:
        yield "corrections held back from fine-tuning", _counted(doubts)


def _counted(counts: Counter[str]) -> str:
    parts = ", ".join(f"{number} {what}" for what, number in counts.most_common())
    return f"{counts.total()}" + (f" ({parts})" if parts else "")
