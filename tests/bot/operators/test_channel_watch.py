"""What is kept of a channel as Slack shows it."""

from __future__ import annotations

from bot.operators.channel_watch import seen_of


def test_of_a_group_direct_message_no_name_is_kept_as_it_is_made_of_its_peoples() -> None:
    group = {"name": "mpdm-ana--ben--corrigible-1", "is_private": True, "is_member": True}

    assert seen_of({**group, "is_mpim": True}).name == ""
    assert seen_of({"name": "support"}).name == "support"
