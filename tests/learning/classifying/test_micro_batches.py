from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sqlmodel import select

from learning.classifying.micro_batches import BATCH, Classifier
from learning.encoders.encoder import Encoder
from learning.engines.tokens import Read
from learning.heads.champion import Champion
from learning.heads.refit import Refitter
from storage.database.engine import Database, open_database
from storage.deliveries import cards, notices
from storage.messages import messages
from storage.models import floors, predictions
from storage.tables.deliveries import Card
from storage.tables.feedback import Label
from storage.tables.messages import Lane, Message, Mode
from storage.tables.models import Basis, Floor, Prediction, Vector
from tests.databases import on_both
from tests.factories import ANA, OTHER, TEAM, label_set, predicted, prediction, received, say, together
from tests.learning.tiny_models import Reader, tiny_encoder

SURE, NEVER_SURE = 0.0, 1.0  # margins below which the bot asks


@pytest.fixture
def known(database: Database) -> dict[str, Label]:
    return label_set(database, "invoice", "thank you", "crashes")


@pytest.fixture
def tiny(tmp_path: Path) -> Encoder:
    return tiny_encoder(tmp_path / "model", Reader())


@pytest.fixture
def champion(database: Database, known: dict[str, Label], tiny: Encoder) -> Champion:
    return Champion(Refitter(database, TEAM, tiny, "tiny").serve())


def test_a_prediction_is_stored_with_the_version_that_made_it(
    database: Database, known: dict[str, Label], encoder: Encoder
) -> None:
    served = Refitter(database, TEAM, encoder, "all-MiniLM-L6-v2").serve()
    one = received(database, "Where do I find the invoice?")

    batch = Classifier(database, TEAM, Champion(served), SURE).predict_waiting()

    assert ([message.id for message in batch.messages], batch.unreadable) == ([one.id], 0)
    with database.reading() as session:
        said = predictions.of_message(session, TEAM, one.id)
        kept = predictions.vectors(session, encoder.fingerprint, [one.id])
        assert messages.count_waiting(session, TEAM) == 0
    assert said is not None
    assert said.label_id == known["invoice"].id
    assert (said.version, said.revision, said.cut) == (served.version, served.revision, False)
    assert said.ranked[0] == [said.label_id, said.confidence]
    assert said.confidence == pytest.approx(said.margin + said.ranked[1][1])
    assert np.allclose(kept[one.id], encoder.encode([one.text]).vectors[0], atol=1e-3)


def test_where_nothing_waits_nothing_is_done(database: Database, champion: Champion) -> None:
    assert Classifier(database, TEAM, champion, SURE).predict_waiting().messages == []


def test_a_batch_takes_the_longest_waiting_and_leaves_the_rest_for_the_next(
    database: Database, champion: Champion
) -> None:
    ids = [received(database, "where is my invoice", received_at=float(at)).id for at in range(BATCH + 3)]
    classifier = Classifier(database, TEAM, champion, SURE)

    batches = [[one.id for one in classifier.predict_waiting().messages] for _ in range(3)]

    assert BATCH == 32
    assert batches == [ids[:BATCH], ids[BATCH:], []]


def test_a_batch_of_long_messages_holds_fewer_of_them(database: Database, champion: Champion) -> None:
    long = ["where is my invoice " * length for length in (500, 50, 500, *[50] * 20)]
    ids = [received(database, text, received_at=float(at)).id for at, text in enumerate(long)]
    classifier = Classifier(database, TEAM, champion, SURE)

    batches = [classifier.predict_waiting() for _ in range(7)]

    said = [[one.id for one in batch.messages] for batch in batches]
    assert said == [ids[:1], ids[1:2], ids[2:3], ids[3:11], ids[11:19], ids[19:], []]
    assert [batch.is_full for batch in batches] == [*[True] * 5, False, False]


def test_each_lane_is_predicted_by_itself(database: Database, champion: Champion) -> None:
    heard = received(database, "where is my invoice")
    asked = received(database, "where is my invoice", lane=Lane.ASKED)

    answering = Classifier(database, TEAM, champion, SURE, Lane.ASKED).predict_waiting()

    assert [one.id for one in answering.messages] == [asked.id]
    with database.reading() as session:
        assert [one.id for one in messages.waiting(session, TEAM, 9)] == [heard.id]


@pytest.mark.parametrize(
    ("mode", "ask_below_margin", "shown"),
    [
        (Mode.REPLY, SURE, True),
        (Mode.REPLY, NEVER_SURE, True),
        (Mode.ASK, SURE, False),
        (Mode.ASK, NEVER_SURE, True),
    ],
)
def test_a_channel_in_ask_mode_sees_a_card_only_where_the_model_is_unsure(
    database: Database, champion: Champion, mode: Mode, ask_below_margin: float, shown: bool
) -> None:
    received(database, "where is my invoice", mode=mode)

    Classifier(database, TEAM, champion, ask_below_margin).predict_waiting()

    assert len(_cards(database)) == shown
    assert len(_predictions(database)) == 1


@pytest.mark.parametrize(
    ("mode", "is_addressed", "shown"),
    [
        (Mode.ASK, False, True),
        (Mode.REPLY, False, False),
        (Mode.QUIET, False, False),
        (Mode.REPLY, True, True),
        (Mode.OFF, False, False),
    ],
)
def test_where_no_label_fits_a_channel_is_asked_or_nothing_is_said_unless_somebody_addressed_the_bot(
    database: Database, champion: Champion, mode: Mode, is_addressed: bool, shown: bool
) -> None:
    with_floor(database, champion, 9.0)
    received(database, "where is my invoice", mode=mode, is_addressed=is_addressed)

    Classifier(database, TEAM, champion, SURE).predict_waiting()

    assert len(_cards(database)) == shown
    [said] = _predictions(database)
    assert (said.is_none, said.floor) == (True, 9.0)


@pytest.mark.parametrize(("version", "floor"), [(1, -9.0), (2, 9.0)])
def test_above_the_floor_of_the_version_in_service_a_label_fits(
    database: Database, champion: Champion, version: int, floor: float
) -> None:
    with_floor(database, champion, floor, version)
    one = received(database, "where is my invoice")

    Classifier(database, TEAM, champion, SURE).predict_waiting()

    [said] = _predictions(database)
    [ranking] = champion.served.rank([one.text])
    assert not said.is_none
    assert said.likeness == pytest.approx(ranking.likeness)
    assert len(_cards(database)) == 1


@pytest.mark.parametrize(
    ("mode", "offers_at", "floor", "ask_below_margin", "number"),
    [
        (Mode.ASK, 0.0, -9.0, NEVER_SURE, 3),
        (Mode.ASK, 1.0, -9.0, NEVER_SURE, 2),
        (Mode.ASK, None, -9.0, NEVER_SURE, None),
        (Mode.ASK, 0.0, 9.0, NEVER_SURE, None),
        (Mode.ASK, 0.0, -9.0, SURE, None),
        (Mode.REPLY, 0.0, -9.0, NEVER_SURE, None),
    ],
)
def test_a_question_offers_the_labels_that_are_likely_enough(
    database: Database,
    champion: Champion,
    mode: Mode,
    offers_at: float | None,
    floor: float,
    ask_below_margin: float,
    number: int | None,
) -> None:
    with_floor(database, champion, floor, offers_at=offers_at)
    received(database, "where is my invoice", mode=mode)

    Classifier(database, TEAM, champion, ask_below_margin).predict_waiting()

    [said] = _predictions(database)
    assert said.offered == number


def with_floor(
    database: Database,
    champion: Champion,
    at: float,
    version: int | None = None,
    offers_at: float | None = None,
) -> None:
    made = Floor(
        team_id=TEAM,
        version=version or champion.served.version,
        at=at,
        share=0.05,
        basis=Basis.RESPONSES,
        messages=20,
        made_of={},
        offers_at=offers_at,
    )
    with database.writing() as session:
        floors.keep(session, made)


@pytest.mark.parametrize(
    ("before", "chosen", "is_asked"),
    [("invoice", "invoice", False), ("crashes", "invoice", True), ("crashes", "crashes", True)],
)
def test_after_an_edit_people_are_asked_unless_the_model_changed_its_mind_about_their_label(
    database: Database, known: dict[str, Label], champion: Champion, before: str, chosen: str, is_asked: bool
) -> None:
    one = received(database, "crashes", mode=Mode.ASK)
    with database.writing() as session:
        predictions.put(session, [prediction(one, known[before])])
        session.get_one(Message, one.id).still = known[chosen].id

    Classifier(database, TEAM, champion, SURE).predict_waiting()

    with database.reading() as session:
        assert (session.get_one(Message, one.id).still is not None) is is_asked
        assert (session.get(Card, one.id) is not None) is is_asked


def test_after_an_edit_a_label_that_only_came_closest_before_is_asked_about(
    database: Database, known: dict[str, Label], champion: Champion
) -> None:
    one = received(database, "crashes", mode=Mode.ASK)
    with database.writing() as session:
        none = prediction(one, known["invoice"])
        none.is_none = True
        predictions.put(session, [none])
        session.get_one(Message, one.id).still = known["invoice"].id

    Classifier(database, TEAM, champion, SURE).predict_waiting()

    with database.reading() as session:
        assert session.get_one(Message, one.id).still == known["invoice"].id


@pytest.mark.parametrize(("before", "number"), [("invoice", 0), ("crashes", 1)])
def test_in_quiet_mode_the_user_who_chose_the_label_is_asked(
    database: Database, known: dict[str, Label], champion: Champion, before: str, number: int
) -> None:
    one = predicted(database, known[before], "crashes", mode=Mode.QUIET, meaning=1)
    said = say(database, one, ANA, known["invoice"])
    with database.writing() as session:
        session.merge(said).aside = 0
        edited = session.get_one(Message, one.id)
        edited.still, edited.waiting = known["invoice"].id, True

    Classifier(database, TEAM, champion, SURE).predict_waiting()

    with database.reading() as session:
        assert [one.about["by"] for one in notices.to_tell(session, TEAM)] == [ANA] * number


def test_the_card_goes_into_the_thread_of_its_message(database: Database, champion: Champion) -> None:
    started = received(database, "where is my invoice")
    replied = received(database, "thank you", thread_ts="1600000000.000001")

    Classifier(database, TEAM, champion, SURE).predict_waiting()

    threads = {card.message_id: card.thread_ts for card in _cards(database)}
    assert threads == {started.id: started.ts, replied.id: "1600000000.000001"}


def test_a_text_on_which_the_model_fails_does_not_stop_the_others(
    database: Database, champion: Champion
) -> None:
    ids = [
        received(database, "unreadable" if number == 3 else "where is my invoice").id for number in range(6)
    ]
    classifier = Classifier(database, TEAM, champion, SURE)

    batch = classifier.predict_waiting()

    assert (len(batch.messages), batch.unreadable) == (6, 1)
    assert {said.message_id for said in _predictions(database)} == {*ids} - {ids[3]}
    assert classifier.predict_waiting().messages == []


def test_the_log_of_a_failed_text_does_not_quote_it(
    database: Database, champion: Champion, caplog: pytest.LogCaptureFixture
) -> None:
    one = received(database, "unreadable secret")

    Classifier(database, TEAM, champion, SURE).predict_waiting()

    assert one.id in caplog.text
    assert "secret" not in caplog.text


def test_a_message_that_is_erased_while_it_is_read_gets_no_prediction(
    database: Database, known: dict[str, Label], tmp_path: Path
) -> None:
    reader = _Eraser(database)
    champion = Champion(Refitter(database, TEAM, tiny_encoder(tmp_path / "model", reader), "tiny").serve())
    reader.erases = received(database, "where is my invoice")
    kept = received(database, "thank you")

    Classifier(database, TEAM, champion, SURE).predict_waiting()

    assert [said.message_id for said in _predictions(database)] == [kept.id]
    with database.reading() as session:
        assert [vector.message_id for vector in session.exec(select(Vector))] == [kept.id]
        assert [card.message_id for card in _cards(database)] == [kept.id]


@on_both
def test_two_replicas_at_once_predict_each_message_once(
    database: Database, database_url: str, champion: Champion
) -> None:
    ids = {received(database, "where is my invoice", received_at=1.0).id for _ in range(40)}
    other = open_database(database_url)
    replicas = [Classifier(one, TEAM, champion, SURE) for one in (database, other)]

    together(*[replica.predict_waiting for replica in replicas])
    together(*[replica.predict_waiting for replica in replicas])

    other.close()
    assert sorted(said.message_id for said in _predictions(database)) == sorted(ids)
    assert sorted(card.message_id for card in _cards(database)) == sorted(ids)
    with database.reading() as session:
        assert messages.count_waiting(session, TEAM) == 0
        assert cards.count_due(session, TEAM) == 40


def test_another_teams_messages_are_left_to_its_own_bot(database: Database, champion: Champion) -> None:
    received(database, "where is my invoice", team_id=OTHER)

    assert Classifier(database, TEAM, champion, SURE).predict_waiting().messages == []


class _Eraser(Reader):
    """While the model reads, somebody deletes a message."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self.erases: Message | None = None

    def read(self, texts: list[str]) -> Read:
        one, self.erases = self.erases, None
        if one:
            with self._database.writing() as session:
                messages.erase(session, TEAM, one.channel_id, one.ts, is_heard=True)
        return super().read(texts)


def _predictions(database: Database) -> Sequence[Prediction]:
    with database.reading() as session:
        return session.exec(select(Prediction)).all()


def _cards(database: Database) -> Sequence[Card]:
    with database.reading() as session:
        return session.exec(select(Card)).all()
