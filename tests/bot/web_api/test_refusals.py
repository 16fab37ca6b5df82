from __future__ import annotations

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from bot.web_api import refusals
from bot.web_api.refusals import LONGEST_PAUSE_S, MAX_ATTEMPTS
from bot.wording.channel_words import why


def refused(error: str | None, status: int = 200, **headers: str) -> SlackApiError:
    """What slack_sdk raises for such an answer."""
    data = {"ok": False, "error": error} if error else {}
    response = SlackResponse(
        client=None, http_verb="POST", api_url="", req_args={}, data=data, headers=headers, status_code=status
    )
    return SlackApiError("refused", response)


@pytest.mark.parametrize("reason", ["channel_not_found", "is_archived", "msg_too_long", "message_not_found"])
def test_what_no_second_try_changes_is_final(reason: str) -> None:
    refusal = refusals.read(refused(reason), 0)

    assert (refusal.reason, refusal.is_final, refusal.may_stand) == (reason, True, False)


@pytest.mark.parametrize("reason", ["invalid_auth", "internal_error", "something_new"])
def test_what_can_be_mended_is_tried_again(reason: str) -> None:
    assert not refusals.read(refused(reason), 0).is_final


@pytest.mark.parametrize(
    "reason",
    [
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "restricted_action_non_threadable_channel",
        "restricted_action_thread_locked",
        "messages_tab_disabled",
        "no_permission",
        "message_limit_exceeded",
        "invalid_arguments",
        "not_in_channel",
        "cannot_reply_to_message",
        "invalid_blocks",
        "user_not_found",
        "cannot_dm_bot",
        "ekm_access_denied",
        "missing_scope",
        "too_many_reactions",
        "metadata_too_large",
    ],
)
def test_every_documented_refusal_is_final_and_in_words(reason: str) -> None:
    refusal = refusals.read(refused(reason), 0)

    assert refusal.is_final
    assert why(reason).endswith((".", "it stays."))


@pytest.mark.parametrize("reason", ["internal_error", "fatal_error", "something_new"])
def test_everything_else_ends_after_some_attempts(reason: str) -> None:
    assert not refusals.read(refused(reason), MAX_ATTEMPTS - 2).is_final
    assert refusals.read(refused(reason), MAX_ATTEMPTS - 1).is_final
    assert refusals.read(refused(None, 502), MAX_ATTEMPTS - 1).is_final
    assert refusals.silence(TimeoutError(), MAX_ATTEMPTS - 1).is_final
    assert refusals.our_fault(KeyError(), MAX_ATTEMPTS - 1).is_final


@pytest.mark.parametrize(
    "reason", ["token_revoked", "account_inactive", "team_access_not_granted", "ratelimited"]
)
def test_what_is_no_fault_of_the_delivery_is_no_attempt(reason: str) -> None:
    refusal = refusals.read(refused(reason), MAX_ATTEMPTS - 1)

    assert (refusal.is_final, refusal.attempts) == (False, 0)


def test_an_answer_that_is_none_of_slacks_is_no_reason() -> None:
    page = refusals.read(refused("Received a response in a non-JSON format: <html>secret</html>"), 0)

    assert (page.reason, page.is_answer) == ("status 200", False)


@pytest.mark.parametrize("given", ["soon", "-1", "1e9", "9" * 30])
def test_an_odd_retry_after_is_not_waited_for(given: str) -> None:
    assert refusals.read(refused("ratelimited", 429, **{"Retry-After": given}), 0).delay_s < 2


def test_slacks_limit_is_waited_for_as_long_as_slack_says() -> None:
    refusal = refusals.read(refused("ratelimited", 429, **{"Retry-After": "30"}), 0)

    assert refusal.reason == "ratelimited"
    assert not refusal.may_stand
    assert 30 <= refusal.delay_s < 31


def test_after_a_fault_of_slacks_a_post_may_stand_all_the_same() -> None:
    assert refusals.read(refused(None, 503), 0).may_stand
    lost = refusals.silence(TimeoutError(), 0)
    assert (lost.reason, lost.may_stand, lost.is_final) == ("TimeoutError", True, False)


def test_pauses_grow_and_have_an_end() -> None:
    pauses = [refusals.pause_s(attempts) for attempts in range(12)]

    assert pauses[0] <= 1
    assert pauses[4] > pauses[0]
    assert max(pauses) <= LONGEST_PAUSE_S
