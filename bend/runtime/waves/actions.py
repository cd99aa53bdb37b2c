"""Runs on a device as the loop of actions sees them: what `bend.runtime.direct.actions` does where no native code can
read and make cells.

The host reads and writes the words of cells, and takes memory that was never used. What it has read and nobody needs
any more stays where it is: only lanes have lists of free cells.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from bend.hvm.numbers import TYPE_BITS
from bend.hvm.plain import Node
from bend.hvm.result import Reference
from bend.runtime.direct import program as form
from bend.runtime.direct.actions import CONTINUATION, DirectMachine
from bend.runtime.direct.making import CellMaker
from bend.runtime.direct.readback import Memory

if TYPE_CHECKING:
    from bend.runtime.direct.host import Run
    from bend.runtime.waves.host import WavesRun

COUNT_MASK = 0xFFFFFFFF
IMMORTAL = 0x80000000
"""Of the headers of cells (`bend.runtime.kernel.direct.counts`)."""


class DeviceMaker(CellMaker):
    """Makes values in the memory of a device."""

    def __init__(self, run: WavesRun) -> None:
        self.device_run = run
        self.run = cast('Run', run)
        self.shapes = run.program.shapes
        self.numbers_by_name = run.program.made
        self.foreseen = None

    def cell(self, header: int, fields: Sequence[int]) -> int:
        """See `CellMaker`."""
        return self.device_run.take_words((header, *fields), 1 + len(fields))

    def chain(self, cons: str, kind: int, payloads: array[int] | bytearray, end: int) -> int:
        """See `CellMaker`."""
        numbers = payloads if isinstance(payloads, array) else array('Q', bytes(payloads))
        for payload in reversed(numbers):
            end = self.make(cons, (payload << form.PAYLOAD_SHIFT | kind << form.NUMBER_SHIFT | form.NUMBER, end))
        return end


class DeviceMachine(DirectMachine):
    """A run on a device at rest whose result is `root`."""

    def __init__(self, run: WavesRun, root: int) -> None:
        assert run.program.actions is not None
        self.device_run = run
        self.run = cast('Run', run)
        self.root = self.folded = root
        self.forms = run.program.actions
        self.shapes = run.program.shapes
        self.memory = Memory(run.program, run.word, run.constant)
        self.magic: set[int] = set()
        self.maker = DeviceMaker(run)
        self.plain_calls = self.plain_pairs = frozenset()

    def _words(self, word: int, shapes: frozenset[int]) -> Sequence[int] | None:
        """All cells are looked at in one way."""
        return None

    def take(self, place: int) -> int:
        """See `Machine`. The value stays where it is, too."""
        self._retain(place)
        return place

    def take_numbers(self, place: int) -> array[int] | None:
        """See `Machine`. The cells stay."""
        found = array('Q')
        while True:
            seen = self.memory.look(self._value(place))
            if isinstance(seen, Reference) and seen.name in self.forms.ends:
                return found
            if not isinstance(seen, Node) or seen.constructor not in self.forms.cells:
                return None
            head, place = seen.parts
            word = self.number(head)
            if word is None:
                return None
            found.append(word >> TYPE_BITS)

    def go_on(self, siblings: int, outcome: int) -> None:
        """See `Machine`."""
        node = self._node(self.root)
        assert node is not None
        continuation = node.parts[CONTINUATION]
        header = self.device_run.word(self.root)
        if header & COUNT_MASK != 1:
            # Others need the action: it keeps its parts. If nobody does, what it has is ours.
            self._retain(continuation)
            self._count(self.root, -1)
        self.root = self.device_run.apply(continuation, outcome)

    def _retain(self, word: int) -> None:
        """One more reference to a value."""
        if word & form.TAG_MASK == form.CELL:
            self._count(word, 1)

    def _count(self, cell: int, more: int) -> None:
        """Changes the count of a cell, if that is not immortal."""
        header = self.device_run.word(cell)
        if not header & IMMORTAL:
            self.device_run.set_word(cell, header + more)
