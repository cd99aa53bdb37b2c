"""Messages between workers: one ring buffer for every ordered pair of workers, written by one and read by the other.

A message is a header as in the bag, followed by its words. `Shared.work` counts the active workers plus the
messages that have not been received; the run is over when it reaches 0.
"""

from bend.runtime.kernel.bag import FREED, REGIONS
from bend.runtime.kernel.lang import (
    ACQ_REL,
    ACQUIRE,
    RELAXED,
    RELEASE,
    SEQ_CST,
    Ptr,
    addr,
    atomic_add,
    atomic_load,
    atomic_or,
    atomic_store,
    atomic_sub,
    atomic_xchg,
    ctz,
    extern,
    inline,
    noinline,
    u64,
)
from bend.runtime.kernel.ports import VALUE_SHIFT
from bend.runtime.kernel.pushing import push_redex
from bend.runtime.kernel.regions import steward_of
from bend.runtime.kernel.state import RING_WORDS, Worker
from bend.runtime.kernel.tasks import COUNT_SHIFT, REDEX

# A ring is two cache lines for its positions (which only grow), then its words: how far it has been read; how far it
# may be read, and how far it has been written.
RING_HEAD = 0
RING_TAIL = 8
RING_WRITTEN = 9
RING_DATA = 16
RING_STRIDE = 4112
FREED_BATCH = 256
# Interactions that could be done in the time that it takes until a sleeping thread runs (some 25 microseconds).
WAKE_WORTH = 5000
FUTEX = 202
FUTEX_WAIT_PRIVATE = 128
FUTEX_WAKE_PRIVATE = 129


@extern
def syscall(number: u64, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> u64:
    """The C library's `syscall`."""


@inline
def ring(w: Ptr[Worker], sender: u64, receiver: u64) -> Ptr[u64]:
    """The ring from one worker to another."""
    return addr(w.shared.rings[(sender * w.shared.workers + receiver) * RING_STRIDE])


@inline
def mail_mask(w: Ptr[Worker], worker: u64) -> Ptr[u64]:
    """The word that says who has sent something to a worker."""
    return addr(w.shared.mail[worker * 8])


@inline
def sleeping(w: Ptr[Worker], worker: u64) -> Ptr[u64]:
    """The word that is 1 while a worker sleeps (a futex)."""
    return addr(w.shared.mail[worker * 8 + 1])


@noinline
def wake(w: Ptr[Worker], worker: u64) -> None:
    """Wakes a worker if it sleeps, for which the waker is in debt."""
    if atomic_load(sleeping(w, worker), SEQ_CST) != 0 and atomic_xchg(sleeping(w, worker), 0, SEQ_CST) != 0:
        w.debt += WAKE_WORTH
        syscall(FUTEX, u64(sleeping(w, worker)), FUTEX_WAKE_PRIVATE, 1, 0, 0, 0)


@noinline
def send(w: Ptr[Worker], receiver: u64, header: u64, words: Ptr[u64]) -> bool:
    """Writes a message, which the receiver sees after the next `flush`; False if the ring is full, and then nothing
    was written."""
    count = header >> COUNT_SHIFT
    target = ring(w, w.id, receiver)
    tail = target[RING_WRITTEN]
    if tail + count + 1 - atomic_load(addr(target[RING_HEAD]), ACQUIRE) > RING_WORDS:
        return False
    target[RING_DATA + tail % RING_WORDS] = header
    i: u64 = 0
    while i < count:
        target[RING_DATA + (tail + 1 + i) % RING_WORDS] = words[i]
        i += 1
    target[RING_WRITTEN] = tail + count + 1
    w.unsent += 1
    w.unsent_to |= 1 << receiver
    return True


@noinline
def flush(w: Ptr[Worker]) -> None:
    """Makes all messages written so far visible. They come in batches, so that a stream between two workers costs
    little; a worker that is about to wait has none left unsent."""
    mask = w.unsent_to
    atomic_add(addr(w.shared.work), w.unsent, ACQ_REL)
    w.messages += w.unsent
    w.partners |= mask
    w.unsent = 0
    w.unsent_to = 0
    while mask != 0:
        receiver = ctz(mask)
        mask &= mask - 1
        target = ring(w, w.id, receiver)
        atomic_store(addr(target[RING_TAIL]), target[RING_WRITTEN], RELEASE)
        atomic_or(mail_mask(w, receiver), 1 << w.id, SEQ_CST)
        wake(w, receiver)


@noinline
def send_link(w: Ptr[Worker], variable: u64, port: u64) -> None:
    """Asks whoever acts for an empty slot to join it with a port; keeps the pair for later if the ring is full."""
    scratch = w.scratch
    scratch[0] = variable
    scratch[1] = port
    if not send(w, steward_of(w, variable >> (VALUE_SHIFT + w.owner_shift)), (2 << COUNT_SHIFT) | REDEX, scratch):
        push_redex(w, variable, port)


@noinline
def free_foreign(w: Ptr[Worker], index: u64) -> None:
    """Collects a used-up slot of another worker; a batch of them goes home as one chain, unless that worker waits."""
    owner = index >> w.owner_shift
    w.heap[index] = w.foreign_head[owner]
    if w.foreign_head[owner] == 0:
        w.foreign_tail[owner] = index
    w.foreign_head[owner] = index
    w.foreign_count[owner] += 1
    if w.foreign_count[owner] >= FREED_BATCH and (atomic_load(addr(w.shared.idle), RELAXED) >> owner) & 1 == 0:
        return_slots(w, owner)


@noinline
def return_slots(w: Ptr[Worker], owner: u64) -> None:
    """Sends the used-up slots of another worker home."""
    if w.foreign_head[owner] != 0:
        scratch = w.scratch
        scratch[0] = w.foreign_head[owner]
        scratch[1] = w.foreign_tail[owner]
        if send(w, owner, (2 << COUNT_SHIFT) | FREED, scratch):
            w.foreign_head[owner] = 0
            w.foreign_count[owner] = 0


@noinline
def receive(w: Ptr[Worker]) -> None:
    """Moves all mail into the bag."""
    mask = atomic_xchg(mail_mask(w, w.id), 0, SEQ_CST)
    while mask != 0:
        sender = ctz(mask)
        mask &= mask - 1
        receive_from(w, sender, ring(w, sender, w.id))


@noinline
def receive_from(w: Ptr[Worker], sender: u64, source: Ptr[u64]) -> None:
    """Empties one ring."""
    head = source[RING_HEAD]
    tail = atomic_load(addr(source[RING_TAIL]), ACQUIRE)
    received: u64 = 0
    while head != tail:
        header = source[RING_DATA + head % RING_WORDS]
        count = header >> COUNT_SHIFT
        if header == (2 << COUNT_SHIFT) | FREED:
            first = source[RING_DATA + (head + 1) % RING_WORDS]
            last = source[RING_DATA + (head + 2) % RING_WORDS]
            w.heap[last] = w.variable_free
            w.variable_free = first
        elif header == (3 << COUNT_SHIFT) | REGIONS:
            take_regions(w, sender, source[RING_DATA + (head + 1) % RING_WORDS],
                         source[RING_DATA + (head + 2) % RING_WORDS], source[RING_DATA + (head + 3) % RING_WORDS])
        else:
            copy_task(w, source, head, header)
        head += count + 1
        received += 1
    w.received += received
    atomic_store(addr(source[RING_HEAD]), head, RELEASE)
    atomic_sub(addr(w.shared.work), received, ACQ_REL)


@inline
def take_regions(w: Ptr[Worker], sender: u64, regions: u64, debt: u64, failures: u64) -> None:
    """Acts for regions from now on; no region at all is a question (see `ask_for_wards`)."""
    if regions == 0:
        return
    w.regions |= regions
    w.debt += debt
    w.failures = failures
    if (regions >> w.id) & 1 != 0:
        w.giver = sender


@inline
def copy_task(w: Ptr[Worker], source: Ptr[u64], head: u64, header: u64) -> None:
    """Puts one received task on the top of the bag."""
    count = header >> COUNT_SHIFT
    bag = w.bag
    top = w.top
    bag[top] = header
    i: u64 = 0
    while i < count:
        bag[top + 1 + i] = source[RING_DATA + (head + 1 + i) % RING_WORDS]
        i += 1
    bag[top + 1 + count] = header
    w.top = top + count + 2
