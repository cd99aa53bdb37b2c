"""The loop of a worker: take the newest task, now and then look around, and when there is nothing left wait."""

from bend.runtime.kernel.bag import DONE
from bend.runtime.kernel.entries import call_entry
from bend.runtime.kernel.expand import expand
from bend.runtime.kernel.idle import wait_for_mail
from bend.runtime.kernel.lang import RELAXED, Ptr, addr, atomic_load, export, inline, likely, noinline, u64, unlikely
from bend.runtime.kernel.mail import flush, mail_mask, receive
from bend.runtime.kernel.memory import account, request_stop
from bend.runtime.kernel.regions import active_others, own_region
from bend.runtime.kernel.rules import interact
from bend.runtime.kernel.sharing import find_gift, is_rich, share
from bend.runtime.kernel.state import STOP_PAUSED, Shared, Worker
from bend.runtime.kernel.tasks import COUNT_SHIFT, KIND_MASK, REDEX
from bend.runtime.kernel.waiting import is_ready, put_aside, take_up

POLL_INTERVAL = 64


@export
def worker_main(w: Ptr[Worker]) -> None:
    """Runs until no worker has anything left to do, or the stop flag is raised."""
    while True:
        # At the beginning all workers but the first one wait.
        if w.regions & own_region(w) != 0:
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
    """Works until the bag is empty, or the worker does not act for its region any more, or the stop flag is seen."""
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
        if w.regions & own_region(w) == 0:
            return
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
        if not is_ready(w, header, task) and active_others(w) != 0:
            put_aside(w, header, task)
            return
        mask = 0


@noinline
def poll(w: Ptr[Worker]) -> None:
    """Accounts for the memory of the bag, looks for mail, and shares tasks."""
    w.tick = POLL_INTERVAL
    shared = w.shared
    if w.top > w.bag_accounted:
        account(shared, (w.top - w.bag_accounted) * 8 + 65536)
        w.bag_accounted = w.top + 8192
    if w.unsent != 0:
        flush(w)
    if atomic_load(mail_mask(w, w.id), RELAXED) != 0:
        receive(w)
    if shared.budget != 0:
        count_down(w, shared)
    elif shared.workers != 1:
        share(w)


@inline
def count_down(w: Ptr[Worker], shared: Ptr[Shared]) -> None:
    """Stops a run by one thread when it has used up what it may; the detail tells whether there are tasks to share."""
    shared.budget -= 1
    may_stop = shared.workers != 1 and shared.budget + shared.allowance <= shared.longest
    if may_stop and is_rich(w) and find_gift(w) != w.top:
        request_stop(shared, STOP_PAUSED, 1)
    elif shared.budget == 0:
        request_stop(shared, STOP_PAUSED, 0)
