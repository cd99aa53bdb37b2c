"""Literals: data in the source that is too long to be made by code, cell by cell.

LLVM takes a millisecond for the code that makes a cell, and more than that for many in one function. So data of
constructors, tuples, numbers and references, without a variable in it, becomes one operation if it has many cells.

The analysis of flow (`bend.codegen.direct.flow`) tells things apart by the places where they are made, which tables do
not have. Cells of a literal are made at one place if they are of one constructor and their *spines* hold the same kinds
of things. A spine is what hangs together by recursive fields: all cells of a list, but not those of lists in it.
"""

from __future__ import annotations

from collections.abc import Callable

from bend.codegen.direct import ir
from bend.codegen.direct.flow import SITES
from bend.desugar import core
from bend.desugar.terms import children
from bend.hvm import numbers as num
from bend.records import dataclass

LEAST_CELLS = 32
"""How many cells data of less than this has that is made by code, which may use other cells again."""


def long_data(term: core.Term, book: core.Book) -> frozenset[int]:
    """The parts of a term that are data of many cells, by identity."""
    cells: dict[int, int | None] = {}
    long: set[int] = set()
    pending: list[tuple[core.Term, tuple[core.Term, ...] | None]] = [(term, None)]
    while pending:
        item, parts = pending.pop()
        if parts is None:
            parts = _parts(item)
            if parts:
                pending.append((item, parts))
                pending += [(part, None) for part in parts]
            else:
                cells[id(item)] = 0 if isinstance(item, core.Num | core.Era | core.Ref) else None
            continue
        known = [cells[id(part)] for part in parts]
        inside = sum(filter(None, known))
        own = _own_cells(item, book)
        is_data = own and None not in known
        cells[id(item)] = own + inside if is_data else None
        if is_data and own + inside >= LEAST_CELLS:
            long.add(id(item))
    return frozenset(long)


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
    """How many cells there are for a term itself if its parts are data; 0 if it is none."""
    if isinstance(term, core.Tup):
        return len(term.elements) - 1
    function, arguments = _applied(term)
    if isinstance(function, core.Ref) and (constructor := book.constructors.get(function.name)):
        return int(len(constructor.fields) == len(arguments) > 0)
    return 0


def literal_of(term: core.Term, book: core.Book, number: int, atom_of: Callable[[core.Term], ir.Atom]) -> ir.Literal:
    """The literal, with a number of its own, of a term that `long_data` has found. `atom_of` gives the atoms of
    numbers, `*` and references."""
    atoms: dict[ir.Atom, ir.Atom] = {}
    drafts: list[_Draft] = []
    pending: list[tuple[core.Term | tuple[core.Term, ...], int]] = [(term, -1)]
    while pending:
        item, spine = pending.pop()
        constructor, parts, recursive = _taken_apart(item, book)
        fields: list[ir.Atom | None] = []
        inner: list[tuple[core.Term | tuple[core.Term, ...], int]] = []
        for part, is_recursive in zip(parts, recursive, strict=True):
            if isinstance(part, core.Num | core.Era | core.Ref):
                atom = atom_of(part)
                fields.append(atoms.setdefault(atom, atom))
            else:
                fields.append(None)
                inner.append((part, len(drafts) if is_recursive else -1))
        pending += reversed(inner)
        drafts.append(_Draft(constructor, tuple(fields), spine))
    places = _places(drafts)
    cells = tuple(ir.Cell(draft.constructor, f'#{number}.{place}', draft.fields)
                  for draft, place in zip(drafts, places, strict=True))
    return ir.Literal(number, cells, tuple(atoms))


def _taken_apart(item: core.Term | tuple[core.Term, ...],
                 book: core.Book) -> tuple[str | None, tuple[core.Term | tuple[core.Term, ...], ...], tuple[bool, ...]]:
    """The constructor and the fields of data, and which of these are recursive. Some elements of a tuple are one in
    turn: tuples have two parts."""
    if isinstance(item, core.Tup):
        item = item.elements
    if isinstance(item, tuple):
        first, *rest = item
        return None, (first, rest[0] if len(rest) == 1 else tuple(rest)), (False, False)
    function, arguments = _applied(item)
    assert isinstance(function, core.Ref)
    return (function.name, tuple(arguments),
            tuple(info.recursive for info in book.constructors[function.name].fields))


@dataclass(frozen=True, slots=True)
class _Draft:
    """A cell without its place; `spine` is the number of the one in a recursive field of which it is, or -1."""

    constructor: str | None
    fields: tuple[ir.Atom | None, ...]
    spine: int


def _places(drafts: list[_Draft]) -> list[int]:
    """The numbers of the places of cells."""
    kinds = _kinds(drafts)
    numbers: dict[tuple[str | None, int], int] = {}
    counts: dict[str | None, int] = {}
    places: list[int] = []
    for index, draft in enumerate(drafts):
        # That of the cell where the spine begins, since no other has its own kind.
        if draft.spine >= 0:
            kinds[index] = kinds[draft.spine]
        key = (draft.constructor, kinds[index])
        if key not in numbers:
            counts[draft.constructor] = counts.get(draft.constructor, 0) + 1
            numbers[key] = min(counts[draft.constructor], SITES)
        places.append(numbers[key])
    return places


def _kinds(drafts: list[_Draft]) -> list[int]:
    """By cell with which a spine begins, a number for what the cells of the spine hold."""
    known: dict[frozenset[object], int] = {}
    kinds = [0] * len(drafts)
    held: list[set[object]] = []
    done: list[int] = []
    for index in reversed(range(len(drafts))):
        draft = drafts[index]
        holds: set[object] = set()
        for position, atom in enumerate(draft.fields):
            if atom is not None:
                holds.add((draft.constructor, position, _kind_of(atom)))
                continue
            inner, its = done.pop(), held.pop()
            if drafts[inner].spine == index:
                # Whichever is larger takes the other in.
                holds, its = (its, holds) if len(its) > len(holds) else (holds, its)
                holds |= its
            else:
                kinds[inner] = known.setdefault(frozenset(its), len(known))
                holds.add((draft.constructor, position, kinds[inner]))
        done.append(index)
        held.append(holds)
    kinds[0] = known.setdefault(frozenset(held.pop()), len(known))
    return kinds


def _kind_of(atom: ir.Atom) -> object:
    """What is told apart of atoms."""
    return str(atom.word & num.TYPE_MASK) if isinstance(atom, ir.Num) else type(atom).__name__
