"""Leaves out of a module what is never done and what nothing calls: C compilers warn of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from bend.codegen import lir
from bend.codegen.c_effects import Effect, Effects
from bend.codegen.lir_calls import reachable
from bend.codegen.lir_fold import fold_branches
from bend.codegen.lir_walk import expressions_in, statements_of, with_blocks


def needed(module: lir.Module, roots: Collection[str]) -> lir.Module:
    """The functions and globals that some functions lead to, without what constants rule out and what is computed for
    nobody."""
    module = fold_branches(module)
    effects = Effects(module)
    module = dataclasses.replace(module, functions=tuple(
        dataclasses.replace(function, body=_useful(function.body, effects)) for function in module.functions))
    known = {function.name for function in module.functions}
    return reachable(module, [name for name in roots if name in known])


# ---- what is computed for nobody -------------------------------------------------------------------


def _useful(body: lir.Block, effects: Effects) -> lir.Block:
    """The body of a function without computations whose results are not used."""
    while True:
        read = {expr.name for statement in statements_of(body) for expr in expressions_in(statement)
                if isinstance(expr, lir.Local)}
        found = _without_unused(body, read, effects)
        if found == body:
            return body
        body = found


def _without_unused(block: lir.Block, read: Collection[str], effects: Effects) -> lir.Block:
    found: list[lir.Stmt] = []
    for statement in block:
        match statement:
            case lir.Assign(target, value) if target.name not in read:
                if effects.of(value) is Effect.ACTS:
                    found.append(lir.ExprStmt(value, statement.line))
            case lir.ExprStmt(value) if effects.of(value) is not Effect.ACTS:
                pass
            case _:
                found.append(with_blocks(statement, lambda inner: _without_unused(inner, read, effects)))
    return tuple(found)
