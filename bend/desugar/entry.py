"""The entry point: which function it is, and the arguments that it is applied to (spec 01 §1.3, 02 §3.3)."""

from __future__ import annotations

from dataclasses import replace

from bend.desugar.context import Context
from bend.desugar.convert_terms import TermConverter
from bend.desugar.core import App, Book, Lam, PVar, Term
from bend.desugar.names import MAIN_NAMES
from bend.desugar.scope import Definitions, Scope
from bend.diagnostics import Diagnostic, Label, error, warning


def choose_entry(book: Book, context: Context) -> Book:
    """Sets the entry of the book: the function named with `-e`, `main` or `Main`.

    Reports `missing-main` if there is none; adds an error if there are several candidates or it has several rules.
    """
    wanted = tuple(dict.fromkeys((context.entry, *MAIN_NAMES)))
    candidates = [name for name in wanted if name is not None and name in book.defs and not book.defs[name].builtin]
    if context.entry is not None and context.entry not in book.defs:
        context.report.add(error('missing-entry', f'there is no function named `{context.entry}`',
                                 hint='`-e NAME` takes the name of a function of the program'))
        return book
    if not candidates:
        native = [name for name in MAIN_NAMES if name in book.nets]
        hint = ('an `hvm` definition cannot be the entry point' if native
                else 'add `def main():`, or name another function with `-e NAME`')
        context.report.add(warning('missing-main', 'there is no `main` function to start with', hint=hint))
        return book
    if len(candidates) > 1:
        labels = tuple(Label(span, 'could be the entry point')
                       for name in candidates if (span := book.defs[name].span) is not None)
        listed = ' and '.join(f'`{name}`' for name in candidates)
        context.report.add(Diagnostic('entry', f'there is more than one entry point: {listed}', labels,
                                      'rename all but one of them'))
    entry = book.defs[candidates[0]]
    if len(entry.rules) > 1:
        context.report.add(error('entry', f'the entry point `{entry.name}` must have one rule only',
                                 entry.rules[1].span, hint='move the rules to another function', definition=entry.name))
    return replace(book, entry=entry.name)


def apply_arguments(book: Book, context: Context) -> Book:
    """Turns the entry's parameters into lambdas and applies it to the arguments of the command line.

    Too few arguments leave a function, too many apply the result. Raises `BendError` if a parameter is not a variable.
    """
    if book.entry is None:
        return book
    entry = book.defs[book.entry]
    rule = entry.rules[0]
    body: Term = rule.body
    for pattern in reversed(rule.patterns):
        if not isinstance(pattern, PVar):
            context.report.add(error('entry', f'the parameters of the entry point `{entry.name}` must be variables',
                                     pattern.span, hint='take the argument apart in the body', definition=entry.name))
        else:
            body = Lam(pattern, body, span=rule.span)
    converter = TermConverter(_definitions(book), context, entry.name, {}, {})
    for argument in context.arguments:
        body = App(body, converter.scoped(argument, Scope()), span=rule.span)
    context.report.stop_on_errors()
    return book.with_defs({**book.defs, entry.name: replace(entry.with_body(body), parameters=())})


def _definitions(book: Book) -> Definitions:
    """What the conversion of arguments needs to know of the book."""
    parameters = {name: definition.parameters for name, definition in book.defs.items()}
    return Definitions(parameters, frozenset(book.constructors), frozenset(book.adts))
