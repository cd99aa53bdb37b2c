"""Does the calls of forks one after the other: those in functions that are no states, for C, which does not know forks.

    fork a = f(x), b = g(y)        a = f(x); b = g(y)
"""

from __future__ import annotations

import dataclasses

from bend.codegen import lir
from bend.codegen.lir_walk import with_blocks


def without_forks(module: lir.Module) -> lir.Module:
    """The module without forks."""
    return dataclasses.replace(module, functions=tuple(
        dataclasses.replace(function, body=_block(function.body)) for function in module.functions))


def _block(block: lir.Block) -> lir.Block:
    found: list[lir.Stmt] = []
    for statement in block:
        match statement:
            case lir.Fork(targets, calls, line):
                found += (lir.Assign(target, call, line) for target, call in zip(targets, calls, strict=True))
            case _:
                found.append(with_blocks(statement, _block))
    return tuple(found)
