"""What the threads of a run do."""

from bend.runtime.kernel.direct.constants import run_entry
from bend.runtime.kernel.direct.deque import set_split
from bend.runtime.kernel.direct.fork import serve
from bend.runtime.kernel.direct.state import Worker
from bend.runtime.kernel.direct.system import wake_all
from bend.runtime.kernel.lang import SEQ_CST, Ptr, addr, atomic_store, export, extern, u64


@extern
def apply_value(w: Ptr[Worker], function: u64, argument: u64) -> u64:
    """Applies a value to another; the compiled program provides this."""


@export
def worker_main(w: Ptr[Worker]) -> None:
    """The first worker evaluates a definition, or applies a value for the host; the others help until it is done."""
    shared = w.shared
    w.top = w.records
    w.split = w.records
    if shared.workers > 1:
        set_split(w, 0)
    if w.id != 0:
        serve(w)
        return
    if shared.applies != 0:
        shared.result = apply_value(w, shared.function, shared.argument)
    else:
        shared.result = run_entry(w, shared.entry)
    atomic_store(addr(shared.done), 1, SEQ_CST)
    wake_all(shared)
