"""Which locals of a function need no memory: each use is behind the one assignment, in the same block or inside it."""

from __future__ import annotations

from bend.codegen import lir
from bend.codegen.lir_walk import operands


def assigned_once(function: lir.Function) -> frozenset[str]:
    """The locals and parameters that have one value, which is known wherever they are used."""
    scan = _Scan({name for name, _ in function.parameters})
    scan.block(function.body)
    return frozenset(scan.assigned - scan.others)


class _Scan:
    """Goes through a function in source order. `known` are the locals that have their value at the current place."""

    def __init__(self, parameters: set[str]) -> None:
        self.assigned = set(parameters)
        self.known = set(parameters)
        self.others: set[str] = set()

    def block(self, block: lir.Block) -> None:
        """A block: what it assigns is known until it ends."""
        made: list[str] = []
        for statement in block:
            self.uses(statement)
            match statement:
                case lir.Assign(target):
                    self.assign(target.name, made)
                case lir.Fork(targets):
                    for target in targets:
                        self.assign(target.name, made)
                case lir.If(_, then, otherwise):
                    self.block(then)
                    self.block(otherwise)
                case lir.While(_, body):
                    self.block(body)
                case lir.Switch(_, cases, default):
                    for case in cases:
                        self.block(case.body)
                    self.block(default)
        self.known.difference_update(made)

    def assign(self, name: str, made: list[str]) -> None:
        """An assignment."""
        if name in self.assigned:
            self.others.add(name)
            return
        self.assigned.add(name)
        self.known.add(name)
        made.append(name)

    def uses(self, node: lir.Expr | lir.Stmt) -> None:
        """The locals that a statement or an expression uses."""
        for item in operands(node):
            if type(item) is lir.Local:
                if item.name not in self.known:
                    self.others.add(item.name)
            else:
                self.uses(item)
