"""Which functions and data can come to which place of a program: a flow analysis over the core book.

Places are numbers: one for each variable, for each field of a constructor (all cells of a list together), and for the
results of calls and matches. Values are bits: functions where they stand, definitions, constructors, tuples where they
stand. Values flow along edges from place to place; a call has an edge to the parameter of each function that comes to
it, and so on until nothing changes (control-flow analysis without contexts, "0-CFA"). Numbers are not followed.

Where only values of one shape come to where another is expected, which nets give a meaning, too (spec 09, R5),
everything involved flows to the place `ANYWHERE`: all that is there may be applied to all that is there. Where others
come as well, the wrong ones are taken for what they nearly always are: the analysis being coarse.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from typing import TypeGuard

from bend.desugar import core
from bend.desugar.terms import pattern_unscoped, pattern_vars, unapply
from bend.hvm import net
from bend.hvm.walk import net_trees, references, subtrees
from bend.records import dataclass, replace
from bend.source import Span

NOWHERE = 0
"""The place of numbers: nothing that is followed comes here."""

ANYWHERE = 1

ANYTHING = 1 << 0
"""The value that stands for nets written by hand."""

SUPERPOSED = 1 << 1
"""The value that marks superpositions, beside those of their parts."""


@dataclass(slots=True)
class Region:
    """The code of a function, or of a definition as a whole: what stands directly in it, the functions in it, the
    definitions that it mentions, and the places of variables that it takes from around it."""

    parent: Region | None
    span: Span | None = None
    definition: str = ''
    copies: list[int] = field(default_factory=list)
    parts: list[Region] = field(default_factory=list)
    mentions: set[str] = field(default_factory=set)
    captured: set[int] = field(default_factory=set)

    def inner(self, span: Span | None, definition: str) -> Region:
        """A function that stands directly in this one."""
        part = Region(self, span, definition)
        self.parts.append(part)
        return part


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """A function that is a net of its own when it is copied; `result` is the place of its body's value."""

    parameter: int
    result: int
    region: Region


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """A reference to a definition that is a function: it is copied as it is (spec 09, R1)."""

    name: str
    parameter: int
    result: int


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """A constructor, or a tuple (without a type) where it stands."""

    type_name: str | None
    fields: Sequence[int]


@dataclass(frozen=True, slots=True, eq=False)
class Partial:
    """A constructor that waits for its remaining fields."""

    constructor: str
    given: int


Value = Closure | Folded | Data | Partial


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """What comes to a place is applied."""

    argument: int
    result: int


@dataclass(frozen=True, slots=True, eq=False)
class TakeApart:
    """What comes to a place is matched (`type_name`) or taken apart as a tuple."""

    type_name: str | None
    fields: Sequence[int]
    result: int


Use = Call | TakeApart


def _is_shaped(use: Use, value: Value) -> bool:
    """Whether a value has the shape that a use expects."""
    if isinstance(use, Call):
        return not isinstance(value, Data)
    return (isinstance(value, Data) and value.type_name == use.type_name
            and (value.type_name is not None or len(value.fields) == len(use.fields)))


@dataclass(frozen=True, slots=True)
class Copy:
    """A duplication: its pattern (None for the copying that a superposition does), what it copies, whether its label
    is 0, where it stands, and the places of the copies."""

    pattern: core.PDup | None
    source: int
    wild: bool
    region: Region
    targets: tuple[int, ...] = ()


class Flow:
    """The analysis of a book. Raises nothing; expects a final book, with linear variables."""

    def __init__(self, book: core.Book) -> None:
        self.book = book
        self.values: list[int] = [0, ANYTHING]
        self.edges: list[list[int]] = [[], []]
        self.uses: list[list[Use]] = [[], []]
        self.known: list[Value | None] = [None, None]
        self.copies: list[Copy] = []
        self.superposed: list[tuple[int, core.Term, Region]] = []
        self.regions: dict[str, Region] = {}
        self.parameters: dict[str, list[int]] = {}
        self.levels: dict[str, list[Region]] = {}
        self.results: dict[str, int] = {}
        self.bits: dict[Value, int] = {}
        self.constants: dict[object, int] = {}
        self.fields: dict[str, list[int]] = {}
        self.released: set[Use] = set()
        self.todo: list[int] = []
        self.arriving: dict[int, int] = {}
        self.marks = ANYTHING | SUPERPOSED
        for name, definition in book.defs.items():
            self._declare(name, definition.body)
        for name, definition in book.defs.items():
            _Walk(self, name).define(definition.body)

    # ---- places and values ---------------------------------------------------------------------

    def place(self) -> int:
        """A new place."""
        self.values.append(0)
        self.edges.append([])
        self.uses.append([])
        return len(self.values) - 1

    def constant(self, value: Value, key: object = None) -> int:
        """The place of a value that stands in the program; one for each key."""
        if key is not None and key in self.constants:
            return self.constants[key]
        place = self.place()
        self.bits[value] = 1 << len(self.known)
        self.known.append(value)
        self.put(place, self.bits[value])
        if key is not None:
            self.constants[key] = place
        return place

    def mark(self, place: int) -> int:
        """A new value at a place that goes wherever others go, and is of no use. To be said before anything flows."""
        bit = 1 << len(self.known)
        self.known.append(None)
        self.marks |= bit
        self.put(place, bit)
        return bit

    def field_places(self, constructor: str) -> list[int]:
        """The places of a constructor's fields."""
        found = self.fields.get(constructor)
        if found is None:
            found = [self.place() for _ in self.book.constructors[constructor].fields]
            self.fields[constructor] = found
        return found

    def constructor(self, name: str, given: int) -> int:
        """The place of a constructor that was given some of its fields."""
        fields = self.field_places(name)
        if given < len(fields):
            return self.constant(Partial(name, given), (name, given))
        return self.constant(Data(self.book.constructors[name].type_name, fields), (name, given))

    def level(self, name: str, given: int) -> int:
        """The place of a definition that was given some of its arguments."""
        parameters = self.parameters[name]
        if given == len(parameters):
            return self.results[name]
        key = (name, given)
        if key not in self.constants:
            result = self.level(name, given + 1)
            self.constant(Folded(name, parameters[0], result) if given == 0
                          else Closure(parameters[given], result, self.levels[name][given]), key)
        return self.constants[key]

    def _declare(self, name: str, body: core.Term) -> None:
        """Makes the places of a definition's parameters and result."""
        region = self.regions[name] = Region(None, definition=name)
        self.parameters[name], self.levels[name] = [], []
        while True:
            if isinstance(body, core.Lam):
                self.parameters[name].append(self.place())
                region = region.inner(body.span, name)
                self.levels[name].append(region)
            elif not _is_copying(body):
                break
            body = body.body
        self.results[name] = self.place()

    # ---- flowing -------------------------------------------------------------------------------

    def put(self, place: int, values: int) -> None:
        """Values come to a place."""
        new = values & ~self.values[place]
        if new and place != NOWHERE:
            self.values[place] |= new
            if place not in self.arriving:
                self.todo.append(place)
                self.arriving[place] = new
            else:
                self.arriving[place] |= new

    def connect(self, source: int, target: int) -> None:
        """What comes to the source flows on to the target."""
        if source not in (NOWHERE, target) and target != NOWHERE:
            self.edges[source].append(target)
            self.put(target, self.values[source])

    def use(self, place: int, use: Use) -> None:
        """What comes to a place is used in a way; to be said before anything flows."""
        if place != NOWHERE:
            self.uses[place].append(use)

    def solve(self) -> None:
        """Lets everything flow until nothing changes."""
        self._flow()
        while self._release_wrong_shapes():
            self._flow()

    def _flow(self) -> None:
        while self.todo:
            place = self.todo.pop()
            new = self.arriving.pop(place, 0)
            if not new:
                continue
            for target in self.edges[place]:
                self.put(target, new)
            if place == ANYWHERE:
                self._scatter(new)
            for use in self.uses[place]:
                self._apply(use, new)

    def members(self, values: int) -> Iterator[Value]:
        """The values of a set, without marks."""
        values &= ~self.marks
        while values:
            lowest = values & -values
            value = self.known[lowest.bit_length() - 1]
            assert value is not None
            yield value
            values ^= lowest

    def _apply(self, use: Use, new: int) -> None:
        if isinstance(use, Call):
            if new & ANYTHING:
                self.connect(use.argument, ANYWHERE)
                self.connect(ANYWHERE, use.result)
            if new & SUPERPOSED:
                self.put(use.result, SUPERPOSED)
                self.copies.append(Copy(None, use.argument, True, Region(None)))
        elif new & ANYTHING and isinstance(use, TakeApart):
            for place in use.fields:
                self.connect(ANYWHERE, place)
        for value in self.members(new):
            if not _is_shaped(use, value):
                continue
            match value:
                case Closure(parameter, result) if isinstance(use, Call) and parameter == result:
                    # A function that gives what it is given: each call of it gives its own. Calls of what `defer` makes
                    # come to their functions by one, and would come to all of them.
                    self.connect(use.argument, use.result)
                case Closure() | Folded() if isinstance(use, Call):
                    self.connect(use.argument, value.parameter)
                    self.connect(value.result, use.result)
                case Partial(name, given) if isinstance(use, Call):
                    self.connect(use.argument, self.field_places(name)[given])
                    self.connect(self.constructor(name, given + 1), use.result)
                case Data(None, parts) if isinstance(use, TakeApart):
                    for source, target in zip(parts, use.fields, strict=True):
                        self.connect(source, target)
                case _:
                    # The fields of constructors are the same places everywhere.
                    pass

    def _release_wrong_shapes(self) -> bool:
        """What is only used as what it is not comes to `ANYWHERE`; tells whether there was such."""
        found = False
        for place, uses in enumerate(self.uses):
            values = list(self.members(self.values[place])) if uses else []
            for use in uses:
                if use in self.released or not values or any(_is_shaped(use, value) for value in values):
                    continue
                found = True
                self.released.add(use)
                self.connect(place, ANYWHERE)
                self.connect(ANYWHERE, use.result)
                if isinstance(use, Call):
                    self.connect(use.argument, ANYWHERE)
                else:
                    for target in use.fields:
                        self.connect(ANYWHERE, target)
        return found

    def _scatter(self, new: int) -> None:
        """What may happen to values anywhere."""
        for value in self.members(new):
            match value:
                case Closure() | Folded():
                    self.connect(ANYWHERE, value.parameter)
                    self.connect(value.result, ANYWHERE)
                case Data():
                    for place in value.fields:
                        self.connect(place, ANYWHERE)
                case Partial(name, given):
                    self.connect(ANYWHERE, self.field_places(name)[given])
                    self.connect(self.constructor(name, given + 1), ANYWHERE)


class _Walk:
    """Enters one definition into the analysis."""

    def __init__(self, flow: Flow, name: str) -> None:
        self.flow = flow
        self.name = name
        self.region = flow.regions[name]
        self.places: dict[str, int] = {}
        self.homes: dict[str, Region] = {}
        self.unscoped: dict[str, int] = {}
        self.found: list[Copy] = []

    def define(self, body: core.Term) -> None:
        """The whole body: its parameters have places already."""
        flow = self.flow
        levels = zip(flow.levels[self.name], flow.parameters[self.name], strict=True)
        while True:
            if isinstance(body, core.Lam):
                self.region, place = next(levels)
                self.bind(body.pattern, place)
            elif _is_copying(body):
                self.bind(body.pattern, self.visit(body.value))
            else:
                break
            body = body.body
        flow.connect(self.visit(body), flow.results[self.name])
        for copy in self.found:
            copy.region.copies.append(len(flow.copies))
            flow.copies.append(replace(copy, wild=bool(self.unscoped)))

    # ---- patterns ------------------------------------------------------------------------------

    def bind(self, pattern: core.Pattern, place: int) -> None:
        """What is at a place is bound by a pattern."""
        match pattern:
            case core.PVar(str(name)):
                self.places[name] = place
                self.homes[name] = self.region
            case core.PUnscoped(name):
                self.flow.connect(place, self.unscoped_place(name))
            case core.PDup(elements):
                targets = tuple(self.flow.place() if place != NOWHERE else NOWHERE for _ in elements)
                self.found.append(Copy(pattern, place, False, self.region, targets))
                for element, target in zip(elements, targets, strict=True):
                    self.flow.connect(place, target)
                    self.bind(element, target)
            case core.PTup(elements):
                parts = [self.flow.place() if pattern_vars(element) or pattern_unscoped(element) else NOWHERE
                         for element in elements]
                self.flow.use(place, TakeApart(None, parts, NOWHERE))
                for element, part in zip(elements, parts, strict=True):
                    self.bind(element, part)
            case _:
                pass

    def unscoped_place(self, name: str) -> int:
        """The place of an unscoped variable."""
        if name not in self.unscoped:
            self.unscoped[name] = self.flow.place()
        return self.unscoped[name]

    # ---- terms ---------------------------------------------------------------------------------

    def visit(self, term: core.Term) -> int:
        """The place to which the value of a term comes."""
        match term:
            case core.Var(name):
                return self.variable(name)
            case core.App():
                return self.application(term)
            case core.Ref(name):
                return self.reference(name, [])
            case core.Let(pattern, value, body):
                self.bind(pattern, self.visit(value))
                return self.visit(body)
            case core.Lam():
                return self.function(term)
            case core.Op(_, left, right):
                # Functions pass through operations.
                return self.either([self.visit(left), self.visit(right)])
            case core.Tup(elements):
                return self.flow.constant(Data(None, [self.visit(element) for element in elements]))
            case core.Match():
                return self.match(term)
            case core.Switch(argument, arms, _):
                scrutinee = self.visit(argument)
                self.flow.superposed.append((scrutinee, term, self.region))
                return self.either([scrutinee, *(self.visit(arm) for arm in arms)])
            case core.Sup(elements):
                result = self.flow.place()
                self.flow.put(result, SUPERPOSED)
                for element in elements:
                    self.flow.connect(self.visit(element), result)
                return result
            case core.Unscoped(name):
                return self.unscoped_place(name)
            case _:
                return NOWHERE

    def either(self, places: Sequence[int]) -> int:
        """The place of what comes to any of some places."""
        different = {place for place in places if place != NOWHERE}
        if len(different) < 2:
            return different.pop() if different else NOWHERE
        result = self.flow.place()
        for place in sorted(different):
            self.flow.connect(place, result)
        return result

    def variable(self, name: str) -> int:
        """A variable, which the functions around it take from where it is bound."""
        place = self.places.get(name, NOWHERE)
        if place != NOWHERE:
            region, home = self.region, self.homes[name]
            while region is not home:
                region.captured.add(place)
                assert region.parent is not None
                region = region.parent
        return place

    def function(self, term: core.Lam) -> int:
        """A function that is not applied where it stands."""
        outer, parameter = self.region, self.flow.place()
        self.region = outer.inner(term.span, self.name)
        self.bind(term.pattern, parameter)
        value = Closure(parameter, self.visit(term.body), self.region)
        self.region = outer
        return self.flow.constant(value)

    def application(self, term: core.App) -> int:
        """Calls of what is known are connected at once."""
        head, arguments = unapply(term)
        places = [self.visit(argument) for argument in arguments]
        while places and isinstance(head, core.Lam):
            self.bind(head.pattern, places.pop(0))
            head = head.body
        if isinstance(head, core.Ref):
            return self.reference(head.name, places)
        return self.call(self.visit(head), places)

    def call(self, function: int, arguments: Sequence[int]) -> int:
        """Calls of whatever comes to a place."""
        for argument in arguments:
            result = self.flow.place()
            self.flow.use(function, Call(argument, result))
            function = result
        return function

    def reference(self, name: str, arguments: list[int]) -> int:
        """A definition, constructor or net with arguments."""
        flow = self.flow
        if name in flow.parameters:
            self.region.mentions.add(name)
            parameters = flow.parameters[name]
            known = min(len(parameters), len(arguments))
            for argument, parameter in zip(arguments, parameters, strict=False):
                flow.connect(argument, parameter)
            return self.call(flow.level(name, known), arguments[known:])
        if name in flow.book.constructors:
            fields = flow.field_places(name)
            known = min(len(fields), len(arguments))
            for argument, place in zip(arguments, fields, strict=False):
                flow.connect(argument, place)
            return self.call(flow.constructor(name, known), arguments[known:])
        if name in flow.book.nets:
            self.region.mentions.add(name)
            for mentioned in references(flow.book.nets[name].net):
                if mentioned in flow.parameters:
                    flow.connect(flow.level(mentioned, 0), ANYWHERE)
            return self.call(ANYWHERE, arguments)
        return NOWHERE

    def match(self, term: core.Match) -> int:
        """A match; the fields that an arm does not name are arguments of its body."""
        flow = self.flow
        scrutinee = self.visit(term.argument)
        result = flow.place()
        fields: list[int] = []
        type_name = ''
        for arm in term.arms:
            assert arm.constructor is not None
            type_name = flow.book.constructors[arm.constructor].type_name
            places = flow.field_places(arm.constructor)
            fields += places
            for name, place in zip(arm.fields, places, strict=False):
                self.bind(core.PVar(name), place)
            rest = places[len(arm.fields):]
            head, arguments = unapply(arm.body)
            if rest and isinstance(head, core.Ref):
                body = self.reference(head.name, [*(self.visit(argument) for argument in arguments), *rest])
            else:
                body = self.call(self.visit(arm.body), rest)
            flow.connect(body, result)
        flow.use(scrutinee, TakeApart(type_name, fields, result))
        flow.superposed.append((scrutinee, term, self.region))
        return result


def _is_copying(term: core.Term) -> TypeGuard[core.Let]:
    """Whether a term begins with the duplication of a variable, as the bodies of functions do."""
    return isinstance(term, core.Let) and isinstance(term.pattern, core.PDup) and isinstance(term.value, core.Var)


def has_duplication(written: net.Net) -> bool:
    """Whether a net written by hand has a DUP node."""
    return any(isinstance(tree, net.Dup) for root in net_trees(written) for tree in subtrees(root))
