"""Functions that a host calls one by one: those of libraries.

The entry gives them in pairs, `(first, (second, … *))`. As in `arguments`, the host checks what it makes, so that the
types of parameters can be trusted; where none is known, a value may be any data.
"""

from __future__ import annotations

from collections.abc import Sequence

from bend.codegen.direct.arguments import Values
from bend.codegen.direct.flow import Made, Solver
from bend.desugar.typecheck.types import Type
from bend.interface import Interface


class Exported:
    """What the host applies functions to: values of the types of their parameters."""

    def __init__(self, interface: Interface, functions: Sequence[Sequence[Type | None]]) -> None:
        self.interface = interface
        self.functions = functions

    def add(self, solver: Solver) -> int:
        """Adds what the host does to the analysis; gives the node of what may come of that."""
        values = Values(solver, self.interface, None)
        together, rest = solver.node(), solver.result(solver.program.constants[0])
        for types in self.functions:
            function, rest = _parts(solver, rest)
            solver.edge(function, together)
            solver.look_node(function)
            for type_ in types:
                argument, result = solver.node(), solver.node()
                solver.edge(values.of_type(type_, None), argument)
                solver.apply(function, [argument], result)
                solver.edge(result, together)
                solver.look_node(result)
                function = result
        return together


def _parts(solver: Solver, pair: int) -> tuple[int, int]:
    """The nodes of the parts of pairs."""
    first, second = solver.node(), solver.node()

    def arrive(fresh: int) -> None:
        for item in solver.objects_in(fresh):
            if isinstance(item, Made) and item.constructor is None:
                for source, target in zip(solver.field_nodes(item), (first, second), strict=True):
                    solver.edge(source, target)

    solver.on(pair, arrive)
    return first, second
