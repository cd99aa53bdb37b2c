"""Stealing forked calls, and waiting for those that were stolen.

A worker without work looks at others in random order, now and then asks one that has private tasks only to share some
(`deque`), and after a while sleeps until somebody forks. So nobody spins for long when there is nothing to do.
"""

from bend.runtime.kernel.direct.cells import answer_wants
from bend.runtime.kernel.direct.deque import (
    CODE,
    HIGH_SHIFT,
    LOW,
    RECORD_BYTES,
    STATE,
    has_shared,
    set_split,
    wake_one,
)
from bend.runtime.kernel.direct.state import STOP_NONE, Shared, Worker
from bend.runtime.kernel.direct.stop import LOOK_AROUND
from bend.runtime.kernel.direct.system import leave, nap, sleep, wake, worker_at
from bend.runtime.kernel.lang import (
    ACQ_REL,
    ACQUIRE,
    RELAXED,
    RELEASE,
    SEQ_CST,
    Ptr,
    addr,
    atomic_and,
    atomic_cas,
    atomic_load,
    atomic_or,
    atomic_store,
    extern,
    inline,
    noinline,
    pause,
    u64,
    unlikely,
)

# States of a stolen record: it is done, its owner waits for it, and from THIEF_SHIFT on the number of the thief and 1.
DONE = 1
WAITING = 2
THIEF_SHIFT = 8
# How often a worker looks for something to steal before it sleeps.
TRIES = 300
# Of so many tries in vain one asks the worker that it was made at. The time in between is how old a task must be.
ASK_EVERY = 20
# Nanoseconds.
SHORTEST_NAP = 50000
LONGEST_NAP = 3000000


@extern
def run_task(w: Ptr[Worker], code: u64, task: Ptr[u64]) -> None:
    """Runs a forked call, whose results take the place of its arguments; the compiled program provides this."""


@noinline
def join_task(w: Ptr[Worker], task: Ptr[u64]) -> None:
    """Waits until the newest task, which was stolen, is done, and gives its record back; its results stay in it until
    the next fork. Meanwhile this worker helps: first the thief, then anybody."""
    state = addr(task[STATE])
    tries: u64 = 0
    while True:
        found = atomic_load(state, ACQUIRE)
        if found & DONE != 0:
            break
        thief = found >> THIEF_SHIFT
        if tries & 1 == 0 and thief != 0:
            victim = thief - 1
        else:
            victim = random_victim(w)
        tries = 0 if steal(w, worker_at(w.shared, victim), tries) else tries + 1
        if unlikely(tries > TRIES):
            wait(w, state)
            tries = 0
    index = (u64(task) - w.records) // RECORD_BYTES
    w.top = u64(task)
    atomic_store(addr(w.stolen), index << HIGH_SHIFT | index, RELEASE)
    set_split(w, index)
    answer_wants(w)


@noinline
def serve(w: Ptr[Worker]) -> None:
    """Runs what it can steal until the run is over."""
    nothing = addr(w.futex)
    tries: u64 = 0
    while atomic_load(addr(w.shared.done), ACQUIRE) == 0:
        tries = 0 if steal(w, worker_at(w.shared, random_victim(w)), tries) else tries + 1
        if tries > TRIES:
            wait(w, nothing)
            tries = 0


@inline
def random_victim(w: Ptr[Worker]) -> u64:
    """The number of another worker."""
    seed = w.seed
    seed ^= seed << 13
    seed ^= seed >> 7
    seed ^= seed << 17
    w.seed = seed
    victim = (seed >> 32) % (w.shared.workers - 1)
    return victim + 1 if victim >= w.id else victim


@noinline
def steal(w: Ptr[Worker], victim: Ptr[Worker], tries: u64) -> bool:
    """Runs the oldest task of another worker, if there is one to be had. After some tries in vain, asks for one."""
    word = addr(victim.stolen)
    found = atomic_load(word, ACQUIRE)
    index = found & LOW
    if index == found >> HIGH_SHIFT:
        if tries % ASK_EVERY == 0:
            ask(victim)
        pause()
        return False
    if atomic_cas(word, found, found + 1, ACQ_REL) != found:
        return False
    task = Ptr[u64](victim.records + index * RECORD_BYTES)
    state = addr(task[STATE])
    atomic_or(state, (w.id + 1) << THIEF_SHIFT, RELAXED)
    w.steals += 1
    w.nap[1] = 0
    if index + 1 != found >> HIGH_SHIFT:
        wake_one(w)
    run_task(w, task[CODE], task)
    answer_wants(w)
    if atomic_or(state, DONE, ACQ_REL) & WAITING != 0:
        wake(victim)
    return True


@inline
def ask(victim: Ptr[Worker]) -> None:
    """Has a worker look around at its next check: it shares tasks that it has, or begins to fork."""
    if atomic_load(addr(victim.stack_limit), RELAXED) != LOOK_AROUND:
        atomic_store(addr(victim.stack_limit), LOOK_AROUND, SEQ_CST)


@noinline
def wait(w: Ptr[Worker], state: Ptr[u64]) -> None:
    """Sleeps until there may be something to steal, the run is over, or the task with this state is done (a worker
    that waits for no task passes its futex). Leaves if the run was stopped.

    Whoever forks or finishes a task first does so, then looks for sleepers; here it is the other way round. A
    worker that was woken in vain first naps where nobody wakes it to steal, longer each time: tasks too small to be
    stolen should not cost their owners much.
    """
    shared = w.shared
    bit: u64 = 1 << w.id
    if w.nap[1] != 0:
        atomic_store(addr(w.futex), 1, SEQ_CST)
        if not is_over(w, state):
            nap(w)
    atomic_store(addr(w.futex), 1, SEQ_CST)
    atomic_or(addr(shared.sleepers), bit, SEQ_CST)
    if not is_over(w, state) and not finds_something(w, shared):
        sleep(w)
        if w.nap[1] < LONGEST_NAP:
            w.nap[1] = w.nap[1] * 2 + SHORTEST_NAP
    atomic_store(addr(w.futex), 0, SEQ_CST)
    atomic_and(addr(shared.sleepers), ~bit, SEQ_CST)
    if atomic_load(addr(shared.stop), SEQ_CST) != STOP_NONE:
        leave()


@noinline
def is_over(w: Ptr[Worker], state: Ptr[u64]) -> bool:
    """Whether there is no reason to wait. Otherwise, whoever does the task with this state will wake this worker."""
    shared = w.shared
    if atomic_load(addr(shared.stop), SEQ_CST) != STOP_NONE or atomic_load(addr(shared.done), SEQ_CST) != 0:
        return True
    return state != addr(w.futex) and atomic_or(state, WAITING, SEQ_CST) & DONE != 0


@inline
def finds_something(w: Ptr[Worker], shared: Ptr[Shared]) -> bool:
    """Whether there is something to steal. Leaves the alarm on for all other workers, which look around in case that
    they forked before they could see it."""
    found = False
    for index in range(shared.workers):
        victim = worker_at(shared, index)
        if index != w.id:
            atomic_store(addr(victim.alarm), 1, SEQ_CST)
            atomic_store(addr(victim.stack_limit), LOOK_AROUND, SEQ_CST)
            if has_shared(victim):
                found = True
    return found
