"""Stacks: large reservations of which more and more is accounted for as they grow; and looking around now and then."""

from bend.runtime.kernel.direct.deque import answer_alarm, can_fork, share_tasks
from bend.runtime.kernel.direct.state import STOP_MEMORY, STOP_NONE, STOP_STACK, Worker
from bend.runtime.kernel.direct.stop import LOOK_AROUND, stop_run
from bend.runtime.kernel.direct.system import leave
from bend.runtime.kernel.lang import (
    RELAXED,
    SEQ_CST,
    Ptr,
    addr,
    atomic_add,
    atomic_load,
    atomic_store,
    inline,
    noinline,
    stack_pointer,
    u64,
    unlikely,
)

STEP = 0x100000


@inline
def is_low(w: Ptr[Worker]) -> bool:
    """Whether the stack may have no room, or somebody wants something of this worker."""
    return stack_pointer() < atomic_load(addr(w.stack_limit), RELAXED)


@inline
def wants_tasks(w: Ptr[Worker]) -> bool:
    """Whether there are no tasks left, so that more are welcome."""
    return w.top == w.split and can_fork(w)


@inline
def check(w: Ptr[Worker], detail: u64) -> None:
    """Whether the stack has room, and nobody wants anything of this worker; `detail` is the number of the function."""
    if unlikely(is_low(w)):
        look_around(w, detail)


@inline
def is_asked(w: Ptr[Worker], detail: u64) -> bool:
    """As `check`; and whether somebody has asked for tasks and there are none left, so that more are welcome."""
    if unlikely(is_low(w)):
        look_around(w, detail)
        return wants_tasks(w)
    return False


@inline
def check_loop(w: Ptr[Worker]) -> None:
    """Whether nobody wants anything of this worker; for loops."""
    if unlikely(atomic_load(addr(w.stack_limit), RELAXED) == LOOK_AROUND):
        look_around(w, 0)


@noinline
def look_around(w: Ptr[Worker], detail: u64) -> None:
    """Ends the thread if the run was stopped; shares tasks and wakes others; lets the stack grow."""
    atomic_store(addr(w.stack_limit), w.own_limit, SEQ_CST)
    if atomic_load(addr(w.shared.stop), SEQ_CST) != STOP_NONE:
        leave()
    if w.top != w.split:
        share_tasks(w)
        if atomic_load(addr(w.alarm), SEQ_CST) != 0:
            answer_alarm(w)
    if stack_pointer() < w.own_limit:
        grow_stack(w, detail)


@noinline
def grow_stack(w: Ptr[Worker], detail: u64) -> None:
    """Accounts for more of the stack. When memory runs out, the stack is to blame if it has at least half of it."""
    step: u64 = (w.stack_start - w.own_limit) // 8 // STEP * STEP + STEP
    while w.own_limit - step > stack_pointer():
        step += STEP
    limit = w.own_limit - step
    if limit < w.stack_end or limit > w.own_limit:
        stop_run(w, STOP_STACK, detail)
    used = atomic_add(addr(w.shared.memory_used), step, RELAXED) + step
    if used > w.shared.memory_limit:
        if w.stack_start - limit >= w.shared.memory_limit // 2:
            stop_run(w, STOP_STACK, detail)
        stop_run(w, STOP_MEMORY, used)
    w.own_limit = limit
    atomic_store(addr(w.stack_limit), limit, SEQ_CST)
    if atomic_load(addr(w.shared.stop), SEQ_CST) != STOP_NONE:
        leave()
