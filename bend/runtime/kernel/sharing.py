"""Giving tasks away, and giving up when that does not pay.

A worker that acts for others that wait gives one of them its oldest task whose inputs are there, which is the largest
one in a recursion, if it has enough of them or has had more than one for long enough. It returns the receiver's region
with the task, and half of the other workers that wait, for the receiver to give tasks to.

All keep accounts, in interactions. From a gift until one of the two has nothing left to do, it must have computed what
it took to wake somebody and to exchange messages. What it did not earn is a debt of its steward, and whoever is in debt
gives nothing until it has computed as much; each further failure in a row weighs twice as much. Two workers that
exchange more than they compute become one: that with the higher number sends all its tasks to the other one, and waits.
"""

from bend.runtime.kernel.bag import DONE, REGIONS
from bend.runtime.kernel.lang import (
    ACQ_REL,
    ACQUIRE,
    RELAXED,
    RELEASE,
    SEQ_CST,
    Ptr,
    addr,
    atomic_and,
    atomic_load,
    atomic_or,
    atomic_store,
    ctz,
    inline,
    noinline,
    popcount,
    u64,
)
from bend.runtime.kernel.mail import flush, return_slots, send
from bend.runtime.kernel.ports import WAITS
from bend.runtime.kernel.regions import active_others, own_region
from bend.runtime.kernel.state import Worker
from bend.runtime.kernel.tasks import COUNT_SHIFT, KIND_MASK, task_length
from bend.runtime.kernel.waiting import is_ready

GIVE_DEPTH = 32
# Words of tasks, about ten tasks, that are enough to give from after a few looks; how many, and how many it takes where
# there are fewer.
DEEP_BAG = 48
SHORT_PATIENCE = 4
PATIENCE = 8
# A message takes as long as so many interactions, and so many more must be computed before the next gift.
MESSAGE_WORTH = 32
PAYBACK = 1
# What a gift must earn, and how much more may be exchanged than computed.
GIFT_WORTH = 5000
EXCHANGE_LIMIT = 200000
MAX_FAILURES = 10


@noinline
def share(w: Ptr[Worker]) -> None:
    """What workers do for each other now and then."""
    settle(w)
    active = active_others(w)
    w.wait_mask = WAITS if active != 0 else 0
    if w.exchange > EXCHANGE_LIMIT:
        elders = active & w.partners & (own_region(w) - 1)
        if elders != 0:
            retire(w, ctz(elders))
            return
    wards = w.regions & ~own_region(w)
    if is_rich(w) and w.debt == 0:
        if wards == 0:
            ask_for_wards(w)
            return
        at = find_gift(w)
        if at != w.top:
            give(w, wards, at)
            return
    if wards != 0:
        pass_wards(w, wards)


@inline
def count_interactions(w: Ptr[Worker]) -> u64:
    """All interactions of this worker so far."""
    return (w.calls + w.voids + w.erasures + w.annihilations + w.commutations + w.operations + w.switches
            + w.mixed)


@inline
def less(a: u64, b: u64) -> u64:
    """How much more the first number is than the second."""
    return a - b if a > b else 0


@inline
def settle(w: Ptr[Worker]) -> None:
    """Brings the accounts up to date."""
    messages = w.messages + w.received
    interactions = count_interactions(w)
    cost = (messages - w.settled_messages) * MESSAGE_WORTH
    done = interactions - w.settled_interactions
    w.settled_messages = messages
    w.settled_interactions = interactions
    w.exchange = less(w.exchange + cost, done)
    w.debt = less(w.debt + cost * PAYBACK, done)


@inline
def begin_account(w: Ptr[Worker]) -> None:
    """Starts the account of a gift, on either side."""
    w.begun_interactions = count_interactions(w)
    w.begun_messages = w.messages + w.received


@inline
def loss_of(w: Ptr[Worker]) -> u64:
    """What a worker did not earn since the last gift that it gave or got."""
    cost = (w.messages + w.received - w.begun_messages) * MESSAGE_WORTH + GIFT_WORTH
    return less(cost, count_interactions(w) - w.begun_interactions)


@inline
def is_rich(w: Ptr[Worker]) -> bool:
    """Whether a worker has many tasks, or has had more than one for long enough."""
    if w.top == w.bottom or w.bottom + task_length(w.bag[w.bottom]) == w.top:
        w.patience = 0
        return False
    w.patience += 1
    return w.patience >= PATIENCE or (w.patience >= SHORT_PATIENCE and w.top - w.bottom >= DEEP_BAG)


# ---- gifts ----


@noinline
def find_gift(w: Ptr[Worker]) -> u64:
    """The place of one of the oldest tasks that can go on at once, never of the newest one; the top if there is none.
    The next search has to wait again."""
    w.patience = 0
    at = w.bottom
    looked: u64 = 0
    while looked < GIVE_DEPTH:
        header = w.bag[at]
        following = at + task_length(header)
        if following >= w.top:
            return w.top
        if header & KIND_MASK != DONE and is_ready(w, header, addr(w.bag[at + 1])):
            return at
        at = following
        looked += 1
    return w.top


@noinline
def give(w: Ptr[Worker], wards: u64, at: u64) -> None:
    """Gives the task at a place of the bag, which becomes a gap there, to one of the workers that wait."""
    receiver = ctz(wards)
    bit: u64 = 1 << receiver
    regions = bit | half_of(wards & ~bit)
    return_slots(w, receiver)
    if not hand_over(w, receiver, regions, 0, w.failures):
        return
    header = w.bag[at]
    if send(w, receiver, header, addr(w.bag[at + 1])):
        gap = (header >> COUNT_SHIFT) << COUNT_SHIFT | DONE
        w.bag[at] = gap
        w.bag[at + task_length(header) - 1] = gap
        w.gifts += 1
        w.wait_mask = WAITS
        begin_account(w)
    publish(w, receiver, regions)
    while w.bottom != w.top and w.bag[w.bottom] & KIND_MASK == DONE:
        w.bottom += task_length(w.bag[w.bottom])


@inline
def half_of(mask: u64) -> u64:
    """The lower half of the workers of a mask."""
    half: u64 = 0
    rest = mask
    count = popcount(mask) >> 1
    while count != 0:
        half |= rest & (0 - rest)
        rest &= rest - 1
        count -= 1
    return half


@noinline
def ask_for_wards(w: Ptr[Worker]) -> None:
    """Lets others know that there is somebody to do something for. One that waits for itself has to be woken."""
    shared = w.shared
    if atomic_load(addr(shared.wanting), RELAXED) & own_region(w) == 0:
        atomic_or(addr(shared.wanting), own_region(w), ACQ_REL)
    keepers = atomic_load(addr(shared.keepers), RELAXED)
    if keepers != 0:
        keeper = ctz(keepers)
        atomic_and(addr(shared.keepers), ~(1 << keeper), ACQ_REL)
        hand_over(w, keeper, 0, 0, 0)
        flush(w)


@inline
def pass_wards(w: Ptr[Worker], wards: u64) -> None:
    """Passes half of the workers that wait, or the only one, to somebody who has asked for them."""
    shared = w.shared
    if atomic_load(addr(shared.wanting), RELAXED) == 0:
        return
    receivers = atomic_load(addr(shared.wanting), ACQUIRE) & active_others(w)
    if receivers == 0:
        return
    receiver = ctz(receivers)
    atomic_and(addr(shared.wanting), ~(1 << receiver), ACQ_REL)
    passed = half_of(wards)
    if passed == 0:
        passed = wards
    if hand_over(w, receiver, passed, 0, w.failures):
        publish(w, receiver, passed)


# ---- regions ----


@noinline
def hand_over(w: Ptr[Worker], receiver: u64, regions: u64, debt: u64, failures: u64) -> bool:
    """Writes the message that somebody else acts for regions from now on, to be published; False if the ring is full,
    and then nothing has changed. The receiver takes a debt over, too."""
    scratch = w.scratch
    scratch[0] = regions
    scratch[1] = debt
    scratch[2] = failures
    if not send(w, receiver, (3 << COUNT_SHIFT) | REGIONS, scratch):
        return False
    w.regions &= ~regions
    return True


@noinline
def publish(w: Ptr[Worker], receiver: u64, regions: u64) -> None:
    """Tells everybody who acts for regions, and sends what was written. In this order, so that the new steward, which
    may hand them on at once, does so after that."""
    rest = regions
    while rest != 0:
        atomic_store(addr(w.shared.steward[ctz(rest)]), receiver, RELEASE)
        rest &= rest - 1
    flush(w)


@noinline
def send_all(w: Ptr[Worker], receiver: u64) -> None:
    """Writes all tasks, as far as the ring has room: first what waits, then the bag, the oldest ones first."""
    while w.waiting_top != 0:
        header = w.waiting[w.waiting_top - 1]
        start = w.waiting_top - task_length(header)
        if not send(w, receiver, header, addr(w.waiting[start + 1])):
            return
        w.waiting_top = start
    while w.bottom != w.top:
        header = w.bag[w.bottom]
        if header & KIND_MASK != DONE and not send(w, receiver, header, addr(w.bag[w.bottom + 1])):
            return
        w.bottom += task_length(header)


@noinline
def retire(w: Ptr[Worker], elder: u64) -> None:
    """Stops working in favour of another worker, as soon as all tasks have found room in its ring."""
    send_all(w, elder)
    if w.top != w.bottom or w.waiting_top != 0:
        flush(w)
        return
    atomic_or(addr(w.shared.idle), own_region(w), SEQ_CST)
    if not resign(w, elder):
        atomic_and(addr(w.shared.idle), ~own_region(w), SEQ_CST)
        flush(w)


@noinline
def resign(w: Ptr[Worker], receiver: u64) -> bool:
    """Hands over all regions of a worker that has stopped working, with what it owes and did not earn; False if the
    ring is full."""
    loss = loss_of(w)
    failures: u64 = 0
    if loss != 0:
        failures = w.failures + 1 if w.failures < MAX_FAILURES else w.failures
    regions = w.regions
    if not hand_over(w, receiver, regions, w.debt + (loss << failures), failures):
        return False
    w.debt = 0
    w.exchange = 0
    w.partners = 0
    publish(w, receiver, regions)
    return True
