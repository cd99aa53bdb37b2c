"""The intrinsics of the low-level IR: operations that targets have an instruction for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal['int', 'float', 'bool', 'none', 'address', 'index', 'shared', 'votes', 'shuffle']

INTRINSICS: Mapping[str, Kind] = {
    'ctz': 'int', 'clz': 'int', 'popcount': 'int',
    'sqrt': 'float', 'floor': 'float', 'ceil': 'float', 'trunc': 'float', 'fabs': 'float',
    'likely': 'bool', 'unlikely': 'bool',
    'prefetch': 'none', 'trap': 'none', 'pause': 'none', 'stack_pointer': 'address',
    'thread_index': 'index', 'block_index': 'index', 'block_threads': 'index', 'grid_blocks': 'index',
    'block_barrier': 'none', 'exit_thread': 'none', 'device_time': 'address', 'cycles': 'address',
    'shared_memory': 'shared', 'ballot': 'votes', 'shuffle': 'shuffle', 'warp_barrier': 'none',
}
"""What each takes and gives: `int`, `float` or `bool` give their operand's type, `none` gives nothing; `address` is a
u64, `index` a u32, and `shared` a pointer to bytes in shared memory, all without an operand. `votes` takes a bool and
gives a u32; `shuffle` takes a u32 and the number of a thread of the warp, and gives a u32.

The count of zeros of the word 0 is its width. `prefetch` takes a pointer.
"""

GPU_ONLY = frozenset({
    'thread_index', 'block_index', 'block_threads', 'grid_blocks', 'block_barrier', 'exit_thread', 'device_time',
    'cycles', 'shared_memory', 'ballot', 'shuffle', 'warp_barrier',
})
"""Which thread of its block this is, which block, and how many there are; waiting until all threads of the block are
there or have ended, and seeing what they stored; ending this thread, wherever it is; nanoseconds of a clock that all
threads share, and cycles of the clock of this multiprocessor, which is read fast; the memory that the launch gave to
this block. All threads of a warp must come to these: which of them, each a bit, have a true operand; the operand that
one of them has; waiting for them, and seeing what they stored.

Kernel code that runs on both asks functions which are written twice, once with these."""

CPU_ONLY = frozenset({'stack_pointer'})
"""Where the stack has grown to."""

WITHOUT_OPERAND = (GPU_ONLY - {'ballot', 'shuffle'}) | CPU_ONLY | {'trap', 'pause'}
