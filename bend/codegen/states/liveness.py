"""Which locals are still needed where: the live variables of blocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bend.codegen import lir
from bend.codegen.lir_walk import expressions_in, operands
from bend.codegen.states.blocks import Flat, Invoke, operands_of, targets_of

Live = frozenset[lir.Local]


def live_at_start(flat: Flat, worker: str) -> list[Live]:
    """For each block the locals whose values it needs, the worker not among them."""
    live: list[Live] = [frozenset()] * len(flat.blocks)
    analysis = _Liveness(worker)
    pending = True
    while pending:
        pending = False
        for index in range(len(flat.blocks) - 1, -1, -1):
            block = flat.blocks[index]
            after: Live = frozenset().union(*(live[target] for target in targets_of(block.end)))
            if isinstance(block.end, Invoke):
                after -= frozenset(block.end.targets)
            found = analysis.before_block(block.statements, after | analysis.used(operands_of(block.end)), None)
            if found != live[index]:
                live[index] = found
                pending = True
    return live


class _Liveness:
    def __init__(self, worker: str) -> None:
        self.worker = worker
        self.known: dict[int, tuple[lir.Expr, Live]] = {}

    def used(self, expressions: Iterable[lir.Expr]) -> Live:
        """The locals in expressions."""
        return frozenset().union(*(self.used_in(item) for item in expressions))

    def used_in(self, expression: lir.Expr) -> Live:
        """The locals in an expression."""
        found = self.known.get(id(expression))
        if found is None or found[0] is not expression:
            found = expression, frozenset(item for item in (expression, *expressions_in(expression))
                                          if isinstance(item, lir.Local) and item.name != self.worker)
            self.known[id(expression)] = found
        return found[1]

    def before_block(self, block: lir.Block, after: Live, loop: tuple[Live, Live] | None) -> Live:
        """What is live before statements, from what is live after them; `loop` are the locals that are live where
        `continue` and `break` lead."""
        for statement in reversed(block):
            after = self.before(statement, after, loop)
        return after

    def before(self, statement: lir.Stmt, after: Live, loop: tuple[Live, Live] | None) -> Live:
        """What is live before a statement."""
        match statement:
            case lir.Assign(target):
                after -= {target}
            case lir.If(_, then, otherwise):
                after = self.before_block(then, after, loop) | self.before_block(otherwise, after, loop)
            case lir.Switch(_, cases, default):
                after = frozenset().union(*(self.before_block(case.body, after, loop) for case in cases),
                                          self.before_block(default, after, loop))
            case lir.While(condition, body):
                head = after | self.used_in(condition)
                while True:
                    found = head | self.before_block(body, head, (head, after))
                    if found == head:
                        return head
                    head = found
            case lir.Break() | lir.Continue():
                assert loop is not None
                return loop[isinstance(statement, lir.Break)]
            case lir.ExprStmt(lir.Intrinsic('trap')):
                return frozenset()
            case _:
                pass
        return after | self.used(operands(statement))


def in_order(live: Live) -> tuple[lir.Local, ...]:
    """Live locals in an order that is always the same."""
    return tuple(sorted(live, key=lambda local: local.name))


def predecessors(flat: Flat) -> Mapping[int, int]:
    """How often each block is named by others."""
    counts: dict[int, int] = {}
    for block in flat.blocks:
        for target in targets_of(block.end):
            counts[target] = counts.get(target, 0) + 1
    return counts
