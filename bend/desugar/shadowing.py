"""Top-level names: who defines them, redefinitions, and programs that take a name of the prelude.

A program's definition wins over one of the prelude with the same name. The prelude's own code, and literals, keep
meaning the prelude's: its definition moves to an internal name (`defer` to `defer__builtin`). A type moves with its
constructors and with all functions under its name (`List/length` to `List__builtin/length`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import field

from bend.desugar.names import BUILTIN_SUFFIX
from bend.diagnostics import Diagnostic, Label
from bend.records import dataclass, replace
from bend.source import Span
from bend.syntax import ast


@dataclass
class TopLevel:
    """The names that a module defines, with their kinds and places: types apart from functions and constructors."""

    values: dict[str, tuple[str, Span]] = field(default_factory=dict)
    types: dict[str, Span] = field(default_factory=dict)
    variants: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def constructors(self) -> Iterator[str]:
        """The constructors of all types."""
        return (name for names in self.variants.values() for name in names)


@dataclass(frozen=True)
class Renaming:
    """What names in a file's code mean, where the book has other names for it: functions and constructors, and types.

    `hidden` are names of the book that mean nothing in the file's patterns.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    hidden: Collection[str] = ()

    def value(self, name: str) -> str:
        """The book's name of a function or constructor."""
        return self.values.get(name, name)

    def constructor(self, name: str, constructors: Collection[str]) -> str | None:
        """The book's name of a constructor, given all those of the book; None for any other name."""
        book_name = name if name not in self.values and name not in self.hidden else self.values.get(name)
        return book_name if book_name in constructors else None

    def type(self, name: str) -> str:
        """The book's name of a type."""
        return self.types.get(name, name)

    def with_variables(self, variables: Iterable[str], types: Collection[str]) -> Renaming:
        """The same where some names are type variables; those that are also types of the book get other names."""
        return replace(self, types={**self.types, **{
            name: name + BUILTIN_SUFFIX if name in types else name for name in variables}})


def top_level(items: Iterable[ast.Item], report: Callable[[Diagnostic], None]) -> TopLevel:
    """The names that items define; each redefinition is reported with both places (spec 01 §1.2)."""
    found = TopLevel()
    for item in items:
        match item:
            case ast.TypeDef():
                if item.name in found.types:
                    report(_redefinition('type', item.name, item.span, 'type', found.types[item.name]))
                    continue
                found.types[item.name] = item.span
                for constructor in item.constructors:
                    _define(found, 'constructor', constructor.name, constructor.span, report)
                found.variants[item.name] = tuple(constructor.name for constructor in item.constructors)
            case ast.ImpDef() | ast.FunDef() | ast.HvmDef():
                _define(found, 'function', item.name, item.span, report)
            case ast.Import():
                pass
    return found


def _define(found: TopLevel, kind: str, name: str, span: Span, report: Callable[[Diagnostic], None]) -> None:
    if name in found.values:
        previous_kind, previous = found.values[name]
        report(_redefinition(kind, name, span, previous_kind, previous))
    else:
        found.values[name] = (kind, span)


def _redefinition(kind: str, name: str, span: Span, previous_kind: str, previous: Span) -> Diagnostic:
    was = '' if kind == previous_kind else f' as a {previous_kind}'
    hint = ('The rules of one function stand next to each other. Otherwise rename one of them.'
            if kind == previous_kind == 'function' else 'Rename one of them.')
    return Diagnostic('redefinition', f"The {kind} '{name}' is already defined{was}.",
                      (Label(span, 'defined again here'), Label(previous, 'first defined here')), hint)


def renaming(prelude: TopLevel, program: TopLevel, prelude_types: Iterable[ast.TypeDef]) -> Renaming:
    """The internal names for what the program shadows of the prelude. Its constructors are none in the prelude."""
    owners = {constructor.name: item.name for item in prelude_types for constructor in item.constructors}
    moved = {name for name in program.types if name in prelude.types}
    moved |= {owners[name] for name in program.values if name in owners}
    values: dict[str, str] = {}
    types: dict[str, str] = {}
    for name in sorted(moved):
        types[name] = name + BUILTIN_SUFFIX
        for value in prelude.values:
            if value.startswith(name + '/'):
                values[value] = types[name] + value[len(name):]
    for name in program.values:
        if name in prelude.values and name not in values:
            values[name] = name + BUILTIN_SUFFIX
    # A name in the prelude's types that is no type of the prelude is a type variable, which the program's types of
    # that name must not capture.
    for name in program.types:
        types.setdefault(name, name + BUILTIN_SUFFIX)
    return Renaming(values, types, frozenset(program.constructors))
