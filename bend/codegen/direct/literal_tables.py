"""Literals as tables, from which the kernel makes their cells (`bend/runtime/kernel/direct/literals.py`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bend.codegen import lir
from bend.codegen.direct import ir
from bend.codegen.direct import values as val
from bend.codegen.direct.flow import Made
from bend.hvm import numbers as num
from bend.runtime.direct import program as words

if TYPE_CHECKING:
    from bend.codegen.direct.context import Context

HOLE = 0


def literal_table(context: Context, literal: ir.Literal) -> lir.Global:
    """The table of a literal. What has no cell of its own stands in the field that it is in."""
    table: list[int] = []
    holes: list[int] = []
    for cell in literal.cells:
        number = context.layout.by_place[Made(cell.constructor, cell.place)]
        shape = context.layout.shape(number)
        packed = None if shape.packed is None else cell.fields[shape.packed]
        payload = packed.word >> num.TYPE_BITS if isinstance(packed, ir.Num) else 0
        if shape.is_immediate:
            table[holes.pop()] = val.immediate(number) | payload << words.PAYLOAD_SHIFT
            continue
        if holes:
            holes.pop()
        table.append(payload << words.HEADER_PAYLOAD_SHIFT | number << words.SHAPE_SHIFT | shape.words)
        start = len(table)
        for index, atom in enumerate(cell.fields):
            if index != shape.packed:
                table.append(HOLE if atom is None or isinstance(atom, ir.Var) else context.word(atom))
        holes += reversed([start + index for index, word in enumerate(table[start:]) if word == HOLE])
    return lir.Global(f'literal.{literal.number}', lir.U64, len(table), tuple(table))
