"""Child processes of ours: how they are called, what they are told of the environment, and how they are ended."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import subprocess
import sys
import threading

# The system takes a dead process apart at that one's own low priority: slowly, if the machine has much else to do.
REAPED_S = 60.0

# All that a child inherits. It reads what people wrote, with libraries that print and report: it needs no secret of the
# bot's, such as Slack's tokens, the database's password and Argilla's key.
INHERITED = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|TZ|LANG|LANGUAGE|LC_\w+|TMPDIR|TEMP|TMP|XDG_\w+"
    r"|(HTTP|HTTPS|ALL|NO|FTP)_PROXY|(http|https|all|no|ftp)_proxy"
    r"|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE"
    r"|VIRTUAL_ENV|PYTHON\w*|COVERAGE_\w+|LD_LIBRARY_PATH|DYLD_\w+"
    r"|(CUDA|NVIDIA|CUBLAS|CUDNN|NCCL|HIP|ROCR|OMP|GOMP|KMP|MKL|OPENBLAS|NUMEXPR|VECLIB|TORCH|PYTORCH|TRITON)_\w+"
    r"|(HF|HUGGINGFACE|TRANSFORMERS|TOKENIZERS|ACCELERATE)_(?!TOKEN)\w+|DO_NOT_TRACK|MPLCONFIGDIR"  # the bot fetches
    r"|(MLFLOW|TRACKIO|TENSORBOARD)_\w+"
    r"|CORRIGIBLE_HUB"  # where the bot keeps models of a hub, by the commit that a name stands for
    r"|CORRIGIBLE_DEMO_CHECK"  # by which `make demo-check` finds a process that outlives the bot
)
# What opens an object store, for a child that works with models: the store of MODELS_URL alone.
CREDENTIALS = {
    "s3": re.compile(r"(AWS|FSSPEC_S3)_\w+"),
    "gs": re.compile(r"(GOOGLE|GCLOUD|CLOUDSDK|FSSPEC_GS)_\w+"),
    "az": re.compile(r"(AZURE|FSSPEC_AZ)_\w+"),
}
SCHEMES = {"s3a": "s3", "gcs": "gs", "abfs": "az", "abfss": "az", "adl": "az"}

log = logging.getLogger(__name__)


def command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of ours in another Python.

    -P: a folder called like one of our packages, where an operator happens to start the bot, is not imported instead.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def environment(models_url: str = "") -> dict[str, str]:
    """Return what a child inherits of this process's environment, and the credentials of MODELS_URL if it is given."""
    scheme = models_url.partition("://")[0].rpartition("::")[2].lower()
    opens = CREDENTIALS.get(SCHEMES.get(scheme, scheme))
    return {
        name: value
        for name, value in os.environ.items()
        if INHERITED.fullmatch(name) or (opens and opens.fullmatch(name))
    }


def end(process: subprocess.Popen[bytes], listener: threading.Thread) -> None:
    """Kill a child, whatever it does, and leave neither a zombie nor an open pipe. `listener` reads what it writes."""
    if process.poll() is None:
        process.kill()
    try:
        process.wait(REAPED_S)
    except subprocess.TimeoutExpired:  # it hangs in the kernel: nothing more can be done from here
        log.error("a killed process does not end pid=%d", process.pid)
        return
    listener.join(REAPED_S)
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with contextlib.suppress(OSError):  # it died with something unread in the pipe
                pipe.close()
