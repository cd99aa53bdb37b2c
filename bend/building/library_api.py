"""What a library offers: which functions of a program, with which types, and what all that is called in C."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bend.codegen.c_names import RESERVED, Names
from bend.codegen.c_text import part
from bend.codegen.direct.arguments import MOST_TYPES
from bend.desugar import core
from bend.desugar.names import MAIN_NAMES
from bend.desugar.typecheck.types import ANY_SCHEME, ARROW, TUPLE, Con, Namer, Scheme, Type, product, resolved
from bend.diagnostics import BendError, error
from bend.hvm.names import HIDDEN, readable
from bend.interface import ConstructorShape, Interface
from bend.records import dataclass
from bend.suggest import did_you_mean

NUMBERS: Mapping[str, str] = {'u24': 'uint32_t', 'i24': 'int32_t', 'f24': 'float'}
"""The types of C for numbers."""
NOT_MADE = ('List', 'String', 'IO')
"""Types whose constructors are not offered: lists and strings are made otherwise, and actions are not performed."""


def api_names() -> list[str]:
    """What else a library offers, without the prefix of its names."""
    return re.findall(r'\blib_(\w+)', part('library.h'))


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a library: its name in the program and in C, its parameters with their types (None: any data), and
    the type of its result."""

    name: str
    symbol: str
    parameters: tuple[tuple[str, Type | None], ...]
    result: Type | None
    text: str


@dataclass(frozen=True, slots=True)
class Constructor:
    """A constructor in C, with the names of its fields there."""

    shape: ConstructorShape
    symbol: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Api:
    """All that a library offers. Its constructors are numbered from 1 on."""

    functions: tuple[Function, ...]
    constructors: tuple[Constructor, ...]


def api_of(book: core.Book, types: Mapping[str, Scheme], interface: Interface, file: str,
           chosen: Sequence[str]) -> Api:
    """What a library offers of the functions in a file: the chosen ones, or all with declared types of plain data.
    Raises `BendError`."""
    own = [definition for definition in book.defs.values() if _is_written(definition, file)]
    by_name = {readable(definition.name): definition for definition in own}
    for name in chosen:
        if name not in by_name:
            raise BendError(error('export', f"There is no function '{name}' in '{file}' to export.",
                                  hint=did_you_mean(name, by_name)))
    plain = Plain(interface)
    names = Names((*RESERVED, *api_names(), 'constructor', 'constructor_of'))
    functions = []
    for name in dict.fromkeys(chosen or by_name):
        definition = by_name[name]
        parameters, result = _signature(definition, types.get(definition.name, ANY_SCHEME).body)
        parts = [*(type_ for _, type_ in parameters), result]
        problem = next(filter(None, map(plain.problem, parts)), '')
        if chosen and problem:
            raise BendError(error('export', f"The function '{name}' cannot be called from C: {problem}.",
                                  definition.span))
        if chosen or (not problem and all(map(is_known, parts)) and name not in MAIN_NAMES):
            functions.append(_function(definition, names, parameters, result))
    if not functions:
        raise BendError(error('export', f"No function in '{file}' can be called from C without more ado.",
                              hint='Declare the types of parameters and results: numbers, strings, lists, tuples, and '
                                   'your own types. Or name functions with `--export NAME,NAME`.'))
    return Api(tuple(functions), tuple(_constructors(functions, interface, names)))


def _is_written(definition: core.Def, file: str) -> bool:
    """Whether a definition stands in a file, as a function."""
    return (not definition.builtin and definition.user_name == definition.name
            and not definition.name.startswith(HIDDEN)
            and definition.span is not None and definition.span.source.name == file)


def _signature(definition: core.Def, type_: Type) -> tuple[tuple[tuple[str, Type | None], ...], Type | None]:
    """The parameters of a function with their types, and the type of what it gives."""
    names = _parameter_names(definition)
    found: list[tuple[str, Type | None]] = []
    current = resolved(type_)
    while isinstance(current, Con) and current.name == ARROW:
        name = names[len(found)] if len(found) < len(names) else f'argument_{len(found) + 1}'
        found.append((name, _known(current.arguments[0])))
        current = resolved(current.arguments[1])
    if not found and not isinstance(current, Con):
        found = [(name, None) for name in names]
    return tuple(found), _known(current)


def _parameter_names(definition: core.Def) -> list[str]:
    """The names of the parameters that stand in a definition."""
    if definition.parameters:
        return list(definition.parameters)
    names: list[str] = []
    body = definition.body
    while isinstance(body, core.Lam):
        name = body.pattern.name if isinstance(body.pattern, core.PVar) else None
        names.append(name or f'argument_{len(names) + 1}')
        body = body.body
    return names


def _known(type_: Type) -> Type | None:
    """A type, or None if nothing is known of it."""
    current = resolved(type_)
    return current if isinstance(current, Con) else None


def is_known(type_: Type | None) -> bool:
    """Whether a type says all of its values."""
    return isinstance(type_, Con) and all(is_known(_known(argument)) for argument in type_.arguments)


def _function(definition: core.Def, names: Names, parameters: Sequence[tuple[str, Type | None]],
              result: Type | None) -> Function:
    symbol = names.new(readable(definition.name))
    inner = Names((*RESERVED, 'result'))
    namer = Namer(*(type_ for _, type_ in parameters if type_ is not None))
    listed = [(inner.new(name), type_) for name, type_ in parameters]
    shown = ', '.join(f'{name}: {_shown(type_, namer)}' for name, type_ in parameters)
    return Function(definition.name, symbol, tuple(listed), result,
                    f'{readable(definition.name)}({shown}) -> {_shown(result, namer)}')


def _shown(type_: Type | None, namer: Namer) -> str:
    return 'Any' if type_ is None else readable(namer.show(type_))


class Plain:
    """Tells which types have only plain data as their values."""

    def __init__(self, interface: Interface) -> None:
        self.by_type = shapes_by_type(interface)
        self.seen: set[Type] = set()

    def problem(self, type_: Type | None) -> str:
        """Why values of a type may be no plain data; empty if they are, as far as is known."""
        current = None if type_ is None else _known(type_)
        if not isinstance(current, Con) or current in self.seen:
            return ''
        if current.name == ARROW:
            return 'functions cannot be passed'
        if current.name == 'IO':
            return 'it performs actions'
        self.seen.add(current)
        parts = [field for shape in self.by_type.get(current.name, ()) for field in shape.field_types(current)]
        problem = next(filter(None, map(self.problem, (*current.arguments, *parts))), '')
        if problem:
            # What was asked for inside is not sure to be right.
            self.seen.discard(current)
        return problem


# ---- constructors --------------------------------------------------------------------------------


def shapes_by_type(interface: Interface) -> dict[str, list[ConstructorShape]]:
    """The constructors of types, by these types' names."""
    found: dict[str, list[ConstructorShape]] = {}
    for shape in interface.constructors.values():
        found.setdefault(shape.type_name, []).append(shape)
    return found


def reached_types(types: Iterable[Type | None], shapes: Mapping[str, list[ConstructorShape]]) -> list[Con | None]:
    """Some types and those of their parts, each once; None for any data. Raises `BendError` if there are too many."""
    found: dict[Con | None, None] = {}
    pending = list(types)[::-1]
    while pending:
        current = normal(pending.pop())
        if current in found:
            continue
        found[current] = None
        pending += reversed(parts_of(current, shapes))
        if len(found) == MOST_TYPES:
            raise BendError(error('export', 'The values of exported functions have parts of too many types.',
                                  hint='Choose functions with `--export NAME,NAME`.'))
    return list(found)


def normal(type_: Type | None) -> Con | None:
    """A type in one form: what is known of it, and tuples as pairs."""
    current = None if type_ is None else _known(type_)
    if not isinstance(current, Con):
        return None
    if current.name == TUPLE and len(current.arguments) > 2:
        return product((current.arguments[0], product(current.arguments[1:])))
    return current


def parts_of(type_: Con | None, shapes: Mapping[str, list[ConstructorShape]]) -> list[Type | None]:
    """The types of the parts of a type's values."""
    if type_ is None:
        return []
    if type_.name == TUPLE:
        return list(type_.arguments)
    return [field for shape in shapes.get(type_.name, ()) for field in shape.field_types(type_)]


def _constructors(functions: Iterable[Function], interface: Interface, names: Names) -> Iterator[Constructor]:
    """The constructors of values that functions take or give."""
    types = [type_ for function in functions
             for type_ in (*(parameter for _, parameter in function.parameters), function.result)]
    reached = reached_types(types, shapes_by_type(interface))
    wanted = {type_.name for type_ in reached if isinstance(type_, Con)}
    for shape in interface.constructors.values():
        if shape.type_name not in NOT_MADE and (shape.type_name in wanted or None in reached):
            inner = Names(RESERVED)
            yield Constructor(shape, names.new(readable(shape.name)), tuple(map(inner.new, shape.fields)))
