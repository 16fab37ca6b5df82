"""The folders that settings name: looked at before anything starts."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bot.context.settings import Settings, SettingsError


def check_folders(settings: Settings) -> None:
    """Make the folders in which the bot writes; SettingsError names all in which it can't."""
    folders = {"WORKPLACE": settings.workplace, "EXPORTS": settings.kept_exports}
    if "://" not in settings.models_url:
        folders["MODELS_URL"] = Path(settings.models_url)
    faults = [f"{name}: {fault}" for name, folder in folders.items() if (fault := _fault(folder))]
    if faults:
        raise SettingsError("; ".join(faults))


def _fault(folder: Path) -> str | None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"can we write here?")
    except OSError as error:
        return f"{folder} can't be written to ({error.strerror}); make it writable, or name another folder"
    return None
