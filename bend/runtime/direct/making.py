"""Values of Python's side in the memory of a run, made while no worker has anything to do.

This thread makes cells in the first worker's place (`bend.runtime.kernel.direct.data`). What is made belongs to whoever
made it, until it becomes part of something else, an argument or the outcome of an action.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bend.hvm.numbers import TYPE_BITS, TYPE_MASK, U24
from bend.running_direct import Unforeseen
from bend.runtime.direct import program as form
from bend.runtime.direct.host import Run

if TYPE_CHECKING:
    from bend.interface import ConstructorShape

WORD_BYTES = 8
NUMBER_BYTE = 0xFF
"""The part of a number that tells its kind."""
U64 = ctypes.c_uint64


class CellMaker:
    """Makes values in a run (see `bend.hvm.construct.DataWriter`, and `ValueMaker`, which it is as well)."""

    def __init__(self, run: Run, foreseen: form.Foreseen | None = None) -> None:
        """Values that are not `foreseen` are refused, if that is given."""
        self.run = run
        self.shapes = run.program.shapes
        self.numbers_by_name = run.program.made
        self.foreseen = foreseen
        self.worker = run.worker_address()
        fields = (U64 * max(1, *(shape.words for shape in self.shapes if shape is not None), 1))()
        end = (U64 * 1)()
        # What native code reads and writes is used through views, which are faster than arrays of ctypes.
        self.fields, self.end = (memoryview(words).cast('B').cast('Q') for words in (fields, end))
        self.fields_address, self.end_address = map(ctypes.addressof, (fields, end))
        self._make_cell = run.function('make_cell', U64, 4)
        self._make_list = run.function('make_list', U64, 7)

    @property
    def maker(self) -> CellMaker:
        """See `DataWriter`."""
        return self

    def eraser(self) -> int:
        """See `ValueMaker`."""
        return form.ERASER

    def number(self, word: int) -> int:
        """See `ValueMaker`."""
        return word << form.NUMBER_SHIFT | form.NUMBER

    def pair(self, first: int, second: int) -> int:
        """See `ValueMaker`."""
        return self.make(None, (first, second))

    def constructor(self, shape: ConstructorShape, fields: Sequence[int]) -> int:
        """See `DataWriter`."""
        return self.make(shape.name, fields)

    def numbers(self, cons: ConstructorShape, words: Sequence[int], end: int) -> int:
        """See `DataWriter`."""
        kinds = {word & TYPE_MASK for word in words}
        if len(kinds) == 1:
            payloads = array('Q', [word >> TYPE_BITS for word in words])
            return self.chain(cons.name, kinds.pop(), payloads, end)
        for word in reversed(words):
            end = self.make(cons.name, (self.number(word), end))
        return end

    def check_arguments(self, values: Sequence[int]) -> None:
        """Raises `Unforeseen` if the program was not compiled for some arguments."""
        if self.foreseen is not None:
            sets = self.foreseen.arguments
            self.expect(values, [sets[min(index, len(sets) - 1)] for index in range(len(values))])

    def expect(self, values: Sequence[int], sets: Sequence[frozenset[int]]) -> None:
        """Raises `Unforeseen` if a value is not among those that may be there."""
        for word, keys in zip(values, sets, strict=True):
            tag = word & form.TAG_MASK
            if tag == form.NUMBER:
                key = word & NUMBER_BYTE
            elif tag == form.CELL:
                key = form.FIRST_SHAPE_KEY + (self.run.word(word) >> form.SHAPE_SHIFT & form.SHAPE_MASK)
            else:
                key = tag if tag == form.ERASER else form.FIRST_SHAPE_KEY + (word >> form.INDEX_SHIFT)
            if key not in keys:
                raise Unforeseen

    def shape_number(self, constructor: str | None) -> int:
        """The shape of a constructor; raises `Unforeseen` if the program was not compiled for it."""
        if self.foreseen is not None and constructor not in self.numbers_by_name:
            raise Unforeseen
        return self.numbers_by_name[constructor]

    def make(self, constructor: str | None, fields: Sequence[int]) -> int:
        """A constructor, or a tuple (None), of fields that become its own."""
        number = self.shape_number(constructor)
        shape = self.shapes[number]
        assert shape is not None
        if self.foreseen is not None and fields:
            self.expect(fields, self.foreseen.fields[constructor])
        payload = 0
        if shape.packed is not None:
            packed = fields[shape.packed]
            assert packed & form.TAG_MASK == form.NUMBER
            payload = packed >> form.PAYLOAD_SHIFT & form.PAYLOAD_MASK
            fields = (*fields[:shape.packed], *fields[shape.packed + 1:])
        if not fields:
            return number << form.INDEX_SHIFT | payload << form.PAYLOAD_SHIFT | form.IMMEDIATE
        return self.cell(payload << form.HEADER_PAYLOAD_SHIFT | number << form.SHAPE_SHIFT | 1, fields)

    def cell(self, header: int, fields: Sequence[int]) -> int:
        """A new cell with a header and words."""
        for index, field in enumerate(fields):
            self.fields[index] = field
        while True:
            cell = self._make_cell(self.worker, header, self.fields_address, len(fields))
            if cell:
                return cell
            self.run.make_room(1 + len(fields))

    def chain(self, cons: str, kind: int, payloads: array[int] | bytearray, end: int) -> int:
        """Cells of a list with a tail, one for each number of a kind (`bend.hvm.numbers`), whose payloads are words of
        memory."""
        count = len(payloads) if isinstance(payloads, array) else len(payloads) // WORD_BYTES
        if not count:
            return end
        number = self.shape_number(cons)
        shape = self.shapes[number]
        assert shape is not None
        tag_byte = kind << form.NUMBER_SHIFT | form.NUMBER
        if self.foreseen is not None:
            heads, tails = self.foreseen.fields[cons]
            self.expect((tag_byte, end), (heads, tails))
            if form.FIRST_SHAPE_KEY + number not in tails:
                raise Unforeseen
        address = ctypes.addressof(ctypes.c_char.from_buffer(payloads))
        header, is_packed = number << form.SHAPE_SHIFT | 1, shape.packed is not None
        self.end[0] = end
        while count := self._make_list(self.worker, header, is_packed, tag_byte, address, count, self.end_address):
            self.run.make_room(1 + shape.words)
        return self.end[0]

    def list_of_words(self, type_name: str, words: bytearray) -> int:
        """A list or a string of u24 numbers, which are words of memory."""
        return self.chain(f'{type_name}/Cons', U24, words, self.make(f'{type_name}/Nil', ()))
