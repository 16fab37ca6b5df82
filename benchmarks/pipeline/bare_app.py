"""The baseline of the pipeline: Bolt and nothing else, a fixed text in the thread of each message."""

from __future__ import annotations

import os
import threading
from typing import Any

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

TEXT = "Noted."


def bare_app(client: WebClient) -> App:
    """An app that answers every message of a person."""
    app = App(client=client, token_verification_enabled=False)

    @app.event("message")
    def answer(event: dict[str, Any], client: WebClient) -> None:
        client.chat_postMessage(channel=event["channel"], thread_ts=event["ts"], text=TEXT)

    return app


def main() -> None:
    """Serve, by Socket Mode, until terminated."""
    client = WebClient(token=os.environ["BARE_BOT_TOKEN"], base_url=os.environ["BARE_API_URL"])
    SocketModeHandler(bare_app(client), os.environ["BARE_APP_TOKEN"]).connect()
    threading.Event().wait()


if __name__ == "__main__":
    main()
