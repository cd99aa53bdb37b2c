"""The bag of a worker: a stack of tasks (`bend.runtime.kernel.tasks`), of these kinds besides:

    FREED       first and last slot of a chain of variables that go home to their owner
    DONE        a gap: the task has been given away
    REGIONS     a mask of regions that the receiver acts for from now on, a debt, and a number of failures
"""

from bend.runtime.kernel.lang import Ptr, inline, u64
from bend.runtime.kernel.state import Worker
from bend.runtime.kernel.tasks import COUNT_SHIFT, REDEX

FREED = 1
DONE = 2
REGIONS = 3


@inline
def claim_words(w: Ptr[Worker], count: u64) -> u64:
    """Where so many words of a task, both headers included, are to be written on the top."""
    top = w.top
    w.top = top + count
    return top


@inline
def claim_task(w: Ptr[Worker], header: u64) -> u64:
    """Puts a task on the top; gives where in the bag its words are to be written."""
    count = header >> COUNT_SHIFT
    top = claim_words(w, count + 2)
    w.bag[top] = header
    w.bag[top + count + 1] = header
    return top + 1


@inline
def push_redex(w: Ptr[Worker], a: u64, b: u64) -> None:
    """Puts an active pair on the top."""
    bag = w.bag
    top = claim_words(w, 4)
    header: u64 = (2 << COUNT_SHIFT) | REDEX
    bag[top] = header
    bag[top + 1] = a
    bag[top + 2] = b
    bag[top + 3] = header
