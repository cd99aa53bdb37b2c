"""All workers played in turn by one thread: what the host does between actions (spec 07, section 2.1).

Between two actions there is mostly little to do, and to start threads for it would cost more than the work. So the
host itself plays the workers, each under its own rules, until nothing is left or an allowance of polls is used up;
then the threads take over where it stopped.
"""

from bend.runtime.kernel.expand import expand
from bend.runtime.kernel.lang import Ptr, export, inline, noinline, u64
from bend.runtime.kernel.link import alloc_variable
from bend.runtime.kernel.ports import REF, is_variable, tag, value
from bend.runtime.kernel.schedule import force_one, run_bag
from bend.runtime.kernel.state import Worker


@export
@noinline
def run_alone(w: Ptr[Worker]) -> bool:
    """Runs what is there from the first worker on; False if the stop flag was raised, which also happens when the
    allowance is used up. Then this thread still counts in `Shared.work`."""
    shared = w.shared
    shared.hungry = 0
    shared.blocked = 0
    # This thread, and the messages that were sent before it stopped, if it did.
    shared.work += 1
    shared.budget = shared.allowance
    share_free_nodes(w)
    while True:
        v = w
        waiting = v
        i: u64 = 0
        while i < shared.workers:
            run_bag(v)
            if shared.stop != 0:
                return False
            if v.waiting_top != 0:
                waiting = v
            v = v.next
            i += 1
        if shared.work == 1:
            if waiting.waiting_top == 0:
                shared.work = 0
                shared.budget = 0
                return True
            force_one(waiting)


@inline
def share_free_nodes(w: Ptr[Worker]) -> None:
    """Gives the first worker, which makes what the host adds, the free nodes of another one when it has none left."""
    v = w.next
    while w.node_free == 0 and v.id != w.id:
        w.node_free = v.node_free
        v.node_free = 0
        v = v.next


@noinline
def follow(w: Ptr[Worker], place: u64) -> u64:
    """The place where what stands at a place is written: full slots are followed, and stay as they are."""
    at = place
    port = w.heap[at]
    while is_variable(port) and w.heap[value(port)] != 0:
        at = value(port)
        port = w.heap[at]
    return at


@export
@noinline
def force(w: Ptr[Worker], place: u64) -> bool:
    """Puts the value of a reference in its place; False if the run stopped, and then it is to be called again.

    The expansion counts as an interaction, as that of the entry does.
    """
    while True:
        at = follow(w, place)
        port = w.heap[at]
        if tag(port) != REF:
            return True
        variable = alloc_variable(w)
        w.heap[at] = variable
        w.calls += 1
        expand(w, value(port), variable)
        # Most values are there at once.
        if (w.top != w.bottom or w.unsent != 0) and not run_alone(w):
            return False
