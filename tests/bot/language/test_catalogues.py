from __future__ import annotations

import ast
import re
import string
from functools import cache, partial
from threading import Event
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from bot.language.catalogues import (
    CATALOGUES,
    LANGUAGES,
    Language,
    SpeakingExecutor,
    _,
    many,
    of_locale,
    speak,
    speaking,
)
from bot.summaries import history, service, worker
from bot.summaries.reasons import of_summary
from learning.writing.reasons import Reason

HANG_S = 60  # bounds a hang
TRANSLATED = [language for language in LANGUAGES if language != "en"]
# All that can stand in the row of a summary as the reason why it is late, plain or missing.
OF_SUMMARIES = (
    *(one.value for one in Reason),
    *history.MEND.values(),
    history.UNREADABLE,
    worker.FAILED,
    worker.SLOWLY,
    service.OFF,
)
TOLD_BY = ("WriterUnavailableError", "NothingToSummarizeError", "HistoryClosedError", "_fail", "postpone")
KEYWORDS = {"_": None, "N_": None, "many": (1, 2)}
FIELD = re.compile(r"\{[a-z_]*\}")


@cache
def catalogue(language: str) -> Any:
    with (CATALOGUES / language / "LC_MESSAGES" / "corrigible.po").open("rb") as file:
        return read_po(file, locale=language)


@cache
def said() -> frozenset[Any]:
    """Every text that the bot says."""
    found = extract_from_dir(str(CATALOGUES.parent), [("**.py", "python")], keywords=KEYWORDS)
    return frozenset(message[2] for message in found)


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


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("text", OF_SUMMARIES)
def test_why_a_summary_is_not_as_wished_is_said_in_every_language(language: Language, text: str) -> None:
    known = {message.id: message.string for message in catalogue(language)}
    values = dict.fromkeys((field[1:-1] for field in FIELD.findall(text)), "60")

    with speaking(language):
        told = of_summary(text.format(**values))

    assert told == known[text].format(**values)
    assert told != text.format(**values)


def test_no_other_reason_of_a_summary_is_written_where_it_comes_about() -> None:
    root = CATALOGUES.parent.parent
    for source in (*root.glob("bot/*.py"), *root.glob("learning/summarizing/*.py")):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in TOLD_BY:
                assert not [one for one in node.args if isinstance(one, ast.Constant | ast.JoinedStr)], source


def test_a_reason_that_nobody_says_any_more_is_shown_as_it_was_written() -> None:
    with speaking("es"):
        assert of_summary("its process died") == "its process died"
        assert of_summary("") == ""


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
            speak(partial(of_locale, language, "en"))
            answers.append(executor.submit(_, "Close").result())
        speak(lambda: "en")

    assert answers == ["Close", "Fechar", "Cerrar"]


def test_nobody_waits_for_slack_to_tell_the_language_of_somebody_else() -> None:
    asked, told = Event(), Event()

    def slowly() -> Language:
        asked.set()
        told.wait(HANG_S)
        return "pt"

    with SpeakingExecutor(2) as executor:
        try:
            speak(slowly)
            slow = executor.submit(_, "Right")
            asked.wait(HANG_S)
            speak(lambda: "es")
            quick = executor.submit(_, "Right").result(HANG_S)
        finally:
            told.set()
            speak(lambda: "en")

    assert (quick, slow.result()) == ("Correcto", "Certo")


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
