"""Literals: data in the source that is too long to be made by code, cell by cell.

LLVM takes a millisecond for the code that makes a cell, and more than that for many in one function. So data of many
cells becomes one operation. What is no constant in it is computed before, as arguments of the operation.

The analysis of flow (`bend.codegen.direct.flow`) tells things apart by the places where they are made, which tables do
not have. Cells of a literal are made at one place if they are of one constructor and their *spines* hold the same kinds
of things. A spine is what hangs together by recursive fields: all cells of a list, but not those of lists in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from bend.codegen.direct import ir
from bend.desugar import core
from bend.desugar.terms import children
from bend.hvm import numbers as num
from bend.records import dataclass

LEAST_CELLS = 32
"""Data of fewer cells is made by code, which may use other cells again."""
MAX_ARGUMENTS = 64
"""With more of them, what is left of the data is a literal of its own: LLVM takes the longer, the more values wait."""
Item: TypeAlias = core.Term | tuple[core.Term, ...]
"""A constructor with its fields, or a tuple, or some elements of one: tuples have two parts in cells."""


# ---- finding them ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LongData:
    """The parts of a term of a book that are data of many cells, by identity."""

    book: core.Book
    terms: frozenset[int] = frozenset()

    def __contains__(self, term: core.Term) -> bool:
        """Whether a term is one of them."""
        return id(term) in self.terms


def long_data(term: core.Term, book: core.Book) -> LongData:
    """Finds them in a term. Tuples are only if there is nothing to compute in them: who takes a tuple that a function
    gives may take its parts instead."""
    cells: dict[int, int] = {}
    constant: set[int] = set()
    long: set[int] = set()
    pending: list[tuple[core.Term, tuple[core.Term, ...] | None]] = [(term, None)]
    while pending:
        item, parts = pending.pop()
        if parts is None:
            parts = _parts(item)
            pending.append((item, parts))
            pending += [(part, None) for part in parts]
            continue
        own = _own_cells(item, book)
        cells[id(item)] = own and own + sum(cells[id(part)] for part in parts)
        is_constant = constant.issuperset(map(id, parts)) if own else _is_constant(item)
        if is_constant:
            constant.add(id(item))
        if cells[id(item)] >= LEAST_CELLS and (is_constant or not isinstance(item, core.Tup)):
            long.add(id(item))
    return LongData(book, frozenset(long))


def _is_constant(term: core.Term) -> bool:
    """Whether a term is a constant without a cell."""
    return isinstance(term, core.Num | core.Era | core.Ref)


def _parts(term: core.Term) -> tuple[core.Term, ...]:
    """The arguments of a constructor or function; the parts of another term."""
    if not isinstance(term, core.App):
        return children(term)
    function, arguments = _applied(term)
    return tuple(arguments) if isinstance(function, core.Ref) else (function, *arguments)


def _applied(term: core.Term) -> tuple[core.Term, list[core.Term]]:
    """What is applied in a term, and to what."""
    arguments = []
    while isinstance(term, core.App):
        arguments.append(term.argument)
        term = term.function
    arguments.reverse()
    return term, arguments


def _own_cells(term: core.Term, book: core.Book) -> int:
    """How many cells a constructor with its fields, or a tuple, has without those in it; 0 for another term."""
    if isinstance(term, core.Tup):
        return len(term.elements) - 1
    if not isinstance(term, core.App):
        return 0
    function, arguments = _applied(term)
    constructor = book.constructors.get(function.name) if isinstance(function, core.Ref) else None
    return int(constructor is not None and len(constructor.fields) == len(arguments))


# ---- making them -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Draft:
    """A cell without its place. `spine` is the number of the cell in whose recursive field it is, or -1."""

    constructor: str | None
    fields: tuple[ir.Atom | int | None, ...]
    spine: int


def literal_of(term: core.Term, long: LongData, number: int, sites: int,
               atom_of: Callable[[core.Term], ir.Atom]) -> ir.Literal:
    """The literal of a number for a term that is one of the long ones, with so many places of one constructor at most.
    `atom_of` gives the atoms of the parts that are no cells of it, and has them computed where they are no
    constants."""
    constants: dict[ir.Atom, ir.Atom] = {}
    arguments: list[core.Term] = []
    book = long.book
    drafts: list[_Draft] = []

    def field_of(part: core.Term) -> ir.Atom | int:
        if _is_constant(part):
            atom = atom_of(part)
            return constants.setdefault(atom, atom)
        arguments.append(part)
        return len(arguments) - 1

    pending: list[tuple[Item, int]] = [(term, -1)]
    while pending:
        item, spine = pending.pop()
        constructor, parts = _taken_apart(item, book)
        fields: list[ir.Atom | int | None] = []
        inner: list[tuple[Item, int]] = []
        for part, is_recursive in parts:
            is_rest = len(arguments) >= MAX_ARGUMENTS and not isinstance(part, tuple) and part in long
            if isinstance(part, tuple) or (_own_cells(part, book) and not is_rest):
                fields.append(None)
                inner.append((part, len(drafts) if is_recursive else -1))
            else:
                fields.append(field_of(part))
        pending += reversed(inner)
        drafts.append(_Draft(constructor, tuple(fields), spine))
    cells = tuple(ir.Cell(draft.constructor, f'#{number}.{place}', draft.fields)
                  for draft, place in zip(drafts, _places(drafts, sites), strict=True))
    return ir.Literal(number, cells, tuple(constants), _computed(arguments, long, atom_of))


def _computed(arguments: list[core.Term], long: LongData,
              atom_of: Callable[[core.Term], ir.Atom]) -> tuple[ir.Atom, ...]:
    """The atoms of arguments. Literals are made before the others are computed, which would have to wait for them."""
    atoms = {index: atom_of(argument) for index, argument in enumerate(arguments) if argument in long}
    return tuple(atoms[index] if index in atoms else atom_of(argument) for index, argument in enumerate(arguments))


def _taken_apart(item: Item, book: core.Book) -> tuple[str | None, list[tuple[Item, bool]]]:
    """The constructor of a cell, None for a tuple, and its fields, each with whether it is recursive."""
    if isinstance(item, core.Tup):
        item = item.elements
    if isinstance(item, tuple):
        first, *rest = item
        return None, [(first, False), (tuple(rest) if len(rest) > 1 else rest[0], False)]
    function, arguments = _applied(item)
    assert isinstance(function, core.Ref)
    known = book.constructors[function.name].fields
    return function.name, [(argument, info.recursive) for argument, info in zip(arguments, known, strict=True)]


# ---- places ------------------------------------------------------------------------------------


def _places(drafts: list[_Draft], most: int) -> list[int]:
    """The numbers of the places of cells: for each constructor, one for each kind of spine, but so many at most."""
    kinds = _kinds(drafts)
    numbers: dict[tuple[str | None, int], int] = {}
    counts: dict[str | None, int] = {}
    places: list[int] = []
    for index, draft in enumerate(drafts):
        if draft.spine >= 0:
            kinds[index] = kinds[draft.spine]
        key = (draft.constructor, kinds[index])
        if key not in numbers:
            counts[draft.constructor] = counts.get(draft.constructor, 0) + 1
            numbers[key] = min(counts[draft.constructor], most)
        places.append(numbers[key])
    return places


def _kinds(drafts: list[_Draft]) -> list[int]:
    """The kinds of spines, for the cells that these begin with: spines that hold the same are of one kind."""
    known: dict[frozenset[object], int] = {}
    kinds = [0] * len(drafts)
    done: list[tuple[int, set[object]]] = []
    for index in reversed(range(len(drafts))):
        draft = drafts[index]
        holds: set[object] = set()
        for position, atom in enumerate(draft.fields):
            if atom is not None:
                holds.add((draft.constructor, position, _told_apart(atom)))
                continue
            inner, inside = done.pop()
            if drafts[inner].spine == index:
                # The smaller set goes into the larger one, so that a long spine takes no longer than it must.
                small, holds = sorted((inside, holds), key=len)
                holds |= small
            else:
                kinds[inner] = known.setdefault(frozenset(inside), len(known))
                holds.add((draft.constructor, position, kinds[inner]))
        done.append((index, holds))
    kinds[0] = known.setdefault(frozenset(done[0][1]), len(known))
    return kinds


def _told_apart(atom: ir.Atom | int) -> str:
    """What is told apart of fields that hold no cells of the literal: types of numbers, and arguments."""
    if isinstance(atom, int):
        return f'argument {atom}'
    return f'number {atom.word & num.TYPE_MASK}' if isinstance(atom, ir.Num) else type(atom).__name__
