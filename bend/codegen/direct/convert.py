"""Final core to the form of the direct engine.

What passes did for nets is undone on the way: floated arms are called where they stand, arguments that were passed
through matches go into the arms, duplications become second uses of a variable. Nothing is evaluated, so that what
spec 09 says of references and of the operand that types an operation (R1, R4) still holds: an operation keeps the
number that is held by its operator on the left, and the one that arrives and says the type on the right.

    f = λa λb (match a { List/Nil: λc c; List/Cons: (f__C0 *) } b)
    ⇒
    f a b = match a { List/Nil: b; List/Cons head tail: f__C0 * head tail b }
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field

from bend.codegen.direct import ir
from bend.codegen.direct.flow import SITES
from bend.codegen.direct.ir import Atom, Binding, Block, Unsupported
from bend.codegen.direct.literals import LongData, literal_of, long_data
from bend.desugar import core
from bend.desugar.expand_main import FLOATED
from bend.desugar.places import operation_place
from bend.desugar.terms import children, pattern_vars, scoped_children
from bend.hvm import numbers as num
from bend.hvm.adt import lambdas
from bend.hvm.encode import OPERATOR_CODES
from bend.hvm.net import Place
from bend.records import dataclass
from bend.source import Span

CASTS = {'f24/to_u24': num.U24, 'f24/to_i24': num.I24, 'i24/to_u24': num.U24, 'i24/to_f24': num.F24,
         'u24/to_i24': num.I24, 'u24/to_f24': num.F24}
"""Definitions of the prelude that are written as nets and cast a number."""

ZERO = ir.Num(num.word_of(num.Number('u24', 0)))

MATHEMATICS: dict[str, tuple[int, int | None, int]] = {
    'Math/log': (num.OR, 1, 0), 'Math/atan2': (num.AND, 0, 1), 'Math/sin': (num.SHL, None, 0),
    'Math/tan': (num.SHR, None, 0),
}
"""Those that calculate: the operator, which argument it holds (None: a zero), and which one arrives."""

MAX_BINDINGS = 20_000
"""Definitions that are longer are data, for which straight code is no good form."""


@dataclass
class Converted:
    """A program, the functions that local ones have become, as core, by name, and those that are parts of others:
    floated arms of matches, floated terms that are no functions, and primitives."""

    program: ir.Program
    local_functions: dict[str, core.Term]
    parts: set[str]


def convert(book: core.Book, entry_sites: int = SITES) -> Converted:
    """The program that the entry of a book reaches; in the entry, so many places of one constructor are told apart.
    Raises `Unsupported` for what only nets can do."""
    assert book.entry is not None
    converter = _Converter(book, entry_sites)
    converter.constant(book.entry)
    while converter.pending:
        converter.convert_definition(converter.pending.pop())
    fields = {name: len(constructor.fields) for name, constructor in book.constructors.items()}
    program = ir.Program(converter.functions, tuple(converter.constants), fields, tuple(converter.places),
                         (0,) * len(converter.places))
    return Converted(program, converter.local_functions, converter.parts)


@dataclass
class _Converter:
    book: core.Book
    entry_sites: int
    functions: dict[str, ir.Function] = field(default_factory=dict)
    constants: dict[str, int] = field(default_factory=dict)
    local_functions: dict[str, core.Term] = field(default_factory=dict)
    parts: set[str] = field(default_factory=set)
    places: dict[Place, int] = field(default_factory=dict)
    pending: list[str] = field(default_factory=list)
    arities: dict[str, int] = field(default_factory=dict)
    environment: dict[str, Atom] = field(default_factory=dict)
    long: LongData = field(init=False)
    """The terms of the definition that are made as literals."""
    made: int = 0
    literals: int = 0
    definition: str = ''

    # ---- definitions ---------------------------------------------------------------------------

    def convert_definition(self, name: str) -> None:
        """Adds the function of a definition."""
        self.definition = name
        self.environment = {}
        parameters = tuple(self.fresh('p') for _ in range(self.arity(name)))
        arguments = tuple(ir.Var(parameter) for parameter in parameters)
        if name in self.book.nets:
            body = self.primitive(name, arguments)
            origin = name
            self.parts.add(name)
        else:
            definition = self.book.defs[name]
            if is_floated(definition) and not isinstance(definition.body, core.Lam):
                self.parts.add(name)
            self.long = long_data(definition.body, self.book)
            body = self.block(definition.body, arguments)
            origin = definition.user_name
        if sum(len(block.bindings) for block in ir.blocks_within(body)) > MAX_BINDINGS:
            raise Unsupported(f"'{origin}' is too long for straight code")
        self.functions[name] = ir.Function(name, parameters, body, origin)

    def primitive(self, name: str, arguments: Sequence[Atom]) -> Block:
        """What a definition of the prelude does that is written as a net."""
        operation: ir.Operation
        result = self.fresh('r')
        if name in CASTS:
            operation = ir.Cast(CASTS[name], arguments[0])
        else:
            code, held, arriving = MATHEMATICS[name]
            operation = ir.Operate(code, ZERO if held is None else arguments[held], arguments[arriving])
        return Block((Binding((result,), operation),), ir.Return(ir.Var(result)))

    def reach(self, name: str) -> None:
        """Sees to it that a definition is converted."""
        if name not in self.arities:
            self.arity(name)
        if name not in self.functions and name not in self.pending:
            self.functions[name] = ir.Function(name, (), Block((), ir.Wrong()), name)
            self.pending.append(name)

    def constant(self, name: str) -> None:
        """Sees to it that a definition without parameters can be referred to."""
        self.constants.setdefault(name, len(self.constants))
        self.reach(name)

    def arity(self, name: str) -> int:
        """How many arguments a definition takes at once."""
        if name not in self.arities:
            if name in self.book.nets:
                if not self.book.nets[name].builtin or (name not in CASTS and name not in MATHEMATICS):
                    raise Unsupported(f"'{name}' is written as a net")
                self.arities[name] = 2 if name in ('Math/log', 'Math/atan2') else 1
            else:
                # A definition that leads to itself before it takes an argument takes none.
                self.arities[name] = 0
                self.arities[name] = self.parameter_count(self.book.defs[name].body)
        return self.arities[name]

    def parameter_count(self, term: core.Term) -> int:
        """How many arguments a term takes before it has more to do than to look at variables and to calculate: little
        is lost if that is done again for each use of a partial application."""
        match term:
            case core.Lam(_, body):
                return 1 + self.parameter_count(body)
            case core.Let(_, value, body) if _is_cheap(value):
                return self.parameter_count(body)
            case core.Match(argument, arms) if _is_cheap(argument):
                return min(max(0, self.parameter_count(arm.body) - self.missing_fields(arm)) for arm in arms)
            case core.Switch(argument, (zero, successor)) if _is_cheap(argument):
                return min(self.parameter_count(zero), self.parameter_count(successor))
            case core.App(function, core.Var() | core.Era() | core.Num() | core.Ref()):
                return max(0, self.parameter_count(function) - 1)
            case core.Ref(name) if name in self.book.defs or name in self.book.nets:
                return self.arity(name)
            case _:
                return 0

    def missing_fields(self, arm: core.Arm) -> int:
        """How many fields an arm takes as arguments of its body."""
        assert arm.constructor is not None
        return len(self.book.constructors[arm.constructor].fields) - len(arm.fields)

    # ---- blocks --------------------------------------------------------------------------------

    def place(self, span: Span | None) -> int:
        """The number of a place in the definition; 0 for what the compiler has made up."""
        return 0 if span is None else self.numbered(operation_place(self.book, self.definition, span))

    def numbered(self, place: Place) -> int:
        """The number of a place."""
        return self.places.setdefault(place, len(self.places) + 1)

    def fresh(self, hint: str) -> str:
        """A new variable."""
        self.made += 1
        return f'{hint}{self.made}'

    def block(self, term: core.Term, arguments: Sequence[Atom]) -> Block:
        """A block that gives a term applied to arguments."""
        bindings: list[Binding] = []
        end = self.tail(term, tuple(arguments), bindings)
        return Block(tuple(bindings), end)

    def bind(self, operation: ir.Operation, out: list[Binding], hint: str = 'x') -> Atom:
        """Binds the result of an operation to a new variable."""
        name = self.fresh(hint)
        out.append(Binding((name,), operation))
        return ir.Var(name)

    def tail(self, term: core.Term, arguments: tuple[Atom, ...], out: list[Binding]) -> ir.End:
        """The end of a block that gives a term applied to arguments."""
        # Where the application is written whose function is looked at.
        span: Span | None = None
        while True:
            match term:
                case core.Lam(pattern, body) if arguments:
                    self.bind_pattern(pattern, arguments[0], out, term.span)
                    term, arguments, span = body, arguments[1:], None
                case core.App() if not arguments and term in self.long:
                    return ir.Return(self.literal(term, out))
                case core.App(function, argument):
                    arguments = (self.value(argument, (), out), *arguments)
                    term, span = function, span or term.span
                case core.Let(pattern, value, body):
                    self.bind_pattern(pattern, self.value(value, (), out), out, term.span)
                    term, span = body, None
                case core.Match():
                    return self.match(term, arguments, out)
                case core.Switch():
                    return self.switch(term, arguments, out)
                case core.Tup() if arguments:
                    return ir.Wrong(self.place(span or term.span))
                case _:
                    return self.leaf(term, arguments, out, self.place(span or term.span))

    def leaf(self, term: core.Term, arguments: tuple[Atom, ...], out: list[Binding], place: int) -> ir.End:
        """The end of a block for a term without control flow, applied at a place."""
        match term:
            case core.Ref(name) if name in self.book.constructors and len(arguments) > self.field_count(name):
                return ir.Wrong(place)
            case core.Ref(name) if name not in self.book.constructors:
                self.reach(name)
                arity = self.arity(name)
                if name in self.book.defs and is_floated(self.book.defs[name]):
                    # To go to a part of the definition is no call.
                    place = 0
                if arity and len(arguments) == arity:
                    return ir.Do(ir.Call(name, arguments, place))
                if arity and len(arguments) > arity:
                    function = self.bind(ir.Call(name, arguments[:arity], place), out)
                    return ir.Do(ir.Apply(function, arguments[arity:], place))
                if arguments and not arity:
                    self.constant(name)
                    return ir.Do(ir.Apply(ir.Reference(name), arguments, place))
            case core.Var(name) if arguments:
                return self.application(self.environment[name], arguments, place)
            case core.Op() if arguments:
                return self.application(self.value(term, (), out), arguments, place)
            case core.Num() | core.Era():
                # A number or an eraser that is applied stays what it is (spec 09, R5).
                arguments = ()
            case _:
                pass
        return ir.Return(self.value(term, arguments, out))

    def application(self, function: Atom, arguments: tuple[Atom, ...], place: int) -> ir.End:
        """The end of a block that applies an atom at a place."""
        if isinstance(function, ir.Num | ir.Eraser):
            return ir.Return(function)
        return ir.Do(ir.Apply(function, arguments, place))

    def match(self, term: core.Match, arguments: tuple[Atom, ...], out: list[Binding]) -> ir.End:
        """A match whose arms are applied to arguments."""
        value = self.value(term.argument, (), out)
        converted = []
        for arm in term.arms:
            assert arm.constructor is not None
            self.note_part(arm.body)
            names = tuple(self.fresh('f') for _ in self.book.constructors[arm.constructor].fields)
            for name, atom in zip(arm.fields, names, strict=False):
                if name is not None:
                    self.environment[name] = ir.Var(atom)
            rest = tuple(ir.Var(name) for name in names[len(arm.fields):])
            converted.append(ir.Arm(arm.constructor, names, self.block(arm.body, (*rest, *arguments))))
        return ir.Match(value, tuple(converted), self.place(term.argument.span or term.span))

    def switch(self, term: core.Switch, arguments: tuple[Atom, ...], out: list[Binding]) -> ir.End:
        """A switch whose arms are applied to arguments."""
        value = self.value(term.argument, (), out)
        zero, successor = term.arms
        name = self.fresh('n')
        self.note_part(zero)
        self.note_part(successor, term.predecessor)
        first = self.block(zero, arguments)
        if term.predecessor is not None:
            self.environment[term.predecessor] = ir.Var(name)
        return ir.Switch(value, first, name, self.block(successor, arguments),
                         self.place(term.argument.span or term.span))

    def note_part(self, body: core.Term, predecessor: str | None = None) -> None:
        """Remembers the function that an arm has become, if it was floated (`bend.desugar.float_combinators`)."""
        if isinstance(body, core.App) and (body.argument in (core.Era(), core.Var(predecessor or ''))):
            body = body.function
        if isinstance(body, core.Ref) and body.name in self.book.defs and is_floated(self.book.defs[body.name]):
            self.parts.add(body.name)

    # ---- values --------------------------------------------------------------------------------

    def value(self, term: core.Term, arguments: tuple[Atom, ...], out: list[Binding]) -> Atom:
        """An atom for a term applied to arguments; what it takes to get it is bound."""
        match term:
            case core.Var(name) if not arguments:
                return self.environment[name]
            case core.Num(number):
                return ir.Num(num.word_of(number))
            case core.Era():
                return ir.Eraser()
            case core.Ref(name) if name in self.book.constructors:
                return self.constructor(name, arguments, out)
            case core.Ref(name) if len(arguments) < self.arity(name) or not (arguments or self.arity(name)):
                return self.reference(name, arguments, out)
            case core.Tup() if not arguments and term in self.long:
                return self.literal(term, out)
            case core.Tup(elements) if not arguments:
                atoms = [self.value(element, (), out) for element in elements]
                last = atoms.pop()
                while atoms:
                    last = self.bind(ir.Pair((atoms.pop(), last)), out, 't')
                return last
            case core.Op() if not arguments:
                return self.operation(term, out)
            case core.Lam() if not arguments:
                return self.local_function(term, out)
            case core.Sup() | core.Unscoped():
                raise Unsupported('superpositions' if isinstance(term, core.Sup) else 'unscoped variables')
            case _:
                end = self.tail(term, arguments, out)
                if isinstance(end, ir.Return):
                    return end.value
                if isinstance(end, ir.Do):
                    return self.bind(end.operation, out)
                return self.bind(ir.Nested(Block((), end)), out)

    def literal(self, term: core.Term, out: list[Binding]) -> Atom:
        """Data of many cells."""
        self.literals += 1
        sites = self.entry_sites if self.definition == self.book.entry else SITES
        made = literal_of(term, self.long, self.literals, sites, lambda part: self.value(part, (), out))
        return self.bind(made, out, 'd')

    def field_count(self, constructor: str) -> int:
        """How many fields a constructor has."""
        return len(self.book.constructors[constructor].fields)

    def constructor(self, name: str, arguments: tuple[Atom, ...], out: list[Binding]) -> Atom:
        """A constructor with at most as many arguments as it has fields."""
        count = self.field_count(name)
        if count == 0:
            return ir.Nullary(name)
        if not arguments:
            return ir.Reference(name)
        made = ir.Construct if len(arguments) == count else ir.Partial
        return self.bind(made(name, arguments), out, 'c')

    def reference(self, name: str, arguments: tuple[Atom, ...], out: list[Binding]) -> Atom:
        """A definition with fewer arguments than it takes."""
        self.reach(name)
        if arguments:
            return self.bind(ir.Partial(name, arguments), out, 'g')
        if self.arity(name) == 0:
            self.constant(name)
        return ir.Reference(name)

    def operation(self, term: core.Op, out: list[Binding]) -> Atom:
        """An operation, as nets do it (see `bend.hvm.encode`)."""
        code = OPERATOR_CODES[term.operator]
        number = self.numbered(operation_place(self.book, self.definition, term.span))
        left, right = self.value(term.left, (), out), self.value(term.right, (), out)
        if isinstance(term.right, core.Num) and not isinstance(term.left, core.Num) and term.operator != '**':
            code, left, right = num.FLIPPED[code], right, left
        result = self.bind(ir.Operate(code, left, right, number), out)
        if term.operator in ('<=', '>='):
            result = self.bind(ir.Operate(num.EQ, ZERO, result, number), out)
        return result

    def local_function(self, term: core.Lam, out: list[Binding]) -> Atom:
        """A function of its own for a local one: what it captures are its first parameters."""
        captured = free_variables(term)
        name = f'{self.definition}__L{len(self.local_functions)}'
        self.local_functions[name] = lambdas(captured, term)
        outer = self.environment
        values = tuple(outer[variable] for variable in captured)
        inside = {variable: ir.Var(self.fresh('k')) for variable in captured}
        self.environment = {**outer, **inside}
        parameters = tuple(self.fresh('p') for _ in range(self.parameter_count(term)))
        body = self.block(term, tuple(ir.Var(parameter) for parameter in parameters))
        self.environment = outer
        origin = self.book.defs[self.definition].user_name
        all_parameters = (*(atom.name for atom in inside.values()), *parameters)
        self.functions[name] = ir.Function(name, all_parameters, body, origin)
        self.arities[name] = len(all_parameters)
        return self.bind(ir.Partial(name, values), out, 'g') if values else ir.Reference(name)

    # ---- patterns ------------------------------------------------------------------------------

    def bind_pattern(self, pattern: core.Pattern, value: Atom, out: list[Binding], span: Span | None) -> None:
        """Gives the variables of a pattern their values; `span` is where, if the pattern does not know it."""
        span = pattern.span or span
        match pattern:
            case core.PVar(None):
                pass
            case core.PVar(str(name)):
                self.environment[name] = value
            case core.PDup(elements):
                for element in elements:
                    self.bind_pattern(element, value, out, span)
            case core.PTup(elements):
                for element in elements[:-1]:
                    first, rest = self.fresh('l'), self.fresh('r')
                    out.append(Binding((first, rest), ir.TakePair(value, self.place(span))))
                    self.bind_pattern(element, ir.Var(first), out, span)
                    value = ir.Var(rest)
                self.bind_pattern(elements[-1], value, out, span)
            case _:
                raise Unsupported('unscoped variables')


def is_floated(definition: core.Def) -> bool:
    """Whether a definition was a term inside another one."""
    return bool(definition.origin) and FLOATED.search(definition.name) is not None


def _is_cheap(term: core.Term) -> bool:
    """Whether a term is a variable, a number, or a few operations of such."""
    match term:
        case core.Var() | core.Num():
            return True
        case core.Op(_, left, right):
            return _is_cheap(left) and _is_cheap(right)
        case _:
            return False


def free_variables(term: core.Term) -> tuple[str, ...]:
    """The scoped variables that a term uses and does not bind, in the order of their uses. Names are unique."""
    used: dict[str, None] = {}
    bound: set[str] = set()
    pending = [term]
    while pending:
        item = pending.pop()
        if isinstance(item, core.Var):
            used.setdefault(item.name)
        if isinstance(item, core.Lam | core.Let):
            bound.update(pattern_vars(item.pattern))
        if isinstance(item, core.Match | core.Switch):
            bound.update(name for names, _ in scoped_children(item) for name in names)
        pending += reversed(children(item))
    return tuple(name for name in used if name not in bound)
