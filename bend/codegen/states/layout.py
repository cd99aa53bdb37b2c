"""The states of a machine, their numbers, and what frames and entries of the stack hold. Data, and the few rules of it.

A state is where a function begins (its arguments are in registers), where several blocks lead (what is live is in
registers), or where it goes on after a call. Registers are locals that all states share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bend.codegen import lir
from bend.codegen.direct import values as val
from bend.codegen.states.blocks import Flat, Invoke
from bend.codegen.states.liveness import in_order, live_at_start, predecessors
from bend.records import dataclass

HEADER_WORDS = 2
"""What a frame has in front of its words: its header, and where its result goes."""
MAX_SLOTS = 1 << 15
BEGIN = 0
"""The state in which a sequential run begins. No other one has this number."""
CODE_BITS, MISSING_SHIFT, HEADER_BITS = 16, 52, 64
"""In headers, the number of a state is in front of the stamp, and how many results are missing behind it; in ready
frames, it is behind the address (`bend.runtime.kernel.waves.frames`)."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A function that waits for calls.

    Its frame holds the live locals, `saved`, and then the results. An entry of the stack holds the same without the
    last result, then the arguments of all calls but the first, and the number of a state: `numbers` are the states in
    which it goes on when each call has given its result. The last one is also the number in the frame.
    """

    numbers: tuple[int, ...]
    saved: tuple[lir.Local, ...]
    targets: tuple[lir.Local, ...]
    calls: tuple[lir.Call, ...]
    then: int
    slots: tuple[int, ...]
    """The word of each result."""
    arguments: tuple[int, ...]
    """The word of an entry at which the arguments of each call begin; the first one has none."""
    kept: int
    """How many words entry and frame have in common."""
    size: int
    """How many words the entry has in front of the number."""
    frame_words: int


@dataclass(frozen=True, slots=True)
class Machine:
    """Functions as states. `entries` are the numbers of functions, `joins` those of blocks that several lead to with
    what is live there, `waiting` belong to blocks that end with calls. `ends` are the states at the bottom of the
    stack, by the type of what is given."""

    functions: Mapping[str, Flat]
    entries: Mapping[str, int]
    joins: Mapping[tuple[str, int], tuple[int, tuple[lir.Local, ...]]]
    waiting: Mapping[tuple[str, int], Waiting]
    ends: Mapping[lir.Type, int]
    structs: Mapping[str, lir.Struct]

    @property
    def frame_words(self) -> int:
        """The words of all frames."""
        sizes = [item.frame_words for item in self.waiting.values()]
        sizes += [self.words(flat.parameters) for flat in self.functions.values()]
        return HEADER_WORDS + max(sizes, default=0)

    @property
    def entry_words(self) -> int:
        """The words of the largest entry of the stack; a call that waits to go on is one, too."""
        sizes = [item.size for item in self.waiting.values()]
        sizes += [self.words(flat.parameters) for flat in self.functions.values()]
        return 1 + max(sizes, default=0)

    def words(self, items: Iterable[lir.Local | lir.Expr]) -> int:
        """How many words values take."""
        return sum(count_words(item.type, self.structs) for item in items)


def count_words(type_: lir.Type, structs: Mapping[str, lir.Struct]) -> int:
    """How many words a value takes in a frame."""
    return len(structs[type_.name].fields) if isinstance(type_, lir.StructName) else 1


def words_of(value: lir.Expr, structs: Mapping[str, lir.Struct]) -> list[lir.Expr]:
    """A local as words."""
    if isinstance(value.type, lir.StructName):
        return [val.as_bits(lir.Extract(value, name, type_)) for name, type_ in structs[value.type.name].fields]
    return [val.as_bits(value)]


def from_words(type_: lir.Type, words: Sequence[lir.Expr], structs: Mapping[str, lir.Struct]) -> lir.Expr:
    """A value from the words that `words_of` gave."""
    if isinstance(type_, lir.StructName):
        fields = structs[type_.name].fields
        return lir.Pack(type_, tuple(val.of_bits(word, item) for word, (_, item) in zip(words, fields, strict=True)))
    if type_ == lir.BOOL:
        return lir.Compare('ne', words[0], val.u64(0))
    return val.of_bits(words[0], type_)


def lay_out(functions: Sequence[Flat], structs: Mapping[str, lir.Struct], worker: str) -> Machine:
    """Numbers the states of functions, and says what their frames hold. Raises ValueError where they do not
    fit into frames."""
    numbers = _Numbers()
    ends = {type_: numbers.next() for type_ in dict.fromkeys(flat.result for flat in functions)}
    entries = {flat.name: numbers.next() for flat in functions}
    joins: dict[tuple[str, int], tuple[int, tuple[lir.Local, ...]]] = {}
    waiting: dict[tuple[str, int], Waiting] = {}
    for flat in functions:
        live = live_at_start(flat, worker)
        counts = predecessors(flat)
        for index, block in enumerate(flat.blocks):
            if counts.get(index, 0) > 1:
                joins[flat.name, index] = numbers.next(), in_order(live[index])
            if isinstance(block.end, Invoke):
                saved = in_order(live[block.end.then] - frozenset(block.end.targets))
                waiting[flat.name, index] = _waiting(block.end, saved, numbers, structs)
    machine = Machine({flat.name: flat for flat in functions}, entries, joins, waiting, ends, structs)
    most = max((len(item.calls) for item in waiting.values()), default=0)
    if machine.frame_words > MAX_SLOTS or numbers.made >> CODE_BITS or most >> HEADER_BITS - MISSING_SHIFT:
        raise ValueError('frames are too large, or there are too many states')
    return machine


def _waiting(end: Invoke, saved: tuple[lir.Local, ...], numbers: _Numbers,
             structs: Mapping[str, lir.Struct]) -> Waiting:
    at = sum(count_words(local.type, structs) for local in saved)
    slots = []
    for target in end.targets:
        slots.append(at)
        at += count_words(target.type, structs)
    kept, frame_words = slots[-1], at
    at, arguments = kept, [0]
    for call in end.calls[1:]:
        arguments.append(at)
        at += sum(count_words(argument.type, structs) for argument in call.arguments[1:])
    return Waiting(tuple(numbers.next() for _ in end.calls), saved, end.targets, end.calls, end.then, tuple(slots),
                   tuple(arguments), kept, at, frame_words)


class _Numbers:
    def __init__(self) -> None:
        self.made = BEGIN

    def next(self) -> int:
        """A number that nothing else has."""
        self.made += 1
        return self.made
