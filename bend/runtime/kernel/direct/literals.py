"""Data that is the same whenever it is made: its cells come from a table of the program.

Each cell of the table is its header, with the number of words that follow in the place of the count, and these words. A
word that holds another cell is a hole: the cell stands further on, before those of later holes.
"""

from bend.runtime.kernel.direct.cells import WORD, allocate
from bend.runtime.kernel.direct.counts import COUNT_MASK
from bend.runtime.kernel.lang import Ptr, Worker, noinline, u64

HOLE = 0


@noinline
def make_literal(w: Ptr[Worker], table: Ptr[u64]) -> u64:
    """New cells, each with one reference. Holes that wait for their cells are chained: each holds the address of the
    next one."""
    first = allocate(w, (table[0] & COUNT_MASK) + 1)
    cell = first
    waiting: u64 = 0
    at: u64 = 0
    while True:
        header = table[at]
        words = header & COUNT_MASK
        made = Ptr[u64](cell)
        made[0] = header & ~u64(COUNT_MASK) | 1
        index = words
        while index != 0:
            word = table[at + index]
            if word == HOLE:
                made[index] = waiting
                waiting = cell + index * WORD
            else:
                made[index] = word
            index -= 1
        if waiting == 0:
            return first
        at += words + 1
        cell = allocate(w, (table[at] & COUNT_MASK) + 1)
        hole = Ptr[u64](waiting)
        waiting = hole[0]
        hole[0] = cell
