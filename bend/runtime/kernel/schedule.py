"""The loop of a worker: take the newest task, now and then look around, and when there is nothing left wait.

Idle workers say so in `Shared.hungry`. A worker that sees somebody hungry gives away its oldest task whose inputs
are there, which is the largest one in a recursion, if it has enough of them or has had more than one for long enough.

Nets are eager: a call whose input is not there yet unfolds all the same, into a net that waits for it node by node.
While somebody else is at work, such calls are put aside instead until their inputs have come (`WAITS` marks these
ends). When nobody is active and no message is under way, one of them runs after all, so this only changes the order.
"""

from bend.runtime.kernel.bag import COUNT_SHIFT, DONE, KIND_MASK, REDEX
from bend.runtime.kernel.entries import call_entry
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
from bend.runtime.kernel.link import resolve
from bend.runtime.kernel.mail import FUTEX, FUTEX_WAIT_PRIVATE, flush, mail_mask, receive, send, sleeping, syscall, wake
from bend.runtime.kernel.memory import account, request_stop
from bend.runtime.kernel.ports import TAG_MASK, WAITS
from bend.runtime.kernel.rules import interact
from bend.runtime.kernel.state import STOP_PAUSED, Shared, Worker

POLL_INTERVAL = 64
GIVE_DEPTH = 32
DEEP_BAG = 48
PATIENCE = 32
MESSAGE_WORTH = 32
MAX_DEBT = 500000
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
    w.calls += 1
    expand(w, definition, root)


@noinline
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
                # What is left after giving may be gaps only, and these are gone from the bag.
                continue
            top = w.top
            header = w.bag[top - 1]
            start = top - 2 - (header >> COUNT_SHIFT)
            w.top = start
            task = addr(w.bag[start + 1])
            kind = header & KIND_MASK
            if kind == REDEX:
                interact(w, task[0], task[1])
            elif unlikely(kind == DONE):
                pass
            else:
                run_call(w, header, task)
        w.top = 0
        w.bottom = 0
        if w.unsent != 0:
            flush(w)
        if atomic_load(mail_mask(w, w.id), RELAXED) != 0:
            receive(w)
        if w.waiting_top != 0:
            take_up(w)
        if w.top == w.bottom:
            return


@inline
def run_call(w: Ptr[Worker], header: u64, task: Ptr[u64]) -> None:
    """Runs a call that was just taken from the bag, or puts it aside. Alone, a worker waits for nothing."""
    mask = w.wait_mask
    while unlikely(not call_entry(w, header & KIND_MASK, task, mask)):
        if not is_ready(w, header, task) and is_somebody_active(w):
            put_aside(w, header, task)
            return
        mask = 0


@noinline
def poll(w: Ptr[Worker]) -> None:
    """Looks for mail and for hungry workers, and accounts for the memory of the bag."""
    w.tick = POLL_INTERVAL
    shared = w.shared
    if shared.budget != 0:
        shared.budget -= 1
        if shared.budget == 0:
            request_stop(shared, STOP_PAUSED, 0)
    if w.top > w.bag_accounted:
        account(shared, (w.top - w.bag_accounted) * 8 + 65536)
        w.bag_accounted = w.top + 8192
    if w.unsent != 0:
        flush(w)
    if atomic_load(mail_mask(w, w.id), RELAXED) != 0:
        receive(w)
    settle(w)
    hungry = atomic_load(addr(shared.hungry), RELAXED)
    if hungry == 0 or w.debt != 0:
        w.patience = 0
        return
    if w.top == w.bottom or w.bottom + task_words(w.bag[w.bottom]) == w.top:
        w.patience = 0
        return
    w.patience += 1
    if w.top - w.bottom >= DEEP_BAG or w.patience >= PATIENCE:
        w.patience = 0
        give(w, hungry)


@inline
def settle(w: Ptr[Worker]) -> None:
    """Brings the debt up to date: a message is worth a number of interactions, and whoever has exchanged more than it
    has computed gives nothing away until that is made up for."""
    messages = w.messages + w.received
    debt = w.debt + (messages - w.settled_messages) * MESSAGE_WORTH
    interactions = count_interactions(w)
    done = interactions - w.settled_interactions
    w.settled_messages = messages
    w.settled_interactions = interactions
    debt = debt - done if debt > done else 0
    w.debt = debt if debt < MAX_DEBT else MAX_DEBT


@inline
def count_interactions(w: Ptr[Worker]) -> u64:
    """All interactions of this worker so far."""
    return (w.calls + w.voids + w.erasures + w.annihilations + w.commutations + w.operations + w.switches
            + w.mixed)


@inline
def task_words(header: u64) -> u64:
    """The words of a task on the bag, both headers included."""
    return (header >> COUNT_SHIFT) + 2


@noinline
def give(w: Ptr[Worker], hungry: u64) -> None:
    """Sends one of the oldest tasks that can go on at once to one of the hungry workers; never the newest task."""
    at = w.bottom
    looked: u64 = 0
    while looked < GIVE_DEPTH:
        header = w.bag[at]
        following = at + task_words(header)
        if following >= w.top:
            return
        if header & KIND_MASK != DONE and is_ready(w, header, addr(w.bag[at + 1])):
            give_task(w, hungry, at)
            return
        at = following
        looked += 1


@inline
def give_task(w: Ptr[Worker], hungry: u64, at: u64) -> None:
    """Sends the task at a place of the bag, which becomes a gap there."""
    receiver = ctz(hungry)
    bit: u64 = 1 << receiver
    if atomic_and(addr(w.shared.hungry), ~bit, ACQ_REL) & bit == 0:
        return
    header = w.bag[at]
    if send(w, receiver, header, addr(w.bag[at + 1])):
        gap = (header >> COUNT_SHIFT) << COUNT_SHIFT | DONE
        w.bag[at] = gap
        w.bag[at + task_words(header) - 1] = gap
        w.gifts += 1
        flush(w)
    while w.bottom != w.top and w.bag[w.bottom] & KIND_MASK == DONE:
        w.bottom += task_words(w.bag[w.bottom])


# ---- tasks that wait for inputs ----


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


@inline
def is_somebody_active(w: Ptr[Worker]) -> bool:
    """Whether another worker may still produce something, or has sent it."""
    shared = w.shared
    return atomic_load(addr(shared.work), RELAXED) > atomic_load(addr(shared.blocked), RELAXED) + 1


@noinline
def put_aside(w: Ptr[Worker], header: u64, task: Ptr[u64]) -> None:
    """Keeps a task for when its inputs have come."""
    copy_words(w.waiting, w.waiting_top, header, task)
    w.waiting_top += task_words(header)


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
        at += task_words(header)
        if is_ready(w, header, task):
            copy_words(w.bag, w.top, header, task)
            w.top += task_words(header)
        else:
            copy_words(w.waiting, kept, header, task)
            kept += task_words(header)
    w.waiting_top = kept


@noinline
def force_one(w: Ptr[Worker]) -> None:
    """Puts the newest waiting task on the bag although its inputs have not come."""
    header = w.waiting[w.waiting_top - 1]
    start = w.waiting_top - task_words(header)
    copy_words(w.bag, w.top, header, addr(w.waiting[start + 1]))
    w.top += task_words(header)
    w.waiting_top = start


# ---- waiting for mail ----


@noinline
def wait_for_mail(w: Ptr[Worker]) -> bool:
    """Waits, first spinning and then asleep, until there is something to do; False when the run is over.

    A worker with tasks put aside counts as blocked, one without as not active.
    """
    shared = w.shared
    bit: u64 = 1 << w.id
    has_tasks = w.waiting_top != 0
    atomic_or(addr(shared.hungry), bit, ACQ_REL)
    if has_tasks:
        atomic_add(addr(shared.blocked), 1, SEQ_CST)
    else:
        atomic_sub(addr(shared.work), 1, SEQ_CST)
    wake_if_stuck(w)
    spins: u64 = 0
    while atomic_load(mail_mask(w, w.id), ACQUIRE) == 0:
        if is_over(shared):
            return False
        if has_tasks and is_stuck(shared):
            break
        spins += 1
        if spins > SPINS:
            atomic_store(sleeping(w, w.id), 1, SEQ_CST)
            if atomic_load(mail_mask(w, w.id), SEQ_CST) == 0 and not is_over(shared) and not is_stuck(shared):
                syscall(FUTEX, u64(sleeping(w, w.id)), FUTEX_WAIT_PRIVATE, 1, 0, 0, 0)
            atomic_store(sleeping(w, w.id), 0, SEQ_CST)
    if has_tasks:
        atomic_sub(addr(shared.blocked), 1, SEQ_CST)
    else:
        atomic_add(addr(shared.work), 1, SEQ_CST)
    atomic_and(addr(shared.hungry), ~bit, ACQ_REL)
    if atomic_load(mail_mask(w, w.id), ACQUIRE) != 0:
        receive(w)
    elif has_tasks:
        force_one(w)
    return True


@inline
def is_stuck(shared: Ptr[Shared]) -> bool:
    """Whether nobody is active and no message is under way, but somebody has tasks put aside."""
    blocked = atomic_load(addr(shared.blocked), SEQ_CST)
    return blocked != 0 and atomic_load(addr(shared.work), SEQ_CST) <= blocked


@noinline
def wake_if_stuck(w: Ptr[Worker]) -> None:
    """Wakes those that must see that the run is over, or that a task put aside must run after all."""
    if is_over(w.shared) or is_stuck(w.shared):
        wake_all(w)


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
