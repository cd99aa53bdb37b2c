"""What evaluating LIR does besides giving a value: C leaves the order of operands open, so it matters there."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from bend.codegen import lir
from bend.codegen.lir_walk import expressions_in, statements_of


class Effect(IntEnum):
    """What an evaluation does with memory."""

    NONE = 0
    READS = 1
    ACTS = 2


class Effects:
    """Effects of expressions, given those of functions."""

    def __init__(self, module: lir.Module) -> None:
        self.functions = _of_functions(module)

    def of(self, expr: lir.Expr) -> Effect:
        """The effect of evaluating an expression."""
        return max((_own(item, self.functions) for item in (expr, *expressions_in(expr))), default=Effect.NONE)


def _own(node: lir.Expr | lir.Stmt, functions: Mapping[str, Effect]) -> Effect:
    """The effect of a node apart from its operands."""
    match node:
        case lir.Load():
            return Effect.READS
        case lir.Call(name):
            return functions[name]
        case lir.Intrinsic(name):
            return Effect.NONE if lir.INTRINSICS[name] in ('int', 'float', 'bool') else Effect.ACTS
        case (lir.AtomicLoad() | lir.AtomicRmw() | lir.CompareExchange() | lir.Store() | lir.AtomicStore()
              | lir.Fence() | lir.While()):
            # A loop may not end.
            return Effect.ACTS
        case _:
            return Effect.NONE


def _of_functions(module: lir.Module) -> dict[str, Effect]:
    """The effect of calling each function. Those that may call themselves may not end, and act."""
    own: dict[str, Effect] = {}
    callers: dict[str, set[str]] = {}
    for function in module.functions:
        effect = Effect.ACTS if function.extern or function.noreturn else Effect.NONE
        for statement in statements_of(function.body):
            effect = max(effect, _own(statement, {}))
            for expr in expressions_in(statement):
                if isinstance(expr, lir.Call):
                    callers.setdefault(expr.function, set()).add(function.name)
                else:
                    effect = max(effect, _own(expr, {}))
        own[function.name] = effect
    pending = [name for name in own if name not in {caller for found in callers.values() for caller in found}]
    waiting = {name: {callee for callee, found in callers.items() if name in found} for name in own}
    found: dict[str, Effect] = {}
    while pending:
        name = pending.pop()
        found[name] = own[name]
        for caller in callers.get(name, ()):
            own[caller] = max(own[caller], own[name])
            waiting[caller].discard(name)
            if not waiting[caller]:
                pending.append(caller)
    return {name: found.get(name, Effect.ACTS) for name in own}
