"""Nets to terms (spec 02, section 6; spec 05, section 7.1).

A term is read from a port: what a node means depends on the port through which it is entered. Duplications are looked
through: entering one at a copy notes which copy, and the note is used up by the next superposition that would have
annihilated with it. In the linear form they stay: a copy is a variable, and a `let` binds both. All stacks are
explicit, so results may be as deep as they like.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bend.diagnostics import Diagnostic, Report, warning
from bend.hvm import net, result
from bend.hvm import numbers as num
from bend.hvm.duplications import place_duplications
from bend.hvm.graph import ROOT_PORT, PortGraph
from bend.hvm.names import is_generated
from bend.hvm.plain import Names, read_plain
from bend.hvm.scope import mark_unscoped
from bend.hvm.walk import components, references
from bend.records import dataclass

if TYPE_CHECKING:
    from bend.desugar import core
    from bend.options import Encoding

Expand = Callable[[str], net.Net | None]

Copies = tuple[int, int, 'Copies'] | None
"""Which copies were entered and not yet used up, the last one first: labels and slots."""

STEP_LIMIT = 20_000_000
"""A net that reads as an endless term is given up after so many steps."""

OPERATORS = {
    num.ADD: '+', num.SUB: '-', num.MUL: '*', num.DIV: '/', num.REM: '%', num.EQ: '==', num.NE: '!=', num.LT: '<',
    num.GT: '>', num.AND: '&', num.OR: '|', num.XOR: '^', num.SHL: '<<', num.SHR: '>>',
}
"""How terms print operator codes; flipped ones are turned round first."""

HINTS = {
    'invalid switch': 'the successor arm is not a function',
    'invalid numeric operation': 'an operand or the operator is missing',
    'reached root': 'the result depends on itself',
    'open end': 'a wire leads nowhere: a function that duplicates its own variable was itself duplicated',
    'no end': 'the result is an endless term',
}


def improper(kind: str, count: int) -> Diagnostic:
    """The warning for so many parts of a result that are no terms, of a kind of `HINTS`."""
    return warning('readback', f'The result is not a proper term: {kind} ({count} times).', hint=HINTS[kind])


@dataclass(frozen=True, slots=True)
class ConstructorInfo:
    """The tag of a constructor and how many fields it has."""

    tag: int
    arity: int


@dataclass(frozen=True, slots=True)
class BookInfo:
    """What readback knows about the program.

    `constructors` by name, the nets of all `definitions`, and which of them are `floated`: generated and not
    recursive, so that they are shown as what they stand for. With the encoding `scott` there are no tags, so lists and
    strings are known by their shape.
    """

    constructors: Mapping[str, ConstructorInfo]
    definitions: Mapping[str, net.Net]
    floated: frozenset[str]
    encoding: Encoding = 'num-scott'


NO_BOOK = BookInfo({}, {}, frozenset())


def book_info(book: core.Book, nets: net.Book, encoding: Encoding = 'num-scott') -> BookInfo:
    """What readback needs of a program."""
    constructors = {name: ConstructorInfo(constructor.tag, len(constructor.fields))
                    for name, constructor in book.constructors.items()}
    return BookInfo(constructors, nets.defs, floated_definitions(nets), encoding)


def floated_definitions(nets: net.Book) -> frozenset[str]:
    """The generated definitions that do not reach themselves."""
    generated = set(filter(is_generated, nets.defs))
    if not generated:
        return frozenset()
    graph = {name: references(definition) for name, definition in nets.defs.items()}
    return frozenset(members[0] for members in components(graph)
                     if len(members) == 1 and members[0] in generated and members[0] not in graph[members[0]])


def readback(read: net.Net, info: BookInfo = NO_BOOK, expand: Expand | None = None,
             report: Report | None = None, *, linear: bool = False) -> result.Term:
    """The term that a reduced net stands for.

    `expand` gives the reduced net of a definition that the result refers to, or None to keep its name; it is asked
    once for each. A definition met inside its own expansion, or one that is a function, keeps its name. `linear` shows
    duplications. What cannot be read becomes `Invalid`, with a warning in `report`.
    """
    if info.encoding == 'num-scott' and not read.redexes:
        plain = read_plain(read.root, info.constructors)
        if plain is not None:
            return plain
    reader = Reader(info, expand, Names(), linear=linear)
    term = reader.term(read)
    if report is not None:
        reader.tell(report)
    return term


@dataclass(frozen=True, slots=True)
class _Read:
    graph: PortGraph
    port: int
    copies: Copies


@dataclass(frozen=True, slots=True)
class _Build:
    """Takes the last `count` terms and gives one."""

    make: Callable[[list[result.Term]], result.Term]
    count: int


@dataclass(frozen=True, slots=True)
class _ReadArms:
    """The scrutinee of the switch at a node is read; names it and goes on to the arms."""

    graph: PortGraph
    node: int
    copies: Copies


@dataclass(frozen=True, slots=True)
class _ReadSuccessor:
    """The successor arm of a switch on `bound`; its zero arm is read."""

    arm: _Read
    bound: str


@dataclass(frozen=True, slots=True)
class _Close:
    """The term at the root of a graph is read, and after it the values of the duplications that bind `names`; `node` is
    the last of them. `definition` is the one whose expansion this is."""

    graph: PortGraph
    definition: str | None = None
    node: int | None = None
    names: tuple[tuple[str | None, str | None], ...] = ()


_Step = _Read | _Build | _ReadArms | _ReadSuccessor | _Close


class Reader:
    """Reads nets as `readback` does, keeping names, expanded definitions and problems over all of them."""

    def __init__(self, info: BookInfo, expand: Expand | None, variables: Names, *, linear: bool) -> None:
        self.info = info
        self.expand = expand
        self.variables = variables
        self.linear = linear
        self.most_fields = max((constructor.arity for constructor in info.constructors.values()), default=0)
        self.waiting: defaultdict[PortGraph, list[int]] = defaultdict(list)
        self.duplications: set[tuple[PortGraph, int]] = set()
        self.problems: Counter[str] = Counter()
        self.names: dict[tuple[PortGraph, int], str] = {}
        self.bound_names: dict[str, str] = {}
        self.graphs: dict[str, PortGraph] = {}
        self.expanded: dict[str, result.Term] = {}
        self.inside: set[str] = set()
        self.steps: list[_Step] = []
        self.terms: list[result.Term] = []

    def term(self, read: net.Net) -> result.Term:
        """The term of a reduced net. What is known of the wires of nets read before is forgotten."""
        self.waiting.clear()
        self.duplications.clear()
        self.names.clear()
        self.bound_names.clear()
        return mark_unscoped(self.read(PortGraph(read, reduced=True)))

    def tell(self, report: Report) -> None:
        """Reports what could not be read."""
        for kind, count in self.problems.items():
            report.add(improper(kind, count))

    def read(self, graph: PortGraph) -> result.Term:
        """The term at the root of a graph."""
        self.read_root(graph)
        taken = 0
        while self.steps:
            taken += 1
            if taken > STEP_LIMIT:
                self.steps.clear()
                self.terms.clear()
                self.inside.clear()
                return self.problem('no end')
            step = self.steps.pop()
            if isinstance(step, _Read):
                self.read_port(step)
            elif isinstance(step, _Build):
                parts = self.terms[len(self.terms) - step.count:]
                del self.terms[len(self.terms) - step.count:]
                self.terms.append(step.make(parts))
            elif isinstance(step, _ReadArms):
                self.read_arms(step)
            elif isinstance(step, _ReadSuccessor):
                self.steps.append(self.successor_body(step.arm, step.bound))
            else:
                self.close(step)
        return self.terms.pop()

    def read_root(self, graph: PortGraph, definition: str | None = None) -> None:
        """Reads a whole graph."""
        self.steps.append(_Close(graph, definition))
        self.steps.append(_Read(graph, graph.partners[ROOT_PORT], None))

    def close(self, step: _Close) -> None:
        """Reads the next duplication that waits, or places all of them."""
        graph, names = step.graph, step.names
        if step.node is not None:
            names = (*names, (self.declared(graph, step.node * 3 + 1), self.declared(graph, step.node * 3 + 2)))
        waiting = self.waiting[graph]
        while waiting:
            node = heapq.heappop(waiting)
            if (graph, node) in self.duplications:
                self.steps.append(_Close(graph, step.definition, node, names))
                self.steps.append(_Read(graph, graph.partners[node * 3], None))
                return
        if names:
            values = self.terms[-len(names):]
            del self.terms[-len(names):]
            self.terms[-1] = place_duplications(self.terms[-1], list(zip(names, values, strict=True)))
        if step.definition is not None:
            self.inside.remove(step.definition)
            self.expanded[step.definition] = self.terms[-1]

    def then(self, make: Callable[[list[result.Term]], result.Term], *parts: _Read) -> None:
        """Reads the parts in order and makes a term of them."""
        self.steps.append(_Build(make, len(parts)))
        self.steps.extend(reversed(parts))

    def problem(self, kind: str) -> result.Term:
        """Notes something unreadable."""
        self.problems[kind] += 1
        return result.Invalid()

    # ---- names ---------------------------------------------------------------------------------

    def fresh(self) -> str:
        """The next name."""
        return self.variables.fresh()

    def name_of(self, graph: PortGraph, port: int) -> str:
        """The name of the variable bound at a port."""
        key = (graph, port)
        if key not in self.names:
            self.names[key] = self.fresh()
        return self.names[key]

    def declared(self, graph: PortGraph, port: int) -> str | None:
        """The name bound at a port, None where it is not used."""
        return None if graph.kinds[graph.partners[port] // 3] is net.Era else self.name_of(graph, port)

    # ---- nodes ---------------------------------------------------------------------------------

    def read_port(self, step: _Read) -> None:
        """What hangs on a port."""
        graph, port = step.graph, step.port
        kind = graph.kinds[port // 3]
        if kind is net.Con:
            self.read_con(step)
        elif kind is net.Dup:
            self.read_dup(step)
        elif kind is net.Era:
            self.terms.append(result.Eraser())
        elif kind is net.Num:
            word = graph.number(port)
            assert word is not None
            self.terms.append(result.Number(word) if num.is_number(word) else self.problem('invalid numeric operation'))
        elif kind is net.Ref:
            name = graph.reference(port)
            assert name is not None
            self.read_reference(graph, name)
        elif kind is net.Opr:
            self.read_operation(step)
        elif kind is net.Swi and port % 3 == 2:
            self.steps.append(_ReadArms(graph, port // 3, step.copies))
            self.steps.append(_Read(graph, graph.partners[port - 2], step.copies))
        elif kind is net.Swi:
            self.terms.append(self.problem('invalid switch'))
        else:
            self.terms.append(self.problem('reached root' if port // 3 == 0 else 'open end'))

    def read_con(self, step: _Read) -> None:
        """Function, pair or constructor from above, application from its result, variable from its argument."""
        graph, port, copies = step.graph, step.port, step.copies
        node, slot = divmod(port, 3)
        first, second = (_Read(graph, graph.partners[node * 3 + child], copies) for child in (1, 2))
        if slot == 1:
            self.terms.append(result.Variable(self.name_of(graph, port)))
        elif slot == 2:
            function = _Read(graph, graph.partners[node * 3], copies)
            self.then(self.application, function, first)
        elif not graph.is_function(node):
            self.then(lambda parts: result.Pair(parts[0], parts[1]), first, second)
        elif graph.is_dropped(node * 3 + 1):
            self.then(self.function_of_nothing, second)
        else:
            name = self.name_of(graph, node * 3 + 1)
            cell = self.constructor(graph, node)
            if cell is None:
                self.then(lambda parts: result.Function(name, parts[0]), second)
            else:
                constructor, fields = cell
                self.then(lambda parts: result.Constructor(constructor, tuple(parts), name),
                          *(_Read(graph, field, copies) for field in fields))

    def application(self, parts: list[result.Term]) -> result.Term:
        """An application; a constructor with all of its fields where it was the last argument that was missing."""
        applied = result.Application(*parts)
        head: result.Term = applied
        arguments: list[result.Term] = []
        while isinstance(head, result.Application) and len(arguments) < self.most_fields:
            arguments.append(head.argument)
            head = head.function
        if (isinstance(head, result.Reference) and head.name in self.info.constructors
                and self.info.constructors[head.name].arity == len(arguments)):
            return result.Constructor(head.name, tuple(reversed(arguments)), None)
        return applied

    def function_of_nothing(self, parts: list[result.Term]) -> result.Term:
        """`λ* body`; with the scott encoding it may be a cell of a list or a string."""
        body, = parts
        match body:
            case result.Function(str(binder), result.Application(
                result.Application(result.Variable(name), head), tail
            )) if name == binder and self.info.encoding == 'scott':
                if _is_of(tail, 'List'):
                    return result.Constructor('List/Cons', (head, tail), binder)
                if _is_of(tail, 'String') and _is_character(head):
                    return result.Constructor('String/Cons', (head, tail), binder)
        return result.Function(None, body)

    def constructor(self, graph: PortGraph, node: int) -> tuple[str, list[int]] | None:
        """Name and fields of `λk (k T/C/tag f1 ... fn)` with all fields of its constructor."""
        port = graph.partners[node * 3 + 1]
        arguments: list[int] = []
        name = ''
        arity = 0
        while port != node * 3 + 2:
            if graph.kinds[port // 3] is not net.Con or port % 3 != 0:
                return None
            argument = graph.partners[port + 1]
            if name:
                arguments.append(argument)
            else:
                tag = graph.reference(argument) or ''
                name = tag.removesuffix('/tag')
                if name not in self.info.constructors or name == tag:
                    return None
                arity = self.info.constructors[name].arity
            if len(arguments) > arity:
                return None
            port = graph.partners[port + 2]
        return (name, arguments) if name and len(arguments) == arity else None

    def read_dup(self, step: _Read) -> None:
        """A superposition from above, unless a copy was entered before; a copy from below. Both copies of one value,
        superposed again, are that value."""
        graph, port, copies = step.graph, step.port, step.copies
        node, slot = divmod(port, 3)
        first, second = graph.partners[node * 3 + 1], graph.partners[node * 3 + 2]
        if slot != 0 and self.linear:
            if (graph, node) not in self.duplications:
                self.duplications.add((graph, node))
                heapq.heappush(self.waiting[graph], node)
            self.terms.append(result.Variable(self.name_of(graph, port)))
        elif slot != 0:
            self.steps.append(_Read(graph, graph.partners[node * 3], (graph.label(node), slot, copies)))
        elif (note := _take_note(copies, graph.label(node))) is not None:
            self.steps.append(_Read(graph, graph.partners[node * 3 + note[0]], note[1]))
        elif graph.kinds[first // 3] is net.Dup and first % 3 == 1 and second == first + 1:
            self.duplications.discard((graph, first // 3))
            self.steps.append(_Read(graph, graph.partners[first - 1], copies))
        else:
            self.then(lambda parts: result.Superposition(parts[0], parts[1]),
                      _Read(graph, first, copies), _Read(graph, second, copies))

    # ---- references ----------------------------------------------------------------------------

    def read_reference(self, graph: PortGraph, name: str) -> None:
        """A folded definition: its name, or what it stands for."""
        if self.is_constructor(name) or name in self.inside:
            self.terms.append(result.Reference(name))
            return
        if name in self.expanded:
            self.terms.append(self.expanded[name])
            return
        # In the arms of a stuck switch and under folded functions nothing is evaluated (spec 09, R6).
        opened = self.evaluated_graph(name) if graph.reduced else None
        if opened is None:
            opened = self.floated_graph(name)
        if opened is None:
            self.expanded[name] = result.Reference(name)
            self.terms.append(result.Reference(name))
            return
        self.inside.add(name)
        self.read_root(opened, name)

    def is_constructor(self, name: str) -> bool:
        """Whether the name is that of a constructor or a tag."""
        return name in self.info.constructors or (
            name.endswith('/tag') and name.removesuffix('/tag') in self.info.constructors)

    def is_function_root(self, graph: PortGraph) -> bool:
        """Whether the whole net is a function, and not a constructor."""
        port = graph.partners[ROOT_PORT]
        node = port // 3
        return (graph.kinds[node] is net.Con and port % 3 == 0 and graph.is_function(node)
                and self.constructor(graph, node) is None)

    def evaluated_graph(self, name: str) -> PortGraph | None:
        """The reduced net of a definition, None for a function: those are not even asked for, their bodies need not
        have an end."""
        if self.expand is None:
            return None
        if name in self.info.definitions and self.is_function_root(self.written_graph(name)):
            return None
        reduced = self.expand(name)
        opened = PortGraph(reduced, reduced=True) if reduced is not None else None
        return None if opened is None or self.is_function_root(opened) else opened

    def floated_graph(self, name: str) -> PortGraph | None:
        """The net of a non-recursive generated definition."""
        return self.written_graph(name) if name in self.info.floated else None

    def written_graph(self, name: str) -> PortGraph:
        """The net of a definition as it was compiled."""
        if name not in self.graphs:
            self.graphs[name] = PortGraph(self.info.definitions[name], reduced=False)
        return self.graphs[name]

    # ---- operations ----------------------------------------------------------------------------

    def read_operation(self, step: _Read) -> None:
        """An operation from its result: one node where an operand is held by the operator, else two."""
        graph, port, copies = step.graph, step.port, step.copies
        node, slot = divmod(port, 3)
        above, beside = graph.partners[node * 3], graph.partners[node * 3 + 1]
        held = graph.number(beside)
        waiting = graph.number(above)
        if slot != 2:
            self.terms.append(self.problem('invalid numeric operation'))
        elif held is not None and held & num.TYPE_MASK >= num.ADD:
            # As written the literal was on the right and the operator is flipped; reduction gives no such hint.
            self.operation_with_held(held, _Read(graph, above, copies), unflip=not graph.reduced)
        elif waiting is not None and waiting & num.TYPE_MASK >= num.ADD:
            self.operation_with_held(waiting, _Read(graph, beside, copies), unflip=False)
        elif above % 3 == 2 and graph.kinds[above // 3] is net.Opr:
            top = above // 3 * 3
            self.operation_of_three(graph, [graph.partners[top], graph.partners[top + 1], beside], copies)
        else:
            self.terms.append(self.problem('invalid numeric operation'))

    def operation_of_three(self, graph: PortGraph, ports: list[int], copies: Copies) -> None:
        """Two operands and, anywhere among them, the symbol of the operator."""
        codes = [word >> num.TYPE_BITS for word in map(graph.number, ports)
                 if word is not None and word & num.TYPE_MASK == num.SYMBOL]
        if len(codes) != 1 or codes[0] < num.ADD:
            self.terms.append(self.problem('invalid numeric operation'))
            return
        left, right = (_Read(graph, port, copies) for port in ports if not _is_symbol(graph, port))
        code = codes[0]
        if code not in OPERATORS:
            code, left, right = num.FLIPPED[code], right, left
        self.then(_power_or(OPERATORS[code]), left, right)

    def operation_with_held(self, word: int, other: _Read, *, unflip: bool) -> None:
        """An operator that holds an operand, whose type is forgotten: it shows as u24."""
        code = word & num.TYPE_MASK
        literal = result.Number(num.make_word(word >> num.TYPE_BITS, num.U24))
        if unflip or code not in OPERATORS:
            operator = OPERATORS[num.FLIPPED[code]]
            self.then(lambda parts: result.Operation(operator, parts[0], literal), other)
        else:
            operator = OPERATORS[code]
            self.then(lambda parts: result.Operation(operator, literal, parts[0]), other)

    # ---- switches ------------------------------------------------------------------------------

    def read_arms(self, step: _ReadArms) -> None:
        """The arms of a switch whose scrutinee is the last term read."""
        graph, copies = step.graph, step.copies
        argument = self.terms[-1]
        if isinstance(argument, result.Variable):
            # `a-1` cannot be bound: a switch on a predecessor binds the letter that it would have had.
            bound = self.bound_names.get(argument.name, argument.name)
        else:
            bound = self.fresh()
        arms = graph.partners[step.node * 3 + 1]
        if graph.kinds[arms // 3] is not net.Con or arms % 3 != 0:
            invalid = self.problem('invalid switch')
            self.terms[-1] = result.Switch(bound, argument, invalid, invalid)
            return
        zero = _Read(graph, graph.partners[arms + 1], copies)
        successor = _ReadSuccessor(_Read(graph, graph.partners[arms + 2], copies), bound)
        self.steps.append(_Build(lambda parts: result.Switch(bound, *parts), 3))
        self.steps += [successor, zero]

    def successor_body(self, successor: _Read, bound: str) -> _Read:
        """The body of the successor arm, with its parameter named; the arm itself where it is no function."""
        graph, port, copies = successor.graph, successor.port, successor.copies
        name = graph.reference(port)
        floated = self.floated_graph(name) if name is not None else None
        if floated is not None:
            if self.linear:
                # Every reading of an arm is a term of its own.
                floated = PortGraph(self.info.definitions[name or ''], reduced=False)
            graph, port, copies = floated, floated.partners[ROOT_PORT], None
        node, slot = divmod(port, 3)
        if graph.kinds[node] is not net.Con or slot != 0 or not graph.is_function(node):
            self.problem('invalid switch')
            return successor
        if graph.kinds[graph.partners[port + 1] // 3] is not net.Era:
            self.names[graph, port + 1] = f'{bound}-1'
            self.bound_names[f'{bound}-1'] = self.fresh()
        if floated is not None:
            self.steps.append(_Close(graph))
        return _Read(graph, graph.partners[port + 2], copies)


def _take_note(copies: Copies, label: int) -> tuple[int, Copies] | None:
    """The slot of the last copy entered that annihilates with a label, and the other notes."""
    others: list[tuple[int, int]] = []
    while copies is not None:
        noted, slot, copies = copies
        if noted == label or not noted or not label:
            for other in reversed(others):
                copies = (*other, copies)
            return slot, copies
        others.append((noted, slot))
    return None


def _is_of(term: result.Term, type_name: str) -> bool:
    """Whether a term is a list or a string to its end."""
    match term:
        case result.Reference(name):
            return name == f'{type_name}/Nil'
        case result.Constructor(name):
            return name == f'{type_name}/Cons'
        case _:
            return False


def _is_character(term: result.Term) -> bool:
    return isinstance(term, result.Number) and term.word & num.TYPE_MASK == num.U24


def _is_symbol(graph: PortGraph, port: int) -> bool:
    word = graph.number(port)
    return word is not None and word & num.TYPE_MASK == num.SYMBOL


def _power_or(operator: str) -> Callable[[list[result.Term]], result.Term]:
    """Makes an operation; xor beside a float is power."""
    def make(parts: list[result.Term]) -> result.Term:
        floats = any(isinstance(part, result.Number) and part.word & num.TYPE_MASK == num.F24 for part in parts)
        return result.Operation('**' if operator == '^' and floats else operator, parts[0], parts[1])
    return make
