"""The state of a run of the direct engine: what all workers share, and what each has for itself."""

from bend.runtime.kernel.direct.sizes import FREE_LISTS, LARGE_LISTS
from bend.runtime.kernel.lang import Array, Ptr, struct, u64

STOP_NONE = 0
STOP_MEMORY = 1
STOP_INTERRUPTED = 2
STOP_DIVISION = 3
STOP_SHAPE = 5
STOP_STACK = 6
STOP_BUDGET = 7


@struct
class Shared:
    """One a run. The words that workers write often lie on cache lines of their own."""

    workers: u64
    # The address of the first worker; they lie one after the other.
    first: u64
    memory_limit: u64
    constants: Ptr[u64]
    # What to do it with: the number of a definition, a function and its argument, the size of a cell.
    subject: u64
    argument: u64
    result: u64
    pad_0: Array[u64, 9]
    stop: u64
    stop_detail: u64
    # Where the stack of the worker was that stopped the run.
    stop_stack: u64
    done: u64
    pad_1: Array[u64, 12]
    memory_used: u64
    pad_2: Array[u64, 15]
    # What the host asks the first worker to do, and whether that is done (`bend.runtime.kernel.direct.system`).
    request: u64
    # How often the first worker looks for a request before it sleeps, at most and next time.
    most_spins: u64
    spins: u64
    pad_5: Array[u64, 13]
    answer: u64
    pad_6: Array[u64, 15]
    # The workers that sleep or are about to, a bit each.
    sleepers: u64
    pad_3: Array[u64, 15]
    # Free cells that workers gave away, by size: chains of cells, linked by the second words of their first cells. And
    # the sizes that are wanted, a bit each.
    wanted: u64
    given: Array[u64, FREE_LISTS]
    pad_4: Array[u64, 6]


# How many parameters of a call can be passed in memory.
SPILL = 64


@struct
class Worker:
    """One a thread. The first part belongs to it alone, but that others now and then set `stack_limit`, to have it look
    around at its next check."""

    shared: Ptr[Shared]
    # Where its next check finds that the stack is at its end; the maximum when it is to look around.
    stack_limit: u64
    # Memory that was never used, and the end of what is accounted for.
    next: u64
    end: u64
    # Forks: the first free record, the first that others cannot steal, and where there are enough of these.
    top: u64
    split: u64
    fork_limit: u64
    forks: u64
    free: Array[u64, FREE_LISTS]
    large: Array[u64, LARGE_LISTS]
    id: u64
    chunk: u64
    region_end: u64
    # How far the stack may grow before more of it is accounted for, where that began, and where the stack ends.
    own_limit: u64
    stack_start: u64
    stack_end: u64
    # Records of tasks.
    records: u64
    records_end: u64
    seed: u64
    steals: u64
    # Seconds and nanoseconds of its next nap.
    nap: Array[u64, 2]
    # Parameters of calls that no register is left for.
    spill: Array[u64, SPILL]
    # How often results did not fit, by the place of the operation.
    overflows: Ptr[u64]
    # What it has done, in programs that count that: functions called, cells allocated, cells used again in place.
    calls: u64
    allocations: u64
    reused: u64
    # In WebAssembly, how many checks there have been since it last looked at the clock.
    checks: u64
    pad_0: Array[u64, 6]
    # How many records have been stolen, and in the upper half how many can be: the words of a worker that others
    # write to when they steal. Not 0 in `alarm` asks it to share tasks.
    stolen: u64
    alarm: u64
    pad_1: Array[u64, 14]
    # 1 while it sleeps or is about to.
    futex: u64
    pad_2: Array[u64, 15]
