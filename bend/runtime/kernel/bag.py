"""The bag of a worker: a stack of tasks of several words.

A task lies between two copies of its header, count of words << 32 | kind, so that the worker takes the newest
from the top and gives the oldest away from the bottom.

    REDEX       two ports that face each other
    FREED       first and last slot of a chain of variables that go home to their owner
    DONE        a gap: the task has been given away
    REGIONS     a mask of regions that the receiver acts for from now on, a debt, and a number of failures
    entry e     a call of a compiled definition with its ports; `FIRST_ENTRY` and up
"""

from bend.runtime.kernel.lang import Ptr, inline, u64
from bend.runtime.kernel.state import Worker

REDEX = 0
FREED = 1
DONE = 2
REGIONS = 3
FIRST_ENTRY = 4
KIND_MASK = 0xFFFFFFFF
COUNT_SHIFT = 32


@inline
def task_words(header: u64) -> u64:
    """The words of a task on the bag, both headers included."""
    return (header >> COUNT_SHIFT) + 2


@inline
def claim_words(w: Ptr[Worker], count: u64) -> u64:
    """Where so many words of a task, both headers included, are to be written on the top."""
    top = w.top
    w.top = top + count
    return top


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
