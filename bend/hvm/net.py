"""HVM core as data: trees, nets and books of nets (spec 05, section 1).

Trees can be very deep (a list of 100,000 elements), so code that walks them must not recurse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from bend.records import dataclass
from bend.source import Span


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operation comes from: the function as its author calls it, and the source if that is known. Without a
    function, it is an operation that the compiler made up."""

    function: str
    span: Span | None = None


MADE_UP = Place('')

STATIC_LABELS = 1 << 19
"""The labels of one program are below this."""


@dataclass(frozen=True, slots=True)
class Var:
    """One end of a wire; each name occurs twice in a net."""

    name: str


@dataclass(frozen=True, slots=True)
class Ref:
    """`@name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Era:
    """`*`."""


@dataclass(frozen=True, slots=True)
class Num:
    """A number word: payload << 5 | type code (spec 06, section 1), symbols and partial operators included."""

    word: int


@dataclass(frozen=True, slots=True, eq=False)
class Con:
    """`(a b)`: lambda, application, tuple."""

    first: Tree
    second: Tree


@dataclass(frozen=True, slots=True, eq=False)
class Dup:
    """`{a b}`: duplication, superposition. The text of nets does not show labels.

    Equal labels annihilate, others commute; 0 annihilates with all. A negative label stands for one that each expansion
    of its definition makes anew (docs/architecture.md, section 5).
    """

    first: Tree
    second: Tree
    label: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Opr:
    """`$(a b)`: operation. Its place is for messages only."""

    first: Tree
    second: Tree
    place: Place | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class Swi:
    """`?(a b)`: switch."""

    first: Tree
    second: Tree


Binary = Con | Dup | Opr | Swi
Tree = Var | Ref | Era | Num | Con | Dup | Opr | Swi


def rebuilt(node: Binary, first: Tree, second: Tree) -> Binary:
    """The node with other children, and with the same label or place."""
    if isinstance(node, Dup):
        return Dup(first, second, node.label)
    return Opr(first, second, node.place) if isinstance(node, Opr) else type(node)(first, second)


@dataclass(frozen=True, slots=True)
class Redex:
    """An active pair; `parallel` is the mark `&!`."""

    left: Tree
    right: Tree
    parallel: bool = False


@dataclass(frozen=True, slots=True)
class Net:
    """A root and active pairs, in written order."""

    root: Tree
    redexes: tuple[Redex, ...] = ()


@dataclass(frozen=True, slots=True)
class Book:
    """Definitions by name; `main` is the entry."""

    defs: Mapping[str, Net]
