from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from learning.encoders.encoder import BATCH, Encoder, EncoderNotFoundError, batches, load_encoder
from tests.factories import together
from tests.learning.tiny_models import tiny_model

MIXED = [
    "The export button crashes",
    "ok",
    "Where do I find the invoice of last month? I looked everywhere, in settings and in my mails. " * 4,
    "Thanks, this is great!",
    "why",
]


def test_every_vector_has_length_one(encoder: Encoder) -> None:
    vectors = encoder.encode(MIXED).vectors

    assert vectors.shape == (len(MIXED), 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(MIXED)), abs=1e-5)


def test_texts_of_mixed_lengths_keep_their_order_and_are_encoded_as_if_each_were_alone(
    encoder: Encoder,
) -> None:
    texts = [*MIXED, *[f"message number {number}{' again' * (number % 7)}" for number in range(40)]]

    in_batches = encoder.encode(texts).vectors
    alone = np.vstack([encoder.encode([text]).vectors for text in texts])

    assert np.abs(in_batches - alone).max() < 1e-5


def test_texts_share_a_batch_while_filling_them_up_costs_less_than_another() -> None:
    assert list(batches([9, 3, 10, 3, 60, 4], most_tokens=1_000, cost=4)) == [[1, 3, 5], [0, 2], [4]]


def test_where_another_batch_is_dear_all_texts_share_one() -> None:
    assert list(batches([9, 3, 60], most_tokens=1_000, cost=1_000)) == [[1, 0, 2]]


def test_a_batch_takes_no_more_tokens_and_no_more_texts_than_it_may() -> None:
    assert list(batches([300, 300, 300, 2_000], most_tokens=600, cost=0)) == [[0, 1], [2], [3]]
    assert [len(batch) for batch in batches([7] * (BATCH + 1), most_tokens=9_999, cost=0)] == [BATCH, 1]


def test_what_means_the_same_is_near(encoder: Encoder) -> None:
    crash, error, thanks = encoder.encode(
        ["The app crashes when I save", "Saving fails with an error", "Thank you for the quick help"]
    ).vectors

    assert crash @ error > crash @ thanks + 0.2


@pytest.mark.parametrize(
    ("word", "is_known"), [("export", True), ("exprot", False), ("charged", True), ("", False)]
)
def test_a_word_of_the_vocabulary_is_known(encoder: Encoder, word: str, is_known: bool) -> None:
    assert encoder.tokenizer.knows(word) is is_known


def test_no_text_gives_no_vector(encoder: Encoder) -> None:
    encoding = encoder.encode([])

    assert (encoding.vectors.shape, encoding.cut) == ((0, 384), [])


def test_a_text_that_is_longer_than_all_windows_is_cut_and_said_to_be(encoder: Encoder) -> None:
    long = "My invoice is wrong. " * 2_000
    assert len(long) > 40_000

    encoding = encoder.encode(["short", long, long[:5_000]])

    assert encoding.cut == [False, True, False]
    assert np.linalg.norm(encoding.vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-5)


# Two tokens begin and end each window of 64; each after the first brings 54 words more, as 8 are read again.
@pytest.mark.parametrize(
    ("words", "windows", "cut"),
    [
        (62, 1, False),
        (63, 2, False),
        (62 + 54, 2, False),
        (62 + 15 * 54, 16, False),
        (63 + 15 * 54, 16, True),
    ],
)
def test_a_text_is_read_in_windows_and_cut_behind_the_sixteenth(
    tmp_path: Path, words: int, windows: int, cut: bool
) -> None:
    tiny = load_encoder(tiny_model(tmp_path), max_tokens=64, threads=1)

    [read] = tiny.tokenizer.read(["invoice " * words]).windows

    assert len(read) == windows
    assert tiny.encode(["invoice " * words]).cut == [cut]


def test_the_vector_of_a_long_text_is_the_mean_over_its_windows_by_their_words(tmp_path: Path) -> None:
    tiny = load_encoder(tiny_model(tmp_path), max_tokens=64, threads=1)
    first, last = ["where"] * 62, ["invoice"] * 20
    windows = tiny.encode([" ".join(first), " ".join(first[-8:] + last)]).vectors

    [whole] = tiny.encode([" ".join(first + last)]).vectors

    mean = 64 * windows[0] + 22 * windows[1]  # 8 of the second window's 30 tokens are in the first too
    assert np.linalg.norm(windows[0] - windows[1]) > 0.1
    assert whole == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


def test_what_a_long_message_is_about_counts_even_if_it_comes_last(encoder: Encoder) -> None:
    greeting = "Hello everybody, I hope you are all doing well on this fine day. " * 30
    about = "The export button crashes with an error, nothing is saved. " * 30
    crash, whole, polite = encoder.encode(["saving fails with an error", greeting + about, greeting]).vectors

    assert whole @ crash > polite @ crash + 0.2


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "🎉",
        "🎉🙏🏽" * 50,
        "def f(x):\n\treturn {'a': x[0]} # <>&",
        "أين فاتورتي؟",
        "איפה החשבונית שלי",
        "請求書",
        "\u202eevil\u202c",
        "a\x00b",
        "\ufeff",
        "x" * 1_000,
        "\U0010ffff",
        "e\u0301" * 100,
    ],
)
def test_any_text_gives_a_finite_vector(encoder: Encoder, text: str) -> None:
    [vector] = encoder.encode([text]).vectors

    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("kind", ["bert", "distilbert", "roberta"])
def test_other_architectures_encode_whatever_is_said(tmp_path: Path, kind: str) -> None:
    tiny = load_encoder(tiny_model(tmp_path, kind), max_tokens=8_192, threads=1)

    encoding = tiny.encode(["where is my invoice", "", "crashes " * 500])

    assert encoding.vectors.shape == (3, 16)
    assert np.linalg.norm(encoding.vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-5)


def test_threads_that_share_an_encoder_get_what_each_would_get_alone(tmp_path: Path) -> None:
    tiny = load_encoder(tiny_model(tmp_path), max_tokens=64, threads=1)
    texts = ["where is my invoice " * words for words in (1, 200, 2)]
    alone = tiny.encode(texts)

    def encode_often() -> list[bool]:
        found = [tiny.encode(texts) for _ in range(25)]
        return [np.allclose(one.vectors, alone.vectors, atol=1e-5) and one.cut == alone.cut for one in found]

    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # interrupt each other as often as can be
    try:
        assert all(all(same) for same in together(*[encode_often] * 4))
    finally:
        sys.setswitchinterval(usual_s)


def test_a_folder_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")

    with pytest.raises(
        EncoderNotFoundError, match=r"Give the path of a folder .* or leave it empty"
    ) as error:
        load_encoder(missing, max_tokens=256, threads=1)

    assert error.value.name == missing
    assert missing in str(error.value)


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_damaged_model_is_named_with_what_to_do(tmp_path: Path, file: str) -> None:
    folder = tiny_model(tmp_path)
    (tmp_path / file).write_bytes(b"damaged")

    with pytest.raises(EncoderNotFoundError, match=r"could not be loaded \(.+\)\. Give the path"):
        load_encoder(folder, max_tokens=256, threads=1)


def test_an_empty_folder_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EncoderNotFoundError, match="could not be loaded"):
        load_encoder(str(tmp_path), max_tokens=256, threads=1)


def test_a_hub_name_that_cannot_be_reached_is_named_with_what_to_do() -> None:
    with pytest.raises(EncoderNotFoundError, match="'nobody/no-such-model' could not be loaded"):
        load_encoder("nobody/no-such-model", max_tokens=256, threads=1)


def test_two_encoders_share_a_fingerprint_only_where_their_vectors_are_the_same(tmp_path: Path) -> None:
    first, second = tiny_model(tmp_path / "a", seed=1), tiny_model(tmp_path / "b", seed=2)

    loaded = [(first, 64), (first, 64), (second, 64), (first, 32)]
    fingerprints = [load_encoder(name, max_tokens, threads=1).fingerprint for name, max_tokens in loaded]

    assert fingerprints[0] == fingerprints[1]
    assert len(set(fingerprints)) == 3


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_a_pooler_that_is_made_up_at_each_load_is_not_part_of_the_fingerprint(
    tmp_path: Path, kind: str
) -> None:
    folder = tiny_model(tmp_path, kind)
    without(tmp_path / "model.safetensors", "pooler.")

    fingerprints = {load_encoder(folder, 64, threads=1).fingerprint for _ in range(2)}

    assert len(fingerprints) == 1


def test_a_model_that_lacks_other_weights_is_refused(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path)
    without(tmp_path / "model.safetensors", "encoder.layer.0.output.")

    with pytest.raises(
        EncoderNotFoundError, match=r"its files lack weights, such as encoder\.layer\.0\.output"
    ):
        load_encoder(folder, 64, threads=1)


def test_the_fingerprint_of_the_shipped_encoder_stays_as_it_was(encoder: Encoder) -> None:
    """Stores hold vectors under it."""
    assert encoder.fingerprint == "cff096cc6e35c385"


def without(file: Path, beginning: str) -> None:
    """Take weights out of a checkpoint, by the beginning of their names."""
    kept = {name: weights for name, weights in load_file(file).items() if not name.startswith(beginning)}
    save_file(kept, file, metadata={"format": "pt"})
