"""Errors as the log tells them: what kind, and where in the code. What an error says may quote people or secrets."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Iterator

# Errors of ours that say only what an operator set, or what became of a file, a server or a database.
SPOKEN = frozenset(
    {
        "bot.app.compose.SlackRefusedError",
        "bot.installation.token_encryption.UnreadableTokenError",
        "bot.context.settings.SettingsError",
        "bot.slack.shapes.PayloadError",
        "bot.transport.web_server.PortInUseError",
        "learning.argilla.connection.ArgillaUnavailableError",
        "learning.argilla.ownership.ForeignDatasetError",
        "learning.argilla.webhooks.ForgedWebhookError",
        "learning.model_files.artifacts.ArtifactMissingError",
        "learning.model_files.artifacts.ArtifactsUrlError",
        "learning.encoders.encoder.EncoderNotFoundError",
        "learning.serving.registry.UnusableVersionError",
        "learning.writing.language_model.LanguageModelNotFoundError",
        "learning.fine_tuning.model.UnknownArchitectureError",
        "storage.database.engine.DatabaseBusyError",
        "storage.database.engine.DatabaseUnavailableError",
        "storage.database.engine.DatabaseUrlError",
    }
)
CODE = re.compile(r"\w{1,64}", re.ASCII)
CHAIN_MOST = 20


def words(error: BaseException) -> str:
    """Return the kind of an error, with what it says if it is SPOKEN, or else the code that it carries, if any."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if name in SPOKEN:
        return f"{name}: {error}"
    try:
        code = _code(error)
    except Exception:  # a property of its own fails
        code = None
    return f"{name} ({code})" if code else name


def trace(error: BaseException) -> str:
    """Return where an error and those that led to it were raised, without the values that they carry."""
    return "\n".join(_lines(error))


def _lines(error: BaseException) -> Iterator[str]:
    *led, last = reversed(_chain(error))
    for earlier in led:
        yield from _one(earlier)
        yield "which led to"
    yield from _one(last)


def _chain(error: BaseException) -> list[BaseException]:
    """This error and those that led to it, the first one last."""
    found = [error]
    while len(found) < CHAIN_MOST:
        last = found[-1]
        before = last.__cause__ or (None if last.__suppress_context__ else last.__context__)
        if before is None or any(before is one for one in found):
            break
        found.append(before)
    return found


def _one(error: BaseException) -> Iterator[str]:
    yield "Traceback (most recent call last):"
    yield "".join(traceback.format_tb(error.__traceback__)) + words(error)
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield "in which"
            yield from _lines(part)


def _code(error: BaseException) -> str | None:
    """Return what the system, a database, Argilla or Slack calls this error: a number or word of its own."""
    if isinstance(error, OSError) and isinstance(error.errno, int):
        return os.strerror(error.errno)
    status, response = getattr(error, "status", None), getattr(error, "response", None)
    if isinstance(status, int):
        return f"status {status}"
    for found in (
        getattr(error, "sqlite_errorname", None),
        getattr(error, "sqlstate", None),
        getattr(response, "data", None),
    ):
        code = found.get("error") if isinstance(found, dict) else found
        if isinstance(code, str) and CODE.fullmatch(code):
            return code
    return None
