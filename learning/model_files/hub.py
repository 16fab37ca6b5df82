"""Models that settings name: a folder, or a name on the Hugging Face hub, resolved to a folder of safetensors.

A hub's name is resolved once, to a commit, whose files are fetched and kept in a folder of ours. From then on exactly
these are used, without asking the hub; another name, or another `@revision`, is resolved anew. No other code than ours
is ever run: neither the model's own (`auto_map`), nor what pickled weights may hold.
"""

from __future__ import annotations

import glob
import json
import logging
import os
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

# Where models are kept, for this process and those that it starts.
KEPT_IN = "CORRIGIBLE_HUB"
# Asked before any library is imported that we tell to stay offline.
IS_OFFLINE = os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")

NAME = re.compile(r"[\w][\w.-]*(/[\w][\w.-]*)?(@[\w][\w./-]*)?", re.ASCII)
WEIGHTS = re.compile(r"model(-\d+-of-\d+)?\.safetensors")
# For `from_pretrained`, wherever weights are read.
SAFE: Mapping[str, Any] = {"trust_remote_code": False, "use_safetensors": True, "local_files_only": True}
PICKLED = re.compile(r"(pytorch_model|model|weights|tf_model|flax_model).*\.(bin|pt|pth|ckpt|h5|msgpack|pkl)")
# Data alone: no scripts, no pickles.
FETCHED = re.compile(r"model(-\d+-of-\d+)?\.safetensors|[\w.-]+\.(json|txt|model|jinja|tiktoken)")
# What opens something in an address that an error quotes: a mirror's password, the signature of a file.
IN_ADDRESS = re.compile(r"(?<=://)[^\s/]*@|\?[^\s'\"]+")
CONFIG, ADAPTER = "config.json", "adapter_config.json"


class UnusableModelError(ValueError):
    """A model that can't be used as it is; the message says why, and what to do."""


@dataclass(frozen=True)
class Pin:
    """The commit that a hub's name was resolved to, and the folder with its files."""

    name: str
    revision: str
    folder: str


def keep_in(folder: Path) -> None:
    """Keep what is fetched in this folder."""
    os.environ[KEPT_IN] = str(folder.absolute())


def folder_of(name: str) -> Path:
    """The folder with a model's files, fetched if this is a hub's name that was not fetched before.

    Raises UnusableModelError.
    """
    if is_folder(name):
        folder = Path(name).expanduser()
        _check(folder, name)
        return folder
    pin = pinned(name)
    return _fetched(name, pin) if pin is None else _kept(pin) or _fetched(name, pin)


def is_folder(name: str) -> bool:
    """Does a setting name a folder, and not something on a hub?

    Raises UnusableModelError for a folder that is missing.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return True
    if name.startswith(("/", ".", "~")) or name.count("/") > 1 + name.partition("@")[2].count("/"):
        raise UnusableModelError("there is no such folder")
    return False


def pinned(name: str) -> Pin | None:
    """The commit that a hub's name stands for here; None if it was not fetched yet, or is a folder."""
    try:
        pin = Pin(**json.loads(_pin_file(name).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return pin if pin.name == name else None  # other names may be written alike


def described(name: str) -> str:
    """A name, and the commit that it stands for."""
    pin = pinned(name)
    return f"{name} (revision {pin.revision})" if pin else name


def title(name: str) -> str:
    """What people read: a hub's name without its revision, or the last part of a folder's path."""
    if name.startswith(("/", ".", "~")) or Path(name).expanduser().is_dir():
        return Path(name).expanduser().resolve().name or name
    return repository(name)


def repository(name: str) -> str:
    """A name without its revision."""
    return name if Path(name).expanduser().is_dir() else name.partition("@")[0]


def home() -> Path:
    """The folder in which models are kept."""
    if KEPT_IN in os.environ:
        return Path(os.environ[KEPT_IN])
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def _pin_file(name: str) -> Path:
    return home() / "pins" / f"{name.replace('/', '--')}.json"


def _kept(pin: Pin) -> Path | None:
    """What was fetched; None if it is not whole any more."""
    here = _of_repository(home(), repository(pin.name)) / "snapshots" / pin.revision
    for folder in (Path(pin.folder), here):
        with suppress(UnusableModelError):  # the folder in which all are kept may have been moved
            _check(folder, pin.name)
            return folder
    return None


def _of_repository(cache: Path, repo: str) -> Path:
    """The folder in which the hub's library keeps what it fetched of a repository."""
    return cache / f"models--{repo.replace('/', '--')}"


def _fetched(name: str, pin: Pin | None) -> Path:
    """Fetch a model, and note its commit once all of it is here."""
    if not NAME.fullmatch(name):
        raise UnusableModelError(
            "this is neither a folder nor a name on the hub, such as owner/name@revision"
        )
    repo, _, revision = name.partition("@")
    wanted = pin.revision if pin else revision or "main"
    folder = _found_earlier(repo, wanted) if pin is None else None
    if folder is None and IS_OFFLINE:
        raise UnusableModelError("it was not fetched yet, and HF_HUB_OFFLINE is set")
    try:
        folder = folder or _fetch(repo, wanted)
    except UnusableModelError:
        raise
    except Exception as error:  # the hub's library, its HTTP client and the disk have no one exception
        raise UnusableModelError(f"it can't be fetched: {first_line(error)}") from error
    _check(folder, name)
    _note(Pin(name, folder.name, str(folder.absolute())))
    log.info("model resolved name=%s revision=%s", name, folder.name)
    return folder


def _found_earlier(repo: str, revision: str) -> Path | None:
    """What other programs, and earlier releases of ours, fetched: in the form in which the hub's library keeps it."""
    from huggingface_hub import constants

    place = _of_repository(Path(constants.HF_HUB_CACHE), repo)
    try:
        commit = (place / "refs" / revision).read_text(encoding="utf-8").strip()
    except OSError:
        commit = revision
    folder = place / "snapshots" / commit
    try:
        _check(folder, repo)
    except UnusableModelError:  # not there, or not whole
        return None
    return folder


def _fetch(repo: str, revision: str) -> Path:
    """Fetch the files that we use of a commit. What we can't use is refused before its weights are fetched."""
    from huggingface_hub import HfApi, hf_hub_download, snapshot_download

    about = HfApi().model_info(repo, revision=revision)
    names = sorted(one.rfilename for one in about.siblings or ())
    if not about.sha or CONFIG not in names:
        raise UnusableModelError(f"it holds no {CONFIG}")
    config = _json(Path(hf_hub_download(repo, CONFIG, revision=about.sha, cache_dir=home())))
    _check_weights(names, f"{repo}@{about.sha}", config)
    _check_code(config)
    wanted = [glob.escape(name) for name in names if FETCHED.fullmatch(name)]
    fetched = snapshot_download(repo, revision=about.sha, cache_dir=home(), allow_patterns=wanted)
    return Path(fetched)


def _note(pin: Pin) -> None:
    file = _pin_file(pin.name)
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{uuid.uuid4().hex}")
    unfinished.write_text(json.dumps(asdict(pin)), encoding="utf-8")
    unfinished.replace(file)


def _check(folder: Path, name: str) -> None:
    """Raise UnusableModelError for what we can't load, or don't want to."""
    try:
        names = sorted(one.name for one in folder.iterdir())
    except OSError as error:
        raise UnusableModelError(f"its folder can't be read ({error.strerror})") from error
    if CONFIG not in names:
        raise UnusableModelError(f"it holds no {CONFIG}")
    config = _json(folder / CONFIG)
    _check_weights(names, name, config)
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        shards = _json(index).get("weight_map")
        if not isinstance(shards, dict):
            raise UnusableModelError(f"its {index.name} lists no files")
        for shard in sorted(set(map(str, shards.values()))):
            if not WEIGHTS.fullmatch(shard):
                raise UnusableModelError(
                    f"its {index.name} names {shard!r}, which are no safetensors of its own"
                )
            if shard not in names:
                raise UnusableModelError(f"{shard} is missing")
    _check_code(config)


def _check_weights(names: Iterable[str], name: str, config: Mapping[str, Any]) -> None:
    """Raise UnusableModelError unless there are safetensors; say how pickled weights become some."""
    every = list(names)
    if ADAPTER in every:  # it would be loaded from another name, which nobody resolved
        raise UnusableModelError("it holds an adapter; merge it into its model, and name the folder of that")
    if any(WEIGHTS.fullmatch(one) for one in every):
        return
    pickled = next((one for one in every if PICKLED.fullmatch(one)), None)
    if pickled is None:
        raise UnusableModelError("it holds no model.safetensors")
    architectures = config.get("architectures")
    kinds = architectures if isinstance(architectures, list) else []
    suffix = "ForSeq2SeqLM" if config.get("is_encoder_decoder") else "ForCausalLM"
    is_writer = any(str(kind).endswith(("LM", "LMHeadModel", "Generation")) for kind in kinds)
    auto = f"AutoModel{suffix}" if is_writer else "AutoModel"
    source = _in_python(name)
    convert = "; ".join(f"{one}.from_pretrained({source}).save_pretrained('converted')" for one in "MT")
    raise UnusableModelError(
        f"its weights are not safetensors but {pickled}, which can run code when it is read; if you trust its "
        "author, convert it and name the new folder: "
        f'python -c "from transformers import {auto} as M, AutoTokenizer as T; {convert}"'
    )


def _in_python(name: str) -> str:
    """A model as an argument of `from_pretrained`, which has no `@revision`."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        return repr(str(folder))
    repo, _, revision = name.partition("@")
    return f"{repo!r}, revision={revision!r}" if revision else repr(repo)


def _check_code(config: Mapping[str, Any]) -> None:
    """Raise UnusableModelError if a model needs code of its own; one that `transformers` knows is read by that."""
    if kernels := sorted(_kernels(config)):
        raise UnusableModelError(
            f"it names code on the hub ({kernels[0]}), which is never run; take that out of its {CONFIG}"
        )
    if not config.get("auto_map"):
        return
    from transformers import CONFIG_MAPPING

    if str(config.get("model_type")) not in CONFIG_MAPPING:
        raise UnusableModelError(
            "it needs code of its own (auto_map), which is never run; choose another model"
        )


def _kernels(config: Mapping[str, Any]) -> Iterator[str]:
    """Repositories from which `transformers` would fetch compiled code, such as an attention, and load it."""
    for key, value in config.items():
        if key.endswith(("_implementation", "_implementation_internal")):
            if "/" in str(value):
                yield str(value)
        elif isinstance(value, dict):
            yield from _kernels(value)


def _json(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UnusableModelError(f"its {file.name} can't be read ({type(error).__name__})") from error
    if not isinstance(found, dict):
        raise UnusableModelError(f"its {file.name} is not an object")
    return found


def first_line(error: Exception) -> str:
    """The kind of an error and the first line that it says, without what opens an address in it."""
    lines = IN_ADDRESS.sub("", str(error)).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
