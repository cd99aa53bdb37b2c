"""The atomic operations and intrinsics of kernel code, in plain Python (see `bend.runtime.kernel.model`)."""

from __future__ import annotations

import math
import struct as pack
import sys
from collections.abc import Callable
from typing import Any, NoReturn

from bend.runtime.kernel.model import Pointer, SizedFloat, SizedInt, f32, f64, lock, typed, u32, u64

# --- atomic operations -----------------------------------------------------------------------------------------

RELAXED, ACQUIRE, RELEASE, ACQ_REL, SEQ_CST = 'relaxed', 'acquire', 'release', 'acq_rel', 'seq_cst'
BLOCK, DEVICE, SYSTEM = 'block', 'device', 'system'


def atomic_load(pointer: Pointer, order: str, scope: str = DEVICE) -> Any:
    """What is there."""
    with lock:
        return pointer.load()


def atomic_store(pointer: Pointer, value: Any, order: str, scope: str = DEVICE) -> None:
    """Puts a value there."""
    with lock:
        pointer.store(value)


def _read_modify_write(change: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """An atomic change; gives what was there before."""

    def operation(pointer: Pointer, value: Any, order: str, scope: str = DEVICE) -> Any:
        with lock:
            before = pointer.load()
            pointer.store(change(before, typed(value, pointer.pointee)))
            return before

    return operation


atomic_xchg = _read_modify_write(lambda old, new: new)
atomic_add = _read_modify_write(lambda old, value: old + value)
atomic_sub = _read_modify_write(lambda old, value: old - value)
atomic_and = _read_modify_write(lambda old, value: old & value)
atomic_or = _read_modify_write(lambda old, value: old | value)
atomic_xor = _read_modify_write(lambda old, value: old ^ value)
atomic_max = _read_modify_write(max)
atomic_min = _read_modify_write(min)


def atomic_cas(pointer: Pointer, expected: Any, new: Any, order: str, scope: str = DEVICE) -> Any:
    """Stores `new` if `expected` is there; gives what was there before."""
    with lock:
        before = pointer.load()
        if before == expected:
            pointer.store(new)
        return before


def fence(order: str, scope: str = DEVICE) -> None:
    """Orders memory accesses: nothing to do under one interpreter lock."""


# --- intrinsics ------------------------------------------------------------------------------------------------


def _unsigned(x: SizedInt) -> int:
    return int(x) & ((1 << x.bits) - 1)


def ctz(x: SizedInt) -> Any:
    """The count of zeros below the lowest one; the width for 0."""
    word = _unsigned(x)
    return type(x)((word & -word).bit_length() - 1 if word else x.bits)


def clz(x: SizedInt) -> Any:
    """The count of zeros above the highest one; the width for 0."""
    return type(x)(x.bits - _unsigned(x).bit_length())


def popcount(x: SizedInt) -> Any:
    """The count of ones."""
    return type(x)(_unsigned(x).bit_count())


def likely(condition: bool) -> bool:
    """A condition that is mostly true."""
    return condition


def unlikely(condition: bool) -> bool:
    """A condition that is mostly false."""
    return condition


def prefetch(pointer: Pointer) -> None:
    """Says that this address will be read soon."""


def pause() -> None:
    """Says that this thread spins."""


def stack_pointer() -> Any:
    """Where the stack has grown to; in Python, nowhere near any limit."""
    return u64((1 << 64) - 1)


def trap() -> NoReturn:
    """Ends the program."""
    sys.exit('trap')


def _only_on_gpu(name: str) -> Callable[[], NoReturn]:
    """What a GPU alone can tell."""

    def ask() -> NoReturn:
        raise NotImplementedError(f'{name} is for GPUs only')

    return ask


thread_index = _only_on_gpu('thread_index')
block_index = _only_on_gpu('block_index')
block_threads = _only_on_gpu('block_threads')
grid_blocks = _only_on_gpu('grid_blocks')
block_barrier = _only_on_gpu('block_barrier')
ballot = _only_on_gpu('ballot')
shuffle = _only_on_gpu('shuffle')
warp_barrier = _only_on_gpu('warp_barrier')
exit_thread = _only_on_gpu('exit_thread')
device_time = _only_on_gpu('device_time')
cycles = _only_on_gpu('cycles')
shared_memory = _only_on_gpu('shared_memory')


def _recast(source: str, target: str, wanted: type[Any]) -> Callable[[Any], Any]:
    """Bits of one format read as another."""
    return lambda value: wanted(pack.unpack(target, pack.pack(source, value))[0])


f32_bits = _recast('<f', '<I', u32)
bits_f32 = _recast('<I', '<f', f32)
f64_bits = _recast('<d', '<Q', u64)
bits_f64 = _recast('<Q', '<d', f64)


def sqrt(x: SizedFloat) -> Any:
    """The square root; NaN for negatives."""
    return type(x)(math.sqrt(x) if x >= 0 else math.nan)


def fabs(x: SizedFloat) -> Any:
    """The absolute value."""
    return type(x)(math.fabs(x))


def _rounding(function: Callable[[float], int]) -> Callable[[Any], Any]:
    """A rounding to an integral float, that keeps the sign of zero, infinities and NaN."""
    return lambda x: type(x)(math.copysign(function(x), x) if math.isfinite(x) else x)


floor = _rounding(math.floor)
ceil = _rounding(math.ceil)
trunc = _rounding(math.trunc)
