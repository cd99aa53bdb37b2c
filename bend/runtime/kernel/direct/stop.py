"""Ending a run before its time."""

from bend.runtime.kernel.direct.state import STOP_DIVISION, STOP_NONE, Worker
from bend.runtime.kernel.direct.system import give_answer, leave, wake_all, worker_at
from bend.runtime.kernel.lang import (
    SEQ_CST,
    Ptr,
    addr,
    atomic_cas,
    atomic_store,
    export,
    inline,
    noinline,
    noreturn,
    stack_pointer,
    trap,
    u64,
)

# More than any address: with this limit every check looks around.
LOOK_AROUND = 0xFFFFFFFFFFFFFFFF


@export
@noinline
def stop_all(w: Ptr[Worker], reason: u64, detail: u64) -> None:
    """Asks all workers to stop; the first reason stands. The host calls this too."""
    shared = w.shared
    if atomic_cas(addr(shared.stop), STOP_NONE, reason, SEQ_CST) == STOP_NONE:
        shared.stop_detail = detail
        shared.stop_stack = stack_pointer()
    for index in range(shared.workers):
        atomic_store(addr(worker_at(shared, index).stack_limit), LOOK_AROUND, SEQ_CST)
    wake_all(shared)
    give_answer(shared)


@noinline
@noreturn
def stop_run(w: Ptr[Worker], reason: u64, detail: u64) -> None:
    """Stops the run and ends this thread."""
    stop_all(w, reason, detail)
    leave()
    trap()


@noinline
@noreturn
def divide_by_zero(w: Ptr[Worker], place: u64, kind: u64) -> u64:
    """Stops the run (see `bend.runtime.kernel.numbers`)."""
    stop_run(w, STOP_DIVISION, place)
    trap()


@inline
def count_overflow_at(w: Ptr[Worker], place: u64) -> None:
    """Counts a result that did not fit (see `bend.runtime.kernel.numbers`)."""
    w.overflows[place] += 1
