"""What Argilla's processes write to their logs."""

from __future__ import annotations

import subprocess
import sys

# Each way in which a program of Python's writes to its standard error; what it says is what people wrote.
SAY_ALL = """
import gc, logging, threading, warnings
from local.argilla.server.logs import withhold
withhold()
logging.basicConfig(level="DEBUG")

def fail(said="salary"[::-1]):
    raise ValueError(said)

class Doomed:
    def __del__(self):
        fail()

logging.getLogger("local").error("index in line dataset=%s", "d1")
logging.getLogger("sqlalchemy").error("parameters: %s", "salary"[::-1])
try:
    fail()
except ValueError:
    logging.exception("failed")
warnings.warn("salary"[::-1])
doomed = threading.Thread(target=fail)
doomed.start()
doomed.join()
Doomed()
gc.collect()
fail()
"""


def test_they_say_where_something_failed_and_not_what_it_was_about() -> None:
    ended = subprocess.run([sys.executable, "-c", SAY_ALL], capture_output=True, text=True, timeout=60)

    assert "yralas" not in ended.stderr
    assert sum(line.endswith("ValueError") for line in ended.stderr.splitlines()) == 4
    assert "index in line dataset=d1" in ended.stderr
    assert "UserWarning at <string>" in ended.stderr
    assert ended.returncode == 1
