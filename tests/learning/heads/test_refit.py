from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from learning.classifying.micro_batches import Classifier
from learning.encoders import vectors
from learning.encoders.encoder import Encoder
from learning.heads import head, refit
from learning.heads.centring import MIN_MESSAGES, mean_of
from learning.heads.champion import Champion, Served
from learning.heads.refit import Refitter, description
from storage.database.engine import Database
from storage.feedback import imports, labels, resolution
from storage.feedback.imports import Labelled
from storage.feedback.labels import LabelSpec
from storage.feedback.resolution import State
from storage.messages import messages
from storage.models import predictions, versions
from storage.tables.feedback import Label, Word
from storage.tables.messages import Message
from tests.databases import on_both
from tests.factories import ANA, BEN, OTHER, TEAM, received, say
from tests.learning.tiny_models import Reader, tiny_encoder

SPECS = [
    LabelSpec("bug", "something is broken: an error, a crash"),
    LabelSpec("billing", "invoice, payment, refund, price"),
    LabelSpec("praise", "thank you, this is great"),
]


@pytest.fixture(scope="module")
def encoder(remembering_encoder: Encoder) -> Encoder:
    return remembering_encoder


@pytest.fixture
def known(database: Database) -> dict[str, Label]:
    return _labels(database, *SPECS)


@pytest.fixture
def refitter(database: Database, known: dict[str, Label], encoder: Encoder) -> Refitter:
    return Refitter(database, TEAM, encoder, "all-MiniLM-L6-v2")


def test_the_first_head_answers_by_the_descriptions(refitter: Refitter, known: dict[str, Label]) -> None:
    served = refitter.serve()

    assert (served.version, served.revision) == (1, 0)
    assert _answer(served, "I was charged twice, please refund me") == known["billing"].id
    assert _answer(served, "The page crashes with an error") == known["bug"].id


def test_a_head_fitted_again_on_the_same_is_the_same_revision(refitter: Refitter) -> None:
    first, second = refitter.serve(), refitter.serve()

    assert (second.version, second.revision) == (first.version, first.revision)


def test_a_correction_changes_the_next_answer_to_a_message_like_it(
    database: Database, refitter: Refitter, known: dict[str, Label]
) -> None:
    first = refitter.serve()
    one = _predicted(database, first, "The checkout crashes when I pay")
    assert _answer(first, "Checkout crashes while paying") == known["bug"].id

    say(database, one, ANA, known["billing"])
    second = refitter.serve(first)

    assert _answer(second, "Checkout crashes while paying") == known["billing"].id
    assert _answer(second, "I see an error") == known["bug"].id
    assert (second.version, second.revision) == (1, 1)


def test_a_correction_that_is_taken_back_is_forgotten(
    database: Database, refitter: Refitter, known: dict[str, Label]
) -> None:
    first = refitter.serve()
    one = _predicted(database, first, "The checkout crashes when I pay")
    say(database, one, ANA, known["billing"])
    second = refitter.serve(first)

    say(database, one, ANA, known["bug"])
    third = refitter.serve(second)

    assert _answer(third, "Checkout crashes while paying") == known["bug"].id
    assert third.revision == 2


def test_a_confirmation_is_learned_like_a_correction(
    database: Database, refitter: Refitter, known: dict[str, Label]
) -> None:
    text = "The weather is nice today"
    first = refitter.serve()
    one = _predicted(database, first, text)
    said = next(label for label in known.values() if label.id == _answer(first, text))
    assert _chance(first, text, said) < 0.9

    say(database, one, ANA, said, Word.CONFIRMED)
    second = refitter.serve(first)

    assert _chance(second, text, said) > _chance(first, text, said)


def test_an_erased_message_is_unlearned(
    database: Database, refitter: Refitter, known: dict[str, Label]
) -> None:
    first = refitter.serve()
    one = _predicted(database, first, "The checkout crashes when I pay")
    say(database, one, ANA, known["billing"])
    second = refitter.serve(first)

    with database.writing() as session:
        messages.erase(session, TEAM, one.channel_id, one.ts, is_heard=True)
    third = refitter.serve(second)

    assert _answer(third, "Checkout crashes while paying") == known["bug"].id
    assert third.revision == 2


def test_a_proposed_label_can_be_answered_from_then_on(
    database: Database, refitter: Refitter, known: dict[str, Label]
) -> None:
    first = refitter.serve()
    one = _predicted(database, first, "How do I get my data out as a spreadsheet?")
    with database.writing() as session:
        export = labels.propose(session, TEAM, "data export", ANA)
    say(database, one, ANA, export, Word.PROPOSED)

    second = refitter.serve(first)

    assert _answer(second, "I want my data as a spreadsheet") == export.id
    assert len(second.head.labels) == 4


def test_a_label_that_was_retired_is_never_answered(
    database: Database, refitter: Refitter, known: dict[str, Label]
) -> None:
    first = refitter.serve()
    one = _predicted(database, first, "I was charged twice")
    say(database, one, ANA, known["billing"])
    _labels(database, *[spec for spec in SPECS if spec.name != "billing"])

    second = refitter.serve(first)

    assert known["billing"].id not in second.head.labels
    assert _answer(second, "I was charged twice") in {known["bug"].id, known["praise"].id}


def test_the_examples_of_a_label_are_learned_like_corrections(
    database: Database, refitter: Refitter, known: dict[str, Label]
) -> None:
    assert _answer(refitter.serve(), "The checkout crashes") == known["bug"].id

    with_examples = LabelSpec(SPECS[1].name, SPECS[1].description, examples=("The checkout page crashes",))
    _labels(database, SPECS[0], with_examples, SPECS[2])

    assert _answer(refitter.serve(), "The checkout crashes") == known["billing"].id


def test_another_teams_corrections_teach_us_nothing(
    database: Database, refitter: Refitter, known: dict[str, Label], encoder: Encoder
) -> None:
    first = refitter.serve()
    theirs = _labels(database, *SPECS, team_id=OTHER)
    their_head = Refitter(database, OTHER, encoder, "all-MiniLM-L6-v2").serve()
    one = _predicted(database, their_head, "The page crashes", team_id=OTHER)
    say(database, one, BEN, theirs["praise"])

    second = refitter.serve(first)

    assert (second.version, second.revision) == (first.version, first.revision)
    assert np.array_equal(second.head.weights, first.head.weights)


@on_both
def test_a_restart_serves_what_was_served_before(
    database: Database, refitter: Refitter, known: dict[str, Label], encoder: Encoder
) -> None:
    first = refitter.serve()
    for text, name in [("The checkout crashes when I pay", "billing"), ("Nice!", "praise")]:
        say(database, _predicted(database, first, text), ANA, known[name])
    running = refitter.serve(first)

    restarted = Refitter(database, TEAM, encoder, "all-MiniLM-L6-v2").serve()

    assert (restarted.version, restarted.revision) == (running.version, running.revision)
    for text in ("Checkout crashes while paying", "The page crashes", "Thanks"):
        assert _answer(restarted, text) == _answer(running, text)


def test_embeddings_are_centred_by_the_labels_texts_and_then_by_the_teams_messages(
    database: Database, known: dict[str, Label], refitter: Refitter
) -> None:
    first = refitter.serve()
    described = refitter.encoder.encode([description(label) for label in known.values()]).vectors
    _import(database, known["bug"], *[f"The page number {number} crashes" for number in range(40)])
    imported = refitter.encoder.encode([f"The page number {number} crashes" for number in range(40)]).vectors

    refitter.read_again()
    second = refitter.serve(first)

    assert first.mean == pytest.approx(mean_of(described), abs=1e-6)
    expected = (40 * mean_of(imported) + MIN_MESSAGES * mean_of(described)) / (40 + MIN_MESSAGES)
    assert second.mean == pytest.approx(expected, abs=1e-3)
    for served in (first, second):
        assert served.head.mean is not None
        assert served.mean is not None
        assert np.array_equal(served.head.mean, served.mean)


def test_another_mean_is_another_revision_that_a_restart_finds_again(
    database: Database, known: dict[str, Label], refitter: Refitter, encoder: Encoder
) -> None:
    first = refitter.serve()
    for number in range(MIN_MESSAGES):
        _predicted(database, first, f"Where do I find page {number}?")

    second = refitter.serve(first)
    for number in range(MIN_MESSAGES // 2):
        _predicted(database, first, f"Thank you for page {number}!")
    third = refitter.serve(second)
    restarted = Refitter(database, TEAM, encoder, "all-MiniLM-L6-v2").serve()

    assert [one.revision for one in (first, second, third, restarted)] == [0, 1, 1, 1]
    assert np.array_equal(restarted.head.weights, third.head.weights)


def test_the_state_changes_when_people_say_something_new(
    database: Database, refitter: Refitter, known: dict[str, Label]
) -> None:
    one = _predicted(database, refitter.serve(), "The page crashes")
    before = _state(database)
    assert _state(database) == before

    say(database, one, ANA, known["bug"])

    assert _state(database) != before


def _state(database: Database) -> State:
    with database.reading() as session:
        return resolution.state(session, TEAM)


def test_with_much_known_a_word_is_learned_in_haste_and_the_head_settled_after(
    database: Database, known: dict[str, Label], refitter: Refitter, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = refitter.serve()
    assert refitter.is_settled
    one = _predicted(database, first, "The checkout crashes when I pay")
    say(database, one, ANA, known["billing"])
    monkeypatch.setattr(head, "QUICK", 0)

    second = refitter.serve(first)

    assert not refitter.is_settled
    assert (second.version, second.revision) == (1, 1)
    assert _answer(second, "Checkout crashes while paying") == known["billing"].id

    interrupted = refitter.settle(second, lambda: False)
    assert not refitter.is_settled
    settled = refitter.settle(interrupted, lambda: True)
    assert refitter.is_settled
    assert (settled.version, settled.revision) == (1, 1)
    whole = Refitter(database, TEAM, refitter.encoder, "all-MiniLM-L6-v2").serve()
    assert np.abs(settled.head.weights - whole.head.weights).max() < 0.01


def test_an_edited_message_is_learned_as_it_says_now(
    database: Database, known: dict[str, Label], refitter: Refitter
) -> None:
    first = refitter.serve()
    one = _predicted(database, first, "The checkout crashes when I pay")
    say(database, one, ANA, known["billing"])
    second = refitter.serve(first)

    with database.writing() as session:
        messages.edit(session, TEAM, one.channel_id, one.ts, "Do you like the weather?")
    Classifier(database, TEAM, Champion(second), ask_below_margin=0.3).predict_waiting()
    third = refitter.serve(second)

    assert third.revision == 2
    assert _answer(third, "Checkout crashes while paying") == known["bug"].id
    assert _answer(third, "Do you like this weather?") == known["billing"].id


def test_every_text_is_encoded_once_however_often_the_head_is_fitted(
    database: Database, known: dict[str, Label], tmp_path: Path
) -> None:
    reader = Reader()
    refitter = Refitter(database, TEAM, tiny_encoder(tmp_path, reader), "tiny")
    champion = Champion(refitter.serve())
    received(database, "where is my invoice")
    Classifier(database, TEAM, champion, ask_below_margin=0.3).predict_waiting()
    read = list(reader.seen)

    for name in ("bug", "billing", "bug"):
        [one] = _all_messages(database)
        say(database, one, ANA, known[name])
        champion.swap(refitter.serve(champion.served))

    assert reader.seen == read
    assert set(read) == {"where is my invoice", *(description(label) for label in known.values())}


def test_another_encoder_is_another_version_with_vectors_of_its_own(
    database: Database, refitter: Refitter, known: dict[str, Label], tmp_path: Path
) -> None:
    mini = refitter.serve()
    say(database, _predicted(database, mini, "The page crashes"), ANA, known["praise"])
    assert refitter.serve(mini).revision == 1

    tiny = Refitter(database, TEAM, tiny_encoder(tmp_path, Reader()), "tiny").serve(mini)

    assert (tiny.version, tiny.revision) == (2, 0)
    assert tiny.head.weights.shape == (3, 16)
    with database.reading() as session:
        assert versions.in_service(session, TEAM) == 2
    assert (refitter.serve().version, refitter.serve().revision) == (1, 1)


def test_imported_messages_are_read_a_few_at_a_time_and_then_learned(
    database: Database, known: dict[str, Label], refitter: Refitter
) -> None:
    text = "My badge does not open the garage door"
    first = refitter.serve()
    assert not refitter.is_behind
    assert _answer(first, text) != known["praise"].id
    _import(
        database, known["praise"], text, *[f"{text} number {number}" for number in range(vectors.AT_ONCE)]
    )

    second = refitter.serve(first)
    assert refitter.is_behind
    assert (second.version, second.revision) == (first.version, first.revision)

    assert not refitter.catch_up()
    assert refitter.catch_up()
    third = refitter.serve(second)
    assert not refitter.is_behind
    assert third.revision == 1
    assert _answer(third, text) == known["praise"].id


def test_of_very_many_some_are_learned_before_all_are_read(
    database: Database, known: dict[str, Label], tmp_path: Path
) -> None:
    refitter = Refitter(database, TEAM, tiny_encoder(tmp_path, Reader()), "tiny")
    _import(database, known["praise"], *[f"invoice {number}" for number in range(900)])
    refitter.serve()

    fits, batches = [0], 0
    while refitter.is_behind:
        batches += 1
        if refitter.catch_up():
            refitter.serve()
            fits.append(batches * vectors.AT_ONCE)

    assert fits == [0, 256, 512, 928]


def test_a_text_that_the_model_fails_on_stops_no_other(
    database: Database, known: dict[str, Label], tmp_path: Path
) -> None:
    refitter = Refitter(database, TEAM, tiny_encoder(tmp_path, Reader()), "tiny")
    _import(database, known["praise"], "my invoice", "unreadable", "thank you")
    refitter.serve()

    assert refitter.catch_up()
    refitter.serve()

    assert not refitter.is_behind
    with database.reading() as session:
        found = predictions.vectors(
            session, refitter.encoder.fingerprint, list(imports.labels(session, TEAM))
        )
    assert len(found) == 2


def _import(database: Database, label: Label, *texts: str) -> None:
    with database.writing() as session:
        imports.keep(session, TEAM, [Labelled(text, label.id) for text in texts])


@pytest.mark.parametrize(
    ("label", "words"),
    [
        (LabelSpec("bug", "it breaks"), "bug: it breaks"),
        (LabelSpec("card_not-working"), "card not working"),
    ],
)
def test_a_label_is_described_in_words(database: Database, label: LabelSpec, words: str) -> None:
    assert description(_labels(database, label)[label.name]) == words


def _labels(database: Database, *specs: LabelSpec, team_id: str = TEAM) -> dict[str, Label]:
    with database.writing() as session:
        labels.synchronize(session, team_id, specs)
    with database.reading() as session:
        return {label.name: label for label in labels.active(session, team_id)}


def _predicted(database: Database, served: Served, text: str, team_id: str = TEAM) -> Message:
    """The bot has heard and answered this message."""
    received(database, text, team_id=team_id)
    [one] = Classifier(database, team_id, Champion(served), ask_below_margin=0.3).predict_waiting().messages
    return one


def _all_messages(database: Database) -> list[Message]:
    from sqlmodel import select

    with database.reading() as session:
        return list(session.exec(select(Message)))


def _answer(served: Served, text: str) -> str:
    return served.rank([text])[0].label_id


def _chance(served: Served, text: str, label: Label) -> float:
    return dict(served.rank([text])[0].ranked)[label.id]


def test_where_labels_have_many_examples_a_correction_tells_more_of_the_next_message_than_one_of_them(
    database: Database, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    things = ("invoice", "door", "printer", "lunch", "password", "holiday")
    specs = [
        LabelSpec(thing, examples=tuple(f"a question about the {thing} of room {room}" for room in range(40)))
        for thing in things
    ]
    known = _labels(database, *specs)
    refitter = Refitter(database, TEAM, encoder, "all-MiniLM-L6-v2")
    one = _predicted(database, refitter.serve(), "My badge does not open the garage door")
    say(database, one, ANA, known["invoice"])
    similar = "My badge doesn't open the door of the garage"

    now = _chance(refitter.serve(), similar, known["invoice"])
    monkeypatch.setattr(refit, "OWN_COUNT_MOST", 1_000)
    as_each = _chance(refitter.serve(), similar, known["invoice"])

    assert now > as_each + 0.02
