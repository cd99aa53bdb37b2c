"""The bag of a worker: a stack of tasks (`bend.runtime.kernel.tasks`, `bend.runtime.kernel.pushing`), of these kinds
besides:

    FREED       first and last slot of a chain of variables that go home to their owner
    DONE        a gap: the task has been given away
    REGIONS     a mask of regions that the receiver acts for from now on, a debt, and a number of failures
"""

from bend.runtime.kernel.lang import Ptr, inline, u64
from bend.runtime.kernel.state import Worker

FREED = 1
DONE = 2
REGIONS = 3


@inline
def claim_words(w: Ptr[Worker], count: u64) -> u64:
    """Where so many words of a task, both headers included, are to be written on the top."""
    top = w.top
    w.top = top + count
    return top
