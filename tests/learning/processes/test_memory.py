from __future__ import annotations

import pytest
import torch

from learning.processes.memory import is_lack_of_memory


def test_an_array_for_which_there_is_no_room_is_lack_of_memory() -> None:
    with pytest.raises(RuntimeError) as raised:
        torch.empty(1 << 60)

    assert is_lack_of_memory(raised.value)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("could not create a primitive"),
        RuntimeError("std::bad_alloc"),
    ],
)
def test_libraries_words_for_it_are_known(error: Exception) -> None:
    assert is_lack_of_memory(error)


@pytest.mark.parametrize(
    "error", [RuntimeError("shapes do not match"), ValueError("memory is fine"), KeyError("x")]
)
def test_other_faults_are_none(error: Exception) -> None:
    assert not is_lack_of_memory(error)
