"""files.* of the Web API, the upload between its two calls, and the download."""

from __future__ import annotations

import mimetypes
import secrets
import time

from local.slack.blocks.bot_message import by_bot
from local.slack.blocks.limits import check_text
from local.slack.setup.seed import BOT_USER_ID
from local.slack.state.workspace import Workspace
from local.slack.wire.ids import new_id
from local.slack.wire.wire import Call, Json, Method, SlackError

MAX_BYTES = 20 * 1024 * 1024


class Files:
    """First an address to upload to, then the bytes, then the message that shows them."""

    def __init__(self, workspace: Workspace) -> None:
        self._directory = workspace.directory
        self._messages = workspace.messages
        self._store = workspace.store
        self._awaited: dict[str, str] = {}  # file id by the secret in its address
        self._pending: dict[str, Json] = {}

    def methods(self) -> dict[str, Method]:
        """By Slack's names."""
        return {
            "files.getUploadURLExternal": self._get_upload_url,
            "files.completeUploadExternal": self._complete_upload,
        }

    def awaits(self, file_id: str) -> bool:
        """Whether a file was announced here, and is in no message yet."""
        return file_id in self._pending

    def hand_over(self, file_id: str, other: Files) -> None:
        """Let another team's upload be completed here; its bytes come along."""
        content = other._store.file(file_id)
        if content is not None:
            self._store.put_file(file_id, content)
        self._pending[file_id] = other._pending.pop(file_id)

    def upload(self, secret: str, content: bytes) -> str:
        """Take the bytes; what Slack answers to them."""
        file_id = self._awaited.pop(secret, None)
        if file_id is None:
            raise SlackError("file_not_found")
        self._store.put_file(file_id, content)
        self._pending[file_id]["size"] = len(content)
        return f"OK - {len(content)}"

    def _get_upload_url(self, call: Call) -> Json:
        name = call.arguments.required("filename")
        if call.arguments.number("length", 1, MAX_BYTES + 1) > MAX_BYTES:
            raise SlackError("file_upload_size_restricted")
        file_id, secret = new_id("F"), secrets.token_urlsafe(18)
        self._awaited[secret] = file_id
        self._pending[file_id] = _file(file_id, name, call.base_url)
        if alt_txt := call.arguments.text("alt_txt"):
            self._pending[file_id]["alt_txt"] = alt_txt
        return {"ok": True, "upload_url": f"{call.base_url}upload/{secret}", "file_id": file_id}

    def _complete_upload(self, call: Call) -> Json:
        named = call.arguments.list("files") or []
        if not named or not all(isinstance(one, dict) for one in named):
            raise SlackError("invalid_arguments", "missing required field: files")
        files = [self._uploaded(str(one.get("id")), one.get("title")) for one in named]
        if "channel_id" in call.arguments:
            comment = call.arguments.text("initial_comment")
            check_text(comment)
            channel = self._directory.open_channel_of_bot(call.arguments.text("channel_id"))
            fields = by_bot(self._directory.team.id, {"text": comment, "files": files})
            self._messages.post(channel, fields, call.arguments.text("thread_ts"))
        for file in files:
            del self._pending[file["id"]]
        return {"ok": True, "files": files}

    def _uploaded(self, file_id: str, title: str | None) -> Json:
        file = self._pending.get(file_id)
        if file is None or "size" not in file:
            raise SlackError("file_not_found")
        return {**file, "title": title or file["name"]}


def _file(file_id: str, name: str, base_url: str) -> Json:
    return {
        "id": file_id,
        "created": int(time.time()),
        "name": name,
        "mimetype": mimetypes.guess_type(name)[0] or "application/octet-stream",
        "user": BOT_USER_ID,
        "url_private": f"{base_url}files/{file_id}",
        "url_private_download": f"{base_url}files/{file_id}",
    }
