"""Types as data, and how they are written.

`Unknown`s are the variables of inference: they are bound in place (`bend.desugar.typecheck.unify`), everything else
is immutable. Functions and tuples are constructors like any other, named `->` and `(,)`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from bend.records import dataclass

ARROW = '->'
TUPLE = '(,)'


class Kind(IntEnum):
    """What an unknown type may turn out to be: anything, a number, or a number without a fraction."""

    ANYTHING = 0
    NUMBER = 1
    INTEGER = 2


@dataclass(slots=True, eq=False)
class Unknown:
    """A type that inference has yet to find, or has found to be `value`.

    `level` counts the `let`s around the place where it arose: what is deeper than the current one can be generalised
    (D. Rémy, Extension of ML type system with a sorted equation theory on types, 1992).
    """

    level: int
    kind: Kind = Kind.ANYTHING
    value: Type | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Rigid:
    """A type variable of an annotation, seen from inside its function: the caller chooses it, so it is equal to
    nothing but itself."""

    name: str


@dataclass(frozen=True, slots=True)
class AnyType:
    """`Any`: agrees with every type."""


@dataclass(frozen=True, slots=True)
class Con:
    """A type constructor with its arguments: `u24`, `List(T)`, functions, tuples."""

    name: str
    arguments: tuple[Type, ...] = ()


Type = Unknown | Rigid | AnyType | Con

ANY = AnyType()
U24, I24, F24, NONE = Con('u24'), Con('i24'), Con('f24'), Con('None')
NUMBERS = {Kind.ANYTHING: (), Kind.NUMBER: ('u24', 'i24', 'f24'), Kind.INTEGER: ('u24', 'i24')}
BUILTIN_TYPES = ('u24', 'i24', 'f24', 'None', 'Any', '_')


@dataclass(frozen=True, slots=True)
class Scheme:
    """A type for all choices of its variables."""

    variables: tuple[Unknown, ...]
    body: Type


ANY_SCHEME = Scheme((), ANY)


def arrow(argument: Type, result: Type) -> Con:
    """The type of functions from one type to another."""
    return Con(ARROW, (argument, result))


def arrows(arguments: Iterable[Type], result: Type) -> Type:
    """The type of curried functions of several arguments."""
    for argument in reversed(list(arguments)):
        result = arrow(argument, result)
    return result


def product(elements: Iterable[Type]) -> Con:
    """The type of tuples."""
    return Con(TUPLE, tuple(elements))


def resolved(type_: Type) -> Type:
    """The type with what its outermost unknown has been found to be in its place."""
    while isinstance(type_, Unknown) and type_.value is not None:
        type_ = type_.value
    return type_


def unknowns(type_: Type) -> dict[Unknown, None]:
    """The unknowns that are left in a type, in the order of their first occurrence."""
    found: dict[Unknown, None] = {}
    todo = [type_]
    while todo:
        current = resolved(todo.pop())
        if isinstance(current, Unknown):
            found.setdefault(current)
        elif isinstance(current, Con):
            todo.extend(reversed(current.arguments))
    return found


def instantiate(type_: Type, values: dict[Unknown, Type]) -> Type:
    """The type with some of its unknowns replaced."""
    current = resolved(type_)
    if isinstance(current, Unknown):
        return values.get(current, current)
    if isinstance(current, Con) and current.arguments:
        return Con(current.name, tuple(instantiate(argument, values) for argument in current.arguments))
    return current


# ---- text ------------------------------------------------------------------------------------


class Namer:
    """Names for the unknowns of one message: letters that no type variable in it has."""

    def __init__(self, *types: Type) -> None:
        self.names: dict[Unknown, str] = {}
        taken = {name for type_ in types for name in _rigid_names(type_)}
        self.letters = (letter for letter in 'abcdefghijklmnopqrstuvwxyz' if letter not in taken)

    def show(self, type_: Type) -> str:
        """The type as it is written in an annotation."""
        match resolved(type_):
            case AnyType():
                return 'Any'
            case Rigid(name):
                return name
            case Con(name, (argument, result)) if name == ARROW:
                left = self.show(argument)
                return f'({left}) -> {self.show(result)}' if _is_arrow(argument) else f'{left} -> {self.show(result)}'
            case Con(name, elements) if name == TUPLE:
                return f'({", ".join(map(self.show, elements))})'
            case Con(name, ()):
                return visible_name(name)
            case Con(name, arguments):
                return f'{visible_name(name)}({", ".join(map(self.show, arguments))})'
            case Unknown() as unknown:
                return self.unknown(unknown)

    def unknown(self, unknown: Unknown) -> str:
        """The letter of an unknown."""
        if unknown not in self.names:
            self.names[unknown] = next(self.letters, '?')
        return self.names[unknown]


def visible_name(name: str) -> str:
    """The name of a type as the user knows it: what the compiler adds to it begins with `__`."""
    return name.partition('__')[0] or name


def _is_arrow(type_: Type) -> bool:
    current = resolved(type_)
    return isinstance(current, Con) and current.name == ARROW


def _rigid_names(type_: Type) -> set[str]:
    current = resolved(type_)
    if isinstance(current, Rigid):
        return {current.name}
    if isinstance(current, Con):
        return {name for argument in current.arguments for name in _rigid_names(argument)}
    return set()
