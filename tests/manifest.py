"""What the manifest of the app asks of Slack."""

from __future__ import annotations

import re
from pathlib import Path

MANIFEST = Path(__file__).parents[1] / "slack-manifest.yaml"


def listed(name: str) -> list[str]:
    """The items of a list of the manifest."""
    [items] = re.findall(rf"^ +{name}:\n((?: +- \S+\n)+)", MANIFEST.read_text(encoding="utf-8"), re.MULTILINE)
    return re.findall(r"- (\S+)", items)
