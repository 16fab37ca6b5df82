"""Where a text is found on the disk."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

COMPRESSED = re.compile(rb"x[\x01\x5e\x9c\xda]")


def files_with(folder: Path, *texts: str) -> list[str]:
    """The files below a folder that hold one of these texts: as UTF-8, as UTF-16, as JSON escapes it, or compressed."""
    written = {form for text in texts for form in _forms(text)}
    return sorted(
        str(file.relative_to(folder))
        for file in folder.rglob("*")
        if file.is_file() and any(form in content for content in _contents(file) for form in written)
    )


def _forms(text: str) -> list[bytes]:
    escaped = json.dumps(text)[1:-1].encode()
    return [text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be"), escaped, escaped.upper()]


def _contents(file: Path) -> Iterator[bytes]:
    """The bytes of a file, and of each stream within them that zlib compressed."""
    content = file.read_bytes()
    yield content
    for start in COMPRESSED.finditer(content):
        try:
            yield zlib.decompressobj().decompress(content[start.start() :], 1_000_000)
        except zlib.error:
            continue
