"""What the bot keeps in files on this machine: none of it is for other users, also if an older version left it open."""

from __future__ import annotations

import re
from pathlib import Path

from bot.context.settings import Settings
from storage.database.file_modes import restrict as restrict_one
from storage.database.file_modes import restrict_ours, restrict_sqlite, restrict_tree

# The folder in which everything is kept by default.
DEFAULT = Path("var")
SQLITE = r"\.db(-wal|-shm|-journal)?"
OF_DEFAULT = re.compile(rf"(corrigible|local-slack|slack){SQLITE}|models|training|argilla")
OF_WORKPLACE = re.compile(r"[0-9a-f]{32}|cache|exports|hub|tracking")
OF_EXPORTS = re.compile(r"[0-9a-f]{16}(\.lock)?")


def restrict(settings: Settings) -> None:
    """Take from group and others what they could read of the files that settings name; a folder's other files stay.

    The database does so when it is opened. Raises ArtifactsUrlError.
    """
    restrict_ours(settings.workplace, OF_WORKPLACE)
    restrict_ours(settings.kept_exports, OF_EXPORTS)
    restrict_sqlite(settings.local_state)
    if (settings.local_argilla_home / "credentials.json").exists():
        restrict_tree(settings.local_argilla_home)
    settings.artifacts.restrict()
    if DEFAULT.is_dir() and all(OF_DEFAULT.fullmatch(path.name) for path in DEFAULT.iterdir()):
        restrict_one(DEFAULT)
