"""Functions that are checked have types, and their annotations are true (spec 02, section 5).

Checked are imp functions with an annotation, fun functions with a signature, and those marked `checked`; functions
made from them (local ones, bends, folds) as well. Everything else has the type that is written, unproved, or `Any`.

A function with a complete annotation is checked against it, and others know it by it. The rest are inferred in groups
that call each other, callees first. The prelude is trusted: its own types are checked by the tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from bend.desugar.core import App, Book, Constructor, Def, NetDef, Term
from bend.desugar.references import references
from bend.desugar.typecheck import messages
from bend.desugar.typecheck.annotations import Annotations, Meaning, type_variables
from bend.desugar.typecheck.infer import Globals, Inferrer
from bend.desugar.typecheck.messages import TypeProblem
from bend.desugar.typecheck.types import (
    ANY,
    ANY_SCHEME,
    ARROW,
    BUILTIN_TYPES,
    U24,
    Con,
    Scheme,
    Type,
    Unknown,
    arrows,
    resolved,
)
from bend.diagnostics import Diagnostic
from bend.hvm.adt import tag_name
from bend.hvm.walk import components
from bend.records import replace
from bend.source import Span
from bend.syntax import type_ast

if TYPE_CHECKING:
    from bend.desugar.context import Context

def check_types(book: Book, context: Context, with_prelude: bool = False) -> Book:
    """The book as it is; stops with all errors in types, one for each function. Names must be unique, `Use` gone and
    matches normalised. The context gets the types. `with_prelude` checks the prelude as well."""
    checker = _Checker(book, len(context.arguments), with_prelude)
    for diagnostic in (*checker.annotation_problems(), *checker.definition_problems()):
        context.report.add(diagnostic)
    context.report.stop_on_errors()
    context.types = checker.types
    return book


def _needs_inference(definition: Def) -> bool:
    """Whether the type of a function that is checked is not written down completely."""
    return definition.type is None or '_' in type_variables(definition.type)


class _Checker:
    """Checks one book."""

    def __init__(self, book: Book, argument_count: int, with_prelude: bool) -> None:
        self.book = book
        self.argument_count = argument_count
        self.annotations = Annotations(book.adts)
        self.checked = [definition for definition in book.defs.values()
                        if definition.checked and (with_prelude or not definition.builtin)]
        self.types: dict[str, Scheme] = {}
        self.globals = Globals(self.types, book.constructors)
        for constructor in book.constructors.values():
            self.types[constructor.name] = self.constructor_scheme(constructor)
            self.types[tag_name(constructor.name)] = Scheme((), U24)
        for definition in self.written():
            self.types[definition.name] = self.trusted_scheme(definition)

    def written(self) -> Iterator[Def | NetDef]:
        """Everything that may have an annotation, but constructors."""
        yield from self.book.defs.values()
        yield from self.book.nets.values()

    # ---- what is written ---------------------------------------------------------------------

    def trusted_scheme(self, definition: Def | NetDef) -> Scheme:
        """The type that others take a function to have before it is inferred."""
        return ANY_SCHEME if definition.type is None else self.annotations.scheme(definition.type)

    def constructor_scheme(self, constructor: Constructor) -> Scheme:
        """The type of a constructor as a function. What its type does not declare as a variable is `Any`."""
        adt = self.book.adts[constructor.type_name]
        variables = {name: Unknown(0) for name in adt.variables}
        fields = [ANY if field.type is None
                  else self.annotations.read(field.type, Meaning(lambda name: variables.get(name, ANY), lambda: ANY))
                  for field in constructor.fields]
        result = Con(adt.name, tuple(variables[name] for name in adt.variables))
        return Scheme(tuple(variables.values()), arrows(fields, result))

    def annotation_problems(self) -> Iterator[Diagnostic]:
        """Errors in what the program writes as types."""
        for definition in self.written():
            if definition.type is not None and not definition.builtin:
                yield from self.annotations.problems(definition.type, definition.name)
        for constructor in self.book.constructors.values():
            if not self.book.adts[constructor.type_name].builtin:
                for field in constructor.fields:
                    if field.type is not None:
                        yield from self.annotations.problems(field.type, constructor.name)

    # ---- definitions -------------------------------------------------------------------------

    def definition_problems(self) -> Iterator[Diagnostic]:
        """Errors in functions, inferred ones first."""
        inferred = {definition.name: definition for definition in self.checked if _needs_inference(definition)}
        graph = {name: list(references(definition.body)) for name, definition in inferred.items()}
        for group in components(graph):
            yield from self.infer_group([inferred[name] for name in group])
        for definition in self.checked:
            if definition.type is not None and definition.name not in inferred:
                try:
                    self.check_annotated(definition, definition.type)
                except TypeProblem as problem:
                    found = self.with_spelling(problem.diagnostic, definition.type)
                    yield replace(found, definition=definition.user_name)

    def with_spelling(self, diagnostic: Diagnostic, written: type_ast.Type) -> Diagnostic:
        """The diagnostic, with a hint if a name in the annotation was taken for a type variable by a slip."""
        for name in type_variables(written):
            near = self.annotations.similar(name) if name not in self.book.adts and len(name) > 2 else None
            if near is not None and name not in BUILTIN_TYPES:
                return replace(diagnostic, hint=f"There is no type '{name}', so it is taken for a type variable. "
                                                f"Did you mean '{near}'?")
        return diagnostic

    def check_annotated(self, definition: Def, written: type_ast.Type) -> None:
        """Checks the body of a function against its annotation; raises `TypeProblem`."""
        inferrer = Inferrer(self.globals, {})
        expected = self.annotations.rigid(written, inferrer.fresh)
        if definition.name == self.book.entry and self.argument_count:
            self.check_entry(inferrer, definition.body, expected, written)
        else:
            inferrer.check(definition.body, expected, messages.declared(_result_span(written)))

    def check_entry(self, inferrer: Inferrer, body: Term, expected: Type, written: type_ast.Type) -> None:
        """Checks the entry, which is applied to the arguments of the command line: it and they fit its type."""
        arguments: list[Term] = []
        while isinstance(body, App) and len(arguments) < self.argument_count:
            arguments.append(body.argument)
            body = body.function
        inferrer.check(body, expected, messages.declared(_result_span(written)))
        function: Type = inferrer.instance(self.annotations.scheme(written))
        for position, argument in enumerate(reversed(arguments)):
            function = resolved(function)
            if not (isinstance(function, Con) and function.name == ARROW):
                return
            parameter, function = function.arguments
            inferrer.check(argument, parameter, messages.program_argument(position))

    def infer_group(self, group: list[Def]) -> Iterator[Diagnostic]:
        """Infers functions that call each other and makes their types known; those that have none become `Any`."""
        own: dict[str, Type] = {definition.name: Unknown(1) for definition in group}
        inferrer = Inferrer(self.globals, own)
        variables: dict[str, dict[str, Type]] = {}
        failed = False
        for definition in group:
            names = variables.setdefault(definition.name, {})
            try:
                self.infer_definition(inferrer, definition, own[definition.name], names)
            except TypeProblem as problem:
                failed = True
                yield replace(problem.diagnostic, definition=definition.user_name)
        inferrer.level = 0
        for definition in group:
            if not failed and (conflict := _shared_variable(definition, variables[definition.name])) is not None:
                failed = True
                yield replace(conflict, definition=definition.user_name)
            self.types[definition.name] = ANY_SCHEME if failed else self.with_any(
                definition, inferrer.generalised(own[definition.name]))

    def infer_definition(self, inferrer: Inferrer, definition: Def, type_: Type, names: dict[str, Type]) -> None:
        """Infers one function of a group; `names` collects what the variables of its annotation turn out to be."""
        if definition.type is not None:
            written = self.annotations.read(definition.type, Meaning(
                lambda name: names.setdefault(name, inferrer.fresh()), inferrer.fresh, any_taken=inferrer.fresh))
            inferrer.agree(type_, written, definition.body, None)
        reason = None if definition.type is None else messages.declared(_result_span(definition.type))
        inferrer.check(definition.body, type_, reason)

    def with_any(self, definition: Def, scheme: Scheme) -> Scheme:
        """The inferred type of a function, with `Any` where its annotation says so."""
        if definition.type is None:
            return scheme
        any_type = self.annotations.read(definition.type, Meaning(lambda name: Unknown(0), lambda: Unknown(0)))
        return Scheme(scheme.variables, _merged(any_type, scheme.body))


def _merged(written: Type, inferred: Type) -> Type:
    """The inferred type, with `Any` where the written one has it."""
    one, other = resolved(written), resolved(inferred)
    if one is ANY:
        return ANY
    if isinstance(one, Con) and isinstance(other, Con):
        return Con(other.name, tuple(map(_merged, one.arguments, other.arguments)))
    return other


def _shared_variable(definition: Def, variables: Mapping[str, Type]) -> Diagnostic | None:
    """An error if variables of an annotation are not free, or two of them are the same."""
    seen: dict[Type, str] = {}
    for name, type_ in variables.items():
        found = resolved(type_)
        if not isinstance(found, Unknown):
            return messages.too_general(name, found, definition.span)
        if found in seen:
            return messages.equal_variables(seen[found], name, definition.span)
        seen[found] = name
    return None


def _result_span(written: type_ast.Type) -> Span:
    """Where the type of a function's result is written."""
    while isinstance(written, type_ast.TypeArrow):
        written = written.result
    return written.span
