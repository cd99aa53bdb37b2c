"""Variables are bound; unscoped variables are bound and used exactly once in their definition (spec 03, section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bend.desugar.check_names import unbound_variables
from bend.desugar.core import Book, Def, PUnscoped, PVar, Unscoped
from bend.desugar.terms import pattern_parts, subterms, term_patterns
from bend.diagnostics import Diagnostic, error

if TYPE_CHECKING:

    from bend.desugar.context import Context
    from bend.source import Span


def check_scopes(book: Book, context: Context) -> Book:
    """The book as it is; stops with errors about variables that are unbound, or unscoped and not linear."""
    globals_ = (*book.defs, *book.constructors, *book.nets)
    for definition in book.defs.values():
        findings = unbound_variables(definition, book, globals_, context)
        if context.kinds.has(definition.body, Unscoped, PUnscoped):
            findings += _not_linear(definition)
        for diagnostic in findings:
            context.report.add(diagnostic)
    context.report.stop_on_errors()
    return book


def _not_linear(definition: Def) -> list[Diagnostic]:
    """Errors for unscoped variables that are not bound and used once each."""
    bound: dict[str, list[Span | None]] = {}
    used: dict[str, list[Span | None]] = {}
    for term in subterms(definition.body):
        if isinstance(term, Unscoped):
            used.setdefault(term.name, []).append(term.span)
        for pattern in term_patterns(term):
            for part in () if isinstance(pattern, PVar) else pattern_parts(pattern):
                if isinstance(part, PUnscoped):
                    bound.setdefault(part.name, []).append(part.span or term.span)
    found = []
    for name in dict.fromkeys((*bound, *used)):
        binders, uses = bound.get(name, []), used.get(name, [])
        if not binders:
            code, what, span = 'unbound-unscoped', 'used but never bound', uses[0]
        elif not uses:
            code, what, span = 'unused-unscoped', 'bound but never used', binders[0]
        elif len(binders) > 1:
            code, what, span = 'repeated-unscoped', 'bound twice', binders[1]
        elif len(uses) > 1:
            code, what, span = 'repeated-unscoped', 'used twice', uses[1]
        else:
            continue
        message = f"The unscoped variable '${name}' is {what}."
        found.append(error(code, message, span, definition=definition.user_name,
                           hint='Within a function, an unscoped variable is bound once and used once.'))
    return found
