"""Helpers for the tests of the first half of desugaring: text through its passes, and what comes out as text."""

from __future__ import annotations

from functools import cache

from bend.desugar.context import Context
from bend.desugar.convert import convert_modules
from bend.desugar.core import Book
from bend.desugar.entry import entry
from bend.desugar.equations import equations
from bend.desugar.fix_rules import fix_rules
from bend.desugar.inline_use import inline_use
from bend.desugar.lift_local_defs import lift_local_defs
from bend.desugar.literals import literals
from bend.desugar.normalise_matches import normalise_matches
from bend.desugar.open_terms import open_terms
from bend.desugar.printer import print_term
from bend.desugar.resolve_names import resolve_names
from bend.desugar.unique_names import unique_names
from bend.diagnostics import BendError, Diagnostic
from bend.files import Disk
from bend.prelude import prelude_sources
from bend.source import Source
from bend.syntax.ast import Module
from bend.syntax.imports import load_program
from bend.syntax.parser import parse_module, parse_term

PASSES = (entry, fix_rules, open_terms, literals, resolve_names, equations, normalise_matches, lift_local_defs,
          unique_names, inline_use, unique_names)


@cache
def prelude() -> Module:
    """The prelude's modules as one."""
    items = tuple(item for source in prelude_sources() for item in parse_module(source).items)
    return Module(Source('<prelude>', '', builtin=True), items)


def converted(text: str, context: Context | None = None, with_prelude: bool = True) -> Book:
    """A program's book right after conversion."""
    program = load_program(Source('test.bend', text), Disk(''))
    return convert_modules(prelude() if with_prelude else None, program, context or Context())


def front(text: str, context: Context | None = None, *, arguments: tuple[str, ...] = ()) -> Book:
    """A program's book after the first half, with unique names and inlined `use`."""
    context = context or Context()
    context.arguments = tuple(parse_term(Source('<argument>', argument)) for argument in arguments)
    book = converted(text, context)
    for function in PASSES:
        book = function(book, context)
    return book


def body(text: str, name: str = 'main') -> str:
    """The body of one function after the first half, as text."""
    return print_term(front(text).defs[name].body)


def findings(text: str) -> list[Diagnostic]:
    """All errors and warnings of a program."""
    context = Context()
    try:
        front(text, context)
    except BendError as problem:
        return list(problem.diagnostics)
    return context.report.diagnostics


def codes(text: str) -> list[str]:
    """The codes of all findings."""
    return [finding.code for finding in findings(text)]
