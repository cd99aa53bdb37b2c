"""What nothing of the user's reaches of the prelude is taken out early, so that passes need not treat it.

All references are explicit by now, and names that are bound to nothing have been reported: hints about these know the
whole prelude. What passes may add later are definitions of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bend.desugar.core import Book
from bend.desugar.prune import kept
from bend.desugar.references import reachable

if TYPE_CHECKING:
    from bend.desugar.context import Context


def prune_prelude(book: Book, context: Context) -> Book:
    """The book with the user's definitions, the entry, and what these refer to; types and constructors stay."""
    own = [item.name for item in book.defs.values() if not item.builtin]
    own += [item.name for item in book.nets.values() if not item.builtin]
    entry = [] if book.entry is None else [book.entry]
    return kept(book, reachable(book, own + entry))
