"""A worker without tasks: it hands over what it still has, waits for mail, first spinning and then asleep, and sends on
what comes too late."""

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
    noinline,
    u64,
)
from bend.runtime.kernel.mail import FUTEX, FUTEX_WAIT_PRIVATE, flush, mail_mask, receive, sleeping, syscall, wake
from bend.runtime.kernel.regions import active_others, own_region, steward_of
from bend.runtime.kernel.sharing import begin_account, hand_over, publish, resign, send_all
from bend.runtime.kernel.state import Shared, Worker
from bend.runtime.kernel.waiting import force_one, take_up

SPINS = 2000
SCHED_YIELD = 24


@noinline
def wait_for_mail(w: Ptr[Worker]) -> bool:
    """Waits until there is something to do; False when the run is over."""
    if w.regions & own_region(w) != 0 and not stop_working(w):
        return True
    while True:
        atomic_sub(addr(w.shared.work), 1, SEQ_CST)
        if is_over(w.shared):
            wake_all(w)
        if not sleep_until_mail(w):
            return False
        atomic_add(addr(w.shared.work), 1, SEQ_CST)
        receive(w)
        if w.regions & own_region(w) == 0:
            send_on(w)
        if w.top != w.bottom:
            atomic_and(addr(w.shared.keepers), ~own_region(w), ACQ_REL)
            atomic_and(addr(w.shared.idle), ~own_region(w), SEQ_CST)
            begin_account(w)
            return True
        if w.regions != 0:
            hand_over_all(w)


@noinline
def stop_working(w: Ptr[Worker]) -> bool:
    """Hands over all that a worker without tasks in its bag still has, if there is another one at work; False if it
    has found something to do instead."""
    if w.waiting_top != 0:
        active = active_others(w)
        if active == 0:
            force_one(w)
            return False
        send_all(w, successor(w, active))
        flush(w)
        if w.waiting_top != 0:
            yield_and_receive(w)
            take_up(w)
            return False
    atomic_or(addr(w.shared.idle), own_region(w), SEQ_CST)
    hand_over_all(w)
    return True


@noinline
def hand_over_all(w: Ptr[Worker]) -> None:
    """Hands all regions to somebody who is at work; where nobody is, or has room for the message, the worker keeps
    them, and hands them over when it is asked."""
    active = active_others(w)
    if active != 0 and resign(w, successor(w, active)):
        atomic_and(addr(w.shared.keepers), ~own_region(w), ACQ_REL)
    else:
        atomic_or(addr(w.shared.keepers), own_region(w), ACQ_REL)


@inline
def successor(w: Ptr[Worker], active: u64) -> u64:
    """The one that is to act for a worker: that from which it got its first task, if that is at work."""
    return w.giver if (active >> w.giver) & 1 != 0 else ctz(active)


@noinline
def send_on(w: Ptr[Worker]) -> None:
    """Sends what has come for a worker that does not act for its own region any more to that which does. Ends with
    nothing left, or with the region returned."""
    while w.regions & own_region(w) == 0 and (w.top != w.bottom or w.regions != 0) and w.shared.stop == 0:
        steward = steward_of(w, w.id)
        # Its own number stands there when the region is being returned.
        if steward != w.id:
            send_all(w, steward)
            regions = w.regions
            if regions != 0 and hand_over(w, steward, regions, w.debt, w.failures):
                w.debt = 0
                publish(w, steward, regions)
            flush(w)
        if w.top != w.bottom or w.regions != 0:
            yield_and_receive(w)


@noinline
def yield_and_receive(w: Ptr[Worker]) -> None:
    """Gives others time to make room in a ring."""
    syscall(SCHED_YIELD, 0, 0, 0, 0, 0, 0)
    if atomic_load(mail_mask(w, w.id), RELAXED) != 0:
        receive(w)


@noinline
def sleep_until_mail(w: Ptr[Worker]) -> bool:
    """Waits for mail; False when the run is over."""
    shared = w.shared
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
