"""The watch: is a model that was promoted corrected more often than the one before it?

It may be looked at after every message. `learning/duel.py` has the test and its sources.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
