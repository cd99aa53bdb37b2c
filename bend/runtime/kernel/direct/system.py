"""What workers ask of the operating system: to sleep, to wake others, to end; and what the host asks of workers.

The host writes a request into `Shared.request` and waits for `Shared.answer`. Both sides look several times before they
sleep, since an action of an `IO` program may take but microseconds. They give way in between, so that this costs little
where cores are scarce.
"""

from bend.runtime.kernel.direct.state import Shared, Worker
from bend.runtime.kernel.lang import (
    ACQUIRE,
    SEQ_CST,
    Ptr,
    addr,
    atomic_and,
    atomic_cas,
    atomic_load,
    atomic_store,
    atomic_xchg,
    export,
    extern,
    inline,
    noinline,
    noreturn,
    pause,
    trap,
    u64,
)

# Parameters of the compilation: the numbers of system calls.
FUTEX = 202
EXIT = 60
YIELD = 24

FUTEX_WAIT_PRIVATE = 128
FUTEX_WAKE_PRIVATE = 129

# States of `Shared.request` besides those of `main`: there is none, or there is none and the first worker sleeps.
NO_REQUEST = 0
SLEEPS = 1
# States of `Shared.answer`: there is none, there is one, there is none and the host sleeps.
PENDING = 0
DONE = 1
HOST_SLEEPS = 2
# How often the host looks before it sleeps, and for how many times the answer may come too soon to give way to other
# threads. How often the first worker looks depends: when it slept in the end it looks half as often the next time, but
# now and then as often as it may.
SPINS = 70
PAUSES = 50
LEAST_SPINS = 10


@extern
def syscall(number: u64, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64) -> u64:
    """The C library's `syscall`."""


@inline
def worker_at(shared: Ptr[Shared], index: u64) -> Ptr[Worker]:
    """A worker by its number."""
    return addr(Ptr[Worker](shared.first)[index])


@noinline
def sleep(w: Ptr[Worker]) -> None:
    """Sleeps until somebody wakes this worker, or somebody has done so since it set its futex."""
    syscall(FUTEX, u64(addr(w.futex)), FUTEX_WAIT_PRIVATE, 1, 0, 0, 0)


@noinline
def nap(w: Ptr[Worker]) -> None:
    """Sleeps for as long as `Worker.nap` says, or until somebody wakes this worker."""
    syscall(FUTEX, u64(addr(w.futex)), FUTEX_WAIT_PRIVATE, 1, u64(addr(w.nap[0])), 0, 0)


@noinline
def wake(worker: Ptr[Worker]) -> None:
    """Wakes a worker if it sleeps."""
    if atomic_xchg(addr(worker.futex), 0, SEQ_CST) != 0:
        syscall(FUTEX, u64(addr(worker.futex)), FUTEX_WAKE_PRIVATE, 1, 0, 0, 0)


@noinline
def wake_all(shared: Ptr[Shared]) -> None:
    """Wakes every worker that sleeps."""
    atomic_and(addr(shared.sleepers), 0, SEQ_CST)
    for index in range(shared.workers):
        wake(worker_at(shared, index))


@inline
def yield_core() -> None:
    """Lets other threads run that want to."""
    syscall(YIELD, 0, 0, 0, 0, 0, 0)


@noinline
@noreturn
def leave() -> None:
    """Ends this thread, wherever it is."""
    syscall(EXIT, 0, 0, 0, 0, 0, 0)
    trap()


# ---- requests of the host ----


@export
@noinline
def request_work(shared: Ptr[Shared], request: u64, subject: u64, argument: u64) -> None:
    """Gives the first worker something to do. The host calls this."""
    shared.subject = subject
    shared.argument = argument
    atomic_store(addr(shared.answer), PENDING, SEQ_CST)
    post_request(shared, request)


@export
@noinline
def post_request(shared: Ptr[Shared], request: u64) -> None:
    """Gives the first worker a request that is about nothing, whatever it may be doing. The host calls this."""
    if atomic_xchg(addr(shared.request), request, SEQ_CST) == SLEEPS:
        syscall(FUTEX, u64(addr(shared.request)), FUTEX_WAKE_PRIVATE, 1, 0, 0, 0)


@export
@noinline
def await_answer(shared: Ptr[Shared], timeout: u64) -> bool:
    """Waits until the request is fulfilled or the run was stopped, but not longer than the `timespec` at an address
    says; whether it is so. The host calls this."""
    answer = addr(shared.answer)
    for turn in range(SPINS):
        if atomic_load(answer, ACQUIRE) == DONE:
            return True
        if turn < PAUSES:
            pause()
        else:
            yield_core()
    if atomic_cas(answer, PENDING, HOST_SLEEPS, SEQ_CST) != DONE:
        syscall(FUTEX, u64(answer), FUTEX_WAIT_PRIVATE, HOST_SLEEPS, timeout, 0, 0)
    return atomic_load(answer, SEQ_CST) == DONE


@noinline
def give_answer(shared: Ptr[Shared]) -> None:
    """Tells the host that its request is fulfilled, or that the run was stopped."""
    if atomic_xchg(addr(shared.answer), DONE, SEQ_CST) == HOST_SLEEPS:
        syscall(FUTEX, u64(addr(shared.answer)), FUTEX_WAKE_PRIVATE, 1, 0, 0, 0)


@noinline
def next_request(shared: Ptr[Shared]) -> u64:
    """Waits for the next request of the host, and takes it."""
    request = addr(shared.request)
    spins = shared.spins
    if spins <= LEAST_SPINS:
        shared.spins = spins - 1 if spins > 1 else shared.most_spins
    for _ in range(spins):
        if atomic_load(request, ACQUIRE) != NO_REQUEST:
            shared.spins = shared.most_spins
            break
        yield_core()
    while atomic_cas(request, NO_REQUEST, SLEEPS, SEQ_CST) <= SLEEPS:
        syscall(FUTEX, u64(request), FUTEX_WAIT_PRIVATE, SLEEPS, 0, 0, 0)
        if spins > LEAST_SPINS:
            shared.spins = spins // 2
    return atomic_xchg(request, NO_REQUEST, SEQ_CST)
