"""The intermediate form of the direct engine: functions of blocks in A-normal form.

A block binds the results of operations to variables, one after the other, and ends in a value, a call, or a branch
whose arms are blocks. Operands are atoms: variables and constants. Variables are unique in the whole program. What
calls, or may meet a value of a wrong shape, has the number of its place in the program (0: unknown). Data only; see
docs/direct.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from operator import attrgetter
from typing import Any, TypeAlias, final

from bend.records import dataclass


class Unsupported(Exception):
    """The program has something that only nets can do; `reason` says what."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


# ---- atoms -----------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class Var:
    """A variable."""

    name: str


@final
@dataclass(frozen=True, slots=True)
class Num:
    """A number word (`bend.hvm.numbers`)."""

    word: int


@final
@dataclass(frozen=True, slots=True)
class Reference:
    """A folded reference: a function, a constructor with fields that has got none, or a definition without
    parameters."""

    name: str


@final
@dataclass(frozen=True, slots=True)
class Nullary:
    """A constructor without fields."""

    constructor: str


@final
@dataclass(frozen=True, slots=True)
class Eraser:
    """`*`."""


Atom: TypeAlias = Var | Num | Reference | Nullary | Eraser


# ---- operations ------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function with all of its arguments."""

    function: str
    arguments: tuple[Atom, ...]
    place: int = field(default=0, compare=False)


@final
@dataclass(frozen=True, slots=True)
class Apply:
    """An application of a value."""

    function: Atom
    arguments: tuple[Atom, ...]
    place: int = field(default=0, compare=False)


@final
@dataclass(frozen=True, slots=True)
class Partial:
    """A function with some of its arguments, at least one."""

    function: str
    arguments: tuple[Atom, ...]


@final
@dataclass(frozen=True, slots=True)
class Construct:
    """A constructor with all of its fields, at least one."""

    constructor: str
    arguments: tuple[Atom, ...]


@final
@dataclass(frozen=True, slots=True)
class Pair:
    """A tuple of two."""

    arguments: tuple[Atom, Atom]


@final
@dataclass(frozen=True, slots=True)
class Cell:
    """A constructor or a tuple (None) of a literal. `place` is where the analysis of flow has it made. A field holds a
    constant, the argument of a number, or (None) a cell that follows."""

    constructor: str | None
    place: str
    fields: tuple[Atom | int | None, ...]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """Data of many cells, which is the same whenever it is made, but for its arguments. Each cell stands before those
    in its fields, and these in the order of the fields. `number` says which one it is in the source, `constants` are
    all that it holds, once each."""

    number: int
    cells: tuple[Cell, ...]
    constants: tuple[Atom, ...]
    arguments: tuple[Atom, ...]


@final
@dataclass(frozen=True, slots=True)
class TakePair:
    """The parts of a tuple, for two variables."""

    value: Atom
    place: int = field(default=0, compare=False)


@final
@dataclass(frozen=True, slots=True)
class Operate:
    """An operation of numbers by its code (`bend.hvm.numbers`, also flipped ones). `left` is held by the operator;
    the type of `right` decides what is computed, and what the bits of `left` mean (spec 09, R4). `place` numbers the
    operation's place in the program."""

    code: int
    left: Atom
    right: Atom
    place: int = 0


@final
@dataclass(frozen=True, slots=True)
class Cast:
    """A number in another type: 1 u24, 2 i24, 3 f24 (spec 06, section 4)."""

    kind: int
    value: Atom


@final
@dataclass(frozen=True, slots=True)
class Nested:
    """What a block gives; two values if it ends as functions do that give two."""

    block: Block


@final
@dataclass(frozen=True, slots=True)
class Fork:
    """Operations that do not need each other's results: the first one is done here, the calls may be done by others
    meanwhile. Binds what the first one gives, then what the calls give."""

    first: Call | Apply | Nested
    calls: tuple[Call, ...]


@final
@dataclass(frozen=True, slots=True)
class Count:
    """Adds to the calls that have been counted."""

    calls: int


Operation: TypeAlias = (
    Call | Apply | Partial | Construct | Pair | Literal | TakePair | Operate | Cast | Nested | Fork | Count
)


@final
@dataclass(frozen=True, slots=True)
class Binding:
    """Variables for the results of an operation: two for a tuple that is taken apart, and for a block or a call of a
    function that gives two values, those of all operations of a fork, an empty name for a count, else one."""

    names: tuple[str, ...]
    operation: Operation


# ---- ends ------------------------------------------------------------------------------------


@final
@dataclass(frozen=True, slots=True)
class Return:
    """A value."""

    value: Atom


@final
@dataclass(frozen=True, slots=True)
class Returns:
    """The parts of a tuple, in a function that gives two values."""

    values: tuple[Atom, Atom]


@final
@dataclass(frozen=True, slots=True)
class Do:
    """A call whose result is that of the block."""

    operation: Call | Apply


@final
@dataclass(frozen=True, slots=True)
class Switch:
    """A branch on whether a number is zero; in the second block `predecessor` is the number less one."""

    value: Atom
    zero: Block
    predecessor: str
    successor: Block
    place: int = field(default=0, compare=False)


@final
@dataclass(frozen=True, slots=True)
class Arm:
    """An arm of a match, with variables for all fields."""

    constructor: str
    fields: tuple[str, ...]
    block: Block


@final
@dataclass(frozen=True, slots=True)
class Match:
    """A branch on the constructor of a value; the arms are those of one type, in the order of declaration."""

    value: Atom
    arms: tuple[Arm, ...]
    place: int = field(default=0, compare=False)


@final
@dataclass(frozen=True, slots=True)
class Wrong:
    """A value of a shape that only nets know what to do with."""

    place: int = field(default=0, compare=False)


End: TypeAlias = Return | Returns | Do | Switch | Match | Wrong


@final
@dataclass(frozen=True, slots=True)
class Block:
    """Bindings, and how it ends."""

    bindings: tuple[Binding, ...]
    end: End


@final
@dataclass(frozen=True, slots=True)
class Function:
    """A function that gives one value, or the two parts of a tuple. `origin` is what users call it, or what it was made
    from."""

    name: str
    parameters: tuple[str, ...]
    body: Block
    origin: str
    results: int = 1


@dataclass(frozen=True)
class Program:
    """Functions by name; `constants` are those without parameters that are referred to, the entry first. `fields` says
    how many fields each constructor has, `places` are those of operations and calls, from 1 on, and `callers` for each
    of them the place of the call that was replaced by the code it stands in, 0 if it stands where it was written."""

    functions: Mapping[str, Function]
    constants: tuple[str, ...]
    fields: Mapping[str, int]
    places: tuple[object, ...] = ()
    callers: tuple[int, ...] = ()


# ---- lookups ---------------------------------------------------------------------------------


def counted(calls: int) -> Binding:
    """The binding that counts calls."""
    return Binding(('',), Count(calls))


def _fork_atoms(fork: Fork) -> tuple[Atom, ...]:
    return (*atoms_of(fork.first), *(atom for call in fork.calls for atom in call.arguments))


_ATOMS: Mapping[type, Callable[[Any], tuple[Atom, ...]]] = {
    **dict.fromkeys((Call, Partial, Construct, Pair), attrgetter('arguments')),
    **dict.fromkeys((TakePair, Cast, Return, Switch, Match), lambda step: (step.value,)),
    Literal: lambda literal: (*literal.constants, *literal.arguments),
    Operate: attrgetter('left', 'right'), Returns: attrgetter('values'), Fork: _fork_atoms,
    Apply: lambda apply: (apply.function, *apply.arguments), Do: lambda do: atoms_of(do.operation),
}
_BLOCKS: Mapping[type, Callable[[Any], tuple[Block, ...]]] = {
    Nested: lambda nested: (nested.block,), Fork: lambda fork: blocks_of(fork.first),
    Switch: attrgetter('zero', 'successor'), Match: lambda match: tuple(arm.block for arm in match.arms),
}


def atoms_of(operation: Operation | End) -> tuple[Atom, ...]:
    """The operands of an operation or end, not those inside its blocks."""
    found = _ATOMS.get(type(operation))
    return () if found is None else found(operation)


def place_of(step: Operation | End) -> int:
    """The number of the place of an operation or end, 0 if it has none."""
    match step:
        case Call() | Apply() | TakePair() | Operate() | Switch() | Match() | Wrong():
            return step.place
        case Do(operation):
            return operation.place
        case _:
            return 0


def blocks_of(operation: Operation | End) -> tuple[Block, ...]:
    """The blocks right inside an operation or end."""
    found = _BLOCKS.get(type(operation))
    return () if found is None else found(operation)


def with_blocks(end: End, blocks: Sequence[Block]) -> End:
    """An end with other blocks in the place of its own, in the order of `blocks_of`."""
    match end:
        case Switch(value, _, predecessor):
            zero, successor = blocks
            return Switch(value, zero, predecessor, successor, end.place)
        case Match(value, arms):
            return Match(value, tuple([Arm(arm.constructor, arm.fields, block)
                                       for arm, block in zip(arms, blocks, strict=True)]), end.place)
        case _:
            return end


def map_blocks(end: End, change: Callable[[Block], Block]) -> End:
    """An end whose blocks are changed."""
    return with_blocks(end, tuple(map(change, blocks_of(end))))


def map_inner(block: Block, change: Callable[[Block], Block]) -> Block:
    """A block in which the nested blocks and those of the end are changed, but none of a fork."""
    bindings = tuple(Binding(binding.names, Nested(change(binding.operation.block)))
                     if isinstance(binding.operation, Nested) else binding for binding in block.bindings)
    return Block(bindings, map_blocks(block.end, change))


def parts_of(binding: Binding, program: Program) -> tuple[Binding, ...]:
    """The operations of a fork with the variables that each binds."""
    fork = binding.operation
    assert isinstance(fork, Fork)
    names = binding.names
    found = []
    for operation in (fork.first, *fork.calls):
        count = program.functions[operation.function].results if isinstance(operation, Call) else 1
        found.append(Binding(names[:count], operation))
        names = names[count:]
    return tuple(found)


def blocks_within(block: Block) -> Iterator[Block]:
    """A block and all blocks inside it."""
    pending = [block]
    while pending:
        item = pending.pop()
        yield item
        for binding in item.bindings:
            if type(binding.operation) in _BLOCKS:
                pending += blocks_of(binding.operation)
        if type(item.end) in _BLOCKS:
            pending += blocks_of(item.end)


def operations_of(block: Block) -> Iterator[Operation]:
    """All operations of a block and the blocks inside it, those of its ends among them."""
    for item in blocks_within(block):
        for binding in item.bindings:
            yield binding.operation
        if isinstance(item.end, Do):
            yield item.end.operation
