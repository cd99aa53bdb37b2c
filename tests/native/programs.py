"""Random programs of Bend as text: types, functions in both notations, and a `main` that uses them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import strategies as st

from tests.native.notations import Fun, Imp
from tests.native.terms import (
    COUNT,
    LIBRARY,
    PARAMETER,
    STRING,
    U24,
    Arrow,
    Callee,
    Choices,
    Data,
    Field,
    Scope,
    Tuple,
    Type,
    Variant,
    arrow,
    fun_type,
    imp_type,
    list_of,
)

WILD = 4
"""How many terms in a hundred have a wrong type in wild programs."""

_NUMBERS, _TREE = list_of(U24), Data('Tree', (U24,))
LIBRARY_CALLEES = (
    Callee('List/reverse', (_NUMBERS,), _NUMBERS, names=('xs',)),
    Callee('List/concat', (_NUMBERS, _NUMBERS), _NUMBERS, names=('xs', 'ys')),
    Callee('List/length', (_NUMBERS,), Tuple((U24, _NUMBERS)), names=('xs',)),
    Callee('List/filter', (_NUMBERS, Arrow(U24, U24)), _NUMBERS, names=('xs', 'pred')),
    Callee('Tree/reverse', (_TREE,), _TREE, names=('tree',)),
    Callee('Tree/to_list', (_TREE,), _NUMBERS, names=('tree',)),
    Callee('String/equals', (STRING, STRING), U24, names=('s1', 's2')),
)

OPT = (Variant('Opt/Some', (Field('value', PARAMETER),)), Variant('Opt/None', ()))
OPT_TEXTS = ('type Opt(T):\n  Some { value: T }\n  None',
             'Opt/bind (Opt/Some x) k = (undefer k x)\nOpt/bind Opt/None k = Opt/None',
             'def Opt/wrap(x):\n  return Opt/Some(x)')

programs: st.SearchStrategy[str] = st.randoms(use_true_random=False).map(lambda random: program(random))
"""Well-typed programs, which hypothesis can make smaller."""


def batches(size: int) -> st.SearchStrategy[list[str]]:
    """Programs of which every fourth is wild, for what takes too long to be made smaller: by a seed."""
    return st.integers(0, 2**32 - 1).map(Random).map(
        lambda random: [program(random, 0 if index % 4 else WILD) for index in range(size)])


def program(random: Random, wild: int = 0, *, named: bool = True) -> str:
    """A program. Functions of the prelude get arguments by name only if it is `named`."""
    types: dict[str, tuple[Variant, ...]] = dict(LIBRARY)
    choices = Choices(random, types, set(types) - {'String'}, wild)
    items: list[str] = []
    for index in range(random.randrange(3)):
        items.append(declare_type(choices, f'D{index}'))
    if choices.chance(30):
        types['Opt'] = OPT
        choices.parametric.add('Opt')
        items += OPT_TEXTS
    own_types = [Data(name, (U24,) if name in choices.parametric else ()) for name in types if name not in LIBRARY]
    choices.draw_palette(own_types)
    callees = [choices.pick(LIBRARY_CALLEES) for _ in range(random.randrange(3))]
    if not named:
        callees = [replace(callee, names=()) for callee in callees]
    own: list[Callee] = []
    for index in range(random.randrange(2, 5)):
        text, callee = define(choices, f'f{index}', Scope({}, (*callees, *own)))
        items.append(text)
        own.append(callee)
    items.append(main(choices, Scope({}, (*callees, *own)), own))
    if not choices.has_names and choices.chance(30):
        items.reverse()
    return '\n\n'.join(items) + '\n'


# ---- types -----------------------------------------------------------------------------------


def declare_type(choices: Choices, name: str) -> str:
    """Makes a type known and gives its declaration, in one of the notations."""
    parameter = choices.chance(30)
    if parameter:
        choices.parametric.add(name)
    itself = Data(name, (PARAMETER,) if parameter else ())
    if choices.chance(25):
        variants: tuple[Variant, ...] = (Variant(name, fields(choices, itself, parameter, None)),)
        choices.types[name] = variants
        return f'object {name}{"(T)" if parameter else ""}{imp_fields(variants[0].fields)}'
    is_recursive = choices.chance(50)
    letters = 'ABCD'[:choices.weighted([(1, 1), (4, 2), (3, 3), (1, 4)])]
    variants = tuple(Variant(f'{name}/{letter}', fields(choices, itself, parameter, is_recursive and letter != 'A'))
                     for letter in letters)
    if choices.chance(50):
        variants = variants[::-1]
    choices.types[name] = variants
    if choices.chance(50):
        lines = [f'  {variant.name.removeprefix(name + "/")}{imp_fields(variant.fields)}' for variant in variants]
        return '\n'.join([f'type {name}{"(T)" if parameter else ""}:', *lines])
    texts = [' '.join([variant.name.removeprefix(name + '/'),
                       *(f'{"~" if field.recursive else ""}({field.name}: {fun_type(field.type)})'
                         for field in variant.fields)]) for variant in variants]
    texts = [f'({text})' if ' ' in text else text for text in texts]
    return f'type {name}{" T" if parameter else ""} = {" | ".join(texts)}'


def fields(choices: Choices, itself: Data, parameter: bool, recursive: bool | None) -> tuple[Field, ...]:
    """Fields of a constructor; None asks for those of a record, of which there is one at least."""
    known = {name: variants for name, variants in choices.types.items() if name != itself.name}
    outer = Choices(choices.random, known, choices.parametric & known.keys())
    found = []
    for name in 'pqr'[:choices.random.randrange(0 if recursive is not None else 1, 4)]:
        if recursive and choices.chance(50):
            found.append(Field(name, itself, True))
        elif parameter and choices.chance(50):
            found.append(Field(name, PARAMETER))
        else:
            found.append(Field(name, outer.any_type(1)))
    return tuple(found)


def imp_fields(declared: tuple[Field, ...]) -> str:
    """` { a: u24, ~b: T }`."""
    texts = [f'{"~" if field.recursive else ""}{field.name}: {imp_type(field.type)}' for field in declared]
    return f' {{ {", ".join(texts)} }}' if texts else ''


# ---- functions -------------------------------------------------------------------------------


def define(choices: Choices, name: str, scope: Scope) -> tuple[str, Callee]:
    """A function that may call those in scope, in one of the notations."""
    kind = choices.weighted([(3, 'plain'), (3, 'counted'), (4, 'structural'), (3, 'equations'), (1, 'constant')])
    size = choices.random.randrange(8, 32)
    result = choices.type()
    parameters: tuple[Type, ...] = tuple(choices.type() for _ in range(choices.weighted([(2, 1), (3, 2), (1, 3)])))
    match kind:
        case 'counted':
            parameters = (COUNT, *parameters[1:])
        case 'structural':
            parameters = (choices.data(), *parameters[1:])
        case 'constant':
            parameters = ()
    is_fun = kind == 'equations' or choices.chance(50)
    names = () if is_fun else tuple(choices.name(False) for _ in parameters)
    callee = Callee(name, parameters, result, names=names)
    return fun(choices, kind, callee, scope, size) if is_fun else imp(choices, kind, callee, scope, size), callee


def fun(choices: Choices, kind: str, callee: Callee, scope: Scope, size: int) -> str:
    """A function in the functional notation."""
    writer = Fun(choices)
    if kind == 'counted':
        rules = writer.counted(callee, scope, size)
    elif kind == 'structural':
        rules = writer.structural(callee, scope, size)
    elif kind == 'equations':
        rules = writer.equations(callee, scope, size)
    else:
        rules = [writer.plain(callee, scope, size)]
    if choices.annotates():
        rules.insert(0, f'{callee.name} : {fun_type(arrow(callee.parameters, callee.result))}')
    return '\n'.join(rules)


def imp(choices: Choices, kind: str, callee: Callee, scope: Scope, size: int) -> str:
    """A function in the imperative notation."""
    writer = Imp(choices)
    if kind == 'counted':
        return '\n'.join(writer.counted(callee, scope, size))
    if kind == 'structural':
        return '\n'.join(writer.structural(callee, scope, size))
    return '\n'.join(writer.plain(callee, scope, size))


def main(choices: Choices, scope: Scope, own: list[Callee]) -> str:
    """`main`: calls of the program's functions, and some more."""
    is_fun = choices.chance(50)
    writer = Fun(choices) if is_fun else Imp(choices)
    called = [choices.pick(own) for _ in range(choices.random.randrange(1, 3))]
    called.append(own[-1])
    calls = [writer.call_of(callee, writer.terms(callee.parameters, scope, 12)) for callee in called]
    names = [choices.name(False) for _ in calls]
    inner = scope.bind({name: callee.result for name, callee in zip(names, called, strict=True)})
    result = choices.type() if choices.chance(50) else called[-1].result
    if isinstance(writer, Fun):
        lets = '\n'.join(f'  let {name} = {call};' for name, call in zip(names, calls, strict=True))
        return f'main =\n{lets}\n  {writer.term(result, inner, 15)}'
    lines = [f'  {name} = {call}' for name, call in zip(names, calls, strict=True)]
    body = writer.block(result, inner, 15)
    return '\n'.join(['def main():', *lines, *(f'  {line}' for line in body)])
