"""The entry point: which function it is, and the arguments that it is applied to (spec 01 §1.3, 02 §3.3)."""

from __future__ import annotations

from bend.desugar.context import Context
from bend.desugar.convert_terms import TermConverter
from bend.desugar.core import Adt, App, Book, Def, Lam, NetDef, PVar, Term
from bend.desugar.names import MAIN_NAMES
from bend.desugar.scope import Definitions, Scope
from bend.diagnostics import Diagnostic, Label, error, warning
from bend.hvm.names import HIDDEN
from bend.records import replace
from bend.source import Span
from bend.suggest import closest, did_you_mean


def entry(book: Book, context: Context) -> Book:
    """Sets the entry of the book (the function named with `-e`, `main` or `Main`) and applies it to the arguments.

    Reports `missing-main` if there is none. Reports if there are several candidates, several rules, or
    parameters that are not variables.
    """
    chosen = _choose(book, context)
    if chosen is None:
        return book
    applied = _apply_arguments(book, book.defs[chosen], context)
    return context.settled(replace(book.with_defs({**book.defs, chosen: applied}), entry=chosen))


def _choose(book: Book, context: Context) -> str | None:
    """The name of the entry point."""
    own = [name for name, definition in book.defs.items()
           if not definition.builtin and not name.startswith(HIDDEN)]
    if context.entry is not None and context.entry not in book.defs:
        context.report.add(error('missing-entry', f"There is no function named '{context.entry}' to start with.",
                                 _first_place(book, context), hint=did_you_mean(context.entry, own)))
        return None
    wanted = dict.fromkeys((context.entry, *MAIN_NAMES))
    candidates = [name for name in wanted if name is not None and name in book.defs]
    if not candidates:
        native = any(name in book.nets for name in MAIN_NAMES)
        misspelt = closest('main', own)
        if native:
            hint = "An 'hvm' definition cannot be the entry point."
        elif misspelt:
            hint = f"Should '{misspelt[0]}' be called 'main'? Or name it with '-e {misspelt[0]}'."
        else:
            hint = ("Add 'def main():', or name another function with '-e NAME'.\n"
                    "A file that only others import is checked with 'bend check -A missing-main'.")
        context.report.add(warning('missing-main', "There is no function named 'main' to start with.",
                                   _first_place(book, context), hint=hint))
        return None
    if len(candidates) > 1:
        labels = tuple(Label(span, 'could be the entry point')
                       for name in candidates if (span := book.defs[name].span) is not None)
        listed = ' and '.join(f"'{name}'" for name in candidates)
        context.report.add(Diagnostic('entry', f'There is more than one entry point: {listed}.', labels,
                                      'Rename all but one of them.'))
    return candidates[0]


def _first_place(book: Book, context: Context) -> Span | None:
    """Where the program's first definition begins, or the end of a program without any: the place of what is not
    there."""
    definitions: list[Def | Adt | NetDef] = [*book.defs.values(), *book.adts.values(), *book.nets.values()]
    starts = [definition.span for definition in definitions
              if not definition.builtin and definition.span is not None]
    first = min(starts, key=lambda span: span.start, default=None)
    if first is not None:
        line_end = first.source.text.find('\n', first.start, first.end)
        return first if line_end < 0 else Span(first.source, first.start, line_end)
    return None if context.source is None else Span(context.source, 0, 0)


def _apply_arguments(book: Book, definition: Def, context: Context) -> Def:
    """The entry with its parameters as lambdas, applied to the arguments of the command line.

    Too few arguments leave a function, too many apply the result.
    """
    name = definition.name
    if len(definition.rules) > 1:
        context.report.add(error('entry', f"The entry point '{name}' has more than one rule.",
                                 definition.rules[1].span, hint='Move the rules to another function.', definition=name))
    rule = definition.rules[0]
    if context.is_applied is None:
        context.is_applied = bool(rule.patterns)
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
