"""What the threads of a run do."""

from bend.runtime.kernel.direct.cells import allocate, release
from bend.runtime.kernel.direct.constants import constant, run_entry
from bend.runtime.kernel.direct.deque import set_split
from bend.runtime.kernel.direct.fork import serve
from bend.runtime.kernel.direct.sizes import COUNTING
from bend.runtime.kernel.direct.state import Worker
from bend.runtime.kernel.direct.system import give_answer, next_request, wake_all
from bend.runtime.kernel.lang import SEQ_CST, Ptr, addr, atomic_store, export, extern, u64

# Requests of the host.
END = 2
EVALUATE = 3
CONSTANT = 4
APPLY = 5
ROOM = 6


@extern
def apply_value(w: Ptr[Worker], function: u64, argument: u64) -> u64:
    """Applies a value to another; the compiled program provides this."""


@export
def worker_main(w: Ptr[Worker]) -> None:
    """The first worker does what the host asks for until that is enough; the others help all the time."""
    shared = w.shared
    w.top = w.records
    w.split = w.records
    if shared.workers > 1:
        set_split(w, 0)
    if w.id != 0:
        serve(w)
        return
    request = next_request(shared)
    while request != END:
        if request == APPLY:
            shared.result = apply_value(w, shared.subject, shared.argument)
        elif request == EVALUATE:
            shared.result = run_entry(w, shared.subject)
        elif request == CONSTANT:
            shared.result = constant(w, shared.subject)
        else:
            release(w, allocate(w, shared.subject), shared.subject)
            if COUNTING != 0:
                # The host counts the cell when it takes it.
                w.allocations -= 1
        give_answer(shared)
        request = next_request(shared)
    atomic_store(addr(shared.done), 1, SEQ_CST)
    wake_all(shared)
