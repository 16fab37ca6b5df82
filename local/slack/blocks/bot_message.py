"""What the bot may put into a message, checked as Slack checks it."""

from __future__ import annotations

from local.slack.blocks.elements import with_ids
from local.slack.blocks.limits import check_blocks, check_metadata, check_text
from local.slack.setup import seed
from local.slack.wire.wire import Arguments, Json, SlackError

MAX_ATTACHMENTS = 100


def content(arguments: Arguments) -> Json:
    """The parts of a message that were given, and only those; refuses what Slack refuses."""
    fields: Json = {}
    if "text" in arguments:
        fields["text"] = arguments.text("text")
        check_text(fields["text"])
    blocks = arguments.list("blocks", "invalid_blocks_format")
    if blocks is not None:
        check_blocks(blocks)
        fields["blocks"] = with_ids(blocks)
    attachments = arguments.list("attachments", "invalid_attachments")
    if attachments is not None:
        if len(attachments) > MAX_ATTACHMENTS:
            raise SlackError("too_many_attachments")
        fields["attachments"] = attachments
    metadata = arguments.object("metadata", "invalid_metadata_format")
    if metadata:
        check_metadata(metadata)
    if metadata is not None:
        fields["metadata"] = metadata
    return fields


def something(fields: Json) -> Json:
    """The same fields, refused where they would show nothing."""
    if not any(fields.get(key) for key in ("text", "blocks", "attachments", "files")):
        raise SlackError("no_text")
    return fields


def by_bot(team_id: str, fields: Json) -> Json:
    """A new message's fields, with the bot of a team as its author."""
    profile = {
        "id": seed.BOT_ID,
        "deleted": False,
        "name": seed.BOT_NAME,
        "app_id": seed.APP_ID,
        "team_id": team_id,
    }
    author = {"user": seed.BOT_USER_ID, "bot_id": seed.BOT_ID, "app_id": seed.APP_ID, "bot_profile": profile}
    return {**author, "text": "", **{key: value for key, value in fields.items() if value}}
