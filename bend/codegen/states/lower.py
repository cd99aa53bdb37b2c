"""Functions of the direct engine to LIR for states: as for native code (`bend.codegen.direct.lower`), but forks stay
what they are, nothing is unrolled, and nothing looks at the native stack."""

from __future__ import annotations

from bend.codegen import lir
from bend.codegen.direct import ir
from bend.codegen.direct.context import Context
from bend.codegen.direct.dispatch import apply_functions, kernel_functions
from bend.codegen.direct.ir import Block
from bend.codegen.direct.lower import Lowering
from bend.codegen.direct.tails import used_in
from bend.codegen.direct.values import Rep

WITHOUT = ('run_task',)
"""What native code has for forks."""


def lower_functions(context: Context) -> list[lir.Function]:
    """All functions of a program in LIR, and what the host and the kernel may ask for."""
    functions = [_Lowering(context, function, False).lower() for function in context.program.functions.values()]
    functions += apply_functions(context)
    return [*functions, *(function for function in kernel_functions(context) if function.name not in WITHOUT)]


class _Lowering(Lowering):
    """Lowers one function."""

    def checks(self) -> list[lir.Stmt]:
        """States need no native stack."""
        return []

    def fork(self, binding: ir.Binding, later: frozenset[str]) -> None:
        """Calls that do not need each other are one statement."""
        items = ir.parts_of(binding, self.context.program)
        ready: list[tuple[ir.Binding, tuple[Rep, ...], lir.Expr]] = []
        for index, item in enumerate(items):
            if isinstance(item.operation, ir.Nested):
                rest = frozenset(name for other in items[index + 1:] for name in used_in(Block((other,), ir.Wrong())))
                self.binding(item, later | rest)
            else:
                ready.append((item, *self.prepared(item, later, items[index + 1:])))
        calls = [value for _, _, value in ready if isinstance(value, lir.Call)]
        targets = [self.fresh(call.type, 'forked') for call in calls]
        self.emit(lir.Fork(tuple(targets), tuple(calls)))
        for item, reps, value in ready:
            given = targets.pop(0) if isinstance(value, lir.Call) else value
            self.bind_results(item.names, reps, given)
