"""Takes away the branches that constants rule out.

    if 1 != 0 and 1 == 0 { a } else { b }    ->    b

Kernel code asks for the parameters of its compilation that way. LLVM does this too, but what is to run on a GPU must
not even mention functions that do not exist there.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Mapping
from typing import Any

from bend.codegen import lir

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
        case lir.Compare(op, lir.Const(left), lir.Const(right)):
            return _COMPARISONS[op](left, right)
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


def _block(block: lir.Block) -> lir.Block:
    folded: list[lir.Stmt] = []
    for statement in block:
        match statement:
            case lir.If(condition, then, otherwise):
                known = known_condition(condition)
                if known is None:
                    folded.append(dataclasses.replace(statement, then=_block(then), otherwise=_block(otherwise)))
                else:
                    folded.extend(_block(then if known else otherwise))
            case lir.While(_, body):
                folded.append(dataclasses.replace(statement, body=_block(body)))
            case lir.Switch(_, cases, default):
                arms = tuple(dataclasses.replace(case, body=_block(case.body)) for case in cases)
                folded.append(dataclasses.replace(statement, cases=arms, default=_block(default)))
            case _:
                folded.append(statement)
    return tuple(folded)
