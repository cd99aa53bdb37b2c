"""Where C declares the locals of LIR: where they get their first value, if all uses lie in the block around that."""

from __future__ import annotations

from bend.codegen import lir
from bend.codegen.lir_walk import blocks_of, expressions_in, locals_of


class Scopes:
    """The locals of a function: which are read at all (parameters
    may be of no use), which assignments (by identity) declare one, and which are
    declared at the beginning, in order."""

    def __init__(self, function: lir.Function) -> None:
        self.read: set[str] = set()
        self.declaring: set[int] = set()
        self._parents: list[int] = [-1]
        self._first: dict[str, tuple[int, lir.Assign | None]] = {}
        self._nested: dict[str, bool] = {}
        self._visit(function.body, 0)
        parameters = {name for name, _ in function.parameters}
        self.at_beginning: dict[str, lir.Type] = {}
        for name, type_ in locals_of(function).items():
            if name in parameters:
                continue
            _, first = self._first[name]
            if first is not None and self._nested[name]:
                self.declaring.add(id(first))
            else:
                self.at_beginning[name] = type_

    def _visit(self, block: lir.Block, number: int) -> None:
        for statement in block:
            for expr in expressions_in(statement):
                if isinstance(expr, lir.Local):
                    self.read.add(expr.name)
                    self._occurs(expr.name, number, None)
            if isinstance(statement, lir.Assign):
                self._occurs(statement.target.name, number, statement)
            for inner in blocks_of(statement):
                self._parents.append(number)
                self._visit(inner, len(self._parents) - 1)

    def _occurs(self, name: str, block: int, assignment: lir.Assign | None) -> None:
        """Notes an occurrence in a block."""
        if name not in self._first:
            self._first[name] = block, assignment
            self._nested[name] = True
            return
        home = self._first[name][0]
        while block > home:
            block = self._parents[block]
        if block != home:
            self._nested[name] = False
