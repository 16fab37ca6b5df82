from __future__ import annotations

import re
import string
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from bot.language import CATALOGUES, LANGUAGES, SpeakingExecutor, _, many, of_locale, speak, speaking

TRANSLATED = [language for language in LANGUAGES if language != "en"]
KEYWORDS = {"_": None, "N_": None, "many": (1, 2)}
FIELD = re.compile(r"\{[a-z_]*\}")


def catalogue(language: str) -> Any:
    with (CATALOGUES / language / "LC_MESSAGES" / "corrigible.po").open("rb") as file:
        return read_po(file, locale=language)


def said() -> set[Any]:
    """Every text that the bot says."""
    found = extract_from_dir(str(CATALOGUES.parent), [("**.py", "python")], keywords=KEYWORDS)
    return {message[2] for message in found}


def texts(found: Any) -> dict[tuple[str, ...], list[str]]:
    return {tuple(forms(message.id)): forms(message.string) for message in found if message.id}


def forms(text: Any) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


@pytest.mark.parametrize("language", TRANSLATED)
def test_everything_that_the_bot_says_is_in_every_language_and_nothing_else(language: str) -> None:
    known = {message.id for message in catalogue(language) if message.id}

    assert known == said()


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_translation_is_there_and_holds_the_same_values(language: str) -> None:
    for message in catalogue(language):
        if not message.id:
            continue
        for text, form in zip(forms(message.id), forms(message.string), strict=True):
            assert form.strip(), text
            assert set(FIELD.findall(form)) == set(FIELD.findall(text)), form
            assert form[:1].isspace() == text[:1].isspace(), form


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalogue_is_that_of_its_source(language: str) -> None:
    with (CATALOGUES / language / "LC_MESSAGES" / "corrigible.mo").open("rb") as file:
        shipped = texts(read_mo(file))

    assert shipped == texts(catalogue(language))


def test_no_text_hides_inside_another_where_translators_do_not_find_it() -> None:
    for source in CATALOGUES.parent.glob("*.py"):
        assert "{_('" not in source.read_text(encoding="utf-8"), source.name


def test_what_is_said_is_said_in_the_language_of_whoever_reads() -> None:
    with speaking("pt"):
        inside = _("Save"), many("{number} message", "{number} messages", 2)
    with speaking("es"):
        assert _("Right") == "Correcto"

    assert inside == ("Guardar", "2 mensagens")
    assert (_("Save"), many("{number} message", "{number} messages", 1)) == ("Save", "1 message")


def test_a_listener_speaks_the_language_of_the_request_that_it_answers() -> None:
    with SpeakingExecutor(1) as executor:
        answers = []
        for language in LANGUAGES:
            speak(language)
            answers.append(executor.submit(_, "Close").result())
        speak("en")

    assert answers == ["Close", "Fechar", "Cerrar"]


@pytest.mark.parametrize(
    ("locale", "language"),
    [("pt-BR", "pt"), ("es_419", "es"), ("en-GB", "en"), ("fr-FR", "es"), ("", "es"), (None, "es")],
)
def test_a_locale_that_the_bot_does_not_speak_is_answered_in_the_default(
    locale: str | None, language: str
) -> None:
    assert of_locale(locale, "es") == language


def test_formats_are_sound() -> None:
    for text in said():
        for form in forms(text):
            list(string.Formatter().parse(form))
