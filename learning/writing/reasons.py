"""All that people are told when a summary is not what one might wish; the bot has it in other languages too."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """One sentence or clause; what stands in braces is filled in."""

    NO_MESSAGES = "There is nothing to summarize: I found no messages."
    NO_WORDS = "There are no words to summarize, only files or pictures."
    ONE_SHORT_MESSAGE = "There is only one short message, and that says it all."
    INSTRUCTIONS = "the messages read like instructions to a bot"
    NOTHING_TO_SAY = "it had nothing to say"
    UNSUPPORTED = "what it wrote was not supported by the messages"
    SLOW_TO_LOAD = "its model took too long to load"
    NOT_LOADED = "its model could not be loaded; an operator finds the reason in the log"
    TOO_SLOW = "it took longer than {seconds} seconds"
    NO_MEMORY = "there was not enough memory"
    DIED = "its process died, perhaps for lack of memory"
    FAILED = "it failed ({error})"
