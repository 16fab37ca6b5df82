"""What Slack's refusals mean: whether to try again, when, and how often. Every delivery asks here."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from http.client import HTTPException

from slack_sdk.errors import SlackApiError, SlackClientError

# So often a delivery fails by its own fault until it is given up: for about two minutes.
MAX_ATTEMPTS = 8
LONGEST_PAUSE_S = 300.0
LONGEST_WAIT_S = 3_600.0
RATE_LIMITED = "ratelimited"
LIMITS = {RATE_LIMITED, "rate_limited"}
LIMIT_S = 30.0
CODE_MOST = 64

# Everything that a call to Slack ends with, if Slack does not do it.
FAULTS = (SlackApiError, SlackClientError, OSError, HTTPException)

# Answers to a post, a change, a reaction, a file or a view that no second try changes, as Slack documents them.
OF_PLACES = {
    "access_denied",
    "cannot_dm_bot",
    "cannot_reply_to_message",
    "channel_is_archived",
    "channel_not_found",
    "channel_type_not_supported",
    "ekm_access_denied",
    "enterprise_is_restricted",
    "is_archived",
    "is_inactive",
    "message_limit_exceeded",
    "messages_tab_disabled",
    "missing_scope",
    "no_permission",
    "not_allowed_token_type",
    "not_in_channel",
    "not_enabled",
    "posting_to_channel_denied",
    "posting_to_general_channel_denied",
    "restricted_action",
    "restricted_action_non_threadable_channel",
    "restricted_action_read_only_channel",
    "restricted_action_thread_locked",
    "restricted_action_thread_only_channel",
    "slack_connect_blocked_file_type",
    "slack_connect_canvas_sharing_blocked",
    "slack_connect_file_link_sharing_blocked",
    "slack_connect_file_upload_sharing_blocked",
    "team_not_found",
    "thread_locked",
    "user_disabled",
    "user_is_bot",
    "user_is_restricted",
    "user_not_found",
    "user_not_in_channel",
    "user_not_visible",
}
OF_MESSAGES = {
    "as_user_not_supported",
    "bad_timestamp",
    "block_mismatch",
    "blocked_file_type",
    "cant_broadcast_message",
    "cant_delete_message",
    "cant_update_message",
    "compliance_exports_prevent_deletion",
    "deprecated_endpoint",
    "duplicate_channel_not_found",
    "duplicate_message_not_found",
    "edit_window_closed",
    "file_not_found",
    "file_upload_size_restricted",
    "invalid_arg_name",
    "invalid_arguments",
    "invalid_array_arg",
    "invalid_attachments",
    "invalid_blocks",
    "invalid_blocks_format",
    "invalid_channel",
    "invalid_charset",
    "invalid_form_data",
    "invalid_metadata_format",
    "invalid_metadata_schema",
    "invalid_name",
    "invalid_post_type",
    "invalid_thread_ts",
    "invalid_ts",
    "malformed_view",
    "markdown_text_conflict",
    "message_not_found",
    "metadata_must_be_sent_from_app",
    "metadata_too_large",
    "method_deprecated",
    "method_not_supported_for_channel_type",
    "missing_argument",
    "missing_post_type",
    "msg_blocks_too_long",
    "msg_too_long",
    "no_dual_broadcast_content_update",
    "no_item_specified",
    "no_text",
    "not_reactable",
    "storage_limit_reached",
    "thread_not_found",
    "too_many_attachments",
    "too_many_contact_cards",
    "too_many_emoji",
    "too_many_reactions",
    "unknown_method",
}
FINAL = OF_PLACES | OF_MESSAGES
# These are of no place and no message, but of the whole workspace: everything waits until they end.
OF_WORKSPACE = {
    "account_inactive",
    "accesslimited",
    "app_uninstalled",
    "invalid_auth",
    "not_authed",
    "org_login_required",
    "team_access_not_granted",
    "team_added_to_org",
    "team_disabled",
    "token_expired",
    "token_revoked",
}
# There is nothing left to answer or to change, and nothing that anybody should do.
NOTHING_LEFT = {"message_not_found", "thread_not_found", "user_not_in_channel"}


@dataclass(frozen=True)
class Refusal:
    """What to do after Slack did not do what we asked. `may_stand`: a post may have reached it all the same.

    `is_counted`: it is one of MAX_ATTEMPTS. `is_answer`: Slack itself said it, so Slack is there.
    """

    reason: str
    is_final: bool
    may_stand: bool
    delay_s: float
    is_counted: bool = True
    is_answer: bool = True

    @property
    def attempts(self) -> int:
        """How many attempts this one used up."""
        return 1 if self.is_counted else 0

    @property
    def is_of_workspace(self) -> bool:
        """Will Slack refuse everything in this workspace for now?"""
        return self.reason in OF_WORKSPACE

    def waits(self) -> Refusal:
        """The same where it is not the delivery's fault."""
        return replace(self, is_final=False, is_counted=False, delay_s=pause_s(0))


def of(error: Exception, attempts: int) -> Refusal:
    """What one of FAULTS means after so many failed attempts before."""
    return read(error, attempts) if isinstance(error, SlackApiError) else silence(error, attempts)


def read(error: SlackApiError, attempts: int) -> Refusal:
    """What an answer of Slack's means after so many attempts."""
    response = error.response
    status = int(getattr(response, "status_code", 0))
    reason = _code(response.get("error")) if status == 200 else None
    if status == 429 or reason in LIMITS:
        delay_s = _wait_s(getattr(response, "headers", None) or {}, 1.0 if status == 429 else LIMIT_S)
        return Refusal(RATE_LIMITED, False, False, delay_s, is_counted=False)
    is_last = attempts + 1 >= MAX_ATTEMPTS
    if reason is None:
        return Refusal(f"status {status}", is_last, True, pause_s(attempts), is_answer=False)
    refusal = Refusal(reason, reason in FINAL or is_last, False, pause_s(attempts))
    return refusal.waits() if refusal.is_of_workspace else refusal


def silence(error: Exception, attempts: int) -> Refusal:
    """What it means that there was no connection, or none of Slack's answers in time."""
    is_last = attempts + 1 >= MAX_ATTEMPTS
    return Refusal(type(error).__name__, is_last, True, pause_s(attempts), is_answer=False)


def our_fault(error: Exception, attempts: int) -> Refusal:
    """What it means that a delivery ends with an error of our own."""
    is_last = attempts + 1 >= MAX_ATTEMPTS
    return Refusal(f"failed: {type(error).__name__}", is_last, True, pause_s(attempts))


def pause_s(attempts: int) -> float:
    """Exponential back-off with jitter."""
    return float(min(2.0**attempts, LONGEST_PAUSE_S) * random.uniform(0.5, 1.0))  # noqa: S311


def _code(reason: object) -> str | None:
    """Slack's code; None where the answer was none of Slack's, such as a page of a proxy."""
    if not isinstance(reason, str) or not 0 < len(reason) <= CODE_MOST:
        return None
    return reason if reason.isascii() and reason.replace("_", "").isalnum() else None


def _wait_s(headers: dict[str, str], otherwise: float) -> float:
    given = headers.get("Retry-After") or headers.get("retry-after") or ""
    wait_s = float(given) if str(given).isdecimal() and len(str(given)) < 9 else otherwise
    return min(wait_s, LONGEST_WAIT_S) + random.uniform(0, 0.2)  # noqa: S311
