"""Ending a run before its time: the first reason stands, and all lanes leave at the end of the turn."""

from bend.runtime.kernel.gpu_net.state import STOP_DIVISION, STOP_NONE, Net, Worker
from bend.runtime.kernel.lang import (
    ACQ_REL,
    RELAXED,
    Ptr,
    addr,
    atomic_add,
    atomic_cas,
    atomic_load,
    inline,
    noinline,
    u64,
)
from bend.runtime.kernel.numbers import number


@noinline
def request_stop(net: Ptr[Net], reason: u64, detail: u64) -> None:
    """Asks all lanes to stop."""
    if atomic_cas(addr(net.stop), STOP_NONE, reason, ACQ_REL) == STOP_NONE:
        net.stop_detail = detail


@inline
def is_stopping(net: Ptr[Net]) -> bool:
    """Whether somebody asked for that."""
    return atomic_load(addr(net.stop), RELAXED) != STOP_NONE


@inline
def count_overflow_at(w: Ptr[Worker], place: u64) -> None:
    """Counts a result that did not fit (see `bend.runtime.kernel.numbers`)."""
    atomic_add(addr(w.net.overflows[place]), 1, RELAXED)


@noinline
def divide_by_zero(w: Ptr[Worker], place: u64, kind: u64) -> u64:
    """Asks all lanes to stop; gives any word (see `bend.runtime.kernel.numbers`)."""
    request_stop(w.net, STOP_DIVISION, place)
    return number(0, kind)
