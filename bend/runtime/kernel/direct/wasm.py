"""A run in WebAssembly: one worker, which the host calls; no threads, and no operating system.

The stack is that of the engine, which nobody can look at from inside; functions count how much of it they use
(`bend.codegen.wasm_stacks`, which also knows the worker), and where it ends too soon, there is an exception in the
host. Memory has the host's part first, then what the run shares, constants, and the heap, which grows as it is needed.
"""

from bend.runtime.kernel.direct.cells import allocate, release
from bend.runtime.kernel.direct.constants import constant, run_entry
from bend.runtime.kernel.direct.state import STOP_DIVISION, STOP_MEMORY, Shared, Worker
from bend.runtime.kernel.lang import Ptr, export, extern, inline, noinline, noreturn, sizeof, trap, u64, unlikely

FIRST_CHUNK = 0x10000
MAX_CHUNK = 0x100000
WORD = 8
# Whether the run may take too long, and after how many checks it looks at the clock.
BUDGETED = 0
CHECKS = 10000


@extern
def more_memory(end: u64) -> u64:
    """Has memory up to an address, at least, if it can be; up to where it is there. The host provides this."""


@extern
def end_run(reason: u64, detail: u64) -> None:
    """Ends the run, by an exception. The host provides this."""


@extern
def look_at_clock() -> None:
    """Ends the run, by an exception, if it has taken too long. The host provides this."""


@extern
def apply_value(w: Ptr[Worker], function: u64, argument: u64) -> u64:
    """Applies a value to another; the compiled program provides this."""


# ---- what programs and the rest of the kernel call ----


@noinline
@noreturn
def stop_run(w: Ptr[Worker], reason: u64, detail: u64) -> None:
    """Ends the run."""
    end_run(reason, detail)
    trap()


@noinline
@noreturn
def divide_by_zero(w: Ptr[Worker], place: u64, kind: u64) -> u64:
    """Ends the run (see `bend.runtime.kernel.numbers`)."""
    stop_run(w, STOP_DIVISION, place)
    trap()


@inline
def count_overflow_at(w: Ptr[Worker], place: u64) -> None:
    """Nobody counts results that do not fit (see `bend.runtime.kernel.numbers`)."""


@inline
def check(w: Ptr[Worker], detail: u64) -> None:
    """Stands for what `bend.codegen.wasm_stacks` puts here."""
    check_loop(w)


@inline
def check_loop(w: Ptr[Worker]) -> None:
    """Now and then looks at the clock, if the run may take too long."""
    if BUDGETED != 0:
        w.checks += 1
        if unlikely(w.checks > CHECKS):
            w.checks = 0
            look_at_clock()


@noinline
def fresh(w: Ptr[Worker], size: u64) -> u64:
    """Memory that was never used, from another chunk."""
    start = w.next
    step = w.chunk
    if step < MAX_CHUNK:
        w.chunk = step * 2
    while step < size:
        step *= 2
    used = w.shared.memory_used + step
    w.shared.memory_used = used
    if used > w.shared.memory_limit:
        stop_run(w, STOP_MEMORY, used)
    w.end += step
    if w.end > w.region_end:
        w.region_end = more_memory(w.end)
        if w.end > w.region_end:
            stop_run(w, STOP_MEMORY, used)
    w.next = start + size
    return start


# ---- what the host calls ----


@export
def begin(w: Ptr[Worker], start: u64, constants: u64, memory_limit: u64) -> None:
    """Lays the state of a run out in memory, which is zero from an address on, for so many constants. More than the
    limit is never used for the heap."""
    shared = Ptr[Shared](start)
    shared.constants = Ptr[u64](start + sizeof(Shared))
    shared.workers = 1
    shared.memory_limit = memory_limit
    w.shared = shared
    w.next = start + sizeof(Shared) + constants * WORD
    w.end = w.next
    w.chunk = FIRST_CHUNK


@export
def evaluate(w: Ptr[Worker], number: u64) -> u64:
    """The value of a definition without parameters, for the result: its own one."""
    return run_entry(w, number)


@export
def constant_value(w: Ptr[Worker], number: u64) -> u64:
    """The value of a definition without parameters, which is kept for ever."""
    return constant(w, number)


@export
def apply(w: Ptr[Worker], function: u64, argument: u64) -> u64:
    """Applies a value to another."""
    return apply_value(w, function, argument)


@export
def make_room(w: Ptr[Worker], words: u64) -> None:
    """Sees to it that there is a cell of so many words."""
    release(w, allocate(w, words), words)
