from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.slack.payloads import (
    ButtonTarget,
    Click,
    Command,
    Deleted,
    Edited,
    MessagePosted,
    ModalSubmission,
    PayloadError,
    Search,
    admitted,
    channel_event,
    click,
    command,
    message_event,
    rate_limited_minute,
    reaction_event,
    search,
    submission,
    target,
)
from storage.messages.channel_states import ChannelChange
from storage.tables.deliveries import News
from tests.bot.mutating import LEAK, Json, mutations

BOT = "UBOT"


def _event(**changes: Any) -> dict[str, Any]:
    event = {"type": "message", "channel": "C1", "user": "U1", "ts": "1.1", "text": "Where is my invoice?"}
    return {"team_id": "T1", "event": {**event, **changes}}


def _change(kind: str, channel: Any, **more: Any) -> dict[str, Any]:
    event = {"type": kind, "channel": channel, "event_ts": "5.5", **more}
    return {"team_id": "T1", "event_time": 4, "event": event}


def _modal(values: Any) -> dict[str, Any]:
    view = {"private_metadata": "m1", "state": {"values": values}}
    return {"team": {"id": "T1"}, "user": {"id": "U1"}, "view": view}


def _heard(**changes: Any) -> MessagePosted:
    said = message_event(_event(**changes), BOT)
    assert isinstance(said, MessagePosted)
    return said


def test_a_message_is_read_with_where_it_stands_and_who_said_it() -> None:
    assert _heard() == MessagePosted(
        "T1", "C1", "1.1", None, "U1", "Where is my invoice?", is_direct=False, is_mention=False
    )


@pytest.mark.parametrize(
    ("thread_ts", "is_reply"), [(None, False), ("1.1", False), ("1.0", True)]
)  # a thread's first message carries its own ts
def test_a_reply_stands_in_another_messages_thread(thread_ts: str | None, is_reply: bool) -> None:
    assert _heard(thread_ts=thread_ts).is_reply is is_reply


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "app_mention"},
        {"text": "<@UBOT> where is it?"},
        {"text": "please <@UBOT>"},
        {"text": "<@UBOT|corrigible> where is it?"},
    ],
)
def test_a_mention_of_the_bot_is_known(changes: dict[str, Any]) -> None:
    assert _heard(**changes).is_mention


@pytest.mark.parametrize(
    "text", ["<@UBOTTOM> where is it?", "<@UBOTTOM|UBOT>", "<!subteam^UBOT|@x>", "@UBOT"]
)
def test_a_mention_of_somebody_else_is_none(text: str) -> None:
    assert not _heard(text=text).is_mention


@pytest.mark.parametrize("changes", [{"channel_type": "im"}, {"channel": "D1"}])
def test_a_direct_message_is_known(changes: dict[str, Any]) -> None:
    assert _heard(**changes).is_direct


@pytest.mark.parametrize("subtype", ["file_share", "me_message", "thread_broadcast"])
def test_what_is_said_with_a_file_or_to_all_is_said(subtype: str) -> None:
    assert _heard(subtype=subtype).text == "Where is my invoice?"


@pytest.mark.parametrize("text", [None, ""])
def test_a_file_without_words_is_said_without_words(text: str | None) -> None:
    assert _heard(subtype="file_share", text=text).text == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"subtype": "channel_join"},
        {"subtype": "huddle_thread"},
        {"subtype": "reminder_add"},
        {"subtype": "bot_message"},
        {"subtype": "message_changed", "message": {"text": "x"}},
        {"user": "USLACKBOT"},
        {"user": "USLACKBOT", "bot_id": "B01", "text": "Reminder: pay the invoice."},
        {"user": "USLACKBOT", "subtype": "bot_message", "bot_id": "B01"},
        {"user": BOT, "bot_id": "B1"},
        {"user": BOT, "subtype": "thread_broadcast"},
        {"user": None, "subtype": "bot_message", "bot_id": "B1", "bot_profile": {"is_workflow_bot": False}},
    ],
)
def test_what_no_person_said_is_none(changes: dict[str, Any]) -> None:
    assert message_event(_event(**changes), BOT) is None


@pytest.mark.parametrize("subtype", [None, "bot_message"])
def test_a_workflows_post_is_an_apps_in_nobodys_name(subtype: str | None) -> None:
    workflow = _heard(user=None, subtype=subtype, bot_id="B1", app_id="A1", workflow_id="Wf1")

    assert (workflow.user_id, workflow.app) == ("B1", "B1")


@pytest.mark.parametrize("mark", [{"workflow_id": "Wf1"}, {"bot_profile": {"is_workflow_bot": True}}])
def test_a_workflow_that_slack_marks_as_one_needs_no_look_at_its_user(mark: dict[str, Any]) -> None:
    workflow = _heard(user="U0WORKFLOW", bot_id="B1", **mark)

    assert (workflow.user_id, workflow.app) == ("B1", "B1")


@pytest.mark.parametrize("bot_id", ["", None])
def test_an_empty_id_is_no_apps(bot_id: str | None) -> None:
    assert _heard(bot_id=bot_id).app is None


def test_what_an_app_posts_in_a_users_name_names_both() -> None:
    said = _heard(bot_id="B1", app_id="A1", bot_profile={"app_id": "A1"})

    assert (said.user_id, said.app) == ("U1", "B1")


@pytest.mark.parametrize("changes", [{"bot_profile": {"id": "B1"}}, {"app_id": "B1"}])
def test_an_app_is_known_by_any_of_its_marks(changes: dict[str, Any]) -> None:
    assert _heard(**changes).app == "B1"


def test_what_our_own_app_posts_in_anybodys_name_is_none() -> None:
    assert message_event({**_event(bot_id="B1", app_id="A1"), "api_app_id": "A1"}, BOT) is None


def test_an_edit_of_a_workflows_post_is_an_edit() -> None:
    post = {"ts": "1.1", "bot_id": "B1", "subtype": "bot_message", "text": "It hangs", "type": "message"}
    changed = {"subtype": "message_changed", "message": {**post, "edited": {"user": "B1", "ts": "1.2"}}}
    edited = message_event(_event(**changed), BOT)

    assert isinstance(edited, Edited)
    assert (edited.said.text, edited.said.app) == ("It hangs", "B1")


def test_a_reaction_of_slackbot_is_none() -> None:
    item = {"type": "message", "channel": "C1", "ts": "1.1"}
    event = {
        "type": "reaction_added",
        "user": "USLACKBOT",
        "reaction": "bug",
        "item": item,
        "event_ts": "1.2",
    }

    assert reaction_event({"team_id": "T1", "event": event}, BOT) is None


def test_forwarded_words_are_read_and_mention_nobody() -> None:
    share = {"is_share": True, "is_msg_unfurl": True, "text": "<@UBOT> the export crashes"}
    said = _heard(text="please look", attachments=[share])

    assert said.text == "please look\n<@UBOT> the export crashes"
    assert not said.is_mention


def test_a_reaction_in_a_channel_shared_with_others_is_none() -> None:
    item = {"type": "message", "channel": "C1", "ts": "1.1"}
    event = {"type": "reaction_added", "user": "U1", "reaction": "bug", "item": item, "event_ts": "1.2"}

    assert reaction_event({"team_id": "T1", "event": event}, BOT) is not None
    assert reaction_event({"team_id": "T1", "event": event, "is_ext_shared_channel": True}, BOT) is None


def test_what_is_said_in_a_channel_shared_with_others_is_none() -> None:
    assert message_event({**_event(), "is_ext_shared_channel": True}, BOT) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"subtype": "message_deleted", "deleted_ts": "1.0", "ts": "9.9"},
        {"subtype": "message_changed", "message": {"subtype": "tombstone", "ts": "1.0"}, "ts": "9.9"},
    ],
)
def test_a_deletion_names_the_message_that_is_gone(changes: dict[str, Any]) -> None:
    assert message_event(_event(**changes), BOT) == Deleted("T1", "C1", "1.0")


@pytest.mark.parametrize(
    ("place", "before", "is_addressed"),
    [("C1", "<@UBOT> hello", True), ("C1", "hello", False), ("C1", None, False), ("D1", "hello", True)],
)
def test_a_deletion_says_whether_the_message_was_for_us(
    place: str, before: str | None, is_addressed: bool
) -> None:
    gone = {"subtype": "message_deleted", "deleted_ts": "1.0", "channel": place}

    assert message_event(_event(**gone, previous_message={"text": before}), BOT) == Deleted(
        "T1", place, "1.0", is_addressed
    )


def _changed(edited: Any, **changes: Any) -> str:
    """By what an edit is ordered."""
    message = {"type": "message", "user": "U1", "ts": "1.1", "text": "x", "edited": edited}
    heard = message_event(_event(subtype="message_changed", message=message, **changes), BOT)
    assert isinstance(heard, Edited)
    return heard.said.edited_ts


def test_edits_are_ordered_by_when_they_were_made_and_within_a_second_by_their_events() -> None:
    edits = [
        _changed({"ts": "1700000000.000000"}, event_ts="1700000000.200000"),
        _changed({"ts": "1700000000.000000"}, event_ts="1700000000.300000"),
        _changed({"ts": "1700000001.000000"}, event_ts="1700000000.100000"),
    ]

    assert edits == sorted(set(edits))
    assert _changed({"user": "U1"}, event_ts="5.5") == "5.5 5.5"
    assert _heard().edited_ts == ""


def test_a_link_that_is_unfolded_is_no_edit() -> None:
    message = {"type": "message", "user": "U1", "ts": "1.1", "text": "see https://x.example"}

    assert message_event(_event(subtype="message_changed", message=message), BOT) is None


def test_a_mention_that_an_edit_added_is_an_edit() -> None:
    edited = {"user": "U1", "ts": "1700000000.000000"}

    heard = message_event(_event(type="app_mention", edited=edited, event_ts="1.1"), BOT)

    assert isinstance(heard, Edited)
    assert heard.said.is_mention


@pytest.mark.parametrize("value", ["", ":l1", "m1:l1:x", "m1:l1:1:2", "m 1"])
def test_a_value_that_is_none_of_our_buttons_is_an_error(value: str) -> None:
    with pytest.raises(PayloadError):
        target(value)


def test_the_team_is_the_one_that_installed_the_app() -> None:
    said = message_event({**_event(), "authorizations": [{"team_id": None}, {"team_id": "T9"}]}, BOT)

    assert isinstance(said, MessagePosted)
    assert said.team_id == "T9"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"event": None, "team_id": "T1"},
        {"event": "message", "team_id": "T1"},
        {"event": _event()["event"]},
        {**_event(), "authorizations": "T1"},
        _event(user=None),
        _event(ts=1.1),
        _event(channel=["C1"]),
        _event(text={"type": "plain"}),
        _event(subtype="message_deleted"),
        _event(subtype="message_changed"),
    ],
)
def test_an_event_of_another_shape_is_an_error_of_ours(body: dict[str, Any]) -> None:
    with pytest.raises(PayloadError):
        message_event(body, BOT)


@pytest.mark.parametrize(
    ("body", "change"),
    [
        (_change("channel_archive", "C1", user="U1"), ChannelChange("C1", News.ARCHIVED, 5.5, by="U1")),
        (_change("group_unarchive", "C1"), ChannelChange("C1", News.UNARCHIVED, 5.5)),
        (
            _change("channel_rename", {"id": "C1", "name": "help"}),
            ChannelChange("C1", News.RENAMED, 5.5, "help"),
        ),
        (_change("channel_deleted", "C1", event_ts=None), ChannelChange("C1", News.DELETED, 4.0)),
        (_change("channel_left", "C1", actor_id="U1"), ChannelChange("C1", News.REMOVED, 5.5, by="U1")),
        (_change("group_left", "C1", actor_id=BOT), ChannelChange("C1", News.REMOVED, 5.5)),
        (_change("member_left_channel", "C1", user=BOT), ChannelChange("C1", News.REMOVED, 5.5)),
        (_change("member_joined_channel", "C1", user=BOT), ChannelChange("C1", News.BACK, 5.5)),
        (_change("channel_shared", "C1", connected_team_id="E1"), ChannelChange("C1", News.SHARED, 5.5)),
        (_change("channel_unshared", "C1", is_ext_shared=False), ChannelChange("C1", News.BACK, 5.5)),
        (_change("channel_convert_to_private", "C1"), ChannelChange("C1", News.PRIVATE, 5.5)),
        (
            _change("message", "C1", subtype="channel_convert_to_public"),
            ChannelChange("C1", News.PUBLIC, 5.5),
        ),
        (_change("message", "C1", subtype="group_archive"), ChannelChange("C1", News.ARCHIVED, 5.5)),
        (_change("channel_unshared", "C1", is_ext_shared=True), None),
        (_change("member_joined_channel", "C1", user="U1"), None),
        (_change("member_left_channel", "C1", user="U1"), None),
        (_change("message", "C1", subtype="channel_topic"), None),
        (_change("channel_created", {"id": "C1"}), None),
    ],
)
def test_what_becomes_of_a_channel_is_read_from_events_and_messages(
    body: dict[str, Any], change: ChannelChange | None
) -> None:
    assert channel_event(body, BOT) == change


def test_a_minute_of_which_slack_withheld_events_is_read() -> None:
    body = {"type": "app_rate_limited", "team_id": "T1", "minute_rate_limited": 1_518_467_820}

    assert rate_limited_minute(admitted(body)) == 1_518_467_820
    assert rate_limited_minute(_event()) is None


def test_a_click_says_who_pressed_what() -> None:
    body = {"actions": [{"value": "m:l"}], "team": {"id": "T1"}, "user": {"id": "U1"}, "trigger_id": "9"}

    assert click(body) == Click("T1", "U1", "m:l", "9")
    assert click({**body, "container": {"is_ephemeral": True}}).is_ephemeral


@pytest.mark.parametrize(
    "changes",
    [
        {"actions": []},
        {"actions": [{"value": "a"}, {"value": "b"}]},
        {"actions": [{}]},
        {"actions": [{"value": None}]},
        {"actions": None},
        {"team": None},
        {"user": {}},
    ],
)
def test_a_click_of_another_shape_is_an_error_of_ours(changes: dict[str, Any]) -> None:
    body = {"actions": [{"value": "m"}], "team": {"id": "T1"}, "user": {"id": "U1"}, "trigger_id": "9"}

    with pytest.raises(PayloadError):
        click({**body, **changes})


@pytest.mark.parametrize(
    ("label", "proposal", "chosen", "proposed"),
    [
        ({"selected_option": {"value": "l1"}}, {"value": None}, "l1", ""),
        ({"selected_option": None}, {"value": "data export"}, None, "data export"),
        ({"selected_option": {"value": "l1"}}, {"value": "data export"}, "l1", "data export"),
        ({}, {}, None, ""),
        (None, None, None, ""),
    ],
)
def test_a_modal_says_what_was_chosen_and_what_was_proposed(
    label: Any, proposal: Any, chosen: str | None, proposed: str
) -> None:
    values = {"label": {"label": label}, "proposal": {"proposal": proposal}}

    assert submission(_modal(values)) == ModalSubmission("T1", "U1", ButtonTarget("m1", 0), chosen, proposed)


@pytest.mark.parametrize("values", [None, {"label": "l1"}, {"label": {"label": "l1"}}])
def test_a_modal_of_another_shape_is_an_error_of_ours(values: Any) -> None:
    with pytest.raises(PayloadError):
        submission(_modal(values))


def test_typing_in_the_menu_is_a_search() -> None:
    body = {"team": {"id": "T1"}, "view": {"private_metadata": "m1"}}

    assert search({**body, "value": "bil"}) == Search("T1", "m1", "bil")
    assert search({**body, "value": None}) == Search("T1", "m1", "")
    with pytest.raises(PayloadError):
        search({"team": {"id": "T1"}, "view": None})


def test_the_slash_command_is_read_as_words_in_small_letters() -> None:
    body = {"team_id": "T1", "channel_id": "C1", "user_id": "U1"}

    assert command({**body, "text": "  ON  Reply "}) == Command("T1", "C1", "U1", ("on", "reply"))
    assert command({**body, "text": None}) == Command("T1", "C1", "U1", ())
    with pytest.raises(PayloadError):
        command({"text": "on"})


BLOCKS = [{"type": "rich_text", "elements": [{"elements": [{"type": "text", "text": "It hangs"}]}]}]
SHARE = {"is_share": True, "text": "", "message_blocks": [{"message": {"blocks": BLOCKS}}]}
BODIES: list[tuple[Callable[[Json], object], Json]] = [
    (lambda body: message_event(body, BOT), _event(thread_ts="1.0")),
    (lambda body: message_event(body, BOT), _event(subtype="message_deleted", deleted_ts="1.0")),
    (lambda body: message_event(body, BOT), _event(user=None, subtype="bot_message", bot_id="B1")),
    (lambda body: message_event(body, BOT), _event(text="", blocks=BLOCKS, attachments=[SHARE])),
    (lambda body: message_event(body, BOT), _event(subtype="message_changed", message=_event()["event"])),
    (lambda body: channel_event(body, BOT), _change("channel_rename", {"id": "C1", "name": "help"})),
    (lambda body: channel_event(body, BOT), _change("channel_left", "C1", actor_id="U1")),
    (rate_limited_minute, {"type": "app_rate_limited", "minute_rate_limited": 1_518_467_820}),
    (click, {"actions": [{"value": "m"}], "team": {"id": "T1"}, "user": {"id": "U1"}, "trigger_id": "9"}),
    (submission, _modal({"label": {"label": {"selected_option": {"value": "l1"}}}})),
    (search, {"team": {"id": "T1"}, "view": {"private_metadata": "m1"}, "value": "bil"}),
    (command, {"team_id": "T1", "channel_id": "C1", "user_id": "U1", "text": "on"}),
    (admitted, {"type": "view_closed", "view": {"callback_id": "c", "type": "modal"}}),
]


@pytest.mark.parametrize(("read", "body"), BODIES)
def test_whatever_is_broken_a_payload_is_read_or_an_error_of_ours_that_does_not_quote_it(
    read: Callable[[Json], object], body: Json
) -> None:
    told: list[str] = []
    for _what, broken in mutations(lambda: body, 100, "payloads"):
        try:
            read(broken)
        except PayloadError as error:
            told.append(str(error))

    assert told
    assert not [one for one in told if LEAK in one]
