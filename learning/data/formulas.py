"""Cells of CSV files that a spreadsheet would run as a formula: written with an apostrophe before them, read without.

As OWASP advises ("CSV Injection"). What is written can be read again exactly: a cell is also given one if it is an
apostrophe and such a cell.
"""

from __future__ import annotations

import re

# White space, signs that nobody sees, and quotes before the sign are no protection: programs drop them.
HIDDEN = r"\s'\"“”‘’„«»`\u00ad\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff"
SIGNS = r"=+\-@＝＋－＠﹢﹣﹦﹫−"
FORMULA = re.compile(rf"[{HIDDEN}\x00-\x1f]*[{SIGNS}]|'*[\t\r\n]")


def neutral(cell: str) -> str:
    """Return a cell that no spreadsheet runs."""
    return f"'{cell}" if FORMULA.match(cell) else cell


def restored(cell: str) -> str:
    """Return the cell that `neutral` was given."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell[1:]) else cell
