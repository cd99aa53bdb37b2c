"""Random terms of Bend with a given type: types, what is in scope, and the choices that both notations share.

All randomness comes from one `Random`, so that hypothesis (`st.randoms`) and plain seeds can drive it. Terms are well
typed and nearly always end: functions call earlier ones only, or themselves on something smaller, and numbers that
count recursions are small. `wild` terms put values of wrong types in some places; nets give these a meaning too.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from typing import TypeVar

T = TypeVar('T')


# ---- types -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """A number; `counts` if it is small enough to recurse on."""

    kind: str
    counts: bool = False


@dataclass(frozen=True, slots=True)
class Tuple:
    """A tuple of two or more."""

    elements: tuple[Type, ...]


@dataclass(frozen=True, slots=True)
class Arrow:
    """A function of one parameter."""

    parameter: Type
    result: Type


@dataclass(frozen=True, slots=True)
class Data:
    """A type of constructors; in a declaration, `Data('T')` is its parameter."""

    name: str
    arguments: tuple[Type, ...] = ()


Type = Number | Tuple | Arrow | Data

U24, I24, F24 = Number('u24'), Number('i24'), Number('f24')
COUNT = Number('u24', counts=True)
STRING = Data('String')


def list_of(element: Type) -> Data:
    """The type of lists."""
    return Data('List', (element,))


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a constructor."""

    name: str
    type: Type
    recursive: bool = False


@dataclass(frozen=True, slots=True)
class Variant:
    """A constructor with its full name."""

    name: str
    fields: tuple[Field, ...]


PARAMETER = Data('T')
_TREE = Data('Tree', (PARAMETER,))
LIBRARY: Mapping[str, tuple[Variant, ...]] = {
    'List': (Variant('List/Nil', ()),
             Variant('List/Cons', (Field('head', PARAMETER), Field('tail', list_of(PARAMETER), True)))),
    'String': (Variant('String/Nil', ()),
               Variant('String/Cons', (Field('head', U24), Field('tail', STRING, True)))),
    'Tree': (Variant('Tree/Node', (Field('left', _TREE, True), Field('right', _TREE, True))),
             Variant('Tree/Leaf', (Field('value', PARAMETER),))),
    'Maybe': (Variant('Maybe/Some', (Field('value', PARAMETER),)), Variant('Maybe/None', ())),
}
"""Types of the prelude; those with a parameter are all but `String`."""


def instance(type_: Type, argument: Type) -> Type:
    """A type of a declaration with the parameter replaced."""
    match type_:
        case Data('T'):
            return argument
        case Data(name, arguments):
            return Data(name, tuple(instance(item, argument) for item in arguments))
        case Tuple(elements):
            return Tuple(tuple(instance(item, argument) for item in elements))
        case Arrow(parameter, result):
            return Arrow(instance(parameter, argument), instance(result, argument))
    return type_


def arrow(parameters: Sequence[Type], result: Type) -> Type:
    """The type of a curried function."""
    for parameter in reversed(parameters):
        result = Arrow(parameter, result)
    return result


def unroll(type_: Type) -> tuple[tuple[Type, ...], Type]:
    """The parameters of a curried function, and its result."""
    parameters = []
    while isinstance(type_, Arrow):
        parameters.append(type_.parameter)
        type_ = type_.result
    return tuple(parameters), type_


def imp_type(type_: Type) -> str:
    """An annotation of imp."""
    match type_:
        case Number(kind):
            return kind
        case Tuple(elements):
            return f'({", ".join(map(imp_type, elements))})'
        case Arrow(parameter, result):
            return f'({imp_type(parameter)}) -> {imp_type(result)}'
        case Data(name, arguments):
            return f'{name}({", ".join(map(imp_type, arguments))})' if arguments else name


def fun_type(type_: Type) -> str:
    """An annotation of the functional notation."""
    match type_:
        case Tuple(elements):
            return f'({", ".join(map(fun_type, elements))})'
        case Arrow(parameter, result):
            return f'({fun_type(parameter)}) -> {fun_type(result)}'
        case Data(name, (argument,)):
            text = fun_type(argument)
            return f'({name} ({text}))' if isinstance(argument, Arrow) else f'({name} {text})'
    return imp_type(type_)


# ---- scopes ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Callee:
    """Something to call: a name, the arguments that it always gets, and the types of the others. `names` are the
    parameters' where arguments may be given by name."""

    name: str
    parameters: tuple[Type, ...]
    result: Type
    given: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def mentions(self, name: str) -> bool:
        """Whether the text of a call mentions a variable of its own."""
        return self.name == name or any(name in re.findall(r'[\w./-]+', text) for text in self.given)


@dataclass(frozen=True, slots=True)
class Scope:
    """Variables with their types, and what can be called."""

    variables: Mapping[str, Type]
    callees: tuple[Callee, ...]

    def bind(self, names: Mapping[str, Type]) -> Scope:
        """With more variables; they hide others, and calls that mention others of their names."""
        callees = tuple(callee for callee in self.callees if not any(map(callee.mentions, names)))
        return Scope({**self.variables, **names}, callees)

    def unbind(self, name: str) -> Scope:
        """Without a variable."""
        variables = {other: type_ for other, type_ in self.variables.items() if other != name}
        return replace(self.bind({name: U24}), variables=variables)

    def add(self, *callees: Callee) -> Scope:
        """With more to call; they hide variables and others of their names."""
        names = {callee.name for callee in callees}
        kept = tuple(callee for callee in self.callees if not any(map(callee.mentions, names)))
        variables = {name: type_ for name, type_ in self.variables.items() if name not in names}
        return Scope(variables, (*kept, *callees))

    def of_type(self, type_: Type) -> list[str]:
        """The variables of a type."""
        return [name for name, other in self.variables.items()
                if other == type_ or (other == COUNT and type_ == U24)]


# ---- terms -----------------------------------------------------------------------------------


SHADOWING = ('a', 'b', 'f', 'n', 'x')
ARITHMETIC = ('+', '-', '*', '+', '-', '*', '&', '|', '^', '<<', '>>')
COMPARISONS = ('==', '!=', '<', '>', '<=', '>=')
FLOAT_ARITHMETIC = ('+', '-', '*', '/', '+', '-', '*', '**', '%')

Production = Callable[[Type, Scope, int], str]


@dataclass
class Choices:
    """What all parts of a program share: randomness, the types there are, and fresh names. `has_names` tells that
    arguments were given by name, so that the order of definitions matters."""

    random: Random
    types: dict[str, tuple[Variant, ...]]
    parametric: set[str]
    wild: int = 0
    has_names: bool = False

    def __post_init__(self) -> None:
        self.numbers = count()
        self.palette: list[Type] = []

    def draw_palette(self, wanted: Sequence[Type]) -> None:
        """Chooses the types that are used most, so that values fit together."""
        self.palette = [self.any_type(2) for _ in range(4)] + [self.any_data(2), list_of(U24), U24, *wanted]

    def chance(self, percent: int) -> bool:
        """True so often."""
        return self.random.randrange(100) < percent

    def pick(self, items: Sequence[T]) -> T:
        """One of some."""
        return items[self.random.randrange(len(items))]

    def weighted(self, items: Sequence[tuple[int, T]]) -> T:
        """One of some with weights."""
        at = self.random.randrange(sum(weight for weight, _ in items))
        for weight, item in items:
            at -= weight
            if at < 0:
                return item
        raise AssertionError

    def name(self, may_shadow: bool = True) -> str:
        """A name for a variable."""
        if may_shadow and self.chance(25):
            return self.pick(SHADOWING)
        return f'{self.pick("abcgkxyz")}{next(self.numbers)}'

    def annotates(self) -> bool:
        """Whether to write down the type of a function. Terms of wrong types would not pass a check."""
        return not self.wild and self.chance(35)

    def variants(self, type_: Data) -> tuple[Variant, ...]:
        """The constructors of a type."""
        variants = self.types[type_.name]
        if not type_.arguments:
            return variants
        argument = type_.arguments[0]
        return tuple(Variant(variant.name, tuple(replace(field, type=instance(field.type, argument))
                                                 for field in variant.fields)) for variant in variants)

    def type(self, depth: int = 2) -> Type:
        """A type of values, at most so deep, or one of those that are used most."""
        return self.pick(self.palette) if self.palette and self.chance(70) else self.any_type(depth)

    def any_type(self, depth: int) -> Type:
        """A type at most so deep."""
        if depth == 0 or self.chance(35):
            return self.weighted([(5, U24), (2, I24), (2, F24)])
        kind = self.weighted([(3, 'tuple'), (5, 'data'), (2, 'arrow')])
        if kind == 'tuple':
            return Tuple(tuple(self.any_type(depth - 1) for _ in range(self.weighted([(4, 2), (1, 3)]))))
        if kind == 'arrow':
            return Arrow(self.any_type(depth - 1), self.any_type(depth - 1))
        return self.any_data(depth)

    def any_data(self, depth: int) -> Data:
        """A type of constructors at most so deep."""
        name = self.pick([*self.types, 'List'])
        return Data(name, (self.any_type(depth - 1),) if name in self.parametric else ())

    def data(self) -> Data:
        """A type of constructors, preferably one of those that are used most."""
        found = [type_ for type_ in self.palette if isinstance(type_, Data)]
        return self.pick(found) if found and self.chance(70) else self.any_data(2)

    def literal(self, type_: Number) -> str:
        """A number as both notations write it."""
        if type_.counts:
            return str(self.random.randrange(4))
        if type_.kind == 'u24':
            return self.weighted([
                (8, str(self.random.randrange(10))), (1, str(self.random.randrange(1 << 24))),
                (1, hex(self.random.randrange(256))), (1, f"'{self.pick('azA ')}'"), (1, '`hi`')])
        if type_.kind == 'i24':
            size = self.weighted([(8, 10), (1, 1 << 23)])
            return f'{self.pick("+-")}{self.random.randrange(size)}'
        return f'{self.pick(["", "", "-"])}{self.random.randrange(100)}.{self.pick(["0", "5", "25", "125", "3"])}'


class Terms(ABC):
    """Terms of a notation."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices

    # ---- the notation ----

    @abstractmethod
    def application(self, head: str, arguments: Sequence[str]) -> str:
        """A call."""

    @abstractmethod
    def operation(self, operator: str, left: str, right: str) -> str:
        """An operation."""

    @abstractmethod
    def function(self, type_: Arrow, scope: Scope, size: int) -> str:
        """A lambda of the type."""

    @abstractmethod
    def superposition(self, left: str, right: str) -> str:
        """A superposition."""

    @abstractmethod
    def productions(self, type_: Type, scope: Scope) -> list[tuple[int, Production]]:
        """Ways to make a term of a type that only this notation has, with weights."""

    # ---- choices ----

    def term(self, type_: Type, scope: Scope, size: int) -> str:
        """A term of a type with about so many parts."""
        choices = self.choices
        if choices.wild and choices.chance(choices.wild):
            if choices.chance(20):
                return self.superposition(self.term(type_, scope, size // 2), self.term(type_, scope, size // 2))
            type_ = choices.type()
        if size <= 1:
            return self.leaf(type_, scope, size)
        options: list[tuple[int, Production]] = [(2, self.leaf), (6, self.made), (2, self.applied_lambda)]
        if any(True for _ in self.fitting(type_, scope)):
            options.append((10, self.call))
        return choices.weighted(options + self.productions(type_, scope))(type_, scope, size - 1)

    def terms(self, types: Sequence[Type], scope: Scope, size: int) -> list[str]:
        """Several terms that share a size."""
        return [self.term(type_, scope, size // max(len(types), 1)) for type_ in types]

    def leaf(self, type_: Type, scope: Scope, size: int) -> str:
        """A variable, or the least term of a type."""
        found = scope.of_type(type_)
        if found and self.choices.chance(80):
            return self.choices.pick(found)
        return self.made(type_, scope, 0)

    def made(self, type_: Type, scope: Scope, size: int) -> str:
        """A term that begins as values of the type do: a number or an operation, a lambda, a constructor."""
        choices = self.choices
        match type_:
            case Number():
                if size <= 0 or choices.chance(15):
                    return choices.literal(type_)
                return self.operated(type_, scope, size)
            case Tuple(elements):
                return f'({", ".join(self.terms(elements, scope, size))})'
            case Arrow():
                return self.function(type_, scope, size)
            case Data('List', (element,)) if choices.chance(60):
                return f'[{", ".join(self.terms([element] * choices.random.randrange(4), scope, size))}]'
            case Data('String') if choices.chance(60):
                return choices.pick(['""', '"ab"', '"x"', '"a\\nλ"'])
            case Data('Tree', (element,)) if size > 2 and choices.chance(60):
                left, right = self.terms([type_, type_], scope, size)
                return f'![{left}, {right}]'
            case Data():
                variants = choices.variants(type_)
                if size <= 0:
                    variants = tuple(variant for variant in variants
                                     if not any(field.recursive for field in variant.fields))
                return self.construct(choices.pick(variants), scope, size)

    def construct(self, variant: Variant, scope: Scope, size: int) -> str:
        """A constructor with its fields."""
        fields = self.terms([field.type for field in variant.fields], scope, size)
        return self.application(variant.name, fields)

    def operated(self, type_: Number, scope: Scope, size: int) -> str:
        """An operation with a result of the type."""
        choices = self.choices
        if type_.counts:
            return self.operation('&', self.term(U24, scope, size), '3')
        operator = choices.pick(ARITHMETIC if type_.kind != 'f24' else FLOAT_ARITHMETIC)
        if type_.kind == 'u24' and choices.chance(25):
            operator = choices.pick(COMPARISONS)
            type_ = choices.pick([U24, U24, I24, F24])
        left, right = self.terms([type_, type_], scope, size)
        return self.operation(operator, left, right)

    def fitting(self, type_: Type, scope: Scope) -> list[tuple[Callee, int]]:
        """What gives the type when it is called with so many arguments. Calls of variables with arguments count."""
        found = []
        variables = [Callee(name, *unroll(other)) for name, other in scope.variables.items()
                     if isinstance(other, Arrow)]
        for callee in (*scope.callees, *variables):
            if callee.result == type_:
                found.append((callee, len(callee.parameters)))
            elif isinstance(type_, Arrow):
                # A partial application.
                parameters, result = unroll(type_)
                taken = len(callee.parameters) - len(parameters)
                if result == callee.result and taken >= 0 and callee.parameters[taken:] == parameters:
                    found.append((callee, taken))
        return found

    def call(self, type_: Type, scope: Scope, size: int) -> str:
        """A call, perhaps a partial one."""
        fitting = self.fitting(type_, scope)
        recursive = [(callee, taken) for callee, taken in fitting if callee.given]
        callee, taken = self.choices.pick(recursive if recursive and self.choices.chance(60) else fitting)
        arguments = self.terms(callee.parameters[:taken], scope, size)
        return self.call_of(callee, arguments)

    def call_of(self, callee: Callee, arguments: list[str]) -> str:
        """The text of a call."""
        return self.application(callee.name, [*callee.given, *arguments])

    def applied_lambda(self, type_: Type, scope: Scope, size: int) -> str:
        """A lambda and its argument."""
        parameter = self.choices.type(1)
        head = self.function(Arrow(parameter, type_), scope, size // 2)
        return self.application(f'({head})' if not head.startswith('(') else head,
                                [self.term(parameter, scope, size // 2)])

    # ---- taking apart, as far as notations agree ----

    def records(self, scope: Scope) -> list[str]:
        """The variables of types with one constructor."""
        return [name for name, type_ in scope.variables.items()
                if isinstance(type_, Data) and len(self.choices.variants(type_)) == 1]

    def opened(self, scope: Scope) -> tuple[str, str, Scope]:
        """The type of a record, its variable, and what is in scope when it is opened."""
        name = self.choices.pick(self.records(scope))
        record = scope.variables[name]
        assert isinstance(record, Data)
        (variant,) = self.choices.variants(record)
        return record.name, name, scope.bind({f'{name}.{field.name}': field.type for field in variant.fields})

    def scrutinee(self, type_: Type, scope: Scope, size: int) -> tuple[str, str]:
        """What is matched: its text, perhaps with a name of its own, and the name."""
        found = scope.of_type(type_)
        if found and self.choices.chance(70):
            name = self.choices.pick(found)
            return name, name
        name = self.choices.name()
        return f'{name} = {self.term(type_, scope, size)}', name

    def matched_type(self, scope: Scope) -> Data:
        """A type to match on, preferably of a variable."""
        found = [type_ for type_ in scope.variables.values() if isinstance(type_, Data)]
        return self.choices.pick(found) if found and self.choices.chance(75) else self.choices.data()

    def passed(self, scope: Scope, size: int) -> tuple[str, Scope]:
        """A `with` clause, or none."""
        if not self.choices.chance(15):
            return '', scope
        if scope.variables and self.choices.chance(50):
            name = self.choices.pick(list(scope.variables))
            return f' with {name}', scope
        name, type_ = self.choices.name(), self.choices.type(1)
        return f' with {name} = {self.term(type_, scope, size)}', scope.bind({name: type_})

    def match_arms(self, scope: Scope, size: int) -> tuple[str, list[tuple[str, Scope]]]:
        """The header of a match, and the constructors with the scopes of their arms."""
        type_ = self.matched_type(scope)
        header, name = self.scrutinee(type_, scope, size)
        clause, inner = self.passed(scope, size)
        inner = inner.bind({name: type_}) if '=' in header else inner
        arms = [(variant.name, inner.bind({f'{name}.{field.name}': field.type for field in variant.fields}))
                for variant in self.choices.variants(type_)]
        if len(arms) > 1 and self.choices.chance(15):
            arms[-1] = (self.choices.name(False), inner)
            arms[-1] = (arms[-1][0], inner.bind({arms[-1][0]: type_}))
        return header + clause, arms

    def fold_arms(self, type_: Type, scope: Scope, size: int) -> tuple[str, list[tuple[str, Scope]]]:
        """The header of a fold with results of the type, and the constructors with the scopes of their arms."""
        folded = self.matched_type(scope)
        header, name = self.scrutinee(folded, scope, size)
        inner = scope.unbind(name)
        part = type_
        if self.choices.chance(30):
            state, state_type = self.choices.name(False), self.choices.type(1)
            header += f' with {state} = {self.term(state_type, scope, size)}'
            inner = inner.bind({state: state_type})
            part = Arrow(state_type, type_)
        return header, [(variant.name, inner.bind({f'{name}.{field.name}': part if field.recursive else field.type
                                                   for field in variant.fields}))
                        for variant in self.choices.variants(folded)]

    def switch_arms(self, scope: Scope, size: int) -> tuple[str, list[tuple[str, Scope]]]:
        """The header of a switch, and the numbers with the scopes of their arms."""
        type_ = self.choices.pick([U24, COUNT])
        header, name = self.scrutinee(type_, scope, size)
        clause, inner = self.passed(scope, size)
        inner = inner.bind({name: type_}) if '=' in header else inner
        cases = self.choices.weighted([(4, 1), (2, 2), (1, 3)])
        arms = [(str(number), inner) for number in range(cases)]
        return header + clause, [*arms, ('_', inner.bind({f'{name}-{cases}': type_}))]

    def bend_parts(self, type_: Type, scope: Scope, size: int, step: str) -> tuple[str, str, str, Scope, Scope]:
        """The state of a bend, its counter, the bound of that, and the scopes of its two parts. `step` is the text of
        the counter's successor, with `{}` for its name."""
        choices = self.choices
        counter = choices.name(False)
        bound = self.leaf(COUNT, scope, 0)
        states: dict[str, Type] = {}
        if choices.chance(60):
            states[choices.name(False)] = choices.type(1)
        header = ', '.join([f'{counter} = 0', *(f'{name} = {self.term(state, scope, size)}'
                                                for name, state in states.items())])
        outer = replace(scope, callees=tuple(callee for callee in scope.callees if callee.name != 'fork'))
        inner = outer.bind({counter: COUNT, **states})
        fork = Callee('fork', tuple(states.values()), type_, (step.format(counter),))
        return header, counter, bound, inner.add(fork), inner
