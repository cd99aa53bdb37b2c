"""Ending a run before its time: the first reason stands, and each lane leaves when it next looks."""

from bend.runtime.kernel.lang import (
    RELAXED,
    SEQ_CST,
    Ptr,
    addr,
    atomic_add,
    atomic_cas,
    atomic_load,
    inline,
    noinline,
    noreturn,
    trap,
    u64,
    unlikely,
)
from bend.runtime.kernel.waves.state import STOP_DIVISION, STOP_NONE, Worker
from bend.runtime.kernel.waves.target import leave


@noinline
@noreturn
def stop_run(w: Ptr[Worker], reason: u64, detail: u64) -> None:
    """Stops the run and ends this lane."""
    shared = w.shared
    if atomic_cas(addr(shared.stop), STOP_NONE, reason, SEQ_CST) == STOP_NONE:
        shared.stop_detail = detail
    leave()
    trap()


@inline
def check_loop(w: Ptr[Worker]) -> None:
    """Leaves if the run was stopped; for loops."""
    if unlikely(atomic_load(addr(w.shared.stop), RELAXED) != STOP_NONE):
        leave()


@noinline
def check_at_times(w: Ptr[Worker]) -> None:
    """The same for loops that seldom look. In a loop itself, a load of what others change and a way out make each turn
    slower on GPUs, however seldom they are done."""
    check_loop(w)


@noinline
def divide_by_zero(w: Ptr[Worker], place: u64, kind: u64) -> u64:
    """Stops the run (see `bend.runtime.kernel.numbers`)."""
    stop_run(w, STOP_DIVISION, place)
    trap()


@inline
def count_overflow_at(w: Ptr[Worker], place: u64) -> None:
    """Counts a result that did not fit (see `bend.runtime.kernel.numbers`)."""
    atomic_add(addr(w.shared.overflows[place]), 1, RELAXED)
