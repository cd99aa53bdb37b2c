"""Tasks that are put aside until their inputs have come.

Nets are eager: a call whose input is not there yet unfolds all the same, into a net that waits for it node by node.
While somebody else is at work, such calls are put aside instead until their inputs have come (`WAITS` marks these
ends). A worker that has no other tasks left hands them to one that is active; the last active one runs them after all,
so this only changes the order.
"""

from bend.runtime.kernel.lang import Ptr, addr, inline, noinline, u64
from bend.runtime.kernel.ports import TAG_MASK, WAITS
from bend.runtime.kernel.state import Worker
from bend.runtime.kernel.tasks import COUNT_SHIFT, task_length
from bend.runtime.kernel.wires import resolve


@noinline
def is_ready(w: Ptr[Worker], header: u64, task: Ptr[u64]) -> bool:
    """Whether nothing that a task consumes is still to be produced. Inputs that have come take their places."""
    count = header >> COUNT_SHIFT
    i: u64 = 0
    while i < count:
        port = task[i]
        if port & (TAG_MASK | WAITS) == WAITS:
            port = resolve(w, port)
            task[i] = port
            if port & (TAG_MASK | WAITS) == WAITS:
                return False
        i += 1
    return True


@noinline
def put_aside(w: Ptr[Worker], header: u64, task: Ptr[u64]) -> None:
    """Keeps a task for when its inputs have come."""
    copy_words(w.waiting, w.waiting_top, header, task)
    w.waiting_top += task_length(header)


@inline
def copy_words(area: Ptr[u64], at: u64, header: u64, task: Ptr[u64]) -> None:
    """Writes a task with both its headers."""
    count = header >> COUNT_SHIFT
    area[at] = header
    i: u64 = 0
    while i < count:
        area[at + 1 + i] = task[i]
        i += 1
    area[at + 1 + count] = header


@noinline
def take_up(w: Ptr[Worker]) -> None:
    """Puts the waiting tasks whose inputs have come on the bag, and closes the gaps among the others."""
    at: u64 = 0
    kept: u64 = 0
    while at < w.waiting_top:
        header = w.waiting[at]
        task = addr(w.waiting[at + 1])
        at += task_length(header)
        if is_ready(w, header, task):
            copy_words(w.bag, w.top, header, task)
            w.top += task_length(header)
        else:
            copy_words(w.waiting, kept, header, task)
            kept += task_length(header)
    w.waiting_top = kept


@noinline
def force_one(w: Ptr[Worker]) -> None:
    """Puts the newest waiting task on the bag although its inputs have not come."""
    header = w.waiting[w.waiting_top - 1]
    start = w.waiting_top - task_length(header)
    copy_words(w.bag, w.top, header, addr(w.waiting[start + 1]))
    w.top += task_length(header)
    w.waiting_top = start
