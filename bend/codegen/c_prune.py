"""Leaves out of a module what is never done and what nothing calls: C compilers warn of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from bend.codegen import lir
from bend.codegen.c_effects import Effect, Effects
from bend.codegen.lir_validate import always_leaves
from bend.codegen.lir_walk import expressions_in


def reachable(module: lir.Module, roots: Collection[str]) -> lir.Module:
    """The functions and globals that some functions lead to, without what constants rule out and what is computed for
    nobody."""
    module = dataclasses.replace(module, functions=tuple(
        dataclasses.replace(function, body=_block(function.body)) for function in module.functions))
    effects = Effects(module)
    module = dataclasses.replace(module, functions=tuple(
        dataclasses.replace(function, body=_useful(function.body, effects)) for function in module.functions))
    functions = {function.name: function for function in module.functions}
    known, data = set(roots), set()
    pending = [name for name in functions if name in known]
    while pending:
        for statement in lir.statements_of(functions[pending.pop()].body):
            for expr in expressions_in(statement):
                if isinstance(expr, lir.Call) and expr.function not in known:
                    known.add(expr.function)
                    pending.append(expr.function)
                elif isinstance(expr, lir.GlobalAddress):
                    data.add(expr.name)
    return dataclasses.replace(module, functions=tuple(item for item in module.functions if item.name in known),
                               globals=tuple(item for item in module.globals if item.name in data))


# ---- what is computed for nobody -------------------------------------------------------------------


def _useful(body: lir.Block, effects: Effects) -> lir.Block:
    """The body of a function without computations whose results are not used."""
    while True:
        read = {expr.name for statement in lir.statements_of(body) for expr in expressions_in(statement)
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
            case lir.If(_, then, otherwise):
                found.append(dataclasses.replace(statement, then=_without_unused(then, read, effects),
                                                 otherwise=_without_unused(otherwise, read, effects)))
            case lir.While(_, body):
                found.append(dataclasses.replace(statement, body=_without_unused(body, read, effects)))
            case lir.Switch(_, cases, default):
                found.append(dataclasses.replace(
                    statement, default=_without_unused(default, read, effects),
                    cases=tuple(lir.Case(case.values, _without_unused(case.body, read, effects)) for case in cases)))
            case _:
                found.append(statement)
    return tuple(found)


# ---- what is never done ----------------------------------------------------------------------------


def _block(block: lir.Block) -> lir.Block:
    """A block without branches that are never taken, and what comes after it is left."""
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
            known = truth(condition)
            if known is not None:
                return _block(then if known else otherwise)
            return (dataclasses.replace(statement, condition=_condition(condition), then=_block(then),
                                        otherwise=_block(otherwise)),)
        case lir.While(condition, body):
            known = truth(condition)
            if known is False:
                return ()
            kept = _condition(condition) if known is None else lir.Const(True, lir.BOOL)
            return (dataclasses.replace(statement, condition=kept, body=_block(body)),)
        case lir.Switch(_, cases, default):
            return (dataclasses.replace(statement, default=_block(default), cases=tuple(
                lir.Case(case.values, _block(case.body)) for case in cases)),)
        case _:
            return (statement,)


def _condition(condition: lir.Expr) -> lir.Expr:
    """A condition without the parts that decide nothing."""
    match condition:
        case lir.Logical(op, left, right):
            left, right = _condition(left), _condition(right)
            for side, other in ((left, right), (right, left)):
                if truth(side) == (op == 'and'):
                    return other
            return lir.Logical(op, left, right)
        case lir.Not(value) if value.type == lir.BOOL:
            return lir.Not(_condition(value))
        case _:
            return condition


def truth(condition: lir.Expr) -> bool | None:
    """Whether a condition is true; None unless that is known. Parameters of the kernel decide some."""
    match condition:
        case lir.Const(value, lir.BoolType()):
            return bool(value)
        case lir.Compare(op, lir.Const(left, lir.Int()), lir.Const(right)):
            return {'eq': left == right, 'ne': left != right, 'lt': left < right, 'le': left <= right,
                    'gt': left > right, 'ge': left >= right}[op]
        case lir.Logical(op, left_side, right_side):
            first = truth(left_side)
            return first if first is None or first == (op == 'or') else truth(right_side)
        case _:
            return None
