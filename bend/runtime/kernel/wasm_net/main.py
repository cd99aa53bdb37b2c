"""What the host calls, and the loop of the worker. The host's part is `bend/runtime/wasm`.

Memory has the host's part first, then the worker, scratch space, the variable of the result, the bag, and the heap.
"""

from bend.runtime.kernel.entries import call_entry
from bend.runtime.kernel.expand import expand
from bend.runtime.kernel.free_lists import CHUNK_WORDS
from bend.runtime.kernel.lang import Ptr, addr, export, extern, inline, noinline, sizeof, trap, u64
from bend.runtime.kernel.ports import CON
from bend.runtime.kernel.rules import interact, make_node
from bend.runtime.kernel.tasks import COUNT_SHIFT, KIND_MASK, REDEX
from bend.runtime.kernel.wasm_net.memory import WORD, stop_run, take_words
from bend.runtime.kernel.wasm_net.state import STOP_DIVISION, Worker


@extern
def book_words() -> Ptr[u64]:
    """The tables of the book; the compiled program provides this."""


@extern
def scratch_words() -> u64:
    """How many words the largest definition needs; the compiled program provides this."""


# ---- when arithmetic goes wrong (see `bend.runtime.kernel.numbers`) ----


@inline
def count_overflow_at(w: Ptr[Worker], place: u64) -> None:
    """Nobody counts results that do not fit."""


@noinline
def divide_by_zero(w: Ptr[Worker], place: u64, kind: u64) -> u64:
    """Ends the run."""
    stop_run(w, STOP_DIVISION, place)
    trap()


# ---- running ----


@export
@noinline
def run_alone(w: Ptr[Worker]) -> bool:
    """Runs tasks until there are none left."""
    while w.top != 0:
        top = w.top
        header = w.bag[top - 1]
        start = top - 2 - (header >> COUNT_SHIFT)
        w.top = start
        task = addr(w.bag[start + 1])
        kind = header & KIND_MASK
        if kind == REDEX:
            interact(w, task[0], task[1])
        else:
            call_entry(w, kind, task, 0)
    return True


# ---- what the host calls besides ----


@export
def begin(w: Ptr[Worker], memory_limit: u64) -> u64:
    """Lays a run out in memory from the worker on, which is zero itself; gives the heap index of the variable of the
    result. More than the limit is never used for the bag and the heap."""
    w.heap = Ptr[u64](u64(0))
    w.book = book_words()
    w.memory_limit = memory_limit
    scratch = (u64(w) + sizeof(Worker)) // WORD + 1
    root = scratch + scratch_words()
    w.scratch = addr(w.heap[scratch])
    w.next = root + 1
    w.bag_words = CHUNK_WORDS
    w.bag = addr(w.heap[take_words(w, CHUNK_WORDS)])
    w.heap[root] = 0
    return root


@export
def boot(w: Ptr[Worker], definition: u64, target: u64) -> None:
    """Joins a definition with a port, which counts as an interaction, and reduces the net."""
    w.calls += 1
    expand(w, definition, target)
    run_alone(w)


@export
def give_argument(w: Ptr[Worker], argument: u64, target: u64) -> u64:
    """The port to join a function with, so that it gets an argument and is joined with a port then."""
    return make_node(w, CON, argument, target)


@export
def interactions(w: Ptr[Worker]) -> u64:
    """All interactions so far."""
    return (w.calls + w.voids + w.erasures + w.annihilations + w.commutations + w.operations + w.switches + w.mixed)
