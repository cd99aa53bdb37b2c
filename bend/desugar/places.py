"""Where what is found in nets stands in the source: in the user's function that the net was made from."""

from __future__ import annotations

import re

from bend.desugar.core import Book
from bend.diagnostics import Diagnostic, Label
from bend.hvm.names import readable
from bend.hvm.net import MADE_UP, Place
from bend.records import replace
from bend.source import Span

_LOCAL = re.compile(r'__local_\d+_((?:(?!__).)+)$')


def user_function(book: Book, name: str) -> str:
    """The user's function that a definition (of the book, or of its nets) was made from."""
    if name in book.defs:
        return book.defs[name].user_name
    if name not in book.nets and '__' in name:
        # A part of a definition that was split off on the way to nets.
        return user_function(book, name.rpartition('__')[0])
    return name


def shown_name(book: Book, name: str) -> str:
    """How users call a definition: a local function by its own name, other parts of a function by that of the
    function."""
    local = _LOCAL.search(name)
    return local[1] if local is not None and name in book.defs else user_function(book, name)


def operation_place(book: Book, name: str, span: Span | None) -> Place:
    """The place of an operation in a definition; one without a span is the compiler's. The prelude's source is nobody's
    concern."""
    if span is None:
        return MADE_UP
    return Place(readable(user_function(book, name)), None if span.source.builtin else span)


def placed(diagnostic: Diagnostic, book: Book) -> Diagnostic:
    """The diagnostic with the user's function as its definition and, if it has no place yet, the head of what it is
    about as its place."""
    if not diagnostic.definition:
        return diagnostic
    name = user_function(book, diagnostic.definition)
    if diagnostic.labels:
        return replace(diagnostic, definition=name)
    span = head(book, diagnostic.definition) or head(book, name)
    return replace(diagnostic, definition=name, labels=() if span is None else (Label(span),))


def head(book: Book, name: str) -> Span | None:
    """The first line of a definition; None if it is not there."""
    definition = book.defs.get(name) or book.nets.get(name)
    if name == 'main' and definition is None and book.entry is not None:
        definition = book.defs[book.entry]
    span = None if definition is None else definition.span
    if span is None:
        return None
    line_end = span.source.text.find('\n', span.start, span.end)
    return span if line_end < 0 else Span(span.source, span.start, line_end)
