"""Summaries that people settled, trained on for real and compared; what writes learns only under an acceptance."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from learning.data.trust import Belief
from learning.encoders.encoder import load_encoder
from learning.model_files.artifacts import Artifacts
from learning.summarizing.extractive import FEATURES, PRIOR, Picker
from learning.summarizing.policy import POLICY, QUOTED
from learning.summary_training.gate import SummaryLimits
from learning.summary_training.job import PICKER, WRITER, SummaryJob
from learning.summary_training.recipe import SummaryRecipe
from learning.summary_training.serving import NONE, Serving, SummarizerSource
from learning.summary_training.task import Summarization, SummarizationTerms
from learning.tasks.task import NothingToLearnError
from learning.training.retraining import Retraining
from learning.writing.thread import Utterance
from storage.database.engine import Database
from storage.messages import messages
from storage.models import runs, versions
from storage.summaries import examples
from storage.tables.models import Decision, Grounds, Phase, Ruling, Run, TaskName, Version
from storage.workspaces import acceptances
from tests.databases import on_both
from tests.factories import ANA, BEN, SUPPORT, TEAM
from tests.learning.summarizing.settled import edit, said, settle, summarized
from tests.learning.summarizing.tiny_writers import random_writer
from tests.learning.training_here import TrainingHere

SUMMARIZATION = TaskName.SUMMARIZATION
RECIPE = SummaryRecipe(epochs=1, learning_rate=1e-2, batch_size=2, gathered=1, max_tokens=64)
ENDED = (Phase.PROMOTED, Phase.REFUSED, Phase.FAILED)


def trains(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that trains for real."""
    return pytest.mark.slow(pytest.mark.usefixtures("training_libraries")(test))


class Desk:
    """A team that settled summaries, and what trains its summarizer. `encoder`: its folder; None is the shipped one."""

    def __init__(self, database: Database, folder: Path, encoder: str | None) -> None:
        self.database = database
        self.folder = folder
        self.name = encoder
        self.encoder = load_encoder(encoder, 256, 1)
        self.artifacts = Artifacts(str(folder / "models"), folder / "cache")
        self.use(NONE)

    def use(self, model: str, least: int = 4, share: float = 0.4) -> None:
        """Let a model write. `least`: held-out summaries by which the gate decides; `share`: of all, to hold out."""
        self.source = SummarizerSource(model, self.name, 1, 600.0)
        terms = SummarizationTerms(
            1, share, SummaryLimits(least=least), RECIPE, Belief(operators=frozenset({BEN}))
        )
        self.task = Summarization(self.database, TEAM, self.artifacts, self.encoder, self.source, terms)
        tasks, work = [self.task], self.folder / "work"
        self.retraining = Retraining(
            self.database, TEAM, tasks, self.artifacts, work, TrainingHere, lambda: None
        )

    def settle(self, number: int) -> list[str]:
        return [settle(self.database, one) for one in range(number)]

    def accept(self) -> None:
        with self.database.writing() as session:
            acceptances.accept(session, TEAM, ANA, POLICY)

    def withdraw(self) -> None:
        with self.database.writing() as session:
            acceptances.withdraw(session, TEAM, BEN)

    def ask(self) -> str:
        with self.database.writing() as session:
            return runs.ask(session, TEAM, "a test", task=SUMMARIZATION).id

    def run(self) -> Run:
        with self.database.reading() as session:
            found = runs.latest(session, TEAM, SUMMARIZATION)
        assert found
        return found

    def train(self) -> Run:
        """Ask for a run, and wait for its end."""
        self.ask()
        return self.until_it_ends()

    def until_it_ends(self) -> Run:
        while self.run().phase not in ENDED:
            self.retraining.step()
            time.sleep(0.02)
        self.retraining.step()
        return self.run()

    def job(self) -> SummaryJob:
        """The job that a training process would be given now."""
        run_id = self.ask()
        with self.database.reading() as session:
            run = runs.get(session, run_id)
        folder = self.folder / "job"
        self.task.prepare(run, folder)
        return SummaryJob.read(folder)

    def version(self) -> Version:
        with self.database.reading() as session:
            return versions.every(session, TEAM)[0]

    def files(self) -> Path:
        return self.artifacts.get(str(self.version().artifact))

    def serving(self) -> Serving:
        return Serving(self.database, TEAM, self.artifacts, self.encoder, self.source)

    def in_service(self) -> int | None:
        with self.database.reading() as session:
            return versions.in_service(session, TEAM, SUMMARIZATION)


@pytest.fixture
def desk(database: Database, tmp_path: Path, tiny_base: str) -> Iterator[Desk]:
    made = Desk(database, tmp_path, tiny_base)
    yield made
    made.retraining.close()


@trains
def test_what_people_chose_is_learned_passes_the_gate_and_is_what_they_read_next(
    database: Database, tmp_path: Path
) -> None:
    desk = Desk(database, tmp_path, encoder=None)
    desk.settle(30)
    thread = [Utterance(str(place), user, text) for place, (user, text) in enumerate(said(99))]
    serving = desk.serving()
    before, plain = serving.summarizer()
    told_before = [one.text for one in before.summarize(thread).sentences]

    ended = desk.train()

    assert (ended.phase, ended.failed) == (Phase.PROMOTED, None), ended.stage
    assert "ROUGE-L rises" in ended.stage
    after, number = serving.summarizer()
    told = [one.text for one in after.summarize(thread).sentences]
    assert (plain, number) == (1, 2)
    assert sum(text.endswith("?") for text in told) > sum(text.endswith("?") for text in told_before)
    learned = Picker.load(desk.files() / PICKER)
    assert learned.weights[FEATURES.index("question")] > PRIOR[FEATURES.index("question")]
    assert ended.picture
    assert ended.picture.startswith(b"\x89PNG")
    assert "held-out summaries" in ended.picture_text
    assert not (desk.folder / "work" / ended.id).exists()  # it held what people wrote


@trains
def test_the_version_before_serves_again_after_a_roll_back_and_the_classifier_is_left_alone(
    desk: Desk,
) -> None:
    desk.settle(30)
    serving = desk.serving()
    serving.summarizer()
    desk.train()
    with desk.database.writing() as session:
        classifier = versions.champion(session, TEAM, "an encoder", "an encoder")
        ruling = versions.roll_back(session, TEAM, ANA, "a test", task=SUMMARIZATION)
        versions.rule(session, ruling)

    assert serving.summarizer()[1] == 1
    with desk.database.reading() as session:
        assert versions.in_service(session, TEAM) == classifier.number == 3


@trains
def test_too_few_settled_summaries_leave_the_one_in_service_and_a_version_that_operators_may_promote(
    desk: Desk,
) -> None:
    desk.use(NONE, least=40)
    desk.settle(12)

    ended = desk.train()

    assert ended.phase is Phase.REFUSED
    assert "40 are needed to tell" in ended.stage
    assert desk.in_service() == 1
    with desk.database.writing() as session:
        versions.rule(session, versions.promotion(session, TEAM, 2, ANA, "a test"))
    assert desk.serving().summarizer()[1] == 2


# What writes


@trains
def test_under_an_acceptance_a_model_that_writes_is_trained_and_any_auto_class_loads_it(desk: Desk) -> None:
    from transformers import AutoModelForCausalLM

    desk.use(random_writer(desk.folder / "writer", "llama"))
    desk.settle(12)
    desk.accept()

    ended = desk.train()

    assert ended.failed is None
    before = AutoModelForCausalLM.from_pretrained(desk.folder / "writer").state_dict()
    after = AutoModelForCausalLM.from_pretrained(desk.files() / WRITER).state_dict()
    assert any(not before[name].equal(after[name]) for name in before)
    with desk.database.reading() as session:
        accepted = acceptances.standing(session, TEAM)
    assert accepted
    assert desk.version().card["acceptance"] == accepted.id
    assert accepted.id in (desk.files() / "README.md").read_text()
    assert (QUOTED in accepted.policy, accepted.accepted_by) == (True, ANA)
    assert accepted.accepted_at <= time.time()


def nobody(_: Desk) -> None:
    """Says nothing."""


def withdrawn(desk: Desk) -> None:
    desk.accept()
    desk.withdraw()


def another_team(desk: Desk) -> None:
    with desk.database.writing() as session:
        acceptances.accept(session, "T0OTHERS", ANA, POLICY)


def nothing_writes(desk: Desk) -> None:
    desk.accept()
    desk.use(NONE)


@pytest.mark.parametrize("state", [nobody, withdrawn, another_team, nothing_writes])
def test_nothing_that_writes_is_trained_otherwise(desk: Desk, state: object) -> None:
    desk.use(random_writer(desk.folder / "writer", "llama"))
    desk.settle(12)
    assert callable(state)
    state(desk)

    assert desk.job().writing is None


@trains
def test_without_an_acceptance_a_whole_run_leaves_a_picker_alone(desk: Desk) -> None:
    desk.use(random_writer(desk.folder / "writer", "llama"))
    desk.settle(12)

    ended = desk.train()

    assert ended.failed is None
    assert sorted(path.name for path in desk.files().iterdir()) == ["README.md", PICKER]
    assert desk.version().card["acceptance"] is None
    assert not any(desk.folder.glob("work/*/writing"))


@trains
def test_what_was_trained_while_the_acceptance_was_withdrawn_is_thrown_away(desk: Desk) -> None:
    desk.use(random_writer(desk.folder / "writer", "llama"), share=0.0)  # nothing is compared
    desk.settle(12)
    desk.accept()
    desk.ask()
    while desk.run().phase is not Phase.TRAINING:
        desk.retraining.step()
    desk.withdraw()

    ended = desk.until_it_ends()

    assert ended.phase is Phase.FAILED
    assert "withdrawn" in str(ended.failed)
    assert desk.version().artifact is None
    assert not (desk.folder / "models").exists()


@trains
def test_a_model_that_was_trained_serves_on_when_only_the_picker_learns_anew(desk: Desk) -> None:
    desk.use(random_writer(desk.folder / "writer", "llama"), share=0.0)  # nothing is compared
    desk.settle(12)
    desk.accept()
    desk.train()
    number = desk.version().number
    with desk.database.writing() as session:
        if versions.in_service(session, TEAM, SUMMARIZATION) != number:
            versions.rule(session, versions.promotion(session, TEAM, number, ANA, "a test"))
    weights = (desk.files() / WRITER / "model.safetensors").read_bytes()
    desk.withdraw()

    desk.train()

    assert desk.version().number == number + 1
    assert (desk.files() / WRITER / "model.safetensors").read_bytes() == weights


# What is learned from


@on_both
def test_a_held_out_conversation_is_never_learned_from_however_often_it_is_summarized(desk: Desk) -> None:
    desk.settle(20)

    job = desk.job()

    held = {said.id for lesson in job.holdout for said in lesson.utterances}
    learned = {said.id for lesson in job.training for said in lesson.utterances}
    assert held
    assert learned
    assert held.isdisjoint(learned)


def test_people_are_learned_of_under_invented_names(desk: Desk) -> None:
    desk.settle(12)

    job = desk.job()

    for lesson in [*job.training, *job.holdout]:
        speakers = {one.speaker for one in lesson.utterances}
        assert len(speakers) == 2
        assert any(f"{speaker}: " in lesson.text for speaker in speakers)
    written = json.dumps([lesson.text for lesson in job.training])
    assert ANA not in written
    assert "<@" not in written


@on_both
def test_only_what_the_latest_run_did_not_learn_is_new(desk: Desk) -> None:
    desk.settle(10)
    job = desk.job()
    learned = [lesson.id for lesson in job.training]

    assert desk.task.new() == 0
    edit(desk.database, learned[0], "Something else.")
    assert desk.task.new() == 1
    with desk.database.reading() as session:
        assert set(examples.learned(session, desk.run().id)) == set(learned)


def test_what_was_erased_is_learned_from_no_more(desk: Desk) -> None:
    for number in range(6):
        settle(desk.database, number)
    kept = len(desk.job().training)
    summary_id, thread = summarized(desk.database, 7)
    edit(desk.database, summary_id, "Ana asks.")
    with desk.database.writing() as session:
        messages.erase(session, TEAM, SUPPORT, thread[2].ts, is_heard=True)
        runs.end(session, desk.run().id, Phase.REFUSED, "a test")

    assert len(desk.job().training) == kept


def test_where_nobody_settled_a_summary_a_run_says_what_is_needed(desk: Desk) -> None:
    summarized(desk.database)

    with pytest.raises(NothingToLearnError, match="no reviewer or trusted user has improved a summary yet"):
        desk.job()


def test_nobody_unknown_teaches_the_summarizer_or_its_gate(desk: Desk) -> None:
    desk.settle(8)
    before = desk.job()
    with desk.database.writing() as session:
        runs.end(session, desk.run().id, Phase.REFUSED, "a test")
    for number in range(8, 30):
        summary_id, _ = summarized(desk.database, number)
        edit(desk.database, summary_id, "Send your password to Eve.", by="U9")

    job = desk.job()

    assert (job.training, job.holdout) == (before.training, before.holdout)
    assert desk.task.new() == 0


@trains
def test_a_run_whose_champion_is_lost_fails_with_the_reason_and_holds_up_no_other(desk: Desk) -> None:
    desk.settle(30)
    desk.train()
    (desk.files() / PICKER).write_text("{}")

    ended = desk.train()

    assert ended.phase is Phase.FAILED
    assert "they were changed since they were registered" in str(ended.failed)
    with desk.database.reading() as session:
        assert runs.to_train(session, TEAM) is None


# Serving


@trains
def test_a_version_whose_files_are_gone_gives_its_place_back_and_summaries_go_on(desk: Desk) -> None:
    desk.settle(30)
    serving = desk.serving()
    serving.summarizer()
    desk.train()
    folder = desk.files()
    folder.joinpath(PICKER).write_text("{}")

    again = desk.serving()

    assert again.summarizer()[1] == 1
    assert desk.in_service() == 1
    with desk.database.reading() as session:
        ruling: Ruling = versions.rulings(session, TEAM, 1)[0]
    assert (ruling.decision, ruling.grounds, ruling.task) == (
        Decision.ROLL_BACK,
        Grounds.SWAP,
        SUMMARIZATION,
    )
    assert "v2 can't serve" in ruling.reason


@trains
def test_what_the_sentence_picker_learned_beside_a_model_that_writes_serves_on_without_it(desk: Desk) -> None:
    desk.use(random_writer(desk.folder / "writer", "llama"))
    desk.settle(12)
    desk.train()
    with desk.database.writing() as session:
        versions.rule(session, versions.promotion(session, TEAM, 2, ANA, "a test"))

    desk.use(NONE)
    serving = desk.serving()
    _, number = serving.summarizer()

    assert number == 2
    assert serving.writes_with is None


def test_another_model_in_the_settings_is_another_version(desk: Desk) -> None:
    assert desk.serving().summarizer()[1] == 1
    desk.use("some/model")
    assert desk.serving().summarizer()[1] == 2
    desk.use(NONE)
    assert desk.serving().summarizer()[1] == 1
