"""References, those in nets included, name something that exists (spec 03, section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bend.desugar.core import Book, Ref
from bend.desugar.references import constructor_tag, net_references
from bend.desugar.terms import subterms
from bend.diagnostics import error
from bend.source import Span

if TYPE_CHECKING:
    from bend.desugar.context import Context


def check_refs(book: Book, context: Context) -> Book:
    """The book as it is; stops with errors about references to nothing."""
    reported: set[tuple[str, str]] = set()

    def check(owner: str, name: str, span: Span | None) -> None:
        if (owner, name) in reported or is_defined(book, name):
            return
        reported.add((owner, name))
        hint = context.did_you_mean(name, (*book.defs, *book.constructors, *book.nets), span)
        context.report.add(error(
            'undefined-reference', f"There is no definition named '{name}'.", span, hint=hint, definition=owner))

    for definition in book.defs.values():
        for term in subterms(definition.body):
            if isinstance(term, Ref):
                check(definition.user_name, term.name, term.span)
    for net in book.nets.values():
        for name in net_references(net.net):
            check(net.name, name, _in_text(net.span, name))
    context.report.stop_on_errors()
    return book


def _in_text(net: Span | None, name: str) -> Span | None:
    """The place of a reference in the text of a net."""
    start = -1 if net is None else net.source.text.find(f'@{name}', net.start, net.end)
    return net if net is None or start < 0 else Span(net.source, start, start + len(name) + 1)


def is_defined(book: Book, name: str) -> bool:
    """Whether a reference means something: a function, a net, a constructor, or a constructor's tag."""
    return (name in book.defs or name in book.nets or name in book.constructors
            or constructor_tag(book, name) is not None)
