"""Slack's JSON, read with care: what is not as Slack sends it raises PayloadError, which never quotes it."""

from __future__ import annotations

import re
from typing import Any

from storage.text.encodable import TooDeepError, clean_json

Json = dict[str, Any]

SLACK_ID = re.compile(r"[A-Z0-9]{1,32}")
OUR_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
OUR_ID_OR_NONE = re.compile(r"[A-Za-z0-9_-]{0,64}")
# A message, a label where there is one, and what the message meant as it was shown (see `payloads.Target`).
TARGET = re.compile(r"([A-Za-z0-9_-]{1,64})(?::([A-Za-z0-9_-]{0,64})(?::([0-9]{1,9}))?)?")
TARGET_OR_NONE = re.compile(rf"(?:{TARGET.pattern})?")
# What our buttons carry: ids and numbers, with colons between them.
VALUE = re.compile(r"[A-Za-z0-9_.:-]{1,130}")
# Days, the days before that if there was a limit, and when the question was put.
KEEP = re.compile(r"([0-9]{1,6}):([0-9]{0,6}):([0-9]{1,10})")
NUMBER = re.compile(r"[0-9]{1,9}")
# Ten digits of seconds last until the year 2286; dates of more digits are out of range.
TS = re.compile(r"[0-9]{1,10}\.[0-9]{1,6}")
TRIGGER = re.compile(r"[\w.-]{1,255}", re.ASCII)
URL = re.compile(r"https?://[!-~]{1,2000}")


class PayloadError(ValueError):
    """Slack sent something that is not shaped as we know it. The message names fields, never what is in them."""


def whole(body: object) -> Json:
    """Return a body with its texts cleaned. Raises PayloadError."""
    if not isinstance(body, dict):
        raise PayloadError("the body is not an object")
    try:
        cleaned: Json = clean_json(body)
    except TooDeepError as error:
        raise PayloadError(f"the body is {error}") from None
    return cleaned


def at(body: object, *path: str) -> object:
    """Return what is at a path, None if nothing is. Raises PayloadError if the way leads through no object."""
    found = body
    for name in path:
        if found is None:
            return None
        if not isinstance(found, dict):
            raise PayloadError(f"{name} of {'.'.join(path)} is not in an object")
        found = found.get(name)
    return found


def part(body: object, *path: str) -> Json:
    """Return the object at a path. Raises PayloadError."""
    found = at(body, *path)
    if not isinstance(found, dict):
        raise PayloadError(f"{'.'.join(path)} is not an object")
    return found


def parts(body: object, *path: str) -> list[Json]:
    """Return the list of objects at a path. Raises PayloadError."""
    found = at(body, *path)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise PayloadError(f"{'.'.join(path)} is not a list of objects")
    return found


def text(body: object, *path: str) -> str:
    """Return the text at a path. Raises PayloadError."""
    found = at(body, *path)
    if not isinstance(found, str):
        raise PayloadError(f"{'.'.join(path)} is not a text")
    return found


def text_or_none(body: object, *path: str) -> str | None:
    """Return the text at a path, None if nothing is there. Raises PayloadError."""
    return None if at(body, *path) is None else text(body, *path)


def like(shape: re.Pattern[str], body: object, *path: str) -> str:
    """Return the text of a certain shape at a path. Raises PayloadError."""
    found = text(body, *path)
    if not shape.fullmatch(found):
        raise PayloadError(f"{'.'.join(path)} is not shaped as it should be")
    return found


def like_or_none(shape: re.Pattern[str], body: object, *path: str) -> str | None:
    """Return the text of a certain shape at a path, None if nothing is there. Raises PayloadError."""
    return None if at(body, *path) is None else like(shape, body, *path)
