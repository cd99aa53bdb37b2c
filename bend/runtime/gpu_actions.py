"""Nets on a GPU as the loop of actions sees them (`bend.runtime.machine.Machine`).

A place is the index of a word of the heap. Between launches the heap belongs to the host, which reads and changes it by
the page. Cells that it frees it uses again itself, or leaves them to the device; others it takes from what was never
used.
"""

from __future__ import annotations

from array import array

from bend.hvm import net
from bend.hvm.rules import CON, NUM, TAG_MASK, VAR
from bend.runtime.cpu import read_tree
from bend.runtime.gpu_net import BOOT, REDEX, ROOT, GpuRun
from bend.runtime.net_at_rest import NetAtRest

VALUE_SHIFT = 24
EMPTY = 0
TAKEN_WORDS = 64
"""How many words are taken at a time."""


class GpuMachine(NetAtRest):
    """A run on a GPU at rest."""

    def __init__(self, run: GpuRun) -> None:
        self.gpu_run = run
        self.words = run.words
        self.free: list[int] = []
        program = run.linked.program
        self.book = array('Q', program.book)
        super().__init__(program.names, program.actions, ROOT, VALUE_SHIFT, EMPTY)

    def read(self, place: int) -> int:
        """See `NetAtRest`."""
        return self.words[place]

    def write(self, place: int, port: int) -> None:
        """See `NetAtRest`."""
        self.words[place] = port

    def slot(self, variable: int) -> int:
        """See `NetAtRest`."""
        return variable >> VALUE_SHIFT

    def parts(self, node: int) -> tuple[int, int]:
        """See `NetAtRest`."""
        index = node >> VALUE_SHIFT
        return index, index + 1

    def constant(self, reference: int) -> int | None:
        """See `NetAtRest`; the twin of `constant_of` of `bend.runtime.kernel.expand`."""
        start = self.book[reference >> VALUE_SHIFT]
        variables, nodes, redexes, root = self.book[start:start + 4]
        return root if variables + nodes + redexes == 0 and root & TAG_MASK == NUM else None

    def expand(self, reference: int, variable: int) -> None:
        """See `NetAtRest`."""
        self._launch(BOOT, reference >> VALUE_SHIFT, variable)

    def run(self, a: int, b: int) -> None:
        """See `NetAtRest`."""
        self._launch(REDEX, a, b)

    def _launch(self, kind: int, first: int, second: int) -> None:
        """Leaves most of the free cells to the device, and has it go on."""
        size = self.gpu_run.state['magazine']
        while len(self.free) >= 2 * size:
            self.gpu_run.give(self.free[-size:])
            del self.free[-size:]
        self.gpu_run.launch(kind, first, second)

    def _cell(self) -> int:
        """A cell of two words."""
        if not self.free:
            start = self.gpu_run.take(TAKEN_WORDS)
            self.free += range(start, start + TAKEN_WORDS, 2)
        return self.free.pop()

    def new_variable(self) -> int:
        """See `NetAtRest`."""
        index = self._cell()
        self.words[index] = EMPTY
        return index << VALUE_SHIFT | VAR

    def new_node(self, first: int, second: int) -> int:
        """See `NetAtRest`."""
        index = self._cell()
        self.words[index] = first
        self.words[index + 1] = second
        return index << VALUE_SHIFT | CON

    def take_node(self, node: int) -> tuple[int, int]:
        """See `NetAtRest`."""
        index = node >> VALUE_SHIFT
        self.free.append(index)
        return self.words[index], self.words[index + 1]

    def free_variable(self, variable: int) -> None:
        """See `NetAtRest`."""
        self.free.append(variable >> VALUE_SHIFT)

    def resolved(self, port: int) -> int:
        """See `NetAtRest`."""
        while port & TAG_MASK == VAR:
            held = self.words[port >> VALUE_SHIFT]
            if held == EMPTY:
                break
            self.free_variable(port)
            port = held
        return port

    def root_variable(self) -> int:
        """See `NetAtRest`."""
        return ROOT << VALUE_SHIFT | VAR

    def tree(self, place: int) -> net.Tree:
        """See `Machine`."""
        return read_tree(self.words, self.read(place), self.gpu_run.linked.program.names)
