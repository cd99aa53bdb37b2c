"""Loops look now and then whether the run was stopped, not in each turn: looking costs more than most turns."""

from __future__ import annotations

from bend.codegen import lir
from bend.codegen.direct.context import WORKER
from bend.codegen.lir_walk import with_blocks
from bend.records import replace

CHECK = 'check_loop'
CHECK_AT_TIMES = lir.ExprStmt(lir.Call('check_at_times', (WORKER,), lir.VOID))
TURNS = lir.Local('turns', lir.U32)
MASK = 0xFF
"""Less one, how many turns there are between two looks."""


def with_rare_checks(function: lir.Function) -> lir.Function:
    """A function whose loops look rarely."""
    body = _block(function.body)
    if body == function.body:
        return function
    return replace(function, body=(lir.Assign(TURNS, lir.Const(1, lir.U32)), *body))


def is_check(statement: lir.Stmt) -> bool:
    """Whether a statement looks whether the run was stopped."""
    return isinstance(statement, lir.ExprStmt) and isinstance(statement.value, lir.Call) and (
        statement.value.function == CHECK)


def _block(block: lir.Block) -> lir.Block:
    return tuple(found for statement in block for found in _statement(statement))


def _statement(statement: lir.Stmt) -> lir.Block:
    if is_check(statement):
        is_time = lir.Compare('eq', lir.Binary('and', TURNS, lir.Const(MASK, lir.U32)), lir.Const(0, lir.U32))
        return (lir.Assign(TURNS, lir.Binary('add', TURNS, lir.Const(1, lir.U32))),
                lir.If(lir.Intrinsic('unlikely', (is_time,)), (CHECK_AT_TIMES,)))
    return (with_blocks(statement, _block),)
