"""Which values can be where: an inclusion analysis of the whole program (0-CFA).

Sets of abstract values are bits of an integer: the three types of numbers, `*`, constructors without fields,
constructors and tuples by the place where they are made, functions by how many arguments they have got, folded
constants. Every variable, every result of a function and every field of what is made at one place is a node with such
a set; sets grow along edges until nothing changes. What is looked at (matched, calculated with, applied, taken apart)
is the value behind a folded constant, so such nodes hold both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from typing import TypeAlias

from bend.codegen.direct import ir
from bend.codegen.direct.ir import Atom, Block
from bend.hvm import numbers as num
from bend.records import dataclass

U24, I24, F24, ERASER = 1, 2, 4, 8
NUMBERS = U24 | I24 | F24
FIRST_OBJECT = 4
SITES = 8
"""How many places of one constructor in one function are told apart."""
MAX_APPLIED = 8
"""To how many arguments values are applied at once; to more, one part after the other."""
KIND_BITS = {num.U24: U24, num.I24: I24, num.F24: F24}


@dataclass(frozen=True, slots=True)
class Made:
    """A constructor with fields, or a tuple (None), made at a place."""

    constructor: str | None
    place: str


@dataclass(frozen=True, slots=True)
class Plain:
    """A constructor without fields."""

    constructor: str


@dataclass(frozen=True, slots=True)
class Given:
    """A function (or constructor) that has got so many of its arguments."""

    function: str
    count: int


@dataclass(frozen=True, slots=True)
class Folded:
    """A definition without parameters that is referred to."""

    name: str


Object: TypeAlias = Made | Plain | Given | Folded


def results_of(function: str) -> Made:
    """The tuple whose parts a function gives that gives two values."""
    return Made(None, f'{function}#results')


def bits_of(word: int) -> int:
    """The type of a number word."""
    return KIND_BITS.get(word & num.TYPE_MASK, 0)


def _objects_in(bits: int, objects: Sequence[Object]) -> Iterator[Object]:
    bits >>= FIRST_OBJECT
    while bits:
        low = bits & -bits
        yield objects[low.bit_length() - 1]
        bits ^= low


@dataclass
class Flow:
    """The solution. `sets` are by variable, `results` by function, `fields` by what is made."""

    objects: list[Object]
    numbers: dict[Object, int]
    sets: dict[str, int]
    results: dict[str, int]
    fields: dict[Made, list[int]]
    looked_at: set[int]

    def of(self, atom: Atom) -> int:
        """The set of an atom; of a reference, which object it is does not matter to anybody."""
        match atom:
            case ir.Var(name):
                return self.sets.get(name, 0)
            case ir.Num(word):
                return bits_of(word)
            case ir.Eraser():
                return ERASER
            case ir.Nullary(constructor):
                return self.bit(Plain(constructor))
            case ir.Reference(name):
                return self.bit(Given(name, 0)) | self.bit(Folded(name))

    def bit(self, item: Object) -> int:
        """The bit of an object."""
        number = self.numbers.get(item)
        return 0 if number is None else 1 << FIRST_OBJECT + number

    def objects_in(self, bits: int) -> Iterator[Object]:
        """The objects of a set."""
        return _objects_in(bits, self.objects)


def analyse(program: ir.Program, extend: Callable[[Solver], None] | None = None, entry_sites: int = SITES) -> Flow:
    """The flow of values in a program; `extend` adds what comes from outside. In the entry, so many places of one
    constructor are told apart."""
    solver = Solver(program, entry_sites)
    solver.build()
    if extend is not None:
        extend(solver)
    solver.solve()
    names = {name: solver.bits[node] for name, node in solver.variables.items()}
    results = {name: solver.bits[node] for name, node in solver.results.items()}
    fields = {made: [solver.bits[node] for node in nodes] for made, nodes in solver.fields.items()}
    looked_at = {solver.bits[node] for node in solver.looked_at}
    return Flow(solver.objects, solver.numbers, names, results, fields, looked_at)


Handler: TypeAlias = Callable[[int], None]
"""Called with the new bits of a node."""


@dataclass
class Solver:
    """Sets of values and how they flow, until nothing changes."""

    program: ir.Program
    entry_sites: int = SITES
    bits: list[int] = field(default_factory=list)
    edges: list[list[int]] = field(default_factory=list)
    handlers: list[list[Handler]] = field(default_factory=list)
    pending: list[tuple[int, int]] = field(default_factory=list)
    objects: list[Object] = field(default_factory=list)
    numbers: dict[Object, int] = field(default_factory=dict)
    variables: dict[str, int] = field(default_factory=dict)
    results: dict[str, int] = field(default_factory=dict)
    fields: dict[Made, list[int]] = field(default_factory=dict)
    looked_at: set[int] = field(default_factory=set)
    numeric: set[int] = field(default_factory=set)
    """The nodes of what is taken for numbers."""
    matched: dict[int, set[str | None]] = field(default_factory=dict)
    """The constructors that nodes are taken for; None stands for tuples."""
    places: dict[tuple[str, str | None], int] = field(default_factory=dict)
    function: str = ''

    # ---- graph ---------------------------------------------------------------------------------

    def node(self) -> int:
        """A new node."""
        self.bits.append(0)
        self.edges.append([])
        self.handlers.append([])
        return len(self.bits) - 1

    def variable(self, name: str) -> int:
        """The node of a variable."""
        if name not in self.variables:
            self.variables[name] = self.node()
        return self.variables[name]

    def result(self, function: str) -> int:
        """The node of a function's result."""
        if function not in self.results:
            self.results[function] = self.node()
        return self.results[function]

    def bit(self, item: Object) -> int:
        """The bit of an object."""
        if item not in self.numbers:
            self.numbers[item] = len(self.objects)
            self.objects.append(item)
        return 1 << FIRST_OBJECT + self.numbers[item]

    def add(self, node: int, bits: int) -> None:
        """Adds to a node."""
        fresh = bits & ~self.bits[node]
        if fresh:
            self.bits[node] |= fresh
            self.pending.append((node, fresh))

    def edge(self, source: int, target: int) -> None:
        """What is in one node is in another."""
        if source != target and target not in self.edges[source]:
            self.edges[source].append(target)
            self.add(target, self.bits[source])

    def on(self, node: int, handler: Handler) -> None:
        """Calls a handler with all that comes to a node."""
        self.handlers[node].append(handler)
        if self.bits[node]:
            handler(self.bits[node])

    def solve(self) -> None:
        """Until nothing changes."""
        while self.pending:
            node, fresh = self.pending.pop()
            for target in self.edges[node]:
                self.add(target, fresh)
            for handler in self.handlers[node]:
                handler(fresh)

    def objects_in(self, bits: int) -> Iterator[Object]:
        """The objects among bits."""
        return _objects_in(bits, self.objects)

    # ---- program -------------------------------------------------------------------------------

    def build(self) -> None:
        """Nodes and edges of all functions."""
        for function in self.program.functions.values():
            self.function = function.name
            targets = [self.result(function.name)]
            if function.results == 2:
                self.add(targets[0], self.bit(results_of(function.name)))
                targets = self.field_nodes(results_of(function.name))
            self.block(function.body, targets)

    def parameters(self, function: str) -> Sequence[int]:
        """The nodes of a function's parameters; of a constructor's fields."""
        if function in self.program.functions:
            return [self.variable(name) for name in self.program.functions[function].parameters]
        return self.field_nodes(Made(function, ''))

    def function_result(self, function: str) -> int:
        """The node of what a function, or a constructor that is used as one, gives."""
        node = self.result(function)
        if function not in self.program.functions:
            self.add(node, self.bit(Made(function, '')))
        return node

    def field_nodes(self, made: Made) -> list[int]:
        """The nodes of the fields of what is made at a place."""
        if made not in self.fields:
            count = 2 if made.constructor is None else self.program.fields[made.constructor]
            self.fields[made] = [self.node() for _ in range(count)]
        return self.fields[made]

    def new_place(self, constructor: str | None) -> Made:
        """The next place in this function where something of a kind is made."""
        key = (self.function, constructor)
        count = self.places[key] = self.places.get(key, 0) + 1
        most = self.entry_sites if self.function == self.program.constants[0] else SITES
        return Made(constructor, f'{self.function}#{min(count, most)}')

    def flow(self, atom: Atom, target: int) -> None:
        """An atom goes to a node."""
        match atom:
            case ir.Var(name):
                self.edge(self.variable(name), target)
            case ir.Num(word):
                self.add(target, bits_of(word))
            case ir.Eraser():
                self.add(target, ERASER)
            case ir.Nullary() | ir.Reference():
                self.add(target, self.bit(self.constant_object(atom)))

    def constant_object(self, atom: ir.Nullary | ir.Reference) -> Object:
        """The object of a constant atom."""
        if isinstance(atom, ir.Nullary):
            return Plain(atom.constructor)
        function = self.program.functions.get(atom.name)
        if function is None:
            # What the constructor makes when it is applied has a layout even if nothing seems to apply it.
            self.field_nodes(Made(atom.name, ''))
        return Given(atom.name, 0) if function is None or function.parameters else Folded(atom.name)

    def look(self, atom: Atom) -> int:
        """The node of an atom that is looked at."""
        if isinstance(atom, ir.Var):
            node = self.variable(atom.name)
        else:
            node = self.node()
            self.flow(atom, node)
        if node not in self.looked_at:
            self.look_node(node)
        return node

    def look_number(self, atom: Atom) -> int:
        """The node of an atom that is taken for a number."""
        node = self.look(atom)
        self.numeric.add(node)
        return node

    def block(self, block: Block, targets: Sequence[int]) -> None:
        """The operations of a block; what it gives goes to a node, or two values to one each."""
        for binding in block.bindings:
            self.operation(binding)
        match block.end:
            case ir.Return(value):
                self.flow(value, targets[0])
            case ir.Returns(values):
                for value, node in zip(values, targets, strict=True):
                    self.flow(value, node)
            case ir.Do(ir.Call(function, arguments)) if len(targets) == 2:
                self.call_for_both(function, arguments, targets)
            case ir.Do(operation):
                self.call(operation, targets[0])
            case ir.Switch(value, zero, predecessor, successor):
                self.look_number(value)
                self.add(self.variable(predecessor), U24)
                self.block(zero, targets)
                self.block(successor, targets)
            case ir.Match(value, arms):
                self.match(value, arms, targets)
            case ir.Wrong():
                pass

    def match(self, value: Atom, arms: Sequence[ir.Arm], targets: Sequence[int]) -> None:
        """Fields go to the variables of the arms; numbers and `*` are what a match of them gives, if it gives one
        value."""
        names = {arm.constructor: arm.fields for arm in arms}

        def arrive(fresh: int) -> None:
            if len(targets) == 1:
                self.add(targets[0], fresh & (NUMBERS | ERASER))
            for item in self.objects_in(fresh):
                if isinstance(item, Made) and item.constructor in names:
                    for source, name in zip(self.field_nodes(item), names[item.constructor], strict=True):
                        self.edge(source, self.variable(name))

        node = self.look(value)
        self.matched.setdefault(node, set()).update(names)
        self.on(node, arrive)
        for arm in arms:
            self.block(arm.block, targets)

    def operation(self, binding: ir.Binding) -> None:
        """The nodes of what a binding binds."""
        target = self.variable(binding.names[0])
        match binding.operation:
            case ir.Call(function, arguments) if len(binding.names) == 2:
                self.call_for_both(function, arguments, [self.variable(name) for name in binding.names])
            case ir.Call() | ir.Apply():
                self.call(binding.operation, target)
            case ir.Fork():
                for part in ir.parts_of(binding, self.program):
                    self.operation(part)
            case ir.Partial(function, arguments):
                for argument, node in zip(arguments, self.parameters(function), strict=False):
                    self.flow(argument, node)
                self.add(target, self.bit(Given(function, len(arguments))))
            case ir.Construct(constructor, arguments):
                self.make(self.new_place(constructor), arguments, target)
            case ir.Pair(arguments):
                self.make(self.new_place(None), arguments, target)
            case ir.Literal():
                self.literal(binding.operation, target)
            case ir.TakePair(value):
                self.take_pair(value, [self.variable(name) for name in binding.names])
            case ir.Operate(code, left, right):
                self.operate(code, left, right, target)
            case ir.Cast(kind, value):
                self.look_number(value)
                self.add(target, KIND_BITS[kind])
            case ir.Nested(block):
                self.block(block, [self.variable(name) for name in binding.names])

    def call_for_both(self, function: str, arguments: Sequence[Atom], targets: Sequence[int]) -> None:
        """A call of a function that gives two values, which go to nodes."""
        for argument, node in zip(arguments, self.parameters(function), strict=True):
            self.flow(argument, node)
        for source, target in zip(self.field_nodes(results_of(function)), targets, strict=True):
            self.edge(source, target)

    def make(self, made: Made, arguments: Sequence[Atom], target: int) -> None:
        """Something with fields is made."""
        for argument, node in zip(arguments, self.field_nodes(made), strict=True):
            self.flow(argument, node)
        self.add(target, self.bit(made))

    def literal(self, literal: ir.Literal, target: int) -> None:
        """Data of which the first cell goes to a node, and the others to fields of those before them."""
        waiting = [target]
        known: dict[tuple[str | None, str], tuple[int, list[int]]] = {}
        for cell in literal.cells:
            key = cell.constructor, cell.place
            if key not in known:
                made = Made(*key)
                known[key] = self.bit(made), self.field_nodes(made)
            bit, nodes = known[key]
            self.add(waiting.pop(), bit)
            holes = []
            for atom, node in zip(cell.fields, nodes, strict=True):
                if atom is None:
                    holes.append(node)
                else:
                    self.flow(literal.arguments[atom] if isinstance(atom, int) else atom, node)
            waiting += reversed(holes)

    def take_pair(self, value: Atom, targets: Sequence[int]) -> None:
        """The parts of a tuple; a number, or `*`, is copied."""
        def arrive(fresh: int) -> None:
            for target in targets:
                self.add(target, fresh & (NUMBERS | ERASER))
            for item in self.objects_in(fresh):
                if isinstance(item, Made) and item.constructor is None:
                    for source, target in zip(self.field_nodes(item), targets, strict=True):
                        self.edge(source, target)

        node = self.look(value)
        self.matched.setdefault(node, set()).add(None)
        self.on(node, arrive)

    def operate(self, code: int, left: Atom, right: Atom, target: int) -> None:
        """The type of the result: that of the right operand, but for comparisons."""
        self.look_number(left)

        def arrive(fresh: int) -> None:
            if fresh & NUMBERS:
                self.add(target, U24 if num.EQ <= code <= num.GT else fresh & NUMBERS)

        self.on(self.look_number(right), arrive)

    def call(self, operation: ir.Call | ir.Apply, target: int) -> None:
        """Arguments go to parameters, results to a node."""
        if isinstance(operation, ir.Call):
            for argument, node in zip(operation.arguments, self.parameters(operation.function), strict=True):
                self.flow(argument, node)
            self.edge(self.function_result(operation.function), target)
            return
        arguments = []
        for argument in operation.arguments:
            node = self.node()
            self.flow(argument, node)
            arguments.append(node)
        function = self.look(operation.function)
        while len(arguments) > MAX_APPLIED:
            middle = self.node()
            self.look_node(middle)
            self.apply(function, arguments[:MAX_APPLIED], middle)
            function, arguments = middle, arguments[MAX_APPLIED:]
        self.apply(function, arguments, target)

    def apply(self, function: int, arguments: Sequence[int], target: int) -> None:
        """What is in a node is applied to what is in others."""
        later: dict[str, int] = {}

        def arrive(fresh: int) -> None:
            self.add(target, fresh & (NUMBERS | ERASER))
            for item in self.objects_in(fresh):
                if isinstance(item, Given):
                    enter(item)

        def enter(item: Given) -> None:
            parameters = self.parameters(item.function)
            free = parameters[item.count:]
            for source, parameter in zip(arguments, free, strict=False):
                self.edge(source, parameter)
            if self.is_identity(item):
                # Each call of it gives its own: calls of what `defer` makes come to their functions by one, and would
                # come to all of them.
                given, *others = arguments
                if others:
                    self.look_node(given)
                    self.apply(given, others, target)
                else:
                    self.edge(given, target)
            elif len(arguments) < len(free):
                self.add(target, self.bit(Given(item.function, item.count + len(arguments))))
            elif len(arguments) == len(free):
                self.edge(self.function_result(item.function), target)
            else:
                key = f'{item.function} {item.count}'
                if key not in later:
                    later[key] = self.node()
                    self.edge(self.function_result(item.function), later[key])
                    self.look_node(later[key])
                    self.apply(later[key], arguments[len(free):], target)

        self.on(function, arrive)

    def is_identity(self, item: Given) -> bool:
        """Whether a function gives what it is given."""
        function = self.program.functions.get(item.function)
        return function is not None and len(function.parameters) == 1 and item.count == 0 and (
            function.body == ir.Block((), ir.Return(ir.Var(function.parameters[0]))))

    def look_node(self, node: int) -> None:
        """Marks a node as looked at."""
        self.looked_at.add(node)

        def unfold(fresh: int) -> None:
            for item in self.objects_in(fresh):
                if isinstance(item, Folded):
                    self.edge(self.result(item.name), node)

        self.on(node, unfold)
