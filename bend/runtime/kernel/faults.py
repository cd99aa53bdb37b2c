"""What the net engine does when arithmetic goes wrong: `bend.runtime.kernel.numbers` asks for it."""

from bend.runtime.kernel.lang import Ptr, inline, noinline, u64
from bend.runtime.kernel.memory import request_stop
from bend.runtime.kernel.numbers import number
from bend.runtime.kernel.state import STOP_DIVISION, Worker


@inline
def count_overflow_at(w: Ptr[Worker], place: u64) -> None:
    """Counts a result that did not fit."""
    w.overflows[place] += 1


@noinline
def divide_by_zero(w: Ptr[Worker], place: u64, kind: u64) -> u64:
    """Asks all workers to stop; gives any word."""
    request_stop(w.shared, STOP_DIVISION, place)
    return number(0, kind)
