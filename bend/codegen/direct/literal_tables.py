"""Literals as tables, from which the kernel makes their cells (`bend/runtime/kernel/direct/literals.py`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bend.codegen import lir
from bend.codegen.direct import ir
from bend.codegen.direct import values as val
from bend.codegen.direct.flow import Made
from bend.hvm import numbers as num
from bend.runtime.direct import program as words
from bend.runtime.direct.program import Shape

if TYPE_CHECKING:
    from bend.codegen.direct.context import Context

HOLE = 0
ARGUMENT = 6
SMALL = 7
"""Tags of words for arguments, and for immediate constructors with an argument; bits 8 to 31 say which one."""
INDEX = 8
FROM_ARGUMENT = 1 << 31
"""In a header: what would be its payload says which argument it comes from."""


def literal_table(context: Context, literal: ir.Literal) -> lir.Global:
    """The table of a literal. What has no cell of its own stands in the field that it is in."""
    table: list[int] = []
    holes: list[int] = []
    for cell in literal.cells:
        number = context.layout.by_place[Made(cell.constructor, cell.place)]
        shape = context.layout.shape(number)
        payload, is_argument = _packed(cell, shape)
        if shape.is_immediate:
            word = val.immediate(number) | payload << words.PAYLOAD_SHIFT
            table[holes.pop()] = word & ~words.TAG_MASK | SMALL if is_argument else word
            continue
        if holes:
            holes.pop()
        table.append(payload << words.HEADER_PAYLOAD_SHIFT | number << words.SHAPE_SHIFT | shape.words
                     | (FROM_ARGUMENT if is_argument else 0))
        start = len(table)
        for index, atom in enumerate(cell.fields):
            if index != shape.packed:
                table.append(_word(context, atom))
        holes += [index for index in reversed(range(start, len(table))) if table[index] == HOLE]
    return lir.Global(f'literal.{literal.number}', lir.U64, len(table), tuple(table))


def _packed(cell: ir.Cell, shape: Shape) -> tuple[int, bool]:
    """What is packed of a cell, and whether that is the number of an argument."""
    if shape.packed is None:
        return 0, False
    atom = cell.fields[shape.packed]
    if isinstance(atom, int):
        return atom, True
    assert isinstance(atom, ir.Num)
    return atom.word >> num.TYPE_BITS, False


def _word(context: Context, atom: ir.Atom | int | None) -> int:
    """The word of a field in a table."""
    if atom is None:
        return HOLE
    if isinstance(atom, int):
        return atom << INDEX | ARGUMENT
    assert not isinstance(atom, ir.Var)
    return context.word(atom)
