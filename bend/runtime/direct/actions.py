"""Runs of the direct engine as the loop of actions sees them (`bend.runtime.machine.Machine`).

Between actions no worker has anything to do, and this thread makes and reads cells in the first one's place
(`bend.runtime.kernel.direct.data`). Values are words (docs/direct.md, Values). Those that are made belong to whoever
made them, until they become part of another one or the outcome of an action.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bend.hvm.actions import MAGIC
from bend.hvm.plain import Node
from bend.runtime.direct import program as form
from bend.runtime.direct.host import Run
from bend.runtime.direct.making import U64, WORD_BYTES, CellMaker
from bend.runtime.direct.readback import NUMBER_MASK, Memory, ResultReader
from bend.runtime.machine import CALL_FIELDS, FINISHED, NUM_SCOTT, Action, ListType

if TYPE_CHECKING:
    from bend.hvm.result import Term
    from bend.options import Options

END, FULL, UNKNOWN = range(3)
ENDS, PACKED, PLAIN = 1, 2, 3
"""What a shape is for lists."""
CAPACITY = 1 << 14
NAME, ARGUMENT, CONTINUATION = 1, 2, 3
"""Fields of actions; the first one is the magic pair."""


def list_kind(shape: form.Shape | None, forms: form.ActionForms) -> int:
    """What a shape is for lists of numbers; 0 for one that is no part of lists."""
    if shape is None or shape.constructor is None:
        return 0
    if shape.constructor in forms.ends:
        return ENDS
    if shape.constructor not in forms.cells or shape.packed == 1:
        return 0
    return PLAIN if shape.packed is None else PACKED


class DirectMachine:
    """A run at rest whose result is `root`."""

    def __init__(self, run: Run, root: int) -> None:
        assert run.program.actions is not None
        self.run = run
        self.root = root
        self.folded = root
        self.shapes = run.program.shapes
        self.forms = run.program.actions
        self.memory = Memory(run.program, run.word, run.constant)
        self.magic: set[int] = set()
        self.maker = CellMaker(run)
        out = (U64 * (CAPACITY + 3))()
        kinds = (U64 * len(self.shapes))(*(list_kind(shape, self.forms) for shape in self.shapes))
        # What native code reads and writes is used through views, which are faster than arrays of ctypes.
        self.out_bytes = memoryview(out).cast('B')
        self.out = self.out_bytes.cast('Q')
        self.out_address, self.kinds_address = map(ctypes.addressof, (out, kinds))
        self.kept = kinds
        self.worker = run.worker_address()
        self._read_numbers = run.function('read_numbers', U64, 5)
        self._keep = run.function('keep_value', None, 1)
        self._take_part = run.function('take_part', None, 3)
        # Shapes of actions and of tuples whose fields are the words of the cell: these need no long look.
        plain = [(number, shape.constructor) for number, shape in enumerate(self.shapes)
                 if shape is not None and shape.packed is None]
        self.plain_calls = frozenset(number for number, name in plain if name in self.forms.calls)
        self.plain_pairs = frozenset(number for number, name in plain if name is None)
        self.heap, self.base = run.memory, run.base

    # ---- reading ----

    def _value(self, word: int) -> int:
        """A value, or that of the constant that it refers to, which is kept for ever."""
        if word & form.TAG_MASK == form.CONSTANT:
            return self.run.constant(word >> form.INDEX_SHIFT)
        return word

    def _words(self, word: int, shapes: frozenset[int]) -> Sequence[int] | None:
        """The header and the next words of a cell of one of some shapes."""
        if word & form.TAG_MASK != form.CELL:
            return None
        index = (word - self.base) >> 3
        words = self.heap[index:index + 1 + CALL_FIELDS]
        return words if words[0] >> form.SHAPE_SHIFT & form.SHAPE_MASK in shapes else None

    def _node(self, word: int) -> Node | None:
        """The constructor or tuple that is a cell."""
        if word & form.TAG_MASK != form.CELL:
            return None
        seen = self.memory.look(word)
        return seen if isinstance(seen, Node) else None

    def unfold_root(self) -> bool:
        """See `Machine`."""
        self.folded = self.root
        self.root = self._value(self.root)
        return self.root != self.folded

    def fold_root(self) -> None:
        """See `Machine`."""
        self.root = self.folded

    def action(self) -> Action | None:
        """See `Machine`. Evaluates what may be the magic pair."""
        words = self._words(self.root, self.plain_calls)
        if words is not None and words[1] in self.magic:
            return Action(NUM_SCOTT, words[1 + NAME], words[1 + ARGUMENT])
        node = self._node(self.root)
        if node is None or not self._is_magic(node.parts[0]):
            return None
        if node.constructor not in self.forms.calls:
            return None if node.constructor is None else FINISHED
        return Action(NUM_SCOTT, node.parts[NAME], node.parts[ARGUMENT])

    def _is_magic(self, word: int) -> bool:
        """Whether a value is the pair by which actions are known."""
        if word in self.magic:
            return True
        parts = self.pair(word)
        if parts is None or tuple(map(self._number, parts)) != MAGIC:
            return False
        if word & form.TAG_MASK == form.CONSTANT:
            self.magic.add(word)
        return True

    def _number(self, word: int) -> int | None:
        return word >> form.NUMBER_SHIFT & NUMBER_MASK if word & form.TAG_MASK == form.NUMBER else None

    def number(self, place: int) -> int | None:
        """See `Machine`."""
        return self._number(self._value(place))

    def pair(self, place: int) -> tuple[int, int] | None:
        """See `Machine`."""
        word = self._value(place)
        words = self._words(word, self.plain_pairs)
        if words is not None:
            return words[1], words[2]
        node = self._node(word)
        if node is None or node.constructor is not None:
            return None
        first, second = node.parts
        return first, second

    def is_eraser(self, place: int) -> bool:
        """See `Machine`."""
        return place & form.TAG_MASK == form.ERASER

    def take(self, place: int) -> int:
        """See `Machine`. The value stays where it is, too."""
        self._keep(place)
        return place

    def take_numbers(self, place: int) -> array[int] | None:
        """See `Machine`. The cells stay."""
        found = array('Q')
        while True:
            count = self._read_numbers(self.worker, place, self.kinds_address, self.out_address, CAPACITY)
            found.frombytes(self.out_bytes[3 * WORD_BYTES:(3 + count) * WORD_BYTES])
            status, place = self.out[0], self.out[1]
            if status == UNKNOWN:
                self.run.constant(self.out[2] >> form.INDEX_SHIFT)
            elif status != FULL:
                return found if status == END else None

    def term(self, place: int, options: Options) -> Term:
        """The term of a value, as of a result; `options` are those that the program was compiled with. Raises as
        `ResultReader.read` does."""
        return ResultReader(self.memory, options).read(place)[0]

    # ---- making ----

    def make_eraser(self) -> int:
        """See `Machine`."""
        return self.maker.eraser()

    def make_number(self, word: int) -> int:
        """See `Machine`."""
        return self.maker.number(word)

    def make_pair(self, first: int, second: int) -> int:
        """See `Machine`."""
        return self.maker.pair(first, second)

    def make_data(self, siblings: int, constructor: str, fields: Sequence[int]) -> int:
        """See `Machine`. There is one form for all encodings."""
        return self.maker.make(constructor, fields)

    def make_list(self, siblings: int, type_name: ListType, words: bytearray) -> int:
        """See `Machine`."""
        return self.maker.list_of_words(type_name, words)

    # ---- going on ----

    def go_on(self, siblings: int, outcome: int) -> None:
        """See `Machine`."""
        words = self._words(self.root, self.plain_calls)
        if words is not None:
            continuation = words[1 + CONTINUATION]
        else:
            node = self._node(self.root)
            assert node is not None
            continuation = node.parts[CONTINUATION]
        self._take_part(self.worker, self.root, continuation)
        self.root = self.run.apply(continuation, outcome)
