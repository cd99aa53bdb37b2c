"""What workers ask of the operating system: to sleep, to wake others, to end."""

from bend.runtime.kernel.direct.state import Shared, Worker
from bend.runtime.kernel.lang import (
    SEQ_CST,
    Ptr,
    addr,
    atomic_and,
    atomic_xchg,
    extern,
    inline,
    noinline,
    noreturn,
    trap,
    u64,
)

# Parameters of the compilation: the numbers of system calls.
FUTEX = 202
EXIT = 60

FUTEX_WAIT_PRIVATE = 128
FUTEX_WAKE_PRIVATE = 129


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


@noinline
@noreturn
def leave() -> None:
    """Ends this thread, wherever it is."""
    syscall(EXIT, 0, 0, 0, 0, 0, 0)
    trap()
