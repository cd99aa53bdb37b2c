"""Data of many cells that the source has: they come from a table of the program.

Each cell of the table is its header, with the number of words that follow in the place of the count, and these words. A
word that holds another cell is a hole: the cell stands further on, before those of later holes. Some words, and
payloads of headers, come from arguments.
"""

from bend.runtime.kernel.direct.cells import WORD, allocate, release
from bend.runtime.kernel.direct.counts import COUNT_MASK, TAG_MASK
from bend.runtime.kernel.direct.sizes import COUNTING
from bend.runtime.kernel.lang import Ptr, Worker, inline, noinline, u64

HOLE = 0
IMMEDIATE = 2
ARGUMENT = 6
SMALL = 7
# In a header: its payload is the number of an argument. Elsewhere that is in the bits of the payload of a number.
FROM_ARGUMENT = 0x80000000
WORDS_MASK = 0x7FFFFFFF
NUMBER_SHIFT = 8
PAYLOAD_MASK = 0xFFFFFF00
UPPER_MASK = 0xFFFFFFFF00000000
SHAPE_MASK = 0xFF00000000
HEADER_SHIFT = 40
HEADER_SHIFT_OF_NUMBER = 32


@noinline
def make_constant_literal(w: Ptr[Worker], table: Ptr[u64]) -> u64:
    """New cells of data without arguments."""
    return make_cells(w, table, 0)


@noinline
def make_literal(w: Ptr[Worker], table: Ptr[u64], arguments: u64, words: u64) -> u64:
    """New cells of data with arguments, which are in the words of a cell that is given back."""
    made = make_cells(w, table, arguments + WORD)
    release(w, arguments, words)
    if COUNTING != 0:
        w.allocations -= 1
    return made


@inline
def make_cells(w: Ptr[Worker], table: Ptr[u64], arguments: u64) -> u64:
    """New cells, each with one reference. Holes that wait for their cells are chained: each holds the address of the
    next one."""
    given = Ptr[u64](arguments)
    first = allocate(w, (table[0] & WORDS_MASK) + 1)
    cell = first
    waiting: u64 = 0
    at: u64 = 0
    while True:
        made = Ptr[u64](cell)
        words = table[at] & WORDS_MASK
        made[0] = header_from(table[at], given)
        index = words
        while index != 0:
            word = table[at + index]
            if word == HOLE:
                made[index] = waiting
                waiting = cell + index * WORD
            else:
                made[index] = word_from(word, given)
            index -= 1
        if waiting == 0:
            return first
        at += words + 1
        cell = allocate(w, (table[at] & WORDS_MASK) + 1)
        hole = Ptr[u64](waiting)
        waiting = hole[0]
        hole[0] = cell


@inline
def header_from(header: u64, given: Ptr[u64]) -> u64:
    """The header of a new cell."""
    if header & FROM_ARGUMENT != 0:
        payload = (given[header >> HEADER_SHIFT] & PAYLOAD_MASK) << HEADER_SHIFT_OF_NUMBER
        return header & SHAPE_MASK | payload | 1
    return header & ~u64(COUNT_MASK) | 1


@inline
def word_from(word: u64, given: Ptr[u64]) -> u64:
    """A word of a new cell that holds no other one of the literal."""
    tag = word & TAG_MASK
    if tag < ARGUMENT:
        return word
    argument = given[(word & PAYLOAD_MASK) >> NUMBER_SHIFT]
    return argument if tag == ARGUMENT else word & UPPER_MASK | argument & PAYLOAD_MASK | IMMEDIATE
