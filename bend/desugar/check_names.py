"""Variables are bound (spec 03, section 4). Looked at before anything is lifted out of its function, as long as it can
be told which variables are visible where a name stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bend.desugar.core import Book, Def, Term, Var
from bend.desugar.terms import free_vars, scoped_children
from bend.desugar.unbound import unbound_hint
from bend.diagnostics import Diagnostic, error

if TYPE_CHECKING:
    from bend.desugar.context import Context


def check_names(book: Book, context: Context) -> Book:
    """Reports names in the program's functions that are not defined."""
    globals_ = (*book.defs, *book.constructors, *book.nets)
    for definition in book.defs.values():
        if not definition.builtin:
            for diagnostic in unbound_variables(definition, book, globals_, context):
                context.report.add(diagnostic)
    return context.settled(book)


def unbound_variables(definition: Def, book: Book, globals_: tuple[str, ...], context: Context) -> list[Diagnostic]:
    """One error for each unbound name, at its first occurrence. `globals_` are the names that a variable may be a
    misspelling of."""
    if not free_vars(definition.body):
        return []
    found: dict[str, Diagnostic] = {}
    depth: dict[str, int] = {}

    def similar(variable: Var) -> str:
        return context.did_you_mean(variable.name, globals_, variable.span)

    def visit(term: Term) -> None:
        if isinstance(term, Var):
            if not depth.get(term.name) and term.name not in found:
                visible = [name for name, bindings in depth.items() if bindings]
                found[term.name] = error(
                    'unbound-variable', f"The name '{term.name}' is not defined here.", term.span,
                    hint=unbound_hint(term, visible, book, definition, similar), definition=definition.user_name)
            return
        for names, child in scoped_children(term):
            for name in names:
                depth[name] = depth.get(name, 0) + 1
            visit(child)
            for name in names:
                depth[name] -= 1

    visit(definition.body)
    return list(found.values())
