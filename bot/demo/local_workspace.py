"""The workspace that `make run` puts in the place of an account: served from a thread of this process."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any

import httpx

from bot.app.compose import Slack
from bot.context.settings import Settings, SettingsError
from bot.transport.web_server import PortInUseError
from local.slack.server import create_app
from local.slack.serving import HOST, LocalServer, listen
from local.slack.setup.config import Config
from local.slack.setup.credentials import APP_TOKEN, BOT_TOKEN
from local.slack.setup.seed import CHANNELS, PEOPLE

START_S = 10.0
STOP_S = 3.0
UNPACED = 1_000.0  # posts a second: nobody here minds a flood


class LocalWorkspace:
    """A small Slack on this machine; its messages are kept in the file `state`."""

    def __init__(self, port: int, state: Path) -> None:
        try:
            self._socket = listen(port)
        except OSError as error:
            raise PortInUseError(HOST, port, "LOCAL_PORT") from error
        self.address = f"http://{HOST}:{self._socket.getsockname()[1]}/"
        try:
            self.is_new = not state.exists()
            state.parent.mkdir(parents=True, exist_ok=True)
            self._server = LocalServer(create_app(Config(state=str(state))))
        except (sqlite3.Error, OSError) as error:
            self._socket.close()
            raise SettingsError(
                f"LOCAL_STATE: {state} can't be used ({error}); stop what uses it, or name another"
            ) from error
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def start(self) -> None:
        self._thread.start()
        with httpx.Client(transport=httpx.HTTPTransport(retries=20)) as client:
            client.get(f"{self.address}page/state", params={"user": PEOPLE["ana"]}, timeout=START_S)

    def stop(self) -> None:
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(STOP_S)
        self._socket.close()

    @property
    def slack(self) -> Slack:
        """What a bot needs to connect here."""
        return Slack(f"{self.address}api/", BOT_TOKEN, APP_TOKEN, None)

    def settings(self, chosen: Settings) -> Settings:
        """What fits here, where nothing else was chosen: a channel for operators, who are everybody, and no pacing."""
        here: dict[str, Any] = {
            "ops_channel": chosen.ops_channel or CHANNELS["corrigible-ops"],
            "operators": chosen.operators or tuple(PEOPLE.values()),
        }
        if "posts_per_second" not in chosen.model_fields_set:
            here["posts_per_second"] = UNPACED
        return chosen.model_copy(update=here)

    def greet(self) -> None:
        """In a new workspace Ana turns the bot on in #support, as anybody could."""
        if not self.is_new:
            return
        words = {"channel": CHANNELS["support"], "command": "/corrigible", "text": "on reply"}
        httpx.post(f"{self.address}page/command", json={"user": PEOPLE["ana"], **words}, timeout=START_S)
