"""Gives two values in one order or the other without a branch.

What decides it, in sorting for instance, cannot be foreseen, and C compilers make branches of it that processors guess
wrong every other time. LLVM makes conditional moves.

    if c: return (a, b) else: return (b, a)        m = -c; d = (a ^ b) & m; return (b ^ d, a ^ d)
"""

from __future__ import annotations

import dataclasses

from bend.codegen import lir
from bend.codegen.lir_walk import with_blocks

_MASK = 'swap.mask'


def without_swaps(module: lir.Module) -> lir.Module:
    """The module without such branches."""
    return dataclasses.replace(module, functions=tuple(
        dataclasses.replace(function, body=_block(function.body)) for function in module.functions))


def _block(block: lir.Block) -> lir.Block:
    found: list[lir.Stmt] = []
    for statement in block:
        match statement:
            case lir.If(condition, (lir.Return(lir.Pack(type_, (left, right))),),
                        (lir.Return(lir.Pack(_, (lir.Local() as other, lir.Local() as last))),)) if (
                    (left, right) == (last, other) and left.type == right.type == lir.U64):
                found += _swap(condition, type_, left, right)
            case _:
                found.append(with_blocks(statement, _block))
    return tuple(found)


def _swap(condition: lir.Expr, type_: lir.StructName, left: lir.Expr, right: lir.Expr) -> list[lir.Stmt]:
    """Gives both, in this order if the condition is true."""
    mask = lir.Local(_MASK, lir.U64)
    difference = lir.Binary('and', lir.Binary('xor', left, right), mask)
    pair = (lir.Binary('xor', right, difference), lir.Binary('xor', left, difference))
    return [lir.Assign(mask, lir.Neg(lir.Convert(condition, lir.U64))), lir.Return(lir.Pack(type_, pair))]
