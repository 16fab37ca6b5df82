"""Models that settings name: from a folder, or from a hub that speaks as the real one does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from learning.encoders.encoder import EncoderNotFoundError, load_encoder
from learning.model_files import hub
from learning.model_files.hub import UnusableModelError, folder_of
from learning.processes import children
from learning.writing import language_model
from learning.writing.language_model import LanguageModelNotFoundError
from tests.learning.fake_hub import Hub, fake_hub, files_of
from tests.learning.tiny_models import tiny_model

NAME = "team/encoder"
# Another process, because the hub's library reads once whether it may use the network.
RESOLVE = """
import json, sys
from learning.model_files.hub import UnusableModelError, described, folder_of
def found(name):
    try:
        return [str(folder_of(name)), described(name)]
    except UnusableModelError as error:
        return [None, str(error)]
print(json.dumps([found(name) for name in sys.argv[1:]]))
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(tiny_model(tmp_path_factory.mktemp("hub") / "model"))


@pytest.fixture
def served() -> Iterator[Hub]:
    with fake_hub() as running:
        yield running


def resolved(folder: Path, url: str, *names: str, **environment: str) -> list[tuple[str | None, str]]:
    """For each name its folder and what it is called, or None and why there is none."""
    mine = {
        "HF_ENDPOINT": url,
        "HF_HOME": str(folder / "home"),
        "HF_HUB_OFFLINE": "",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        hub.KEPT_IN: str(folder / "kept"),
    }
    called = [sys.executable, "-c", RESOLVE, *names]
    ended = subprocess.run(
        called, capture_output=True, text=True, env={**os.environ, **mine, **environment}, timeout=600
    )
    assert ended.returncode == 0, ended.stderr
    return [(one[0], one[1]) for one in json.loads(ended.stdout)]


@pytest.mark.slow
def test_a_model_is_fetched_once_and_serves_from_its_commit_without_the_hub(
    served: Hub, model: Path, tmp_path: Path
) -> None:
    more = {
        "pytorch_model.bin": b"pickled",
        "modeling.py": b"print('run')",
        "onnx.onnx": b"",
        "README.md": b"#",
    }
    first = served.push(NAME, {**files_of(model), **more})
    [(folder, described)] = resolved(tmp_path, served.url, NAME)
    asked = set(served.asked)
    second = served.push(NAME, {**files_of(model), "special.txt": b"new"})
    pinned = resolved(tmp_path, "http://127.0.0.1:9", NAME, HF_HUB_OFFLINE="1")
    (tmp_path / "kept").rename(tmp_path / "moved")
    moved = {hub.KEPT_IN: str(tmp_path / "moved"), "HF_HUB_OFFLINE": "1"}
    [(elsewhere, _)] = resolved(tmp_path, "http://127.0.0.1:9", NAME, **moved)
    (tmp_path / "moved").rename(tmp_path / "kept")
    [(other, _), (same, _), (again, _)] = resolved(
        tmp_path, served.url, f"{NAME}@{second}", f"{NAME}@{first}", NAME
    )

    assert folder
    assert described == f"{NAME} (revision {first})"
    assert Path(folder).name == Path(str(same)).name == first
    assert pinned == [(folder, described)]
    assert elsewhere == folder.replace("/kept/", "/moved/")
    assert again == folder, "what serves does not change by itself"
    assert Path(str(other)).name == second
    assert "model.safetensors" in asked
    assert not asked & set(more)
    assert not set(more) & {file.name for file in Path(folder).iterdir()}
    assert load_encoder(folder, 32, 1).dimensions == 16


@pytest.mark.slow
def test_processes_that_train_and_write_use_the_same_commit_without_the_hub(
    served: Hub, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.push(NAME, files_of(model))
    [found] = resolved(tmp_path, served.url, NAME)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv(hub.KEPT_IN, "")  # and as it was afterwards
    hub.keep_in(tmp_path / "kept")

    called = [sys.executable, "-c", RESOLVE, NAME]
    ended = subprocess.run(called, capture_output=True, text=True, env=children.environment(), check=True)

    assert json.loads(ended.stdout) == [list(found)]


@pytest.mark.slow
def test_what_a_hub_can_not_give_safely_is_refused_with_what_to_do_before_its_weights_are_fetched(
    served: Hub, model: Path, tmp_path: Path
) -> None:
    files = files_of(model)
    config = json.loads(files["config.json"])
    pickled = {name: content for name, content in files.items() if name != "model.safetensors"}
    own_code = {"model_type": "of-its-own", "auto_map": {"AutoModel": "modeling.Own"}}
    pickled_at = served.push("team/pickled", {**pickled, "pytorch_model.bin": b"pickled"})
    served.push("team/keras", {**pickled, "tf_model.h5": b"pickled"})
    served.push("team/code", {**files, "config.json": json.dumps({**config, **own_code}).encode()})
    served.push("team/empty", {"README.md": b"#"})
    names = ["team/pickled", "team/keras", "team/code", "team/empty", "team/absent", "team/pickled@nowhere"]
    found = dict(zip(names, resolved(tmp_path, served.url, *names), strict=True))
    [offline] = resolved(tmp_path, served.url, "team/other", HF_HUB_OFFLINE="1")

    assert all(folder is None for folder, _ in found.values())
    assert "not safetensors but pytorch_model.bin" in found["team/pickled"][1]
    convert = f"M.from_pretrained('team/pickled', revision={pickled_at!r}).save_pretrained('converted')"
    assert convert in found["team/pickled"][1]
    assert "not safetensors but tf_model.h5" in found["team/keras"][1]
    assert "code of its own (auto_map), which is never run" in found["team/code"][1]
    assert "holds no config.json" in found["team/empty"][1]
    assert "can't be fetched" in found["team/absent"][1]
    assert "can't be fetched" in found["team/pickled@nowhere"][1]
    assert "HF_HUB_OFFLINE is set" in offline[1]
    assert set(served.asked) == {"config.json"}


@pytest.mark.slow
def test_a_model_that_is_not_whole_any_more_is_fetched_again_at_its_commit(
    served: Hub, model: Path, tmp_path: Path
) -> None:
    first = served.push(NAME, files_of(model))
    [(folder, _)] = resolved(tmp_path, served.url, NAME)
    served.push(NAME, {**files_of(model), "special.txt": b"new"})
    (Path(str(folder)) / "model.safetensors").unlink()

    [(again, _)] = resolved(tmp_path, served.url, NAME)

    assert again == folder
    assert Path(str(again)).name == first
    assert (Path(str(again)) / "model.safetensors").exists()


@pytest.mark.slow
def test_what_an_earlier_release_fetched_serves_without_the_hub(
    served: Hub, model: Path, tmp_path: Path
) -> None:
    first = served.push(NAME, files_of(model))
    resolved(tmp_path, served.url, NAME, **{hub.KEPT_IN: str(tmp_path / "home" / "hub")})
    shutil.rmtree(tmp_path / "home" / "hub" / "pins")
    refs = tmp_path / "home" / "hub" / "models--team--encoder" / "refs"
    refs.mkdir()
    (refs / "main").write_text(first)

    [(folder, _)] = resolved(tmp_path, "http://127.0.0.1:9", NAME, HF_HUB_OFFLINE="1")

    assert folder
    assert Path(folder).name == first


# Folders


@pytest.mark.parametrize(
    "pickled", ["pytorch_model.bin", "model.pt", "model.ckpt", "tf_model.h5", "flax_model.msgpack"]
)
def test_pickled_weights_in_a_folder_are_refused_for_every_model_setting(
    pickled: str, model: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    (folder / "model.safetensors").rename(folder / pickled)

    with pytest.raises(EncoderNotFoundError, match=f"not safetensors but {pickled}.*python -c"):
        load_encoder(str(folder), 32, 1)
    with pytest.raises(LanguageModelNotFoundError, match=f"not safetensors but {pickled}.*python -c"):
        language_model.load(str(folder), 1)


def test_a_model_with_code_of_its_own_is_never_run(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    config = json.loads((folder / "config.json").read_text())
    own = {"model_type": "of-its-own", "auto_map": {"AutoModel": "own.Own", "AutoConfig": "own.Config"}}
    (folder / "config.json").write_text(json.dumps({**config, **own}))
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")

    with pytest.raises(EncoderNotFoundError, match="never run"):
        load_encoder(str(folder), 32, 1)
    with pytest.raises(LanguageModelNotFoundError, match="never run"):
        language_model.load(str(folder), 1)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("key", ["attn_implementation", "_attn_implementation", "experts_implementation"])
@pytest.mark.parametrize("named", ["somebody/kernel@main:attention", {"": "somebody/kernel"}], ids=str)
def test_compiled_code_that_a_model_names_on_the_hub_is_not_loaded(
    key: str, named: object, model: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "text_config": {key: named}}))

    with pytest.raises(UnusableModelError, match=r"somebody/kernel.* is never run"):
        folder_of(str(folder))


@pytest.mark.parametrize(
    ("weights", "odd"),
    [
        ("model.safetensors", {"model_type": ["bert"], "auto_map": {"AutoModel": "own.Own"}}),
        ("pytorch_model.bin", {"architectures": 5}),
    ],
)
def test_a_config_that_makes_no_sense_is_refused(
    weights: str, odd: dict[str, object], model: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **odd}))
    (folder / "model.safetensors").rename(folder / weights)

    with pytest.raises(UnusableModelError):
        folder_of(str(folder))


@pytest.mark.parametrize("shard", ["pytorch_model.bin", "../model.safetensors", "/etc/passwd"])
def test_an_index_that_names_anything_but_safetensors_beside_it_is_refused(
    shard: str, model: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    (folder / "pytorch_model.bin").write_bytes(b"pickled")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": shard}}))

    with pytest.raises(UnusableModelError, match="no safetensors of its own"):
        folder_of(str(folder))


def test_an_adapter_which_would_bring_another_model_along_is_refused(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "somebody/else"}))

    with pytest.raises(UnusableModelError, match="merge it into its model"):
        folder_of(str(folder))


def test_a_shard_that_is_missing_is_named(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    shards = {
        "weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    }
    (folder / "model.safetensors.index.json").write_text(json.dumps(shards))

    with pytest.raises(UnusableModelError, match="model-00002-of-00002"):
        folder_of(str(folder))


@pytest.mark.parametrize(
    "name", ["a/b/c", "../up", "/no/folder", "~/none", "a b", "a/b@", "@main", "a/b@x y", "a\nb"]
)
def test_what_is_neither_a_folder_nor_a_name_is_refused_without_asking_anybody(name: str) -> None:
    with pytest.raises(UnusableModelError, match=r"no such folder|neither a folder nor a name"):
        folder_of(name)


def test_an_address_that_an_error_quotes_opens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: str) -> Path:
        raise OSError("403 for url 'https://me:s3cret@mirror/team/model?Signature=s3cret&Key=s3cret'")

    monkeypatch.setattr(hub, "IS_OFFLINE", False)
    monkeypatch.setattr(hub, "_fetch", fail)
    monkeypatch.setenv(hub.KEPT_IN, str(tmp_path))

    with pytest.raises(
        UnusableModelError, match=r"OSError: 403 for url 'https://mirror/team/model'"
    ) as refused:
        folder_of("team/model")
    assert "s3cret" not in str(refused.value)
