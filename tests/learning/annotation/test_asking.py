from __future__ import annotations

import time
from functools import partial

import numpy as np
import pytest
from sqlalchemy import update
from sqlmodel import col

from bot.context.metrics import Metrics
from learning.annotation.asking import DAY_S, Asking
from learning.data.trust import NO_OPERATORS
from learning.encoders.encoder import Encoder
from learning.heads.champion import Champion, Served
from learning.heads.head import Head
from learning.monitoring.estimating import Estimating
from learning.monitoring.review_report import rows
from storage.database.engine import Database
from storage.feedback import questions, responses
from storage.messages import datasets, messages
from storage.models import predictions
from storage.tables.annotation import Stage
from storage.tables.feedback import Answer, Label, Question, Status
from storage.tables.messages import Message
from tests.databases import on_both
from tests.factories import ANA, TEAM, label_set, message, predicted, prediction, say


@pytest.fixture(scope="module")
def encoder(remembering_encoder: Encoder) -> Encoder:
    return remembering_encoder


@pytest.fixture
def known(database: Database) -> dict[str, Label]:
    return label_set(database, "bug", "billing", "praise")


def _champion(encoder: Encoder, known: dict[str, Label]) -> Champion:
    weights = np.random.default_rng(0).standard_normal((len(known), encoder.dimensions)).astype(np.float32)
    return Champion(Served(1, 0, encoder, Head(tuple(label.id for label in known.values()), weights)))


def _pool(database: Database, encoder: Encoder, label: Label, number: int) -> list[Message]:
    """Messages that were predicted and about which nobody said anything."""
    texts = [f"Where is invoice {one}?" for one in range(number)]
    some = [message(text) for text in texts]
    vectors = encoder.encode(texts).vectors
    with database.writing() as session:
        for one in some:
            messages.receive(session, one)
        kept = {one.id: vector for one, vector in zip(some, vectors, strict=True)}
        predictions.keep_vectors(session, encoder.fingerprint, kept)
        predictions.put(session, [prediction(one, label) for one in some])
    return some


def _asking(database: Database, champion: Champion, per_day: int, strategy: str = "covering") -> Asking:
    return Asking(database, TEAM, champion, strategy, per_day, on_asked=lambda: None)


def _asked(database: Database) -> questions.Asked:
    with database.reading() as session:
        return questions.asked(session, TEAM)


def _days_pass(database: Database, days: float) -> None:
    with database.writing() as session:
        earlier = {"picked_at": Question.picked_at - days * DAY_S}  # type: ignore[operator]
        session.connection().execute(
            update(Question).where(col(Question.picked_at).is_not(None)).values(earlier)
        )


@pytest.mark.parametrize("strategy", ["random", "margin", "entropy", "typiclust", "covering"])
def test_the_budget_is_spent_in_portions_and_a_tenth_of_it_at_random(
    database: Database, encoder: Encoder, known: dict[str, Label], strategy: str
) -> None:
    _pool(database, encoder, known["bug"], 100)
    asking = _asking(database, _champion(encoder, known), per_day=50, strategy=strategy)

    asking.ask()
    asking.ask()

    assert _asked(database) == questions.Asked(random=1, total=10)


def test_no_more_is_asked_in_a_day_than_the_budget_and_again_the_next(
    database: Database, encoder: Encoder, known: dict[str, Label]
) -> None:
    _pool(database, encoder, known["bug"], 200)
    asking = _asking(database, _champion(encoder, known), per_day=20)
    for _ in range(12):
        asking.ask()
        _days_pass(database, 0.2)

    spent = _asked(database)
    assert 36 <= spent.total <= 48
    assert spent.random >= spent.total / 10


@on_both
def test_of_few_messages_only_some_are_asked_about(
    database: Database, encoder: Encoder, known: dict[str, Label]
) -> None:
    _pool(database, encoder, known["bug"], 7)

    _asking(database, _champion(encoder, known), per_day=50).ask()

    assert _asked(database).total == 2


def test_without_a_budget_only_corrections_are_asked_about(
    database: Database, encoder: Encoder, known: dict[str, Label]
) -> None:
    some = _pool(database, encoder, known["bug"], 30)
    say(database, some[0], ANA, known["bug"])

    _asking(database, _champion(encoder, known), per_day=0).ask()

    with database.reading() as session:
        assert questions.by_source(session, TEAM) == {"correction": 1}


@on_both
def test_the_random_tenth_is_drawn_from_all_messages_also_corrected_ones(
    database: Database, encoder: Encoder, known: dict[str, Label]
) -> None:
    corrected = predicted(database, known["bug"])
    say(database, corrected, ANA, known["billing"])
    other = _pool(database, encoder, known["bug"], 1)

    with database.reading() as session:
        assert set(questions.everything(session, TEAM, time.time() - 60)) == {corrected.id, other[0].id}
        assert questions.pool(session, TEAM, 9) == [other[0].id]


@on_both
def test_what_the_random_answers_say_is_shown_with_its_interval(
    database: Database, encoder: Encoder, known: dict[str, Label]
) -> None:
    some = _pool(database, encoder, known["bug"], 20)
    with database.writing() as session:
        datasets.add(session, TEAM, "d1", Stage.CURRENT)
        for number, one in enumerate(some):
            questions.ask(session, TEAM, one.id, questions.RANDOM, is_random=True)
            right = known["bug" if number < 15 else "praise"]
            answer = Answer(
                response_id=f"r{number}",
                message_id=one.id,
                team_id=TEAM,
                dataset_id="d1",
                round=1,
                reviewer="r",
                status=Status.SUBMITTED,
                label_id=right.id,
                answered_at=1.0,
            )
            responses.replace(session, (one.id, 1), "d1", [answer], TEAM)

    metrics = Metrics()
    Estimating(database, TEAM, _champion(encoder, known), partial(metrics.measured, TEAM)).step()

    with database.reading() as session:
        told = dict(rows(session, TEAM, per_day=50, belief=NO_OPERATORS))
    assert told["accuracy, by messages picked at random"] == "75 % (95 %: 54 % to 90 %, 20 answers)"
    assert metrics.registry.get_sample_value(
        "corrigible_accuracy", {"team": TEAM, "bound": "low"}
    ) == pytest.approx(0.54, abs=0.01)
    assert "labels saved against random" not in told, "20 answers say nothing about it"
    assert told["reviewers asked about"] == "20 messages (random 20)"
    assert told["answered by reviewers"] == "20, 0 wait for a first answer"
    assert told["labels to fine-tune on"] == "20 (20 by reviewers)"
    assert told["messages waiting for Argilla"].startswith("20, the oldest for")
