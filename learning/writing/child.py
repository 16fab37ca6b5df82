"""What the writing process does: load the model, then answer requests, a line each, until its owner ends."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from dataclasses import replace
from typing import Any

from learning.encoders.encoder import load_encoder
from learning.processes.memory import is_lack_of_memory
from learning.writing.candidates import CANDIDATES, closest
from learning.writing.hierarchical import OutOfTimeError, Writer
from learning.writing.language_model import LanguageModelNotFoundError, load
from learning.writing.reasons import Reason
from learning.writing.thread import Utterance

NICENESS = 10
ENCODER_TOKENS = 256


def main() -> None:
    """Serve requests on standard input."""
    told = sys.stdout
    name, threads = sys.argv[1] or None, int(sys.argv[2])
    with contextlib.suppress(OSError):
        os.nice(NICENESS)

    def tell(answer: dict[str, Any]) -> None:
        told.write(json.dumps(answer) + "\n")
        told.flush()

    with contextlib.redirect_stdout(sys.stderr):  # libraries print; what is told is read line by line
        try:
            model = load(name, threads)
        except LanguageModelNotFoundError as error:
            tell({"failed": Reason.NOT_LOADED, "why": str(error)})
            return
        encoder = load_encoder(sys.argv[3] or None, ENCODER_TOKENS, threads)
        writer = Writer(model, closest(encoder), CANDIDATES)
        tell({"ready": model.title})
        for line in sys.stdin:
            tell(answer(writer, json.loads(line), lambda done: tell({"done": done})))


def answer(writer: Writer, request: dict[str, Any], progress: Any) -> dict[str, Any]:
    """What is said to one request; never why in the words of a library: these may quote people."""
    utterances = [Utterance(**one) for one in request["utterances"]]
    before = replace(writer.effort)
    try:
        sentences = writer.write(utterances, time.monotonic() + request["limit_s"], progress)
    except OutOfTimeError:
        return _failed(Reason.TOO_SLOW, seconds=f"{request['limit_s']:.0f}")
    except Exception as error:
        if is_lack_of_memory(error):
            return _failed(Reason.NO_MEMORY)
        return _failed(Reason.FAILED, error=type(error).__name__)
    return {
        "sentences": sentences,
        "read": writer.effort.read - before.read,
        "written": writer.effort.written - before.written,
    }


def _failed(reason: Reason, **values: str) -> dict[str, Any]:
    return {"failed": reason, "values": values}
