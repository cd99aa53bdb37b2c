"""Who acts for the variables of a region.

A region of the heap is where one worker, its owner, allocates. While the owner has something to do, it acts for its
region: it alone writes empty slots there, and others send it messages to do so. A worker that has nothing left to do
hands its region to one that has, its **steward**, and so do stewards with all their regions. So nobody waits for
somebody idle, and what two workers exchanged element by element becomes the business of one of them.

Only its steward may give a worker tasks, and returns its region with the first one: workers that wait belong to those
that are busy. `Shared.steward` tells others where to send their messages. A message that comes too late is sent on; one
that comes before the region does goes back to where it is, until the region has come.
"""

from bend.runtime.kernel.lang import ACQUIRE, SEQ_CST, Ptr, addr, atomic_load, inline, u64
from bend.runtime.kernel.ports import VALUE_SHIFT
from bend.runtime.kernel.state import Worker


@inline
def is_mine(w: Ptr[Worker], variable: u64) -> bool:
    """Whether a variable's slot lies in the region of this worker."""
    return variable >> (VALUE_SHIFT + w.owner_shift) == w.id


@inline
def acts_for(w: Ptr[Worker], variable: u64) -> bool:
    """Whether this worker may write a variable's slot."""
    return (w.regions >> (variable >> (VALUE_SHIFT + w.owner_shift))) & 1 != 0


@inline
def own_region(w: Ptr[Worker]) -> u64:
    """The bit of a worker and of its region in masks."""
    return 1 << w.id


@inline
def steward_of(w: Ptr[Worker], region: u64) -> u64:
    """Who acts for a region."""
    return atomic_load(addr(w.shared.steward[region]), ACQUIRE)


@inline
def active_others(w: Ptr[Worker]) -> u64:
    """The mask of all other workers that have something to do."""
    everybody: u64 = 0xFFFFFFFFFFFFFFFF >> (64 - w.shared.workers)
    return everybody & ~(atomic_load(addr(w.shared.idle), SEQ_CST) | own_region(w))
