"""What a compiled program offers to the host that calls it: the type of its entry, and the constructors of its data.

Kept with the program in the cache, so that values can be converted without the compiler.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from bend.desugar.typecheck.types import ANY, ANY_SCHEME, ARROW, Con, Scheme, Type, instantiate, resolved
from bend.hvm.names import HIDDEN
from bend.options import Encoding
from bend.records import dataclass

if TYPE_CHECKING:
    from bend.desugar import core


@dataclass(frozen=True, slots=True)
class ConstructorShape:
    """A constructor: its name in the book, the number of constructors of its type, its place among them, the names of
    its fields, and its type as a function."""

    name: str
    type_name: str
    siblings: int
    tag: int
    fields: tuple[str, ...]
    scheme: Scheme = ANY_SCHEME

    def field_types(self, type_: Con | None) -> tuple[Type | None, ...]:
        """The types of the fields in a value of a known type; None where nothing is known."""
        current: Type = self.scheme.body
        if type_ is not None and len(self.scheme.variables) == len(type_.arguments):
            current = instantiate(current, dict(zip(self.scheme.variables, type_.arguments, strict=True)))
        types: list[Type | None] = []
        for _ in self.fields:
            current = resolved(current)
            if isinstance(current, Con) and current.name == ARROW:
                parameter, current = current.arguments
                types.append(parameter)
            else:
                types.append(None)
        return tuple(types)


@dataclass(frozen=True, slots=True)
class Interface:
    """The entry's name and type, all constructors by name, and how they are encoded. `is_applied` tells that the entry
    was compiled as a function, to be applied to arguments at run time."""

    entry: str = 'main'
    scheme: Scheme = ANY_SCHEME
    constructors: Mapping[str, ConstructorShape] = field(default_factory=dict)
    encoding: Encoding = 'num-scott'
    is_applied: bool = False

    def constructor(self, name: str) -> ConstructorShape | None:
        """The constructor that users know by a name."""
        return self.constructors.get(name) or self.constructors.get(HIDDEN + name)

    def parameters(self, count: int) -> list[Type | None]:
        """The types of the first parameters of the entry; None where nothing is known."""
        found: list[Type | None] = []
        current = resolved(self.scheme.body)
        while len(found) < count:
            if isinstance(current, Con) and current.name == ARROW:
                parameter, result = current.arguments
                found.append(parameter)
                current = resolved(result)
            else:
                found.append(None)
        return found

    @property
    def parameter_count(self) -> int:
        """How many arguments the entry takes by its type, as far as that is known."""
        count = 0
        current = resolved(self.scheme.body)
        while isinstance(current, Con) and current.name == ARROW:
            count += 1
            current = resolved(current.arguments[1])
        return count


def parameter_types(book: core.Book, types: Mapping[str, Scheme]) -> tuple[str, ...]:
    """The names of the types of the entry's parameters; u24 for those that may be of any type, or of any of numbers.
    Between two of them the first one may be copied, or taken apart."""
    from bend.desugar.core import Lam, Let, Var
    assert book.entry is not None
    current = resolved(types.get(book.entry, ANY_SCHEME).body)
    body, found = book.defs[book.entry].body, []
    while isinstance(body, Lam) or (isinstance(body, Let) and isinstance(body.value, Var)):
        if isinstance(body, Let):
            body = body.body
            continue
        type_: Type = ANY
        if isinstance(current, Con) and current.name == ARROW:
            type_, current = resolved(current.arguments[0]), resolved(current.arguments[1])
        found.append(type_.name if isinstance(type_, Con) else 'u24')
        body = body.body
    return tuple(found)


def interface_of(book: core.Book, types: Mapping[str, Scheme], encoding: Encoding, is_applied: bool) -> Interface:
    """The interface of a compiled program. `types` are those that the type check has found, if it was made."""
    constructors = {
        name: ConstructorShape(name, constructor.type_name, len(book.adts[constructor.type_name].constructors),
                               constructor.tag, tuple(info.name for info in constructor.fields),
                               types.get(name, ANY_SCHEME))
        for name, constructor in book.constructors.items()}
    entry = book.entry or 'main'
    return Interface(entry, types.get(entry, ANY_SCHEME), constructors, encoding, is_applied)
