"""Results as terms: what readback gives and `bend.hvm.show` prints."""

from __future__ import annotations

from bend.records import dataclass, replace


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable; an unscoped one is used outside its function, or has none."""

    name: str
    unscoped: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A function; `parameter` is None where it is not used."""

    parameter: str | None
    body: Term
    unscoped: bool = False


@dataclass(frozen=True, slots=True)
class Application:
    """An application that cannot reduce."""

    function: Term
    argument: Term


@dataclass(frozen=True, slots=True)
class Pair:
    """A tuple of two; longer ones are nested to the right."""

    first: Term
    second: Term


@dataclass(frozen=True, slots=True)
class Superposition:
    """`{a b}`; longer ones are nested to the right."""

    first: Term
    second: Term


@dataclass(frozen=True, slots=True)
class Duplication:
    """`let {first second} = value; body`; a copy that is not used has no name. `unscoped` are the names that are also
    used outside the body."""

    first: str | None
    second: str | None
    value: Term
    body: Term
    unscoped: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Number:
    """A number word (spec 06, section 1)."""

    word: int


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that waits for a variable; `operator` as it is printed."""

    operator: str
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch that waits for a variable. In `successor` the number less one is called `{bound}-1`."""

    bound: str
    argument: Term
    zero: Term
    successor: Term


@dataclass(frozen=True, slots=True)
class Reference:
    """A folded definition, constructor or tag."""

    name: str


@dataclass(frozen=True, slots=True)
class Constructor:
    """A constructor with all of its fields. `binder` is the continuation's name in the encoded form, None where the
    constructor is written as a function that is applied."""

    name: str
    fields: tuple[Term, ...]
    binder: str | None


@dataclass(frozen=True, slots=True)
class Eraser:
    """`*`."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """A part of the net that is no term."""


Term = (Variable | Function | Application | Pair | Superposition | Duplication | Number | Operation | Switch
        | Reference | Constructor | Eraser | Invalid)


def with_children(term: Term, parts: list[Term]) -> Term:
    """The term with other direct subterms, as many as it has."""
    match term:
        case Function():
            return replace(term, body=parts[0])
        case Application():
            return Application(*parts)
        case Pair():
            return Pair(*parts)
        case Superposition():
            return Superposition(*parts)
        case Duplication():
            return replace(term, value=parts[0], body=parts[1])
        case Operation(operator):
            return Operation(operator, *parts)
        case Switch(bound):
            return Switch(bound, *parts)
        case Constructor():
            return replace(term, fields=tuple(parts))
        case _:
            return term


def children(term: Term) -> tuple[Term, ...]:
    """The direct subterms, in written order."""
    match term:
        case Function(_, body):
            return (body,)
        case Application(first, second) | Pair(first, second) | Superposition(first, second) | Operation(
            _, first, second
        ):
            return (first, second)
        case Duplication(_, _, value, body):
            return (value, body)
        case Switch(_, argument, zero, successor):
            return (argument, zero, successor)
        case Constructor(_, fields):
            return fields
        case _:
            return ()
