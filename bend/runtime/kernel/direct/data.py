"""Values as the host reads and makes them between its requests, when the first worker has nothing to do.

The host acts as the first worker here. Nothing is evaluated, and nothing may stop the run, which would end the host's
own thread: where a cell is wanted and there is none, or a constant that nobody has evaluated, the host has to ask the
worker for it.
"""

from bend.runtime.kernel.direct.cells import WORD, size_class
from bend.runtime.kernel.direct.counts import (
    CELL,
    TAG_MASK,
    drop,
    retain_shared,
)
from bend.runtime.kernel.direct.sizes import COUNTING, MAX_CELL
from bend.runtime.kernel.direct.state import Worker
from bend.runtime.kernel.lang import ACQUIRE, Ptr, addr, atomic_load, export, inline, noinline, u64

NUMBER = 1
IMMEDIATE = 2
CONSTANT = 4
PAYLOAD_SHIFT = 8
PAYLOAD_MASK = 0xFFFFFF
INDEX_SHIFT = 32
SHAPE_MASK = 0xFF
HEADER_SHIFT = 40
# What a shape is for lists: the end, a cell with its number in the header, a cell with its number in the first word.
ENDS = 1
PACKED = 2
PLAIN = 3
# Why the reading of a list stops.
END = 0
FULL = 1
UNKNOWN = 2
WRONG = 3


@inline
def find_cell(w: Ptr[Worker], words: u64) -> u64:
    """A cell of so many words with its header; 0 if there is none at hand."""
    if words > MAX_CELL:
        order = size_class(words)
        large = w.large[order]
        if large != 0:
            w.large[order] = Ptr[u64](large)[0]
        return large
    cell = w.free[words]
    if cell != 0:
        w.free[words] = Ptr[u64](cell)[0]
        return cell
    start = w.next
    if start + words * WORD > w.end:
        return 0
    w.next = start + words * WORD
    return start


@inline
def take_cell(w: Ptr[Worker], words: u64) -> u64:
    """The same, counted where cells are."""
    cell = find_cell(w, words)
    if COUNTING != 0 and cell != 0:
        w.allocations += 1
    return cell


@export
@noinline
def make_cell(w: Ptr[Worker], header: u64, fields: Ptr[u64], count: u64) -> u64:
    """A cell with a header and so many words after it; 0 if there is no room."""
    cell = take_cell(w, count + 1)
    if cell != 0:
        words = Ptr[u64](cell)
        words[0] = header
        for index in range(count):
            words[index + 1] = fields[index]
    return cell


@export
@noinline
def make_list(w: Ptr[Worker], header: u64, is_packed: u64, kind: u64, numbers: Ptr[u64], count: u64,
              out: Ptr[u64]) -> u64:
    """Puts numbers (as payloads) in front of the list in `out`, the last one first; how many are left, because there
    was no room for them. `header` is that of a cell without its number, which belongs there if it is packed, `kind` the
    lowest byte of the numbers."""
    size: u64 = 3 - is_packed
    while count != 0:
        cell = take_cell(w, size)
        if cell == 0:
            return count
        count -= 1
        words = Ptr[u64](cell)
        if is_packed != 0:
            words[0] = header | numbers[count] << HEADER_SHIFT
            words[1] = out[0]
        else:
            words[0] = header
            words[1] = numbers[count] << PAYLOAD_SHIFT | kind
            words[2] = out[0]
        out[0] = cell
    return 0


@inline
def known(w: Ptr[Worker], value: u64) -> u64:
    """A value, or that of the constant that it refers to, if it is known."""
    if value & TAG_MASK != CONSTANT:
        return value
    found = atomic_load(addr(w.shared.constants[value >> INDEX_SHIFT]), ACQUIRE)
    return value if found == 0 else found


@export
@noinline
def read_numbers(w: Ptr[Worker], start: u64, kinds: Ptr[u64], out: Ptr[u64], capacity: u64) -> u64:
    """The payloads of the numbers in a list: how many there are, at most `capacity`. `kinds` says what each shape is.

    Writes why it ends, and where, and then the payloads. It ends at the end of the list, where `out` is full, where a
    constant must be evaluated, which is written third, or at what is no list of numbers.
    """
    count: u64 = 0
    at = start
    while True:
        at = known(w, at)
        out[1] = at
        tag = at & TAG_MASK
        if tag == CONSTANT:
            out[0] = UNKNOWN
            out[2] = at
            return count
        if tag == IMMEDIATE:
            out[0] = END if kinds[at >> INDEX_SHIFT] == ENDS else WRONG
            return count
        if tag != CELL:
            out[0] = WRONG
            return count
        cell = Ptr[u64](at)
        kind = kinds[cell[0] >> INDEX_SHIFT & SHAPE_MASK]
        if kind < PACKED:
            out[0] = WRONG
            return count
        if count == capacity:
            out[0] = FULL
            return count
        if kind == PACKED:
            out[3 + count] = cell[0] >> HEADER_SHIFT
            at = cell[1]
        else:
            head = known(w, cell[1])
            if head & TAG_MASK != NUMBER:
                out[0] = UNKNOWN if head & TAG_MASK == CONSTANT else WRONG
                out[2] = head
                return count
            out[3 + count] = head >> PAYLOAD_SHIFT & PAYLOAD_MASK
            at = cell[2]
        count += 1


@export
def keep_value(value: u64) -> None:
    """One more reference to a value."""
    retain_shared(value)


@export
def take_part(w: Ptr[Worker], whole: u64, part: u64) -> None:
    """A part of a value is needed, the value itself no more."""
    retain_shared(part)
    drop(w, whole)
