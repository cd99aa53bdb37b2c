"""Each worker's forked calls: a stack of records of which others may steal the oldest.

A record is 16 words: its state, the number of the function, and arguments, which results take the place of. The
records from `split` on are private, so that a call that nobody wants is forked and taken back with plain instructions
(as in Lace: van Dijk and van de Pol, "Lace: non-blocking split deque for work-stealing", 2014). Those before can be
stolen: the word `stolen` says how many have been, and in its upper half how many can be; owner and thieves change it
with compare-and-swap.

A worker shares half of its private tasks when others ask for some: these set its stack limit, so that its next check
looks around. Then its oldest task gets a mark, and when the worker is asked again and this task is still there, it is
old enough to be worth stealing. Those who sleep leave the alarm on (`Worker.alarm`): who forks while it is on wakes one
of them.
"""

from bend.runtime.kernel.direct.state import Worker
from bend.runtime.kernel.direct.system import wake, worker_at
from bend.runtime.kernel.lang import (
    ACQ_REL,
    ACQUIRE,
    RELAXED,
    SEQ_CST,
    Ptr,
    addr,
    atomic_and,
    atomic_cas,
    atomic_load,
    atomic_store,
    ctz,
    inline,
    likely,
    noinline,
    u64,
    unlikely,
)

RECORD_BYTES = 128
STATE = 0
CODE = 1
# In the state of a private task: others asked for one while it was the oldest.
MARK = 4
# How many private tasks a worker has before it stops to fork.
WINDOW = 4
LOW = 0xFFFFFFFF
HIGH_SHIFT = 32


@inline
def can_fork(w: Ptr[Worker]) -> bool:
    """Whether another task is welcome: there are other workers, and only few tasks wait."""
    return w.top < w.fork_limit


@inline
def push_task(w: Ptr[Worker]) -> Ptr[u64]:
    """The record of a task to be; words 2 to 15 are for arguments and results."""
    return Ptr[u64](w.top)


@inline
def publish_task(w: Ptr[Worker], code: u64) -> None:
    """Makes the record that `push_task` gave a task."""
    top = w.top
    Ptr[u64](top)[STATE] = 0
    Ptr[u64](top)[CODE] = code
    w.top = top + RECORD_BYTES
    w.forks += 1
    if unlikely(atomic_load(addr(w.alarm), RELAXED) != 0):
        answer_alarm(w)


@inline
def take_back(w: Ptr[Worker], task: Ptr[u64]) -> bool:
    """Takes the newest task off the stack; False if it was stolen, and then it stays. The caller remembers where it
    lies, so that nothing has to wait for what was written to `top`."""
    if likely(w.split <= u64(task)):
        w.top = u64(task)
        return True
    return take_back_shared(w)


@noinline
def take_back_shared(w: Ptr[Worker]) -> bool:
    """The same where no task is private: half of those that can still be stolen become private."""
    word = addr(w.stolen)
    found = atomic_load(word, RELAXED)
    while True:
        stolen = found & LOW
        end = found >> HIGH_SHIFT
        if stolen == end:
            return False
        middle = (stolen + end) // 2
        before = atomic_cas(word, found, middle << HIGH_SHIFT | stolen, ACQ_REL)
        if before == found:
            set_split(w, middle)
            w.top -= RECORD_BYTES
            return True
        found = before


@inline
def set_split(w: Ptr[Worker], index: u64) -> None:
    """Remembers where private tasks begin."""
    split = w.records + index * RECORD_BYTES
    limit = split + WINDOW * RECORD_BYTES
    w.split = split
    w.fork_limit = limit if limit < w.records_end else w.records_end


@noinline
def share_tasks(w: Ptr[Worker]) -> None:
    """Shares half of the private tasks, if the oldest has been there when this was asked for before."""
    count = (w.top - w.split) // RECORD_BYTES
    if count == 0:
        return
    oldest = Ptr[u64](w.split)
    if oldest[STATE] == 0:
        oldest[STATE] = MARK
        return
    end = (w.split - w.records) // RECORD_BYTES + (count + 1) // 2
    word = addr(w.stolen)
    found = atomic_load(word, RELAXED)
    while True:
        before = atomic_cas(word, found, end << HIGH_SHIFT | found & LOW, ACQ_REL)
        if before == found:
            break
        found = before
    set_split(w, end)


@noinline
def answer_alarm(w: Ptr[Worker]) -> None:
    """Wakes one of those who sleep; while others sleep the alarm stays on."""
    atomic_store(addr(w.alarm), 0, SEQ_CST)
    if wake_one(w):
        atomic_store(addr(w.alarm), 1, SEQ_CST)


@inline
def wake_one(w: Ptr[Worker]) -> bool:
    """Wakes one of the workers that sleep; whether there are more."""
    sleepers = addr(w.shared.sleepers)
    mask = atomic_load(sleepers, SEQ_CST)
    if mask == 0:
        return False
    bit = mask & (~mask + 1)
    if atomic_and(sleepers, ~bit, SEQ_CST) & bit != 0:
        wake(worker_at(w.shared, ctz(bit)))
    return mask != bit


@inline
def has_shared(victim: Ptr[Worker]) -> bool:
    """Whether there is something to steal."""
    found = atomic_load(addr(victim.stolen), ACQUIRE)
    return found & LOW != found >> HIGH_SHIFT
