"""Programs whose arguments come when they run: what the host applies the entry to.

The host converts values to the types of the parameters (`bend.marshal`), so these types can be trusted here, as nowhere
else. Where none is known, a value may be any data. There may be fewer arguments than the entry takes, and more: what
comes of it is applied to any data, then, as often as one likes.

All that the host makes of one constructor, and all of its tuples, are made at one place.
"""

from __future__ import annotations

from collections.abc import Mapping

from bend.codegen.direct.flow import ERASER, F24, I24, NUMBERS, U24, Flow, Given, Made, Plain, Solver
from bend.codegen.direct.layout import Layout
from bend.desugar.typecheck.types import ARROW, TUPLE, Con, Type, instantiate, product
from bend.interface import Interface

HOST = 'the host'
"""The place where the host makes things."""
NUMBER_BITS = {'u24': U24, 'i24': I24, 'f24': F24}
MOST_TYPES = 200
"""Types of arguments that are told apart; a type may have parts without end."""


def add_arguments(solver: Solver, interface: Interface) -> int:
    """Adds what the host applies the entry to; gives the node of what may come of that."""
    entry = solver.program.constants[0]
    values = _Values(solver, interface)
    function = solver.node()
    if solver.program.functions[entry].parameters:
        solver.add(function, solver.bit(Given(entry, 0)))
    else:
        solver.edge(solver.result(entry), function)
    results = [function]
    for type_ in interface.parameters(interface.parameter_count):
        solver.look_node(function)
        result = solver.node()
        solver.apply(function, [values.of_type(type_)], result)
        results.append(result)
        function = result
    solver.look_node(function)
    solver.apply(function, [values.anything()], function)
    together = solver.node()
    for result in results:
        solver.edge(result, together)
    return together


class _Values:
    """The nodes of values that the host makes."""

    def __init__(self, solver: Solver, interface: Interface) -> None:
        self.solver = solver
        self.interface = interface
        self.known: dict[Type, int] = {}
        self.any: int | None = None

    def of_type(self, type_: Type | None) -> int:
        """Values of a type."""
        current = None if type_ is None else instantiate(type_, {})
        if not isinstance(current, Con):
            return self.anything()
        if current not in self.known:
            if len(self.known) == MOST_TYPES:
                return self.anything()
            self.known[current] = self.solver.node()
            self.fill(self.known[current], current)
        return self.known[current]

    def fill(self, node: int, type_: Con) -> None:
        """Adds the values of a type to its node."""
        solver = self.solver
        match type_.name, type_.arguments:
            case ('u24' | 'i24' | 'f24' as kind, ()):
                solver.add(node, NUMBER_BITS[kind])
            case ('None', ()):
                solver.add(node, ERASER)
            case (name, elements) if name == TUPLE:
                rest = elements[1] if len(elements) == 2 else product(elements[1:])
                self.make(node, Made(None, HOST), (elements[0], rest))
            case (name, _) if name == ARROW:
                # Functions cannot be passed.
                pass
            case (name, _):
                for shape in self.interface.constructors.values():
                    if shape.type_name == name and shape.fields:
                        self.make(node, Made(shape.name, HOST), shape.field_types(type_))
                    elif shape.type_name == name:
                        solver.add(node, solver.bit(Plain(shape.name)))

    def make(self, node: int, made: Made, types: tuple[Type | None, ...]) -> None:
        """Adds something with fields of some types."""
        for part, type_ in zip(self.solver.field_nodes(made), types, strict=True):
            self.solver.edge(self.of_type(type_), part)
        self.solver.add(node, self.solver.bit(made))

    def anything(self) -> int:
        """Any data."""
        if self.any is None:
            self.any = self.solver.node()
            constructors = self.interface.constructors.values()
            make_data(self.solver, self.any, {shape.name: len(shape.fields) for shape in constructors})
        return self.any


def make_data(solver: Solver, node: int, constructors: Mapping[str, int]) -> None:
    """Adds any data to a node: numbers, `*`, and tuples and constructors of the same. These come with the number of
    their fields."""
    solver.add(node, NUMBERS | ERASER)
    for name, count in ((None, 2), *constructors.items()):
        if name is not None and count == 0:
            solver.add(node, solver.bit(Plain(name)))
            continue
        for part in solver.field_nodes(Made(name, HOST)):
            solver.edge(node, part)
        solver.add(node, solver.bit(Made(name, HOST)))


def host_shapes(flow: Flow, layout: Layout) -> dict[str | None, int]:
    """The shapes of what the host may make, by constructor (None: tuples)."""
    shapes: dict[str | None, int] = dict(layout.by_constructor.items())
    shapes.update((made.constructor, layout.by_place[made]) for made in flow.fields if made.place == HOST)
    return shapes
