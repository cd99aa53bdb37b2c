"""Address space for runs, and how much of the machine a run may use."""

from __future__ import annotations

import ctypes
import mmap
import os

from bend.records import dataclass

WORD = 8
MAX_WORKERS = 64
MAP_NORESERVE = 0x4000
MADV_HUGEPAGE = 14
SMALL_BYTES = 4 << 20
MAP_FAILED = (1 << 64) - 1
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_uint64
_libc.mmap.argtypes = [ctypes.c_uint64, ctypes.c_uint64, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int64]
_libc.madvise.argtypes = [ctypes.c_uint64, ctypes.c_uint64, ctypes.c_int]
_libc.munmap.argtypes = [ctypes.c_uint64, ctypes.c_uint64]


class OutOfMemory(Exception):
    """The run needed more than its limit; `peak` and `limit` are bytes."""

    def __init__(self, peak: int, limit: int) -> None:
        self.peak, self.limit = peak, limit
        super().__init__(f'{peak} bytes of {limit}')


def available_threads() -> int:
    """How many threads a run uses unless told otherwise: one a core that this process may use."""
    return min(len(os.sched_getaffinity(0)), MAX_WORKERS)


def default_memory_limit() -> int:
    """Bytes that a run may use unless told otherwise: four fifths of what the machine (or its group) has left."""
    limit = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')
    with open('/proc/meminfo') as lines:
        for line in lines:
            if line.startswith('MemAvailable:'):
                limit = int(line.split()[1]) << 10
    try:
        with open('/sys/fs/cgroup/memory.max') as file:
            text = file.read().strip()
        if text != 'max':
            limit = min(limit, int(text))
    except OSError:
        pass
    return limit * 4 // 5


@dataclass(frozen=True)
class Region:
    """A stretch of reserved memory."""

    address: int
    byte_count: int
    words: ctypes.Array[ctypes.c_uint64]


def reserve(byte_count: int) -> Region | None:
    """Address space that costs memory only where it is written; None if the system refuses."""
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_NORESERVE
    address = _libc.mmap(0, byte_count, mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, 0)
    if address == MAP_FAILED:
        return None
    words = (ctypes.c_uint64 * (byte_count // WORD)).from_address(address)
    return Region(address, byte_count, words)


def give_back(region: Region) -> None:
    """Gives reserved memory back."""
    _libc.munmap(region.address, region.byte_count)


def advise_huge(address: int, byte_count: int) -> None:
    """Asks for huge pages in a stretch except for its beginning, so that small programs need not clear them. Advice
    only: where the system has none, nothing changes."""
    if byte_count > SMALL_BYTES:
        _libc.madvise(address + SMALL_BYTES, byte_count - SMALL_BYTES, MADV_HUGEPAGE)


def reserve_most(words_each: int, count: int, least: int, *, huge: bool = True) -> tuple[Region, int]:
    """`count` equal stretches of at most `words_each` words (a power of two), and how many words each got. Large ones
    get huge pages, if they may be `huge`."""
    while words_each >= least:
        region = reserve(words_each * WORD * count)
        if region is not None:
            for index in range(count if huge else 0):
                advise_huge(region.address + index * words_each * WORD, words_each * WORD)
            return region, words_each
        words_each //= 2
    raise OutOfMemory(least * WORD * count, least * WORD * count)
