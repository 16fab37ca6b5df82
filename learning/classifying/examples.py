"""What a run learns from and is judged by: gathered from the tables, the two kept apart for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sqlmodel import Session, col, select

from learning.data import trust
from learning.data.examples import Example, LabelTarget
from learning.data.trust import AdmissionGrounds, Belief
from learning.encoders.duplicates import groups_of
from learning.encoders.encoder import Vectors
from learning.heads.centring import centred, mean_of
from learning.heads.refit import description
from learning.tasks.task import NothingToLearnError
from storage.database.engine import Database
from storage.feedback import labels
from storage.models import mean_embeddings, predictions, splits
from storage.tables.feedback import Label
from storage.tables.messages import Message
from storage.tables.models import Side


@dataclass(frozen=True)
class LabelExamples:
    """`training`: what is fine-tuned on, the labels' own examples among it; `groups`: (examples,), the same number for
    texts that say nearly the same; `learned`: by message, the label ids among them; `said`: all that the head in
    service may learn from besides the holdout; `holdout`: what both models are judged on.
    """

    targets: list[LabelTarget]
    training: list[Example]
    groups: list[int]
    learned: dict[str, str]
    said: list[Example]
    holdout: list[Example]


class TooFewExamplesError(ValueError):
    """There is no label with enough examples to try a recipe on some of them and judge it on the others."""

    def __init__(self, most: int, needed: int) -> None:
        super().__init__(
            f"tuning needs labels with {needed} examples or more, and no label has more than {most} yet"
        )


def gather(
    database: Database,
    team_id: str,
    encoder: str,
    share: float,
    belief: Belief,
) -> LabelExamples:
    """What there is to learn from now; new messages are put on their side of the split for ever.

    encoder: fingerprint of one that read most messages; share: of the messages, to hold out. Raises
    NothingToLearnError.
    """
    with database.reading() as session:
        known = labels.active(session, team_id)
        admitted = trust.admitted(session, team_id, belief).admitted
        settled = trust.for_head(session, team_id, belief)
        written = _messages(session, [*settled, *admitted])
        vectors = predictions.vectors(session, encoder, list(written))
        mean = mean_embeddings.latest(session, team_id, encoder)
        drawn = splits.sides(session, team_id)
    group = _groups(
        written, vectors, mean.vector if mean else None
    )  # takes seconds where there is much: no writer waits for it
    sides = _draw(drawn, group, share)
    trained = _on(Side.TRAINING, sides, {one: label for one, (label, _) in admitted.items()})
    by_reviewers = {one: label for one, (label, why) in admitted.items() if why is AdmissionGrounds.REVIEWERS}
    own = _own_examples(known)
    training = own + _examples(written, trained)
    if len({example.label_id for example in training}) < 2:
        raise NothingToLearnError(
            f"there is too little to learn from: {len(training)} examples of {len(known)} labels. At least two labels "
            "need examples, from corrections, reviewers or labels.toml"
        )
    with database.writing() as session:
        splits.keep(session, team_id, sides)
    numbers = {message_id: number for number, message_id in enumerate(dict.fromkeys(group.values()))}
    return LabelExamples(
        targets=[LabelTarget(label.id, label.name, description(label)) for label in known],
        training=training,
        groups=[*range(-len(own), 0), *(numbers[group[example.id]] for example in training[len(own) :])],
        learned=trained,
        said=own + _examples(written, _on(Side.TRAINING, sides, settled)),
        holdout=_examples(written, _on(Side.HOLDOUT, sides, by_reviewers)),
    )


def _on(side: Side, sides: Mapping[str, Side], labelled: Mapping[str, str]) -> dict[str, str]:
    return {one: label for one, label in labelled.items() if sides.get(one) is side}


def _messages(session: Session, message_ids: list[str]) -> dict[str, Message]:
    found: dict[str, Message] = {}
    unique = sorted(set(message_ids))
    for start in range(0, len(unique), 500):  # databases bound how many parameters one statement takes
        some = unique[start : start + 500]
        chosen = select(Message).where(col(Message.id).in_(some), col(Message.erased_at).is_(None))
        found.update((message.id, message) for message in session.exec(chosen))
    return found


def _groups(
    written: Mapping[str, Message], vectors: Mapping[str, Vectors], mean: Vectors | None
) -> dict[str, str]:
    """For each message, the first of those that say nearly the same."""
    ids = list(written)
    if not ids:
        return {}
    if mean is None and vectors:  # there are few messages: then their own
        mean = mean_of(np.stack(list(vectors.values())))
    dimensions = len(next(iter(vectors.values()))) if vectors else 1
    blank = np.zeros(
        dimensions, dtype=np.float32
    )  # read by no model yet: like nothing else, but by its words
    rows = centred(np.stack([vectors.get(one, blank) for one in ids]), mean)
    first: dict[int, str] = {}
    numbers = groups_of([written[one].text for one in ids], rows)
    return {one: first.setdefault(int(number), one) for one, number in zip(ids, numbers, strict=True)}


def _draw(known: Mapping[str, Side], group: Mapping[str, str], share: float) -> dict[str, Side]:
    """Sides of all messages: those that say nearly the same share one, the first that any of them had."""
    of_group: dict[str, Side] = {}
    for one, side in known.items():
        if one in group:
            of_group.setdefault(group[one], side)
    return {
        one: known.get(one) or of_group.get(first) or splits.draw(first, share)
        for one, first in group.items()
    }


def _examples(written: Mapping[str, Message], labelled: Mapping[str, str]) -> list[Example]:
    return [
        Example(one, written[one].text, label, written[one].channel_id)
        for one, label in sorted(labelled.items())
        if one in written and written[one].text
    ]


def _own_examples(known: list[Label]) -> list[Example]:
    """What labels.toml gives as examples."""
    return [
        Example(f"{label.id}-{number}", text, label.id)
        for label in known
        for number, text in enumerate(label.examples)
    ]
