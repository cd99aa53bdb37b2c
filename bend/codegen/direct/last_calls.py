"""Calls whose results are given as they are, since nothing is added to them, take the place of their caller.

    a = f x; b = operate + 0 a; b    ⇒    do f x

Which types numbers have is known from the analysis of flow; it stays right, since only variables are left out.
"""

from __future__ import annotations

from bend.codegen.direct import ir
from bend.codegen.direct.flow import I24, U24, Flow
from bend.codegen.direct.ir import Atom, Block
from bend.hvm import numbers as num
from bend.records import replace

NEUTRAL = {num.ADD: 0, num.OR: 0, num.XOR: 0, num.MUL: 1}
"""What changes no integer, as a payload, by operations that exchange their operands."""


def last_calls(program: ir.Program, flow: Flow) -> ir.Program:
    """The program with those calls at the ends of blocks."""
    functions = {name: replace(function, body=_block(function.body, flow))
                 for name, function in program.functions.items()}
    return replace(program, functions=functions)


def _block(block: Block, flow: Flow) -> Block:
    block = ir.map_inner(block, lambda inner: _block(inner, flow))
    bindings = block.bindings
    match block.end:
        case ir.Return(ir.Var(name)) if len(bindings) > 1 and bindings[-1].names == (name,):
            same = _same_as(bindings[-1].operation, flow)
            last = bindings[-2].operation
            if isinstance(last, ir.Call | ir.Apply) and bindings[-2].names == (same,):
                return Block(bindings[:-2], ir.Do(last))
    return block


def _same_as(operation: ir.Operation, flow: Flow) -> str | None:
    """The variable that an operation only copies."""
    if not isinstance(operation, ir.Operate) or operation.code not in NEUTRAL:
        return None
    for value, other in ((operation.left, operation.right), (operation.right, operation.left)):
        if isinstance(value, ir.Var) and _is_neutral(other, operation.code) and _are_alike(value, other, flow):
            return value.name
    return None


def _is_neutral(atom: Atom, code: int) -> bool:
    return isinstance(atom, ir.Num) and num.is_number(atom.word) and atom.word >> num.TYPE_BITS == NEUTRAL[code]


def _are_alike(value: Atom, other: Atom, flow: Flow) -> bool:
    """Whether both are integers of one type."""
    return flow.of(value) == flow.of(other) and flow.of(value) in (U24, I24)
