"""Runs programs through the core pipeline, validating after each pass."""

from __future__ import annotations

from desugar.front import prelude

from bend.desugar.context import Context
from bend.desugar.convert import convert_modules
from bend.desugar.core import Book
from bend.desugar.printer import print_term
from bend.desugar.validate import validate
from bend.diagnostics import BendError, Diagnostic, Report
from bend.driver import CORE_PIPELINE
from bend.files import Disk
from bend.options import Options
from bend.source import Source
from bend.syntax.imports import load_program


def desugar(text: str, *flags: str, upto: str | None = None,
            with_prelude: bool = False) -> tuple[Book, list[Diagnostic]]:
    """The book after the pass `upto` (else all), without prelude if not asked for, and the diagnostics so far."""
    options = Options().with_flags(flags)
    context = Context(Report(), options)
    program = load_program(Source('test.bend', text), Disk(''))
    book = convert_modules(prelude() if with_prelude else None, program, context)
    for step in CORE_PIPELINE:
        if step.enabled(options):
            book = step.function(book, context)
            validate(book, step.name)
        if step.name == upto:
            return book, context.report.diagnostics
    validate(book, 'the end')
    return book, context.report.diagnostics


def bodies(text: str, *flags: str, upto: str | None = None) -> dict[str, str]:
    """The printed bodies of all definitions."""
    book, _ = desugar(text, *flags, upto=upto)
    return {name: print_term(definition.body) for name, definition in book.defs.items()}


def errors(text: str) -> list[Diagnostic]:
    """What is wrong with a program; nothing if it is fine."""
    try:
        return [each for each in desugar(text)[1] if each.severity.value == 'error']
    except BendError as problem:
        return list(problem.diagnostics)
