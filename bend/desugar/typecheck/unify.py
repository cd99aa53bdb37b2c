"""Making two types equal by finding out what their unknowns are (J. A. Robinson, 1965), with `Any` and number kinds."""

from __future__ import annotations

from bend.desugar.typecheck.types import ANY, NUMBERS, AnyType, Con, Kind, Rigid, Type, Unknown, resolved


class Mismatch(Exception):
    """Two types cannot be made equal; `left` and `right` are the parts that differ. `infinite` tells that one of them
    would have to contain itself."""

    def __init__(self, left: Type, right: Type, infinite: bool = False) -> None:
        super().__init__()
        self.left = left
        self.right = right
        self.infinite = infinite


def unify(left: Type, right: Type) -> None:
    """Makes two types equal; raises `Mismatch`.

    `Any` agrees with every type, and what it meets becomes `Any` as far as it is unknown (spec 02, section 5.4).
    """
    todo = [(left, right)]
    while todo:
        one, other = todo.pop()
        one, other = resolved(one), resolved(other)
        if one is other:
            continue
        if isinstance(one, AnyType):
            _forget(other)
        elif isinstance(other, AnyType):
            _forget(one)
        elif isinstance(one, Unknown):
            _bind(one, other)
        elif isinstance(other, Unknown):
            _bind(other, one)
        elif (isinstance(one, Con) and isinstance(other, Con) and one.name == other.name
              and len(one.arguments) == len(other.arguments)):
            todo.extend(reversed(list(zip(one.arguments, other.arguments, strict=True))))
        else:
            raise Mismatch(one, other)


def _forget(type_: Type) -> None:
    """Makes every unknown in a type `Any`."""
    todo = [type_]
    while todo:
        current = resolved(todo.pop())
        if isinstance(current, Unknown):
            current.value = ANY
        elif isinstance(current, Con):
            todo.extend(current.arguments)


def _bind(unknown: Unknown, type_: Type) -> None:
    """Makes an unknown equal to a type that is not the same unknown."""
    if isinstance(type_, Unknown):
        type_.kind = max(type_.kind, unknown.kind)
    elif unknown.kind is not Kind.ANYTHING and not is_number(type_, unknown.kind):
        raise Mismatch(unknown, type_)
    todo = [type_]
    while todo:
        current = resolved(todo.pop())
        if current is unknown:
            raise Mismatch(unknown, type_, infinite=True)
        if isinstance(current, Unknown):
            current.level = min(current.level, unknown.level)
        elif isinstance(current, Con):
            todo.extend(current.arguments)
    unknown.value = type_


def is_number(type_: Type, kind: Kind) -> bool:
    """Whether a known type is one of the kind's number types."""
    return not isinstance(type_, Rigid) and isinstance(type_, Con) and type_.name in NUMBERS[kind]
