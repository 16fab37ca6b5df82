"""What Slack's refusals mean: whether to try again, and when."""

from __future__ import annotations

import random
from dataclasses import dataclass

from slack_sdk.errors import SlackApiError

LONGEST_PAUSE_S = 300.0
RATE_LIMITED = "ratelimited"
# Slack's answers that no second try changes. What an operator can mend (tokens, scopes) is tried again.
FINAL = {
    "as_user_not_supported",
    "cannot_reply_to_message",
    "cant_update_message",
    "channel_is_archived",
    "channel_not_found",
    "edit_window_closed",
    "invalid_blocks",
    "invalid_name",
    "is_archived",
    "message_not_found",
    "msg_too_long",
    "no_text",
    "not_in_channel",
    "restricted_action",
    "thread_not_found",
    "too_many_emoji",
    "too_many_reactions",
    "user_is_bot",
    "user_not_in_channel",
}


@dataclass(frozen=True)
class Refusal:
    """What to do after Slack did not do what we asked. `may_stand`: a post may have reached it all the same."""

    reason: str
    is_final: bool
    may_stand: bool
    delay_s: float


def read(error: SlackApiError, attempts: int) -> Refusal:
    """What an answer of Slack's means after so many attempts."""
    response = error.response
    status = getattr(response, "status_code", 0)
    if status == 429:
        after_s = float(response.headers.get("Retry-After", 1))
        return Refusal(RATE_LIMITED, False, False, after_s + random.uniform(0, 0.2))  # noqa: S311
    reason = response.get("error") if status == 200 else None
    if reason is None:
        return Refusal(f"status {status}", False, True, pause_s(attempts))
    return Refusal(str(reason), reason in FINAL, False, pause_s(attempts))


def silence(error: OSError, attempts: int) -> Refusal:
    """What it means that there was no connection, or none of Slack's answers in time."""
    return Refusal(type(error).__name__, False, True, pause_s(attempts))


def pause_s(attempts: int) -> float:
    """Exponential back-off with jitter."""
    return float(min(2.0**attempts, LONGEST_PAUSE_S) * random.uniform(0.5, 1.0))  # noqa: S311
