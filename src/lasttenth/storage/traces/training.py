"""Dictionaries for the bodies of spans: what many of them share is stored once, and named in each by a few bytes.

A dictionary outlives the spans that it was made from, so nothing of one person may enter it. It holds only fragments that
at least `SHARED_BY` units have in common (k-anonymity, Sweeney 2002, over every window of `WINDOW` bytes): system prompts,
tools and field names qualify, and what one person wrote does not.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lasttenth.storage.traces.bodies import LEVEL, Packer
from lasttenth.storage.traces.compression import zstd

SHARED_BY = 10
WINDOW = 24
"""Bytes."""
SIZE = 110 * 1024
STATISTICS = 4096
"""Bytes of a dictionary that are no content."""
GAIN = 0.02
"""What a new dictionary must save at least, as a share of what the old one leaves."""

PARTS = 8
"""In how many parts windows are counted, one after the other, so that little memory is taken at a time."""

_PART_SHIFT = np.uint64(61)
_NOWHERE = np.uint64(2**64 - 1)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, odd: Knuth, TAOCP 3, 6.4


def train(samples: Sequence[Sequence[bytes]], current: Packer) -> bytes | None:
    """Return a dictionary that packs better than the current one, None where there is none.

    Args:
        samples: packed bodies before compression, those of each unit together. Every fourth is kept aside to compare by.
        current: what is in use.
    """
    numbers = itertools.count()
    parts = [[(next(numbers) % 4, sample) for sample in theirs] for theirs in samples]
    kept_aside = [sample for theirs in parts for part, sample in theirs if not part]
    learned = [[sample for part, sample in theirs if part] for theirs in parts]
    content = _content(shared_fragments(learned))
    if not content:
        return None
    # The content stays as it is; the statistics that come before it tell how frequent each byte is.
    raw = zstd.ZstdDict(content, is_raw=True)
    try:
        trained = zstd.finalize_dict(
            raw, list(itertools.chain(*learned)), len(content) + STATISTICS, LEVEL
        ).dict_content
    except zstd.ZstdError:
        return None  # too little to learn from
    before, after = (_size(packer, kept_aside) for packer in (current, Packer(trained)))
    return trained if after < before * (1 - GAIN) else None


def shared_fragments(samples: Sequence[Sequence[bytes]], *, shared_by: int = SHARED_BY) -> list[bytes]:
    """Return the pieces whose every window so many units have in their samples, each once, the commonest first."""
    values, counts = _shared(samples, shared_by)
    places = [(sample, _places(values, _window_hashes(sample))) for theirs in samples for sample in theirs]
    # The last place is that of all windows that are not shared.
    counts = np.append(counts, 0)
    taken = np.zeros(len(counts), dtype=np.bool_)
    fragments: list[bytes] = []
    for least in _halved(len(samples), shared_by):
        for sample, windows in places:
            for start, end in _runs((counts[windows] >= least) & ~taken[windows]):
                fragments.append(sample[start : end + WINDOW - 1])
                taken[windows[start:end]] = True
    return fragments


def _shared(samples: Sequence[Sequence[bytes]], shared_by: int) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return the hashes of the windows that so many units have, sorted, and how many have each.

    Nearly all windows are of one unit, so they are counted part by part: only those that are shared stay.
    """
    found: list[tuple[NDArray[np.uint64], NDArray[np.int64]]] = []
    for part in range(PARTS):
        held = [np.unique(np.concatenate([_NONE, *(_part(sample, part) for sample in theirs)])) for theirs in samples]
        values, counts = np.unique(np.concatenate([_NONE, *held]), return_counts=True)
        found.append((values[counts >= shared_by], counts[counts >= shared_by]))
    return np.concatenate([each for each, _ in found]), np.concatenate([each for _, each in found])


def _part(sample: bytes, part: int) -> NDArray[np.uint64]:
    hashes = _window_hashes(sample)
    chosen: NDArray[np.uint64] = hashes[hashes >> _PART_SHIFT == part]
    return chosen


def _places(values: NDArray[np.uint64], windows: NDArray[np.uint64]) -> NDArray[np.int32]:
    """Return where each window stands among the values, and their number for one that does not."""
    places = np.searchsorted(values, windows)
    is_there = np.append(values, _NOWHERE)[places] == windows
    return np.where(is_there, places, len(values)).astype(np.int32)


def _halved(highest: int, lowest: int) -> Iterator[int]:
    """Yield a number and its halves, down to the lowest."""
    while highest > lowest:
        yield highest
        highest //= 2
    yield lowest


def _content(fragments: Sequence[bytes]) -> bytes:
    """Return as many of the commonest fragments as there is room for, these last: what is near is named in fewer bits."""
    sizes = itertools.accumulate(map(len, fragments))
    chosen = [fragment for fragment, size in zip(fragments, sizes, strict=True) if size <= SIZE]
    return b"".join(reversed(chosen))


def _window_hashes(sample: bytes) -> NDArray[np.uint64]:
    """Return a polynomial hash of every window; a sample shorter than one has none."""
    letters = np.frombuffer(sample, dtype=np.uint8).astype(np.uint64) + np.uint64(1)
    count = len(letters) - WINDOW + 1
    if count <= 0:
        return _NONE
    hashes = np.zeros(count, dtype=np.uint64)
    for offset in range(WINDOW):
        hashes = hashes * _FACTOR + letters[offset : offset + count]
    return hashes


def _runs(are_wanted: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return where consecutive wanted windows begin and end."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], are_wanted, [False]))))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _size(packer: Packer, samples: Sequence[bytes]) -> int:
    return sum(len(packer.compress(sample)) for sample in samples)


_NONE: NDArray[np.uint64] = np.zeros(0, dtype=np.uint64)
