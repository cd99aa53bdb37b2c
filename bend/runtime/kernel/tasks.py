"""Tasks as they lie on a bag, on CPU threads and on a GPU.

A task lies between two copies of its header, count of words << 32 | kind, so that who owns the bag takes the newest
from the top and gives the oldest away from the bottom. Kinds that both know:

    REDEX       two ports that face each other
    entry e     a call of a compiled definition with its ports; `bend.codegen.nets.FIRST_ENTRY` and up
"""

from bend.runtime.kernel.lang import inline, u64

REDEX = 0
KIND_MASK = 0xFFFFFFFF
COUNT_SHIFT = 32


@inline
def task_length(header: u64) -> u64:
    """The words of a task on the bag, both headers included."""
    return (header >> COUNT_SHIFT) + 2
