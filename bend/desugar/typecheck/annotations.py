"""Written types to types (spec 02, section 5.3).

A name that is no known type is a type variable; in a function's type it stands for every type. `List` without
arguments is `List(Any)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bend.desugar.core import Adt
from bend.desugar.typecheck.types import (
    ANY,
    BUILTIN_TYPES,
    Con,
    Rigid,
    Scheme,
    Type,
    Unknown,
    arrow,
    product,
    visible_name,
)
from bend.diagnostics import Diagnostic, error
from bend.records import dataclass, replace
from bend.suggest import closest
from bend.syntax import type_ast


def _any() -> Type:
    return ANY


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the parts of an annotation that are not just types stand for: type variables, `_`, `Any` in what a function
    gives, and `Any` in what it takes."""

    variable: Callable[[str], Type]
    hole: Callable[[], Type]
    any_given: Callable[[], Type] = _any
    any_taken: Callable[[], Type] = _any

    def flipped(self) -> Meaning:
        """The meaning to the left of an arrow."""
        return replace(self, any_given=self.any_taken, any_taken=self.any_given)


class Annotations:
    """Reads written types of one book; `adts` are its data types."""

    def __init__(self, adts: Mapping[str, Adt]) -> None:
        self.adts = adts

    def read(self, written: type_ast.Type, meaning: Meaning) -> Type:
        """The type that is written."""
        match written:
            case type_ast.TypeName(name=name):
                return self._name(name, meaning)
            case type_ast.TypeApplication(name=name, arguments=arguments):
                return Con(name, tuple(self.read(argument, meaning) for argument in arguments))
            case type_ast.TypeArrow(argument=argument, result=result):
                return arrow(self.read(argument, meaning.flipped()), self.read(result, meaning))
            case type_ast.TypeTuple(elements=elements):
                return product(self.read(element, meaning) for element in elements)

    def _name(self, name: str, meaning: Meaning) -> Type:
        if name == '_':
            return meaning.hole()
        if name == 'Any':
            return meaning.any_given()
        if name in BUILTIN_TYPES:
            return Con(name)
        if name in self.adts:
            return Con(name, tuple(meaning.any_given() for _ in self.adts[name].variables))
        return meaning.variable(name)

    def scheme(self, written: type_ast.Type) -> Scheme:
        """The type as callers see it: for all choices of its variables. Holes are `Any`."""
        variables: dict[str, Unknown] = {}
        type_ = self.read(written, Meaning(lambda name: variables.setdefault(name, Unknown(0)), _any))
        return Scheme(tuple(variables.values()), type_)

    def rigid(self, written: type_ast.Type, fresh: Callable[[], Type]) -> Type:
        """The type as the function's own body sees it: its variables are rigid, and `_` is unknown. So is `Any` in
        what it takes, so that what is done with it is checked all the same (spec 02, section 5.4)."""
        variables: dict[str, Rigid] = {}
        return self.read(written, Meaning(lambda name: variables.setdefault(name, Rigid(name)), fresh, _any, fresh))

    def problems(self, written: type_ast.Type, definition: str) -> list[Diagnostic]:
        """Errors about unknown type constructors and wrong numbers of arguments."""
        match written:
            case type_ast.TypeName():
                return []
            case type_ast.TypeArrow(argument=argument, result=result):
                return [*self.problems(argument, definition), *self.problems(result, definition)]
            case type_ast.TypeTuple(elements=elements):
                return [problem for element in elements for problem in self.problems(element, definition)]
            case type_ast.TypeApplication(arguments=arguments):
                inner = [problem for argument in arguments for problem in self.problems(argument, definition)]
                return [*self._application(written, definition), *inner]

    def _application(self, written: type_ast.TypeApplication, definition: str) -> list[Diagnostic]:
        name, count = visible_name(written.name), len(written.arguments)
        if written.name not in self.adts:
            if written.name in BUILTIN_TYPES:
                return [error('type-arguments', f"The type '{name}' takes no arguments.", written.span,
                              hint=f"Write just '{name}'.", definition=definition)]
            near = self.similar(name)
            return [error('unknown-type', f"There is no type '{name}'.", written.span,
                          hint=f"Did you mean '{near}'?" if near else 'Define it, or mend the name.',
                          definition=definition)]
        variables = self.adts[written.name].variables
        if len(variables) == count:
            return []
        takes = f'{len(variables)} argument{"" if len(variables) == 1 else "s"}' if variables else 'no arguments'
        shown = f"{name}({', '.join(variables)})" if variables else name
        return [error('type-arguments', f"The type '{name}' takes {takes}, not {count}.", written.span,
                      hint=f"Write '{shown}'.", definition=definition)]

    def similar(self, name: str) -> str | None:
        """A known type whose name is much like this one."""
        near = closest(name, [*(visible_name(known) for known in self.adts), *BUILTIN_TYPES])
        return near[0] if near else None


def type_variables(written: type_ast.Type) -> dict[str, type_ast.TypeName]:
    """The bare names in a written type, each with its first place."""
    match written:
        case type_ast.TypeName(name=name):
            return {name: written}
        case type_ast.TypeArrow(argument=argument, result=result):
            parts: tuple[type_ast.Type, ...] = (argument, result)
        case type_ast.TypeTuple(elements=elements):
            parts = elements
        case type_ast.TypeApplication(arguments=arguments):
            parts = arguments
    found: dict[str, type_ast.TypeName] = {}
    for part in parts:
        for name, place in type_variables(part).items():
            found.setdefault(name, place)
    return found
