"""Nets of the reference reducer as the loop of actions sees them (`bend.runtime.machine.Machine`).

A place is the index of a cell of a node times two, or that of a variable's slot times two plus one.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from bend.hvm import net
from bend.hvm.actions import MAGIC, TAGS, ActionNames
from bend.hvm.numbers import TYPE_BITS, U24, make_word
from bend.hvm.reduce import Reduction, read_tree
from bend.hvm.rules import CON, EMPTY, ERA, ERASER, NUM, REF, ROOT, TAG_BITS, TAG_MASK, VAR, link
from bend.runtime.machine import CALL, CALL_FIELDS, FINISHED, NUM_SCOTT, SCOTT, Action, ListType, make_net_data


@dataclass(frozen=True, slots=True)
class Cell:
    """A constructor as it stands in a net: an arm among siblings, and the places of its fields. With num-scott it has
    no siblings, and the first field is the tag."""

    siblings: int
    arm: int
    fields: Sequence[int]


class ReferenceMachine:
    """A reduction at rest."""

    def __init__(self, reduction: Reduction, names: ActionNames) -> None:
        self.reduction = reduction
        self.graph = reduction.graph
        self.root = (ROOT >> TAG_BITS) * 2 + 1
        self.folded: int | None = None
        self.ids = ids = {name: number for number, name in enumerate(self.graph.names)}
        self.possible = frozenset(ids[name] for name in names.possible)
        self.magic = frozenset(ids[name] for name in names.magic)
        self.tags = {constructor: number_port(make_word(tag, U24)) for constructor, tag in TAGS.items()}
        self.tags.update((constructor, ids[name] << TAG_BITS | REF) for constructor, name in names.tags)

    # ---- places ----

    def _follow(self, place: int) -> int:
        """The place where what stands at a place is written: bound variables are followed."""
        while self._read(place) & TAG_MASK == VAR:
            slot = self._read(place) >> TAG_BITS
            if self.graph.slots[slot] == EMPTY:
                break
            place = slot * 2 + 1
        return place

    def _read(self, place: int) -> int:
        return (self.graph.slots if place & 1 else self.graph.heap)[place >> 1]

    def _write(self, place: int, port: int) -> None:
        (self.graph.slots if place & 1 else self.graph.heap)[place >> 1] = port

    def _look(self, place: int) -> int:
        """The port at a place, bound variables followed."""
        return self._read(self._follow(place))

    def _value(self, place: int) -> int:
        """The port at a place, evaluated if it is a reference."""
        while self._look(place) & TAG_MASK == REF:
            at = self._follow(place)
            reference = self._read(at)
            variable = self.graph.make_variable()
            self._write(at, variable)
            self.reduction.expand(reference >> TAG_BITS, variable)
            self.reduction.run()
        return self._look(place)

    def _number(self, place: int) -> int | None:
        """The word of the number at a place, or of the one that a reference there stands for."""
        port = self._look(place)
        if port & TAG_MASK == REF:
            template = self.graph.templates[port >> TAG_BITS]
            port = template.root if not template.pairs else ERASER
        return port >> TAG_BITS if port & TAG_MASK == NUM else None

    # ---- reading ----

    def unfold_root(self) -> bool:
        """See `Machine`."""
        port = self._look(self.root)
        if port & TAG_MASK != REF or port >> TAG_BITS not in self.possible:
            return False
        self.folded = port
        self._value(self.root)
        return True

    def fold_root(self) -> None:
        """See `Machine`."""
        assert self.folded is not None
        self._write(self.root, self.folded)

    def action(self) -> Action | None:
        """See `Machine`."""
        cell = self._constructor(self.root)
        arm, fields = self._number_and_fields(cell)
        if cell is None or not fields or not self._is_magic(fields[0]):
            return None
        is_call = arm == CALL and len(fields) == CALL_FIELDS
        return Action(cell.siblings, fields[1], fields[2]) if is_call else FINISHED

    def _number_and_fields(self, cell: Cell | None) -> tuple[int | None, Sequence[int]]:
        """The number of a constructor and its fields proper; no number and no fields if it is of no known encoding."""
        if cell is None or cell.siblings not in (NUM_SCOTT, SCOTT):
            return None, ()
        if cell.siblings == SCOTT:
            return cell.arm, cell.fields
        return (self._constant(cell.fields[0]), cell.fields[1:]) if cell.fields else (None, ())

    def _constructor(self, place: int) -> Cell | None:
        """The constructor at a place."""
        siblings, arm, spine = 0, 0, None
        port = self._look(place)
        while port & TAG_MASK == CON:
            index = port >> TAG_BITS
            if self._look(index * 2) & TAG_MASK != ERA:
                if spine is not None:
                    return None
                arm, spine = siblings, index * 2
            siblings += 1
            port = self._look(index * 2 + 2)
        if spine is None or port & TAG_MASK != VAR:
            return None
        fields: list[int] = []
        last = self._look(spine)
        while last & TAG_MASK == CON:
            fields.append(last >> TAG_BITS << 1)
            last = self._look(fields[-1] + 2)
        return Cell(siblings, arm, fields) if last == port else None

    def _constant(self, place: int) -> int | None:
        """The payload of the number at a place, or of the one that a reference there stands for."""
        word = self._number(place)
        return None if word is None else word >> TYPE_BITS

    def _is_magic(self, place: int) -> bool:
        """Whether the magic pair stands at a place."""
        port = self._look(place)
        if port & TAG_MASK == REF:
            return port >> TAG_BITS in self.magic
        if port & TAG_MASK != CON:
            return False
        index = port >> TAG_BITS << 1
        return (self._look(index), self._look(index + 2)) == (number_port(MAGIC[0]), number_port(MAGIC[1]))

    def number(self, place: int) -> int | None:
        """See `Machine`."""
        word = self._number(place)
        if word is not None:
            return word
        self._value(place)
        return self._number(place)

    def pair(self, place: int) -> tuple[int, int] | None:
        """See `Machine`."""
        if self._number(place) is not None:
            return None
        port = self._value(place)
        index = port >> TAG_BITS << 1
        return (index, index + 2) if port & TAG_MASK == CON else None

    def is_eraser(self, place: int) -> bool:
        """See `Machine`."""
        return self._look(place) == ERASER

    def take(self, place: int) -> int:
        """See `Machine`."""
        port = self._read(place)
        self._write(place, ERASER)
        return port

    def take_numbers(self, place: int) -> array[int] | None:
        """See `Machine`."""
        found = array('Q')
        while True:
            self._value(place)
            arm, fields = self._number_and_fields(self._constructor(place))
            if arm == TAGS['List/Nil'] and not fields:
                return found
            if arm != TAGS['List/Cons'] or len(fields) != 2:
                return None
            word = self.number(fields[0])
            if word is None:
                return None
            found.append(word >> TYPE_BITS)
            self._free_cell(place, self._look(fields[1]))

    def _free_cell(self, place: int, rest: int) -> None:
        """Frees the nodes of the cell at a place, and puts the rest of the list there."""
        port = self._look(place)
        self._write(self._follow(place), rest)
        while port & TAG_MASK == CON:
            spine, port = map(self.graph.follow, self.graph.take_node(port))
            while spine & TAG_MASK == CON:
                spine = self.graph.follow(self.graph.take_node(spine)[1])
        self.graph.free_slots.append(port >> TAG_BITS)

    def tree(self, place: int) -> net.Tree:
        """See `Machine`."""
        return read_tree(self.graph, self._read(place))

    # ---- making ----

    def make_reference(self, name: str) -> int:
        """See `Machine`."""
        return self.ids[name] << TAG_BITS | REF

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
        return self.graph.make_node(CON, first, second)

    def make_constructor(self, siblings: int, arm: int, fields: Sequence[int]) -> int:
        """See `Machine`."""
        result = self.graph.make_variable()
        body = result
        for field in reversed(fields):
            body = self.graph.make_node(CON, field, body)
        port = result
        for index in reversed(range(siblings)):
            port = self.graph.make_node(CON, body if index == arm else ERASER, port)
        return port

    def make_data(self, siblings: int, constructor: str, fields: Sequence[int]) -> int:
        """See `Machine`."""
        return make_net_data(self, siblings, constructor, fields)

    def make_list(self, siblings: int, type_name: ListType, words: bytearray) -> int:
        """See `Machine`."""
        port = self.make_data(siblings, f'{type_name}/Nil', ())
        for number in reversed(memoryview(words).cast('Q')):
            port = self.make_data(siblings, f'{type_name}/Cons', (number_port(make_word(number, U24)), port))
        return port

    # ---- going on ----

    def go_on(self, siblings: int, outcome: int) -> None:
        """See `Machine`; the net is that of `bend.runtime.kernel.data.go_on`."""
        graph = self.graph
        action = graph.slots[ROOT >> TAG_BITS]
        graph.slots[ROOT >> TAG_BITS] = EMPTY
        result = graph.make_variable()
        arm = graph.make_node(CON, graph.make_node(CON, outcome, result), result)
        for _ in range(CALL_FIELDS if siblings == NUM_SCOTT else CALL_FIELDS - 1):
            arm = graph.make_node(CON, ERASER, arm)
        target = graph.make_node(CON, arm, ROOT)
        if siblings == SCOTT:
            target = graph.make_node(CON, ERASER, target)
        link(graph, action, target)
        self.reduction.run()


def number_port(word: int) -> int:
    """The port of a number."""
    return word << TAG_BITS | NUM
