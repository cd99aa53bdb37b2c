"""References, those in nets included, name something that exists (spec 03, section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bend.desugar.core import Book, Ref
from bend.desugar.references import constructor_tag, net_references
from bend.desugar.terms import subterms
from bend.diagnostics import error

if TYPE_CHECKING:
    from bend.desugar.context import Context
    from bend.source import Span


def check_refs(book: Book, context: Context) -> Book:
    """The book as it is; stops with errors about references to nothing."""
    reported: set[tuple[str, str]] = set()

    def check(owner: str, name: str, span: Span | None) -> None:
        if (owner, name) in reported or is_defined(book, name):
            return
        reported.add((owner, name))
        close = context.suggestion(name, (*book.defs, *book.constructors, *book.nets), span)
        context.report.add(error(
            'undefined-reference', f"There is no definition '{name}'.", span,
            hint=f"Did you mean '{close}'?" if close else '', definition=owner))

    for definition in book.defs.values():
        for term in subterms(definition.body):
            if isinstance(term, Ref):
                check(definition.user_name, term.name, term.span)
    for net in book.nets.values():
        for name in net_references(net.net):
            check(net.name, name, None)
    context.report.stop_on_errors()
    return book


def is_defined(book: Book, name: str) -> bool:
    """Whether a reference means something: a function, a net, a constructor, or a constructor's tag."""
    return (name in book.defs or name in book.nets or name in book.constructors
            or constructor_tag(book, name) is not None)
