"""The models that settings name: looked at, and fetched once, before anything starts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from bot.settings import Settings
from learning import hub
from learning.encoder import EncoderNotFoundError
from learning.summarizing.language_model import LanguageModelNotFoundError
from learning.summarizing.serving import NONE

log = logging.getLogger(__name__)

Fault = Callable[[str, str], Exception]


def prepare(settings: Settings) -> None:
    """Resolve every name to a folder. Raises EncoderNotFoundError, LanguageModelNotFoundError."""
    keep(settings)
    for setting, name, fault in _named(settings):
        try:
            hub.folder_of(name)
        except hub.UnusableModelError as error:
            raise fault(name, str(error)) from error
        log.info("model setting=%s name=%s", setting, hub.described(name))


def keep(settings: Settings) -> None:
    """Models that are fetched stay in the workplace, which outlives a container."""
    hub.keep_in(settings.workplace / "hub")


def rows(settings: Settings) -> Iterator[tuple[str, str]]:
    """Setting and name of each, with its commit, as operators read them."""
    keep(settings)
    for setting, name, _fault in _named(settings):
        yield setting.lower(), hub.described(name)


def _named(settings: Settings) -> Iterator[tuple[str, str, Fault]]:
    if settings.encoder:
        yield "ENCODER", settings.encoder, EncoderNotFoundError
    if settings.summarizer and settings.summarizer != NONE:
        yield "SUMMARIZER", settings.summarizer, LanguageModelNotFoundError
