"""The loop of a worker: take the newest task, now and then look around, and when there is nothing left wait.

Idle workers say so in `Shared.hungry`. A worker that sees somebody hungry gives its oldest task away, which is
the largest one in a recursion, if it has enough of them or has had more than one for long enough.
"""

from bend.runtime.kernel.entries import call_entry
from bend.runtime.kernel.bag import COUNT_SHIFT, KIND_MASK, REDEX
from bend.runtime.kernel.expand import expand
from bend.runtime.kernel.lang import (
    ACQ_REL,
    ACQUIRE,
    RELAXED,
    SEQ_CST,
    Ptr,
    addr,
    atomic_add,
    atomic_and,
    atomic_load,
    atomic_or,
    atomic_store,
    atomic_sub,
    ctz,
    export,
    inline,
    likely,
    noinline,
    u64,
    unlikely,
)
from bend.runtime.kernel.mail import FUTEX, FUTEX_WAIT_PRIVATE, mail_mask, receive, send, sleeping, syscall, wake
from bend.runtime.kernel.memory import account
from bend.runtime.kernel.rules import interact
from bend.runtime.kernel.state import Shared, Worker

POLL_INTERVAL = 64
DEEP_BAG = 48
PATIENCE = 32
SPINS = 2000


@export
def worker_main(w: Ptr[Worker]) -> None:
    """Runs until no worker has anything left to do, or the stop flag is raised."""
    while True:
        run_bag(w)
        if w.shared.stop != 0:
            return
        if not wait_for_mail(w):
            return


@export
def boot(w: Ptr[Worker], definition: u64, root: u64) -> None:
    """Expands the entry definition against the root variable; counts as an interaction."""
    w.interactions += 1
    expand(w, definition, root)


@inline
def run_bag(w: Ptr[Worker]) -> None:
    """Works until the bag is empty or the stop flag is seen."""
    while True:
        while likely(w.top != w.bottom):
            tick = w.tick - 1
            w.tick = tick
            if unlikely(tick == 0):
                poll(w)
                if w.shared.stop != 0:
                    return
            top = w.top
            header = w.bag[top - 1]
            start = top - 2 - (header >> COUNT_SHIFT)
            w.top = start
            task = addr(w.bag[start + 1])
            kind = header & KIND_MASK
            if kind == REDEX:
                interact(w, task[0], task[1])
            else:
                call_entry(w, kind, task)
        w.top = 0
        w.bottom = 0
        if atomic_load(mail_mask(w, w.id), RELAXED) == 0:
            return
        receive(w)


@noinline
def poll(w: Ptr[Worker]) -> None:
    """Looks for mail and for hungry workers, and accounts for the memory of the bag."""
    w.tick = POLL_INTERVAL
    shared = w.shared
    if w.top > w.bag_accounted:
        account(shared, (w.top - w.bag_accounted) * 8 + 65536)
        w.bag_accounted = w.top + 8192
    if atomic_load(mail_mask(w, w.id), RELAXED) != 0:
        receive(w)
    hungry = atomic_load(addr(shared.hungry), RELAXED)
    if hungry == 0:
        w.patience = 0
        return
    if w.top == w.bottom:
        return
    oldest = w.bottom + (w.bag[w.bottom] >> COUNT_SHIFT) + 2
    if oldest == w.top:
        w.patience = 0
        return
    w.patience += 1
    if w.top - w.bottom >= DEEP_BAG or w.patience >= PATIENCE:
        w.patience = 0
        give(w, hungry)


@noinline
def give(w: Ptr[Worker], hungry: u64) -> None:
    """Sends the oldest task to one of the hungry workers."""
    receiver = ctz(hungry)
    bit: u64 = 1 << receiver
    if atomic_and(addr(w.shared.hungry), ~bit, ACQ_REL) & bit == 0:
        return
    header = w.bag[w.bottom]
    if send(w, receiver, header, addr(w.bag[w.bottom + 1])):
        w.bottom += (header >> COUNT_SHIFT) + 2
        w.gifts += 1


@noinline
def wait_for_mail(w: Ptr[Worker]) -> bool:
    """Waits, first spinning and then asleep, until there is mail; False when the run is over."""
    shared = w.shared
    bit: u64 = 1 << w.id
    atomic_or(addr(shared.hungry), bit, ACQ_REL)
    if atomic_sub(addr(shared.work), 1, ACQ_REL) == 1:
        wake_all(w)
        return False
    spins: u64 = 0
    while atomic_load(mail_mask(w, w.id), ACQUIRE) == 0:
        if is_over(shared):
            return False
        spins += 1
        if spins > SPINS:
            atomic_store(sleeping(w, w.id), 1, SEQ_CST)
            if atomic_load(mail_mask(w, w.id), SEQ_CST) == 0 and not is_over(shared):
                syscall(FUTEX, u64(sleeping(w, w.id)), FUTEX_WAIT_PRIVATE, 1, 0, 0, 0)
            atomic_store(sleeping(w, w.id), 0, SEQ_CST)
    atomic_add(addr(shared.work), 1, ACQ_REL)
    atomic_and(addr(shared.hungry), ~bit, ACQ_REL)
    receive(w)
    return True


@inline
def is_over(shared: Ptr[Shared]) -> bool:
    """Whether nobody works any more."""
    return atomic_load(addr(shared.work), SEQ_CST) == 0 or atomic_load(addr(shared.stop), SEQ_CST) != 0


@export
def wake_all(w: Ptr[Worker]) -> None:
    """Wakes every worker, so that it sees that the run is over."""
    i: u64 = 0
    while i < w.shared.workers:
        wake(w, i)
        i += 1
