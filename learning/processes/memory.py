"""Lack of memory, told from other faults: libraries have no one exception for it."""

from __future__ import annotations

# In turn: CUDA, PyTorch's allocator on a processor, the C++ library, and oneDNN, which can't get room for its kernels.
SIGNS = ("out of memory", "can't allocate memory", "bad_alloc", "could not create a primitive")


def is_lack_of_memory(error: Exception) -> bool:
    """Did this fail because there was not enough memory?"""
    return isinstance(error, MemoryError) or any(sign in str(error).lower() for sign in SIGNS)
