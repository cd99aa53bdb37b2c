"""Classes of tasks: tasks of one class run the same code, for the most part.

Lanes of a warp that run different code do so one after the other, and need all of that code in the cache for
instructions. So they agree on a class, and run tasks of that.
"""

from bend.runtime.kernel.gpu.warp import lanes_with
from bend.runtime.kernel.lang import inline, noinline, u32, u64
from bend.runtime.kernel.ports import CON, NUM, OPR, REF, SWI, tag

BOOT = 1
CLASSES = 16
NO_CLASS = 16
# Pairs: a number and an operation; what erases or copies at once; a number and a switch; a reference and a node; two
# nodes. Then come compiled definitions.
CALCULATE = 0
ERASE = 1
SWITCH = 2
CALL = 3
NODES = 4
ENTRIES = 5
FIRST_ENTRY = 4
# So many lanes of 32 need not look for more.
MANY_LANES = 24


@inline
def class_of_entry(kind: u64) -> u64:
    """The class of the calls of a compiled definition."""
    return ENTRIES + (kind - FIRST_ENTRY) % (CLASSES - ENTRIES)


@noinline
def class_of_pair(a: u64, b: u64) -> u64:
    """The class of an active pair."""
    low = tag(a)
    high = tag(b)
    if low > high:
        low = tag(b)
        high = tag(a)
    if low >= CON:
        return NODES
    if low == NUM and high == OPR:
        return CALCULATE
    if low == NUM and high == SWI:
        return SWITCH
    if low == REF and high >= CON:
        return CALL
    return ERASE


@noinline
def common_class(mine: u64) -> u64:
    """The first class that many lanes of the warp have tasks of, where each tells its own, a bit for each. If there
    is none, the one that most of them have; NO_CLASS if nobody has tasks."""
    bits = u32(mine)
    most: u32 = 0
    found: u64 = NO_CLASS
    for number in range(u32(CLASSES)):
        count = lanes_with((bits >> number) & 1 != 0)
        if count >= MANY_LANES:
            return u64(number)
        if count > most:
            most = count
            found = u64(number)
    return found
