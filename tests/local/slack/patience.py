"""How long the workspace waits for the bot's acknowledgements, for tests in which some never come."""

from __future__ import annotations

import pytest

# Nothing is acknowledged in such a test.
impatient = pytest.mark.parametrize("slack", [0.3], indirect=True, ids=["impatient"])

# Something else is: also a slow machine does so in time.
less_patient = pytest.mark.parametrize("slack", [3.0], indirect=True, ids=["less patient"])
