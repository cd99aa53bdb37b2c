"""One thread alone: how a run begins, and what the host does between actions (spec 07, section 2.1).

Mostly there is little to do, and to start threads for it would cost more than the work. So the host itself plays the
first worker, which acts for all regions, until nothing is left or there have been tasks to share for long enough;
then the threads take over where it stopped.
"""

from bend.runtime.kernel.lang import Ptr, export, inline, noinline, u64
from bend.runtime.kernel.schedule import run_bag
from bend.runtime.kernel.state import Worker


@export
@noinline
def run_alone(w: Ptr[Worker]) -> bool:
    """Runs what the first worker has; False if the stop flag was raised, which also happens after a while."""
    shared = w.shared
    shared.budget = shared.longest
    share_free_nodes(w)
    run_bag(w)
    shared.budget = 0
    return shared.stop == 0


@inline
def share_free_nodes(w: Ptr[Worker]) -> None:
    """Gives the first worker the free nodes of another one when it has none left."""
    v = w.next
    while w.node_free == 0 and v.id != w.id:
        w.node_free = v.node_free
        v.node_free = 0
        v = v.next


@export
@noinline
def gather(w: Ptr[Worker]) -> None:
    """Makes the first worker act for all regions, when the threads have come to rest."""
    shared = w.shared
    everybody: u64 = 0xFFFFFFFFFFFFFFFF >> (64 - shared.workers)
    i: u64 = 0
    v = w
    while i < shared.workers:
        v.regions = 0
        shared.steward[i] = 0
        v = v.next
        i += 1
    w.regions = everybody
    w.wait_mask = 0
    shared.idle = everybody ^ 1
    shared.keepers = 0
    shared.wanting = 0
