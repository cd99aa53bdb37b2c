"""Variables are bound; unscoped variables are bound and used exactly once in their definition (spec 03, section 4)."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from bend.desugar.core import Book, Def, PUnscoped, Term, Unscoped, Var
from bend.desugar.terms import (
    FORK,
    WRAP,
    free_vars,
    pattern_parts,
    scoped_children,
    subterms,
    term_patterns,
)
from bend.diagnostics import Diagnostic, error

if TYPE_CHECKING:
    from collections.abc import Callable

    from bend.desugar.context import Context
    from bend.source import Span


def check_scopes(book: Book, context: Context) -> Book:
    """The book as it is; stops with errors about variables that are unbound, or unscoped and not linear."""
    def similar(name: str, span: Span | None) -> str | None:
        return context.suggestion(name, (*book.defs, *book.constructors, *book.nets), span)

    for definition in book.defs.values():
        for diagnostic in (*_unbound(definition, similar), *_not_linear(definition)):
            context.report.add(diagnostic)
    context.report.stop_on_errors()
    return book


def _unbound(definition: Def, similar: Callable[[str, Span | None], str | None]) -> list[Diagnostic]:
    """One error for each unbound name, at its first occurrence."""
    if not free_vars(definition.body):
        return []
    found: dict[str, Diagnostic] = {}
    depth: dict[str, int] = {}

    def visit(term: Term) -> None:
        if isinstance(term, Var):
            if not depth.get(term.name) and term.name not in found:
                visible = [name for name, bindings in depth.items() if bindings]
                found[term.name] = error(
                    'unbound-variable', f"The variable '{term.name}' is not defined here.", term.span,
                    hint=_hint(term, visible, similar), definition=definition.user_name)
            return
        for names, child in scoped_children(term):
            for name in names:
                depth[name] = depth.get(name, 0) + 1
            visit(child)
            for name in names:
                depth[name] -= 1

    visit(definition.body)
    return list(found.values())


def _hint(variable: Var, visible: list[str], similar: Callable[[str, Span | None], str | None]) -> str:
    name = variable.name
    if name == FORK:
        return "'fork' exists only in the 'when' branch of a 'bend'."
    if name == WRAP:
        return "'wrap' exists only inside a 'with' block."
    if '-' in name:
        left, _, right = name.partition('-')
        return f"If you mean a subtraction, write '{left} - {right}' with blanks (in fun syntax '(- {left} {right})')."
    close = get_close_matches(name, [candidate for candidate in visible if '%' not in candidate], 1)
    meant = close[0] if close else similar(name, variable.span)
    return f"Did you mean '{meant}'?" if meant else ''


def _not_linear(definition: Def) -> list[Diagnostic]:
    """Errors for unscoped variables that are not bound and used once each."""
    bound: dict[str, list[Span | None]] = {}
    used: dict[str, list[Span | None]] = {}
    for term in subterms(definition.body):
        if isinstance(term, Unscoped):
            used.setdefault(term.name, []).append(term.span)
        for pattern in term_patterns(term):
            for part in pattern_parts(pattern):
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
