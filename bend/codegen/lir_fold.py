"""Takes away the branches that constants rule out.

    if 1 != 0 and 1 == 0 { a } else { b }    ->    b

Kernel code asks for the parameters of its compilation that way. LLVM does this too, but what is to run on a GPU must
not even mention functions that do not exist there, and C compilers warn of what is never done.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Mapping
from typing import Any

from bend.codegen import lir
from bend.codegen.lir_validate import always_leaves
from bend.codegen.lir_walk import with_blocks

_COMPARISONS: Mapping[lir.CompareOp, Callable[[Any, Any], bool]] = {
    'eq': operator.eq, 'ne': operator.ne, 'lt': operator.lt, 'le': operator.le, 'gt': operator.gt, 'ge': operator.ge,
}


def fold_branches(module: lir.Module) -> lir.Module:
    """The module without branches that cannot be taken."""
    return dataclasses.replace(module, functions=tuple(
        dataclasses.replace(function, body=_block(function.body)) for function in module.functions))


def known_condition(expr: lir.Expr) -> bool | None:
    """Whether a condition holds, where constants decide that."""
    match expr:
        case lir.Const(value):
            return bool(value)
        case lir.Compare(op, left, right):
            known_left, known_right = _known_value(left), _known_value(right)
            return None if known_left is None or known_right is None else _COMPARISONS[op](known_left, known_right)
        case lir.Intrinsic('likely' | 'unlikely', (value,)):
            return known_condition(value)
        case lir.Not(value):
            known = known_condition(value)
            return None if known is None else not known
        case lir.Logical(op, left, right):
            first = known_condition(left)
            if first is None:
                return None  # Even if the right side decides, the left one is evaluated.
            return first if first == (op == 'or') else known_condition(right)
        case _:
            return None


def _known_value(expr: lir.Expr) -> bool | int | float | None:
    """The value of a constant, or of what is made of constants as tags of ports are; None for anything else."""
    match expr:
        case lir.Const(value):
            return value
        case lir.Binary('and' | 'sub' as op, left, right) if (
                isinstance(expr.type, lir.Int) and not expr.type.signed):
            first, second = _known_value(left), _known_value(right)
            if first is None or second is None:
                return None
            return int(first) & int(second) if op == 'and' else (int(first) - int(second)) % (1 << expr.type.bits)
        case _:
            return None


def _block(block: lir.Block) -> lir.Block:
    """A block without branches that are never taken, and without what comes after it is left."""
    found: list[lir.Stmt] = []
    for statement in block:
        for result in _statement(statement):
            found.append(result)
            if always_leaves((result,)):
                return tuple(found)
    return tuple(found)


def _statement(statement: lir.Stmt) -> lir.Block:
    match statement:
        case lir.If(condition, then, otherwise):
            known = known_condition(condition)
            if known is not None:
                return _block(then if known else otherwise)
            return (with_blocks(dataclasses.replace(statement, condition=_condition(condition)), _block),)
        case lir.While(condition):
            known = known_condition(condition)
            if known is False:
                return ()
            kept = _condition(condition) if known is None else lir.Const(True, lir.BOOL)
            return (with_blocks(dataclasses.replace(statement, condition=kept), _block),)
        case _:
            return (with_blocks(statement, _block),)


def _condition(condition: lir.Expr) -> lir.Expr:
    """A condition without the parts that decide nothing."""
    match condition:
        case lir.Logical(op, left, right):
            left, right = _condition(left), _condition(right)
            for side, other in ((left, right), (right, left)):
                if known_condition(side) == (op == 'and'):
                    return other
            return lir.Logical(op, left, right)
        case lir.Not(value) if value.type == lir.BOOL:
            return lir.Not(_condition(value))
        case _:
            return condition
