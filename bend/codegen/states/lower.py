"""Functions of the direct engine to LIR for states: as for native code (`bend.codegen.direct.lower`), but forks stay
what they are, nothing is unrolled, and nothing looks at the native stack."""

from __future__ import annotations

from collections.abc import Sequence

from bend.codegen import lir
from bend.codegen.direct import ir
from bend.codegen.direct import values as val
from bend.codegen.direct.context import Context
from bend.codegen.direct.dispatch import apply_functions, kernel_functions
from bend.codegen.direct.ir import Block
from bend.codegen.direct.lower import Lowering
from bend.codegen.direct.tails import used_in
from bend.codegen.direct.values import Rep, u64
from bend.runtime.direct import program as words

WITHOUT = ('run_task',)
"""What native code has for forks."""


def lower_functions(context: Context) -> list[lir.Function]:
    """All functions of a program in LIR, and what the host and the kernel may ask for."""
    functions = [_Lowering(context, function).lower() for function in context.program.functions.values()]
    functions += apply_functions(context)
    return [*functions, *(function for function in kernel_functions(context) if function.name not in WITHOUT)]


class _Lowering(Lowering):
    """Lowers one function.

    A lane does not go on past a value that it needs before memory has given it. So tuples that are taken apart in a row
    are loaded before any of them is closed, and so are the headers of cells that are closed together.
    """

    def __init__(self, context: Context, function: ir.Function) -> None:
        super().__init__(context, function, False)
        self.headers: dict[str, lir.Local] = {}

    def is_settled(self, before: ir.Binding, binding: ir.Binding) -> bool:
        """Tuples are closed when all in a row have been taken apart."""
        return not (isinstance(before.operation, ir.TakePair) and isinstance(binding.operation, ir.TakePair))

    def before_closing(self, names: Sequence[str]) -> None:
        """Loads the headers of cells that will be closed. Until then nothing makes a cell with one reference one with
        several: whatever else leads to it is a reference of its own."""
        if len(names) < 2:
            return
        for name in names:
            cell, header = self.context.local(name), self.fresh(lir.U64, 'header')
            load = lir.Assign(header, self.context.header_of(cell))
            if self.state.opened[name].always:
                self.emit(load)
            else:
                self.emit(lir.Assign(header, u64(0)), lir.If(val.has_tag(cell, words.CELL), (load,)))
            self.headers[name] = header

    def is_unique(self, name: str) -> lir.Expr:
        """What the header says that was loaded before."""
        header = self.headers.pop(name, None)
        if header is None:
            return super().is_unique(name)
        return lir.Compare('eq', lir.Binary('and', header, u64(words.COUNT_MASK)), u64(1))

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
