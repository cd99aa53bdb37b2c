"""The entry point: which function it is, and the arguments that it is applied to (spec 01 §1.3, 02 §3.3)."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches

from bend.desugar.context import Context
from bend.desugar.convert_terms import TermConverter
from bend.desugar.core import App, Book, Def, Lam, PVar, Term
from bend.desugar.names import MAIN_NAMES
from bend.desugar.scope import Definitions, Scope
from bend.diagnostics import Diagnostic, Label, error, warning
from bend.hvm.names import HIDDEN


def entry(book: Book, context: Context) -> Book:
    """Sets the entry of the book (the function named with `-e`, `main` or `Main`) and applies it to the arguments.

    Reports `missing-main` if there is none. Raises `BendError` if there are several candidates, several rules, or
    parameters that are not variables.
    """
    chosen = _choose(book, context)
    context.report.stop_on_errors()
    if chosen is None:
        return book
    applied = _apply_arguments(book, book.defs[chosen], context)
    context.report.stop_on_errors()
    return replace(book.with_defs({**book.defs, chosen: applied}), entry=chosen)


def _choose(book: Book, context: Context) -> str | None:
    """The name of the entry point."""
    if context.entry is not None and context.entry not in book.defs:
        near = get_close_matches(context.entry, [name for name, definition in book.defs.items()
                                                 if not definition.builtin and not name.startswith(HIDDEN)], 1)
        context.report.add(error('missing-entry', f"There is no function named '{context.entry}' to start with.",
                                 hint=f"Did you mean '{near[0]}'?" if near else ''))
        return None
    wanted = dict.fromkeys((context.entry, *MAIN_NAMES))
    candidates = [name for name in wanted if name is not None and name in book.defs]
    if not candidates:
        native = any(name in book.nets for name in MAIN_NAMES)
        hint = ("An 'hvm' definition cannot be the entry point." if native
                else "Add 'def main():', or name another function with '-e NAME'.")
        context.report.add(warning('missing-main', "There is no 'main' function to start with.", hint=hint))
        return None
    if len(candidates) > 1:
        labels = tuple(Label(span, 'could be the entry point')
                       for name in candidates if (span := book.defs[name].span) is not None)
        listed = ' and '.join(f"'{name}'" for name in candidates)
        context.report.add(Diagnostic('entry', f'There is more than one entry point: {listed}.', labels,
                                      'Rename all but one of them.'))
    return candidates[0]


def _apply_arguments(book: Book, definition: Def, context: Context) -> Def:
    """The entry with its parameters as lambdas, applied to the arguments of the command line.

    Too few arguments leave a function, too many apply the result.
    """
    name = definition.name
    if len(definition.rules) > 1:
        context.report.add(error('entry', f"The entry point '{name}' has more than one rule.",
                                 definition.rules[1].span, hint='Move the rules to another function.', definition=name))
    rule = definition.rules[0]
    body: Term = rule.body
    for pattern in reversed(rule.patterns):
        if not isinstance(pattern, PVar):
            context.report.add(error('entry', f"The parameters of the entry point '{name}' must be variables.",
                                     pattern.span, hint='Take the argument apart in the body.', definition=name))
        body = Lam(pattern, body, span=rule.span)
    converter = TermConverter(_definitions(book), context, name, context.names)
    for argument in context.arguments:
        body = App(body, converter.scoped(argument, Scope()), span=rule.span)
    return replace(definition.with_body(body), parameters=())


def _definitions(book: Book) -> Definitions:
    """What the conversion of arguments needs to know of the book."""
    parameters = {name: definition.parameters for name, definition in book.defs.items()}
    return Definitions(parameters, frozenset(book.constructors), frozenset(book.adts))
