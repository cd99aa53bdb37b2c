"""Programs whose arguments come when they run: what the host applies the entry to.

The host converts values to the types of the parameters (`bend.marshal`), so these types can be trusted here, as nowhere
else. Where none is known, a value may be any data. There may be fewer arguments than the entry takes, and more: what
comes of it is applied to any data, then, as often as one likes.

Code for any data is slow where it calculates. So programs are compiled with a *guess* first: numbers are u24, and what
the program does with an argument, or with a part of one, says what it is. The host sees whether values are as foreseen
(`Foreseen`), and has the program compiled without a guess if one is not.

All that the host makes of one constructor, and all of its tuples, are made at one place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TypeAlias

from bend.codegen.direct.flow import ERASER, F24, I24, NUMBERS, U24, Flow, Given, Made, Plain, Solver
from bend.codegen.direct.layout import Layout
from bend.desugar.typecheck.types import ARROW, TUPLE, Con, Type, instantiate, product
from bend.interface import Interface
from bend.reached import reached
from bend.records import dataclass
from bend.runtime.direct import program as words
from bend.runtime.direct.program import Foreseen

HOST = 'the host'
"""The place where the host makes things."""
NUMBER_BITS = {'u24': U24, 'i24': I24, 'f24': F24}
MOST_TYPES = 200
"""Types of arguments that are told apart; a type may have parts without end."""
Use: TypeAlias = frozenset[str | None]
"""The constructors that something is taken for (None: a tuple); none of them if it is taken for a number."""
Part: TypeAlias = tuple[str | None, int]
"""A field of a constructor, or of tuples."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What values of no declared type are taken for, by argument and by part; anything where there is nothing."""

    arguments: Mapping[int, Use] = field(default_factory=dict)
    parts: Mapping[Part, Use] = field(default_factory=dict)


class Arguments:
    """What the host applies the entry of a program to, with a guess or without."""

    def __init__(self, interface: Interface, guess: Guess | None) -> None:
        self.interface = interface
        self.guess = guess
        self.nodes: list[int] = []
        """Those of the arguments that types tell of, and that of all others."""

    def add(self, solver: Solver) -> int:
        """Adds what the host does to the analysis; gives the node of what may come of that."""
        self.solver = solver
        entry = solver.program.constants[0]
        values = Values(solver, self.interface, self.guess)
        function, together = solver.node(), solver.node()
        if solver.program.functions[entry].parameters:
            solver.add(function, solver.bit(Given(entry, 0)))
        else:
            solver.edge(solver.result(entry), function)
        count = max(self.interface.parameter_count, len(solver.program.functions[entry].parameters))
        for index, type_ in enumerate([*self.interface.parameters(count), None]):
            argument = solver.node()
            solver.edge(values.of_argument(index, type_), argument)
            self.nodes.append(argument)
            # The last one stands for all that follow.
            result = solver.node() if index < count else function
            solver.edge(function, together)
            solver.look_node(function)
            solver.apply(function, [argument], result)
            function = result
        return together

    def better_guess(self) -> Guess:
        """What the program takes its arguments and their parts for, once the analysis is made."""
        arguments = {index: use for index, node in enumerate(self.nodes) if (use := self.use_of(node)) is not None}
        parts = {(made.constructor, index): use for made, nodes in self.solver.fields.items() if made.place == HOST
                 for index, node in enumerate(nodes) if (use := self.use_of(node)) is not None}
        return Guess(arguments, parts)

    def use_of(self, node: int) -> Use | None:
        """What the values of a node are taken for, if that is one thing."""
        solver = self.solver
        nodes = reached((node,), lambda other: solver.edges[other])
        is_number = not nodes.isdisjoint(solver.numeric)
        found = {name for other in nodes for name in solver.matched.get(other, ())}
        if is_number or not found:
            return frozenset() if is_number and not found else None
        if None in found:
            return frozenset(found) if len(found) == 1 else None
        constructors = self.interface.constructors.values()
        types = {shape.type_name for shape in constructors if shape.name in found}
        return frozenset(shape.name for shape in constructors if shape.type_name in types) if len(types) == 1 else None

    def foreseen(self, flow: Flow, layout: Layout) -> Foreseen | None:
        """What values may be, as the host finds it out; None if they may be whatever types say."""
        if self.guess is None:
            return None
        fields = {made.constructor: tuple(_keys(flow, layout, bits) for bits in parts)
                  for made, parts in flow.fields.items() if made.place == HOST}
        return Foreseen(tuple(_keys(flow, layout, self.solver.bits[node]) for node in self.nodes), fields)


def _keys(flow: Flow, layout: Layout, bits: int) -> frozenset[int]:
    """The keys of what is in a set and made by the host (`Foreseen`)."""
    keys = {kind << words.NUMBER_SHIFT | words.NUMBER
            for kind, bit in ((1, U24), (2, I24), (3, F24)) if bits & bit}
    if bits & ERASER:
        keys.add(words.ERASER)
    for item in flow.objects_in(bits):
        if isinstance(item, Plain):
            keys.add(words.FIRST_SHAPE_KEY + layout.by_constructor[item.constructor])
        elif isinstance(item, Made) and item.place == HOST:
            keys.add(words.FIRST_SHAPE_KEY + layout.by_place[item])
    return frozenset(keys)


class Values:
    """The nodes of values that the host makes."""

    def __init__(self, solver: Solver, interface: Interface, guess: Guess | None) -> None:
        self.solver = solver
        self.interface = interface
        self.guess = Guess() if guess is None else guess
        self.numbers = NUMBERS if guess is None else U24
        self.known: dict[Type, int] = {}
        self.uses: dict[Use | None, int] = {}

    def of_argument(self, index: int, type_: Type | None) -> int:
        """Values of an argument."""
        return self.of_type(type_, self.guess.arguments.get(index))

    def of_type(self, type_: Type | None, use: Use | None) -> int:
        """Values of a type, or where none is known, those that are used so."""
        current = None if type_ is None else instantiate(type_, {})
        if not isinstance(current, Con):
            return self.used(use)
        if current not in self.known:
            if len(self.known) == MOST_TYPES:
                return self.used(None)
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
                self.make(node, None, (elements[0], rest))
            case (name, _) if name == ARROW:
                # Functions cannot be passed.
                pass
            case (name, _):
                for shape in self.interface.constructors.values():
                    if shape.type_name == name:
                        self.make(node, shape.name, shape.field_types(type_))

    def used(self, use: Use | None) -> int:
        """Data that is used so."""
        if use not in self.uses:
            node = self.uses[use] = self.solver.node()
            constructors = self.interface.constructors
            if not use:
                self.solver.add(node, self.numbers if use is not None else self.numbers | ERASER)
            for name in (None, *constructors) if use is None else use:
                count = 2 if name is None else len(constructors[name].fields)
                self.make(node, name, (None,) * count)
        return self.uses[use]

    def make(self, node: int, constructor: str | None, types: tuple[Type | None, ...]) -> None:
        """Adds a constructor with fields of some types, or a tuple (None)."""
        if constructor is not None and not types:
            self.solver.add(node, self.solver.bit(Plain(constructor)))
            return
        made = Made(constructor, HOST)
        for index, (part, type_) in enumerate(zip(self.solver.field_nodes(made), types, strict=True)):
            self.solver.edge(self.of_type(type_, self.guess.parts.get((constructor, index))), part)
        self.solver.add(node, self.solver.bit(made))


def make_data(solver: Solver, node: int, constructors: Iterable[tuple[str | None, int]]) -> None:
    """Adds any data to a node: numbers, `*`, and tuples and constructors of the same. These come with the number of
    their fields."""
    solver.add(node, NUMBERS | ERASER)
    for name, count in (*constructors, (None, 2)):
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
