"""Nets of the native engine as the loop of actions sees them (`bend.runtime.machine.Machine`).

Between actions nothing runs, and this thread acts as the first worker, through functions of the kernel
(`bend.runtime.kernel.data`). What an action leads to is run here too, as long as it is little.
"""

from __future__ import annotations

import ctypes
import time
from array import array
from collections.abc import Sequence

from bend.hvm import net
from bend.hvm.actions import MAGIC, TAGS
from bend.hvm.numbers import U24, make_word
from bend.runtime.cpu import ERASER, NUMBER, REFERENCE, VARIABLE, Run, read_tree
from bend.runtime.machine import FINISHED, Action, ListType, make_net_data

CON = 4
TAG_MASK = 15
VALUE_SHIFT = 24
NO_ACTION, ASKS_NOTHING = 0, 1
MAX_FIELDS = 16
END, FULL, STOPPED, WRONG = 0, 1, 2, 3
CAPACITY = 1 << 14
WORD_BYTES = 8
U64 = ctypes.c_uint64


class CpuMachine:
    """A native run at rest."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.memory = run.memory
        self.heap = run.memory.heap_words
        self.worker = run.memory.worker_address(0)
        self.root = run.memory.root
        self.folded: int | None = None
        names = run.program.names
        actions = run.program.actions
        self.ids = ids = {name: index for index, name in enumerate(names)}
        self.possible = frozenset(ids[name] for name in actions.possible)
        magic = [ids[name] << VALUE_SHIFT | REFERENCE for name in actions.magic]
        self.magic = (U64 * (3 + len(magic)))(len(magic), *map(number_port, MAGIC), *magic)
        self.tags = {constructor: number_port(make_word(tag, U24)) for constructor, tag in TAGS.items()}
        self.tags.update((constructor, ids[name] << VALUE_SHIFT | REFERENCE) for constructor, name in actions.tags)
        self.list_tags = {type_name: (U64 * 2)(self.tags[f'{type_name}/Nil'], self.tags[f'{type_name}/Cons'])
                          for type_name in ('List', 'String')}
        # What native code reads and writes is used through views, which are faster than arrays of ctypes.
        fields = (U64 * (MAX_FIELDS + 2))()
        out = (U64 * (CAPACITY + 1))()
        self.fields = memoryview(fields).cast('B').cast('Q')
        self.out_bytes = memoryview(out).cast('B')
        self.out = self.out_bytes.cast('Q')
        self.constants: dict[int, int] = {}
        self._force = run.function('force', ctypes.c_bool, 2)
        self._read_action = run.function('read_action', U64, 4)
        self._take_numbers = run.function('take_numbers', U64, 4)
        self._constant_of = run.function('constant_of', U64, 2)
        self._make_constructor = run.function('make_constructor', U64, 5)
        self._make_pair = run.function('make_pair', U64, 3)
        self._make_list = run.function('make_list', U64, 5)
        self._go_on = run.function('go_on', ctypes.c_bool, 4)
        self.fields_address = ctypes.addressof(fields)
        self.magic_address = ctypes.addressof(self.magic)
        self.out_address = ctypes.addressof(out)

    # ---- reading ----

    def unfold_root(self) -> bool:
        """See `Machine`."""
        port = self._look(self.root)
        if port & TAG_MASK != REFERENCE or port >> VALUE_SHIFT not in self.possible:
            return False
        self.folded = port
        self._value(self.root)
        return True

    def fold_root(self) -> None:
        """See `Machine`."""
        assert self.folded is not None
        self.heap[self.root] = self.folded

    def action(self) -> Action | None:
        """See `Machine`."""
        fields = self.fields
        status = self._read_action(self.worker, self.root, self.magic_address, self.fields_address)
        if status == NO_ACTION:
            return None
        return FINISHED if status == ASKS_NOTHING else Action(fields[0], fields[1], fields[2])

    def number(self, place: int) -> int | None:
        """See `Machine`."""
        port = self._value(place)
        return port >> VALUE_SHIFT if port & TAG_MASK == NUMBER else None

    def pair(self, place: int) -> tuple[int, int] | None:
        """See `Machine`."""
        port = self._value(place)
        index = port >> VALUE_SHIFT
        return (index, index + 1) if port & TAG_MASK == CON else None

    def is_eraser(self, place: int) -> bool:
        """See `Machine`."""
        return self._look(place) == ERASER

    def take(self, place: int) -> int:
        """See `Machine`. Full slots on the way stay as they are: the port leads to them."""
        port = self.heap[place]
        self.heap[place] = ERASER
        return port

    def take_numbers(self, place: int) -> array[int] | None:
        """See `Machine`."""
        found = array('Q')
        while True:
            start = time.perf_counter()
            count = self._take_numbers(self.worker, place, self.out_address, CAPACITY)
            self.run.seconds += time.perf_counter() - start
            found.frombytes(self.out_bytes[WORD_BYTES:(1 + count) * WORD_BYTES])
            status = self.out[0]
            if status == STOPPED:
                self.run.resume()
            elif status != FULL:
                return found if status == END else None

    def _look(self, place: int) -> int:
        """The port at a place, full slots followed."""
        port = self.heap[place]
        while port & TAG_MASK == VARIABLE:
            held = self.heap[port >> VALUE_SHIFT]
            if held == 0:
                break
            port = held
        return port

    def _number_port(self, port: int) -> int:
        """The number that a reference stands for, if it does; otherwise the port itself."""
        if port & TAG_MASK != REFERENCE:
            return port
        found = self.constants.get(port)
        if found is None:
            found = self.constants[port] = self._constant_of(self.worker, port) or port
        return found

    def _value(self, place: int) -> int:
        """The port at a place, evaluated if it is a reference."""
        port = self._number_port(self._look(place))
        if port & TAG_MASK != REFERENCE:
            return port
        while True:
            start = time.perf_counter()
            finished = self._force(self.worker, place)
            self.run.seconds += time.perf_counter() - start
            if finished:
                return self._look(place)
            self.run.resume()

    def tree(self, place: int) -> net.Tree:
        """See `Machine`."""
        return read_tree(self.heap, self.heap[place], self.run.program.names)

    # ---- making ----

    def make_reference(self, name: str) -> int:
        """See `Machine`."""
        return self.ids[name] << VALUE_SHIFT | REFERENCE

    def make_eraser(self) -> int:
        """See `Machine`."""
        return ERASER

    def make_number(self, word: int) -> int:
        """See `Machine`."""
        return number_port(word)

    def make_tag(self, constructor: str) -> int:
        """See `Machine`."""
        return self.tags[constructor]

    def make_pair(self, first: int, second: int) -> int:
        """See `Machine`."""
        return self._make_pair(self.worker, first, second)

    def make_constructor(self, siblings: int, arm: int, fields: Sequence[int]) -> int:
        """See `Machine`."""
        for index, field in enumerate(fields):
            self.fields[index] = field
        return self._make_constructor(self.worker, siblings, arm, self.fields_address, len(fields))

    def make_data(self, siblings: int, constructor: str, fields: Sequence[int]) -> int:
        """See `Machine`."""
        return make_net_data(self, siblings, constructor, fields)

    def make_list(self, siblings: int, type_name: ListType, words: bytearray) -> int:
        """See `Machine`."""
        address = ctypes.addressof(ctypes.c_char.from_buffer(words)) if words else 0
        tags = ctypes.addressof(self.list_tags[type_name])
        return self._make_list(self.worker, siblings, tags, address, len(words) // WORD_BYTES)

    # ---- going on ----

    def go_on(self, siblings: int, outcome: int) -> None:
        """See `Machine`."""
        start = time.perf_counter()
        finished = self._go_on(self.worker, self.root, siblings, outcome)
        self.run.seconds += time.perf_counter() - start
        if not finished:
            self.run.resume()


def number_port(word: int) -> int:
    """The port of a number."""
    return word << VALUE_SHIFT | NUMBER
