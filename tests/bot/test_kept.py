from __future__ import annotations

from pathlib import Path

from bot import kept
from bot.settings import Settings


def test_a_workplace_in_which_models_were_fetched_is_closed_to_others(tmp_path: Path) -> None:
    workplace = tmp_path / "training"
    for name in ("a" * 32, "cache", "exports", "hub", "tracking"):
        (workplace / name).mkdir(parents=True)
        (workplace / name / "file").write_text("where is my invoice")
    workplace.chmod(0o755)

    kept.restrict(Settings(_env_file=None, workplace=workplace, models_url=str(tmp_path / "models")))

    assert [path for path in (workplace, *workplace.rglob("*")) if path.stat().st_mode & 0o077] == []
