"""What a run has left in memory: every cell is either free or held, and counts the references to it.

So a reference that is never dropped shows, and one that is dropped twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bend.runtime.direct.host import Run
from bend.runtime.direct.program import (
    CELL,
    HEADER_PAYLOAD_SHIFT,
    PARTIAL,
    SHAPE_MASK,
    SHAPE_SHIFT,
    TAG_MASK,
)

FREE_LISTS, LARGE_LISTS = 41, 40
COUNT_MASK, IMMORTAL = 0xFFFFFFFF, 1 << 31


def free_bytes(run: Run) -> int:
    """The bytes of all cells in free lists; ends the threads of the run."""
    run.finish()
    total = 0
    layout = run.program.layouts['Worker']
    lists: list[tuple[int, int]] = []
    for index in range(run.threads):
        start = index * layout['']
        words = run.regions['workers'].words
        lists += [(words[start + layout['free'] + size], size) for size in range(FREE_LISTS)]
        lists += [(words[start + layout['large'] + order], 1 << order) for order in range(LARGE_LISTS)]
    for size in range(FREE_LISTS):
        chain = run.regions['shared'].words[run.program.layouts['Shared']['given'] + size]
        while chain:
            lists.append((chain, size))
            chain = run.word(chain + 8)
    for first, size in lists:
        cell = first
        while cell:
            total += size * 8
            cell = run.word(cell)
    return total


def fresh_bytes(run: Run) -> int:
    """The bytes of all cells that were ever made."""
    return sum(worker.fresh_bytes for worker in run.workers())


def faults(run: Run, values: Sequence[int]) -> list[str]:
    """What is wrong with the memory of a run, when nothing is held but these values and those of constants. Ends the
    threads of the run."""
    constants = [run.regions['constants'].words[number] for number in range(len(run.program.constants))]
    counts = Counter(word for word in (*values, *filter(None, constants)) if word & TAG_MASK == CELL)
    pending, held, found = list(counts), 0, []
    while pending:
        cell = pending.pop()
        words = _words(run, run.word(cell))
        held += _size(words + 1)
        for index in range(words):
            word = run.word(cell + 8 * (index + 1))
            if word & TAG_MASK == CELL:
                if word not in counts:
                    pending.append(word)
                counts[word] += 1
    for cell, count in counts.items():
        header = run.word(cell)
        if header & IMMORTAL == 0 and header & COUNT_MASK != count:
            found.append(f'{count} references to a cell of shape {header >> SHAPE_SHIFT & SHAPE_MASK} count as '
                         f'{header & COUNT_MASK}')
    lost = fresh_bytes(run) - free_bytes(run) - held
    return [*found, *([f'{lost} bytes are neither free nor held'] if lost else [])]


def _words(run: Run, header: int) -> int:
    """How many words follow a header."""
    shape = header >> SHAPE_SHIFT & SHAPE_MASK
    if shape == PARTIAL:
        return run.program.entries[header >> HEADER_PAYLOAD_SHIFT].given
    known = run.program.shapes[shape]
    assert known is not None
    return known.words


def _size(words: int) -> int:
    """The bytes of a cell: large ones are rounded up."""
    return 8 * (words if words < FREE_LISTS else 1 << (words - 1).bit_length())
