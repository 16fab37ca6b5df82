"""The language in which the bot speaks: gettext's catalogues, chosen anew for each reader."""

from __future__ import annotations

import gettext
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

Language = Literal["en", "pt", "es"]

LANGUAGES: tuple[Language, ...] = ("en", "pt", "es")
CALLED: dict[Language, str] = {"en": "English", "pt": "Português", "es": "Español"}
CATALOGUES = Path(__file__).parents[1] / "locale"
DOMAIN = "corrigible"


class _Spoken:
    """A language that is asked for when the first word is said in it."""

    def __init__(self, language: Callable[[], Language]) -> None:
        self._language = language
        self._known: gettext.NullTranslations | None = None

    @property
    def catalogue(self) -> gettext.NullTranslations:
        # Not a `cached_property`: until Python 3.12 one lock of all of them is held while Slack is asked.
        if self._known is None:
            self._known = _catalogue(self._language())
        return self._known


_ENGLISH = gettext.NullTranslations()
_spoken: ContextVar[_Spoken] = ContextVar("_spoken", default=_Spoken(lambda: "en"))  # noqa: B039


def _(text: str) -> str:
    """The text in the language that is spoken here, English where the catalogue lacks it."""
    return (
        _spoken.get().catalogue.gettext(text) if text else ""
    )  # for "" gettext gives the catalogue's header


def N_(text: str) -> str:  # noqa: N802 (gettext's own name for it)
    """The same text, to be translated where it is used."""
    return text


def many(one: str, more: str, number: int) -> str:
    """The form that a number asks for, with `{number}` in it filled in."""
    return _spoken.get().catalogue.ngettext(one, more, number).format(number=f"{number:,}")


def speak(language: Callable[[], Language]) -> None:
    """Speak this language from here on, in this thread and in what it hands to a SpeakingExecutor.

    It is asked for with the first word, so an acknowledgement without words doesn't wait for it.
    """
    _spoken.set(_Spoken(language))


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Speak this language in what is done inside."""
    token = _spoken.set(_Spoken(lambda: language))
    try:
        yield
    finally:
        _spoken.reset(token)


def of_locale(locale: str | None, otherwise: Language) -> Language:
    """The language of a locale such as pt-BR; another one where the bot does not speak it."""
    wanted = (locale or "").replace("_", "-").partition("-")[0].lower()
    return next((one for one in LANGUAGES if one == wanted), otherwise)


class SpeakingExecutor(ThreadPoolExecutor):
    """Runs what it is given in the language that was spoken where it was given."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As ThreadPoolExecutor does, in a copy of the caller's context."""
        return super().submit(copy_context().run, fn, *args, **kwargs)


@lru_cache
def _catalogue(language: Language) -> gettext.NullTranslations:
    if language == "en":
        return _ENGLISH
    return gettext.translation(DOMAIN, CATALOGUES, [language])
