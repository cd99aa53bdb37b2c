"""Programs of the direct engine as they lie in the cache, and how their values look (docs/direct.md, Values)."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from bend.hvm import net
from bend.records import dataclass

if TYPE_CHECKING:
    from bend.desugar import core
    from bend.source import Span

TAG_MASK = 7
CELL, NUMBER, IMMEDIATE, FUNCTION, CONSTANT, ERASER = range(6)
NUMBER_SHIFT = 3
PAYLOAD_SHIFT = 8
INDEX_SHIFT = 32
COUNT_MASK = 0xFFFFFFFF
SHAPE_SHIFT = 32
SHAPE_MASK = 0xFF
HEADER_PAYLOAD_SHIFT = 40
PAYLOAD_MASK = 0xFFFFFF
PARTIAL = 0
"""The shape of partial applications."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How values of a constructor, or of tuples (None), look. `packed` is the field that is a payload and `kind` which
    kind of number it is (1 u24, 2 i24, 3 f24; 0 where no field is packed). Without words a value is immediate."""

    constructor: str | None
    fields: int
    packed: int | None = None
    kind: int = 0

    @property
    def words(self) -> int:
        """The words of a cell besides its header."""
        return self.fields - (self.packed is not None)

    @property
    def is_immediate(self) -> bool:
        """Whether there is no cell."""
        return self.words == 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A function with some arguments: what a partial application or a folded reference is of."""

    function: str
    given: int
    arity: int


@dataclass(frozen=True, slots=True)
class ActionForms:
    """What the host must know of a program that performs actions: the constructors that are actions which ask for
    something, those that are the end of a list and those that are its cells."""

    calls: frozenset[str]
    ends: frozenset[str]
    cells: frozenset[str]


FIRST_SHAPE_KEY = 256


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a program was compiled for: the keys of values that each argument may be (the last one stands for all that
    follow), and each field of what the host makes, by constructor (None: tuples).

    The key of a number is its lowest byte, that of `*` its tag, and that of everything else the number of its shape,
    from `FIRST_SHAPE_KEY` on.
    """

    arguments: tuple[frozenset[int], ...]
    fields: Mapping[str | None, tuple[frozenset[int], ...]]


@dataclass(frozen=True, slots=True)
class CallTable:
    """What users know of the code. `callers` are, for each place, the places of calls that were replaced by what they
    call (`ir.Program`). `functions` are the user's functions that those of the code were made from, `heads` the
    beginnings of their definitions. `forks` are the places where functions of the code are forked, if there is only
    one."""

    callers: tuple[int, ...]
    functions: Mapping[str, str]
    heads: Mapping[str, Span]
    forks: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DirectProgram:
    """A compiled program. Can be pickled.

    `object_code` calls that of its kernel, if it is not part of it, and is called by it; the code of large programs is
    in several pieces, the rest of which is `other_code`. `shapes` and `entries` are by number; shape 0, that of
    partial applications, is None. `constants` are the names of the definitions without parameters by number; number 0
    is what runs. `layouts` are the offsets of fields in the kernel's structs in words, and their sizes under ''.
    `places` and `book` are pickled, since few runs need them: the places of operations and calls, the final core that
    readback evaluates functions with, and as `calls` a `CallTable` or nothing. `counted` is how many words a worker
    needs to count overflows by place. `parallel` says that it may run with several workers. `budgeted`: a run stops
    after some work, because nets may do the same with much less. `functions` are the names under which users know the
    functions that the code has numbers for, as it names them where the stack ends. `actions` is there if the program
    may perform some. `made` are the shapes of what the host makes, by constructor (None: tuples); `foreseen` says what
    these may be, if the program was compiled with a guess.
    """

    object_code: bytes
    shapes: tuple[Shape | None, ...]
    entries: tuple[Entry, ...]
    constants: tuple[str, ...]
    layouts: Mapping[str, Mapping[str, int]]
    places: bytes
    book: bytes
    counted: int = 0
    parallel: bool = False
    budgeted: bool = False
    functions: tuple[str, ...] = ()
    actions: ActionForms | None = None
    calls: bytes = b''
    kernel_code: bytes = b''
    other_code: tuple[bytes, ...] = ()
    made: Mapping[str | None, int] = field(default_factory=dict)
    foreseen: Foreseen | None = None

    def all_code(self) -> tuple[bytes, ...]:
        """All object code, which is loaded together."""
        return tuple(filter(None, (self.kernel_code, self.object_code, *self.other_code)))

    def places_by_number(self) -> tuple[net.Place | None, ...]:
        """The places of operations and calls; 0 is the unknown one."""
        return (None, *pickle.loads(self.places))

    def by_place(self, counts: Sequence[int]) -> Counter[net.Place | None]:
        """Counts by place, from those by number. An operation has several numbers where the function that it stands in
        was copied."""
        found: Counter[net.Place | None] = Counter()
        if any(counts):
            for place, count in zip(self.places_by_number(), counts, strict=False):
                if count:
                    found[place] += count
        return found

    def entry_function(self) -> int | None:
        """The value that is the entry, if that takes arguments."""
        for number, entry in enumerate(self.entries):
            if entry.function == self.constants[0] and entry.given == 0:
                return number << INDEX_SHIFT | FUNCTION
        return None

    def core_book(self) -> core.Book:
        """The core that was compiled."""
        book: core.Book = pickle.loads(self.book)
        return book
