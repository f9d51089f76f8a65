"""Dictionaries for the bodies of spans: what many of them share is stored once, and named in each by a few bytes.

A dictionary outlives the spans that it was trained on, so nothing of one person may enter it. Only fragments that at least
`SHARED_BY` units have in common are shown to the trainer (k-anonymity, Sweeney 2002, over every window of `WINDOW` bytes):
system prompts, tools and field names qualify, and what one person wrote does not.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lasttenth.storage.traces.bodies import Packer
from lasttenth.storage.traces.compression import zstd

SHARED_BY = 10
WINDOW = 24
"""Bytes."""
SIZE = 110 * 1024
GAIN = 0.02
"""What a new dictionary must save at least, as a share of what the old one leaves."""

_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, odd: Knuth, TAOCP 3, 6.4
_ENOUGH = 8
"""Fragments below which training is not worth while; the trainer itself refuses a handful."""


def train(samples: Sequence[bytes], current: Packer) -> bytes | None:
    """Return a dictionary that packs better than the current one, None where there is none.

    Args:
        samples: packed bodies before compression, one for each unit. Every fourth is kept aside to compare by.
        current: what is in use.
    """
    kept_aside = samples[::4]
    fragments = shared_fragments([sample for number, sample in enumerate(samples) if number % 4])
    if len(fragments) < _ENOUGH:
        return None
    try:
        trained = zstd.train_dict(fragments, SIZE).dict_content
    except zstd.ZstdError:
        return None  # too little to learn from
    before, after = (_size(packer, kept_aside) for packer in (current, Packer(trained)))
    return trained if after < before * (1 - GAIN) else None


def shared_fragments(samples: Sequence[bytes], *, shared_by: int = SHARED_BY) -> list[bytes]:
    """Return the longest pieces of the samples whose every window stands in so many of them."""
    hashes = [_window_hashes(sample) for sample in samples]
    distinct = [np.unique(each) for each in hashes]
    if not distinct:
        return []
    values, counts = np.unique(np.concatenate(distinct), return_counts=True)
    shared = values[counts >= shared_by]
    return [
        sample[start:end]
        for sample, windows in zip(samples, hashes, strict=True)
        for start, end in _runs(np.isin(windows, shared))
    ]


def _window_hashes(sample: bytes) -> NDArray[np.uint64]:
    """Return a polynomial hash of every window; a sample shorter than one has none."""
    letters = np.frombuffer(sample, dtype=np.uint8).astype(np.uint64) + np.uint64(1)
    count = len(letters) - WINDOW + 1
    if count <= 0:
        return np.zeros(0, dtype=np.uint64)
    hashes = np.zeros(count, dtype=np.uint64)
    for offset in range(WINDOW):
        hashes = hashes * _FACTOR + letters[offset : offset + count]
    return hashes


def _runs(is_shared: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return where the bytes of consecutive shared windows begin and end."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], is_shared, [False]))))
    return [(int(start), int(end) + WINDOW - 1) for start, end in edges.reshape(-1, 2)]


def _size(packer: Packer, samples: Sequence[bytes]) -> int:
    return sum(len(packer.compress(sample)) for sample in samples)
