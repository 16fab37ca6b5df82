from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel

from learning.data.examples import Example, LabelTarget
from learning.encoders.encoder import load_encoder
from learning.fine_tuning.checkpoints import STATE
from learning.fine_tuning.fine_tune import CHECKPOINTS, DivergedError, Trained, fine_tune
from learning.heads.head import Head
from learning.serving.registry import HEAD
from learning.tasks.job import MODEL
from learning.tasks.progress import Progress
from learning.tasks.recipe import Recipe, RecipeError
from tests.learning.tiny_models import tiny_model
from tests.learning.training.examples import QUICK, TARGETS, examples

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("training_libraries")]


def train(source: str, folder: Path, recipe: Recipe = QUICK, told: list[Progress] | None = None) -> Trained:
    heard: list[Progress] = [] if told is None else told
    return fine_tune(source, TARGETS, examples(), None, recipe, folder, 1, heard.append)


def weights(folder: Path | str) -> dict[str, torch.Tensor]:
    return dict(AutoModel.from_pretrained(folder).state_dict())


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta", "modernbert", "xlm-roberta"])
def test_each_kind_of_encoder_learns_and_is_loaded_by_transformers_and_by_us(
    kind: str, tmp_path: Path
) -> None:
    base = tiny_model(tmp_path / "base", kind)

    trained = train(base, tmp_path / "run")

    assert type(AutoModel.from_pretrained(trained.folder)) is type(AutoModel.from_pretrained(base))
    changed = [not torch.equal(one, weights(base)[name]) for name, one in weights(trained.folder).items()]
    assert any(changed)
    encoder = load_encoder(str(trained.folder), 16, 1)
    loaded = Head.load(trained.folder / HEAD)
    said = loaded.probabilities(encoder.encode([one.text for one in examples()]).vectors).argmax(axis=1)
    assert [loaded.labels[row] for row in said] == [one.label_id for one in examples()]


def test_it_tells_how_far_it_is_and_what_it_learned_in_each_epoch(tmp_path: Path) -> None:
    told: list[Progress] = []

    trained = train(tiny_model(tmp_path / "base"), tmp_path / "run", told=told)

    done = [one.done for one in told]
    assert done == sorted(done)
    assert 0.9 < done[-1] <= 1
    assert [row["epoch"] for row in trained.curve] == [1, 2, 3]
    assert trained.curve[-1]["loss"] < trained.curve[0]["loss"]


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    base = tiny_model(tmp_path / "base")

    first, second = (weights(train(base, tmp_path / name).folder) for name in ("one", "two"))

    assert all(torch.equal(one, second[name]) for name, one in first.items())


class StoppedError(RuntimeError):
    """Somebody stopped the run."""


def test_a_run_that_was_stopped_goes_on_from_its_last_checkpoint(tmp_path: Path) -> None:
    base = tiny_model(tmp_path / "base")
    begun: list[float] = []

    def stop_in_the_second_epoch(progress: Progress) -> None:
        if progress.epoch > 1:
            raise StoppedError

    with pytest.raises(StoppedError):
        fine_tune(base, TARGETS, examples(), None, QUICK, tmp_path / "run", 1, stop_in_the_second_epoch)
    trained = fine_tune(
        base, TARGETS, examples(), None, QUICK, tmp_path / "run", 1, lambda one: begun.append(one.epoch)
    )

    assert min(epoch for epoch in begun if epoch) > 1
    assert [row["epoch"] for row in trained.curve] == [1, 2, 3]
    assert not (tmp_path / "run" / CHECKPOINTS).exists()


def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    base = tiny_model(tmp_path / "base")
    whole = train(base, tmp_path / "whole")

    def stop_in_the_second_epoch(progress: Progress) -> None:
        if progress.epoch > 1:
            raise StoppedError

    with pytest.raises(StoppedError):
        fine_tune(base, TARGETS, examples(), None, QUICK, tmp_path / "run", 1, stop_in_the_second_epoch)
    resumed = train(base, tmp_path / "run")

    assert np.array_equal(resumed.head.weights, whole.head.weights)
    assert resumed.curve == whole.curve


def test_a_checkpoint_that_was_half_written_is_not_gone_on_from(tmp_path: Path) -> None:
    base = tiny_model(tmp_path / "base")
    begun: list[float] = []

    def stop_in_the_third_epoch(progress: Progress) -> None:
        if progress.epoch > 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        fine_tune(base, TARGETS, examples(), None, QUICK, tmp_path / "run", 1, stop_in_the_third_epoch)
    (tmp_path / "run" / CHECKPOINTS / "checkpoint-8" / STATE).unlink()
    trained = fine_tune(
        base, TARGETS, examples(), None, QUICK, tmp_path / "run", 1, lambda one: begun.append(one.epoch)
    )

    assert 1 < min(epoch for epoch in begun if epoch) < 2
    assert [row["epoch"] for row in trained.curve] == [1, 2, 3]


def test_a_run_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    base = tiny_model(tmp_path / "base")
    capfd.readouterr()

    train(base, tmp_path / "run")

    assert capfd.readouterr() == ("", "")


def test_what_people_wrote_is_in_no_file(tmp_path: Path) -> None:
    base = tiny_model(tmp_path / "base")
    found: list[Path] = []

    def look(progress: Progress) -> None:
        files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
        found.extend(path for path in files if b"where is my invoice" in path.read_bytes())
        if progress.epoch > 2:
            assert files

    fine_tune(base, TARGETS, examples(), None, QUICK, tmp_path / "run", 1, look)

    assert found == []
    assert [path.name for path in (tmp_path / "run").iterdir()] == [MODEL]


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_a_run_that_diverges_says_so_and_leaves_no_model(tmp_path: Path) -> None:
    base = tiny_model(tmp_path / "base")
    encoder = AutoModel.from_pretrained(base)
    encoder.embeddings.word_embeddings.weight.data[5] = float("nan")
    encoder.save_pretrained(base)

    with pytest.raises(DivergedError, match=r"Choose a learning_rate below 0\.01"):
        train(base, tmp_path / "run")

    assert list((tmp_path / "run").iterdir()) == []


def test_with_many_examples_it_stops_early_and_its_confidence_is_that_of_the_validation_split(
    tmp_path: Path,
) -> None:
    flat = {"epochs": 9, "batch_size": 64, "patience": 1, "label_smoothing": 0.5}
    recipe = Recipe(**{**QUICK.to_json(), **flat})
    base = tiny_model(tmp_path / "base")

    trained = fine_tune(base, TARGETS, examples(334), None, recipe, tmp_path / "run", 1, lambda _: None)

    assert len(trained.curve) < 9
    assert trained.validation_accuracy == max(row["accuracy"] for row in trained.curve) == 1.0
    assert trained.ece_before is not None
    assert trained.ece_after is not None
    assert trained.ece_after < trained.ece_before / 2
    assert trained.head.sharpness > 1.0
    loaded = Head.load(trained.folder / HEAD)
    assert (loaded.sharpness, loaded.labels) == (trained.head.sharpness, trained.head.labels)
    assert np.array_equal(loaded.weights, trained.head.weights)


def test_the_checkpoints_of_another_run_are_not_gone_on_from(tmp_path: Path) -> None:
    base = tiny_model(tmp_path / "base")
    train(base, tmp_path / "run")
    (tmp_path / "run" / CHECKPOINTS).mkdir()
    (tmp_path / "run" / CHECKPOINTS / "run").write_text("something else")
    begun: list[float] = []

    fine_tune(
        base, TARGETS, examples(), None, QUICK, tmp_path / "run", 1, lambda one: begun.append(one.epoch)
    )

    assert min(epoch for epoch in begun if epoch) < 1


def test_frozen_layers_stay_as_they_are(tmp_path: Path) -> None:
    base = tiny_model(tmp_path / "base", layers=2)

    trained = train(base, tmp_path / "run", Recipe(**{**QUICK.to_json(), "frozen_layers": 1}))

    before, after = weights(base), weights(trained.folder)
    frozen = {name for name in before if "embeddings" in name or "layer.0." in name}
    assert frozen
    assert all(torch.equal(before[name], after[name]) for name in frozen)
    assert any(not torch.equal(before[name], after[name]) for name in before if "layer.1." in name)


@pytest.mark.filterwarnings(
    "ignore:.is_gradient_checkpointing. is deprecated:FutureWarning"
)  # peft asks for it
def test_adapters_are_merged_before_they_serve(tmp_path: Path) -> None:
    base = tiny_model(tmp_path / "base")

    trained = train(base, tmp_path / "run", Recipe(**{**QUICK.to_json(), "lora_rank": 2}))

    before, after = weights(base), weights(trained.folder)
    assert before.keys() == after.keys()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert not any("embeddings" in name or "LayerNorm" in name for name in changed)


@pytest.mark.parametrize(
    "changes",
    [{"balance": "sampling"}, {"balance": "weights"}, {"augmentation": 0.3}, {"replacement": 0.3}],
)
def test_rare_labels_and_augmented_texts_are_learned_too(changes: dict[str, object], tmp_path: Path) -> None:
    base = tiny_model(tmp_path / "base")
    few = [*examples(times=6), Example("rare", "crashes", "rare")]
    targets = [*TARGETS, LabelTarget("rare", "crash", "crashes")]
    recipe = Recipe.from_json({**QUICK.to_json(), "epochs": 6, **changes})

    trained = fine_tune(base, targets, few, None, recipe, tmp_path / "run", 1, lambda _: None)

    encoder = load_encoder(str(trained.folder), 16, 1)
    [row] = trained.head.probabilities(encoder.encode(["crashes"]).vectors)
    assert trained.head.labels[int(np.argmax(row))] == "rare"


def test_a_run_stops_after_the_epoch_that_cross_validation_found(tmp_path: Path) -> None:
    recipe = Recipe.from_json({**QUICK.to_json(), "epochs": 6, "stop_after": 2})

    trained = train(tiny_model(tmp_path / "base"), tmp_path / "run", recipe)

    assert [row["epoch"] for row in trained.curve] == [1, 2]
    assert trained.kept_epoch == 2


def test_examples_of_another_fold_say_when_to_stop_and_are_not_learned_from(tmp_path: Path) -> None:
    thorough = Recipe.from_json({**QUICK.to_json(), "epochs": 9, "averaged": 0.0, "patience": 1})
    held = [Example("h1", "where is my invoice", "b"), Example("h2", "thank you", "p")]
    base = tiny_model(tmp_path / "base")

    trained = fine_tune(
        base, TARGETS, examples(), None, thorough, tmp_path / "run", 1, lambda _: None, held=held
    )

    assert trained.kept_epoch < len(trained.curve) < 9
    assert trained.validation_accuracy == 1.0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"epoch": 3}, "'epoch' is unknown"),
        ({"epochs": "many"}, "'epochs' must be a whole number"),
        ({"epochs": 0}, "'epochs' must be between 1 and 1000"),
        ({"balance": "magic"}, "'balance' must be one of none, weights, sampling"),
    ],
)
def test_a_recipe_that_can_not_be_followed_names_what_is_wrong(given: dict[str, object], said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        Recipe.from_json(given)


def test_nearly_the_same_texts_are_never_on_both_sides_of_the_validation_split() -> None:
    from learning.fine_tuning.splitting import validation

    classes = np.repeat(np.arange(4), 300)
    groups = np.arange(1_200) // 3

    held = validation(classes, groups, 0.1, seed=0)

    assert 0.08 < held.mean() < 0.12
    assert all(len(set(held[groups == group])) == 1 for group in set(groups))
    assert {int(label) for label in classes[held]} == {0, 1, 2, 3}
