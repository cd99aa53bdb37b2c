"""Nets at rest as Python sees them for the loop of actions (`bend.runtime.machine.Machine`): what is the same wherever
the net lies.

Ports have the tags of `bend.hvm.rules` in their lowest bits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterable, Sequence

from bend.hvm import net
from bend.hvm.actions import MAGIC, TAGS, ActionNames
from bend.hvm.numbers import TYPE_BITS, U24, make_word
from bend.hvm.rules import CON, ERA, ERASER, NUM, REF, TAG_MASK, VAR
from bend.records import dataclass
from bend.runtime.machine import CALL, CALL_FIELDS, FINISHED, NUM_SCOTT, SCOTT, Action, ListType, make_net_data


@dataclass(frozen=True, slots=True)
class Cell:
    """A constructor as it stands in a net: an arm among siblings, and the places of its fields. With num-scott it has
    no siblings, and the first field is the tag."""

    siblings: int
    arm: int
    fields: Sequence[int]


class NetAtRest(ABC):
    """A net that nothing reduces just now."""

    def __init__(self, names: Iterable[str], actions: ActionNames, root: int, shift: int, empty: int) -> None:
        """`names` are the definitions by number, `root` is the place of the result. The value of a port begins at the
        bit `shift`; `empty` is what stands in an empty variable."""
        self.root = root
        self.shift = shift
        self.empty = empty
        self.folded: int | None = None
        self.ids = ids = {name: number for number, name in enumerate(names)}
        self.possible = frozenset(ids[name] for name in actions.possible)
        self.magic = frozenset(ids[name] for name in actions.magic)
        self.tags = {constructor: self.make_number(make_word(tag, U24)) for constructor, tag in TAGS.items()}
        self.tags.update((constructor, self.make_reference(name)) for constructor, name in actions.tags)

    # ---- the net ----

    @abstractmethod
    def read(self, place: int) -> int:
        """The port at a place."""

    @abstractmethod
    def write(self, place: int, port: int) -> None:
        """Puts a port at a place."""

    @abstractmethod
    def slot(self, variable: int) -> int:
        """The place of the slot of a variable."""

    @abstractmethod
    def parts(self, node: int) -> tuple[int, int]:
        """The places of both auxiliary ports of a node."""

    @abstractmethod
    def constant(self, reference: int) -> int | None:
        """The port of the number that a reference stands for."""

    @abstractmethod
    def expand(self, reference: int, variable: int) -> None:
        """Joins a reference, which becomes a copy of its definition, with a variable, and runs."""

    @abstractmethod
    def run(self, a: int, b: int) -> None:
        """Joins two nodes, and runs."""

    @abstractmethod
    def new_variable(self) -> int:
        """The port of a new, empty variable."""

    @abstractmethod
    def new_node(self, first: int, second: int) -> int:
        """The port of a new CON node."""

    @abstractmethod
    def take_node(self, node: int) -> tuple[int, int]:
        """The auxiliary ports of a node, which is freed."""

    @abstractmethod
    def free_variable(self, variable: int) -> None:
        """Frees a variable of which both ends are known."""

    @abstractmethod
    def resolved(self, port: int) -> int:
        """What a port leads to. Bound variables on the way may be freed."""

    @abstractmethod
    def root_variable(self) -> int:
        """The variable of the result, as a port."""

    @abstractmethod
    def tree(self, place: int) -> net.Tree:
        """See `Machine`."""

    def _follow(self, place: int) -> int:
        """The place where what stands at a place is written: bound variables are followed."""
        port = self.read(place)
        while port & TAG_MASK == VAR:
            slot = self.slot(port)
            port = self.read(slot)
            if port == self.empty:
                break
            place = slot
        return place

    def _look(self, place: int) -> int:
        """The port at a place, bound variables followed."""
        return self.read(self._follow(place))

    def _value(self, place: int) -> int:
        """The port at a place, evaluated if it is a reference."""
        while self._look(place) & TAG_MASK == REF:
            at = self._follow(place)
            reference = self.read(at)
            variable = self.new_variable()
            self.write(at, variable)
            self.expand(reference, variable)
        return self._look(place)

    def _number(self, place: int) -> int | None:
        """The word of the number at a place, or of the one that a reference there stands for."""
        port: int | None = self._look(place)
        if port is not None and port & TAG_MASK == REF:
            port = self.constant(port)
        return port >> self.shift if port is not None and port & TAG_MASK == NUM else None

    # ---- reading ----

    def unfold_root(self) -> bool:
        """See `Machine`."""
        port = self._look(self.root)
        if port & TAG_MASK != REF or port >> self.shift not in self.possible:
            return False
        self.folded = port
        self._value(self.root)
        return True

    def fold_root(self) -> None:
        """See `Machine`."""
        assert self.folded is not None
        self.write(self.root, self.folded)

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
            first, second = self.parts(port)
            if self._look(first) & TAG_MASK != ERA:
                if spine is not None:
                    return None
                arm, spine = siblings, first
            siblings += 1
            port = self._look(second)
        if spine is None or port & TAG_MASK != VAR:
            return None
        fields: list[int] = []
        last = self._look(spine)
        while last & TAG_MASK == CON:
            field, rest = self.parts(last)
            fields.append(field)
            last = self._look(rest)
        is_own = last & TAG_MASK == VAR and last >> self.shift == port >> self.shift
        return Cell(siblings, arm, fields) if is_own else None

    def _constant(self, place: int) -> int | None:
        """The payload of the number at a place, or of the one that a reference there stands for."""
        word = self._number(place)
        return None if word is None else word >> TYPE_BITS

    def _is_magic(self, place: int) -> bool:
        """Whether the magic pair stands at a place."""
        port = self._look(place)
        if port & TAG_MASK == REF:
            return port >> self.shift in self.magic
        if port & TAG_MASK != CON:
            return False
        first, second = self.parts(port)
        return (self._look(first), self._look(second)) == tuple(map(self.make_number, MAGIC))

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
        return self.parts(port) if port & TAG_MASK == CON else None

    def is_eraser(self, place: int) -> bool:
        """See `Machine`."""
        return self._look(place) == ERASER

    def take(self, place: int) -> int:
        """See `Machine`."""
        port = self.read(place)
        self.write(place, ERASER)
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
            rest = self.resolved(self.read(fields[1]))
            self.write(fields[1], rest)
            self._free_cell(place, rest)

    def _free_cell(self, place: int, rest: int) -> None:
        """Frees the nodes of the cell at a place, and puts the rest of the list there."""
        port = self.resolved(self.read(place))
        self.write(place, rest)
        while port & TAG_MASK == CON:
            spine, port = map(self.resolved, self.take_node(port))
            while spine & TAG_MASK == CON:
                _, spine = map(self.resolved, self.take_node(spine))
        self.free_variable(port)

    # ---- making ----

    def make_reference(self, name: str) -> int:
        """See `Machine`."""
        return self.ids[name] << self.shift | REF

    def make_eraser(self) -> int:
        """See `Machine`."""
        return ERASER

    def make_number(self, word: int) -> int:
        """See `Machine`."""
        return word << self.shift | NUM

    def make_tag(self, constructor: str) -> int:
        """See `Machine`."""
        return self.tags[constructor]

    def make_pair(self, first: int, second: int) -> int:
        """See `Machine`."""
        return self.new_node(first, second)

    def make_constructor(self, siblings: int, arm: int, fields: Sequence[int]) -> int:
        """See `Machine`."""
        result = self.new_variable()
        body = result
        for field in reversed(fields):
            body = self.new_node(field, body)
        port = result
        for index in reversed(range(siblings)):
            port = self.new_node(body if index == arm else ERASER, port)
        return port

    def make_data(self, siblings: int, constructor: str, fields: Sequence[int]) -> int:
        """See `Machine`."""
        return make_net_data(self, siblings, constructor, fields)

    def make_list(self, siblings: int, type_name: ListType, words: bytearray) -> int:
        """See `Machine`."""
        port = self.make_data(siblings, f'{type_name}/Nil', ())
        for number in reversed(memoryview(words).cast('Q')):
            port = self.make_data(siblings, f'{type_name}/Cons', (self.make_number(make_word(number, U24)), port))
        return port

    # ---- going on ----

    def go_on(self, siblings: int, outcome: int) -> None:
        """See `Machine`; the net is that of `bend.runtime.kernel.data.go_on`."""
        action = self.resolved(self.read(self.root))
        self.write(self.root, self.empty)
        result = self.new_variable()
        arm = self.new_node(self.new_node(outcome, result), result)
        for _ in range(CALL_FIELDS if siblings == NUM_SCOTT else CALL_FIELDS - 1):
            arm = self.new_node(ERASER, arm)
        target = self.new_node(arm, self.root_variable())
        if siblings == SCOTT:
            target = self.new_node(ERASER, target)
        self.run(action, target)
